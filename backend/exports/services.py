"""The job that designs a guide from an approved plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.cases.services import log
from backend.core import storage
from backend.core.errors import Conflict
from backend.exports.models import CheckStatus, Guide
from backend.exports.presets import check_parameters
from backend.imaging.folders import lay_out
from backend.jobs.handlers import Work
from backend.jobs.models import Job, Kind
from backend.jobs.services import request_job
from backend.planning.models import Plan, Status


def request_design(*, person: Person, plan: Plan, parameters: dict[str, float] | None = None) -> Job:
    """Queue the design of a guide.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``plan_not_approved`` or ``job_active``.
        Invalid: the engine knows no such parameter or value.
    """
    require_role(person, plan.case.site, Role.SURGEON, Role.ENGINEER)
    _check_approved(plan)
    check_parameters(parameters or {})
    return request_job(
        person=person,
        case=plan.case,
        kind=Kind.DESIGN_GUIDE,
        input={"plan": str(plan.pk), "parameters": parameters or {}},
    )


def _check_approved(plan: Plan) -> None:
    if plan.status != Status.APPROVED:
        raise Conflict(
            "plan_not_approved",
            f"Plan {plan.revision} is not approved.",
            remedy="A surgeon approves the plan first.",
        )


class DesignHandler:
    """How a design is prepared and kept."""

    queue = "guides"
    kept = "The approved plan and earlier guides were kept."

    @property
    def time_limit_s(self) -> float:
        return float(settings.DESIGN_TIME_LIMIT_S)

    def prepare(self, job: Job, folder: Path) -> Work:
        plan = Plan.objects.select_related("bone_set").get(pk=job.input["plan"])
        _check_approved(plan)
        bones = folder / "bones"
        bones.mkdir()
        lay_out(plan.bone_set, bones)
        document = folder / "plan.json"
        document.write_text(json.dumps(plan.document))
        return Work(
            "backend.exports.engine:design",
            {
                "bones": bones,
                "plan": document,
                "out": folder / "guide",
                "parameters": job.input["parameters"] or None,
            },
        )

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        files = {
            name: (folder / "guide" / name).read_bytes() for name in ("guide.stl", "guide.3mf", "report.json")
        }
        keys = {name: storage.put(content, Path(name).suffix) for name, content in files.items()}
        checks = list(result["checks"])

        def store() -> str:
            plan = Plan.objects.get(pk=job.input["plan"])
            # Asked again in the transaction: the approval may have gone to another revision meanwhile.
            _check_approved(plan)
            version = (job.case.guides.aggregate(last=Max("version"))["last"] or 0) + 1
            guide = Guide.objects.create(
                case=job.case,
                plan=plan,
                job=job,
                version=version,
                parameters=job.input["parameters"],
                report=result["report"],
                checks=checks,
                stl=keys["guide.stl"],
                threemf=keys["guide.3mf"],
                report_file=keys["report.json"],
            )
            blocked = [check["name"] for check in checks if check["status"] == CheckStatus.BLOCK]
            text = f"Guide {version} designed from plan {plan.revision}"
            if blocked:
                text += f", blocked by: {', '.join(blocked)}"
            log(
                case=job.case,
                person=job.requested_by,
                action="guide.designed",
                text=text,
                data={
                    "guide": str(guide.pk),
                    "plan": str(plan.pk),
                    "plan_sha256": plan.sha256,
                    "files": {name: storage.sha256_of(key) for name, key in keys.items()},
                },
            )
            return text

        return store


def release_file(*, person: Person, guide: Guide, file: str) -> None:
    """Check that a guide may leave the house and write down that it did.

    Raises:
        Conflict: ``plan_withdrawn``, or ``guide_blocked``, with the checks that block it.
    """
    if guide.void:
        raise Conflict(
            "plan_withdrawn",
            f"Guide {guide.version} is void: the approval of plan {guide.plan.revision} was withdrawn"
            f" ({guide.plan.withdrawn_reason}).",
            kept="The guide and its plan were kept for the record.",
            remedy="Approve another revision of the plan and design a guide from that.",
        )
    if not guide.exportable:
        blocking = [check for check in guide.checks if check["status"] == CheckStatus.BLOCK]
        raise Conflict(
            "guide_blocked",
            f"Guide {guide.version} cannot be printed: {'; '.join(check['message'] for check in blocking)}",
            remedy="Change the parameters or the plan and design it again.",
        )
    log(
        case=guide.case,
        person=person,
        action="guide.downloaded",
        text=f"Guide {guide.version} downloaded ({file})",
        data={"guide": str(guide.pk), "file": file},
    )
