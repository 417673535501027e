"""The job that designs a guide from an approved plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max

from backend.cases.services import log
from backend.core import storage
from backend.exports.models import Guide
from backend.exports.package import packed
from backend.exports.presets import write_presets
from backend.exports.services import check_approved
from backend.imaging.bone_sets import lay_out_source
from backend.jobs.handlers import Work
from backend.jobs.models import Job
from backend.planning.models import Plan

FILES = {
    "stl": "guide.stl",
    "threemf": "guide.3mf",
    "report_file": "report.json",
    "contact": "contact.ply",
}
"""The columns of a guide that hold storage keys, and the files that the engine writes."""


class DesignHandler:
    """How a design is prepared and kept."""

    queue = "guides"
    kept = "The approved plan and earlier guides were kept."

    @property
    def time_limit_s(self) -> float:
        return float(settings.DESIGN_TIME_LIMIT_S)

    def prepare(self, job: Job, folder: Path) -> Work:
        plan = Plan.objects.select_related("bone_set", "case__patient").get(pk=job.input["plan"])
        check_approved(plan)
        # The package's manifest leads back to the X-rays by the report.
        bones = lay_out_source(plan.bone_set, folder / "bones")
        document, presets = folder / "plan.json", folder / "presets.json"
        document.write_text(json.dumps(plan.document))
        write_presets(job.input.get("site_presets", []), presets)
        return Work(
            "backend.exports.engine:design",
            {
                "bones": bones,
                "plan": document,
                "out": folder / "guide",
                "pseudonym": plan.case.patient.pseudonym,
                "parameters": job.input["parameters"] or None,
                "presets": job.input.get("presets", []),
                "site_presets": presets,
                "painting": job.input.get("painting") or None,
            },
        )

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        keys = {
            column: storage.put((folder / "guide" / name).read_bytes(), Path(name).suffix)
            for column, name in FILES.items()
        }
        if (folder / "package").is_dir():
            keys["package"] = storage.put(packed(folder / "package"), ".zip")

        def store() -> str:
            plan = Plan.objects.get(pk=job.input["plan"])
            # Asked again in the transaction: the approval may have gone to another revision meanwhile.
            check_approved(plan)
            guide = Guide.objects.create(
                case=job.case,
                plan=plan,
                job=job,
                version=(job.case.guides.aggregate(last=Max("version"))["last"] or 0) + 1,
                reason=job.input.get("reason", ""),
                parameters=job.input["parameters"],
                presets=result["presets"],
                report=result["report"],
                checks=result["checks"],
                scores=result["scores"],
                **keys,
            )
            return _logged(job, guide)

        return store


def _logged(job: Job, guide: Guide) -> str:
    plan = guide.plan
    text = f"Guide {guide.version} designed from plan {plan.revision}"
    if guide.reason:
        text += f" ({guide.reason})"
    if guide.blocking:
        text += f", blocked by: {', '.join(str(check['name']) for check in guide.blocking)}"
    log(
        case=job.case,
        person=job.requested_by,
        action="guide.designed",
        text=text,
        data={
            "guide": str(guide.pk),
            "sha256": guide.sha256,
            "plan": str(plan.pk),
            "plan_sha256": plan.sha256,
            "files": guide.files_sha256,
        },
    )
    return text
