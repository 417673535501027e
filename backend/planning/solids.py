"""The job that makes the exact fragments of a saved plan, and where it stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.cases.services import log
from backend.core import storage
from backend.core.errors import Conflict
from backend.imaging.folders import lay_out
from backend.jobs.handlers import Work
from backend.jobs.models import ACTIVE, Job, Kind
from backend.jobs.services import queue
from backend.planning.models import Plan, PlanSolids


class SolidsState(models.TextChoices):
    """Where the fragments of a plan stand."""

    NONE = "none", "the plan is older than exact fragments"
    WAITING = "waiting", "they are being made"
    MADE = "made", "they are there"
    FAILED = "failed", "they could not be made"


def state_of(plan: Plan) -> SolidsState:
    """Where the fragments of a plan stand; ``plan`` as of ``PlanQuerySet.told``."""
    if plan.made_solids:
        return SolidsState.MADE
    if plan.solids_job is None:
        return SolidsState.NONE
    return SolidsState.WAITING if plan.solids_job.state in ACTIVE else SolidsState.FAILED


def why_missing(plan: Plan) -> str:
    """Why there are no exact fragments to show, in words; empty where there are."""
    state = state_of(plan)
    if state is SolidsState.MADE:
        return ""
    error = plan.solids_job.error if plan.solids_job else None
    if state is SolidsState.FAILED and error:
        return str(error["message"])
    return f"{state.label[0].upper()}{state.label[1:]}."


@transaction.atomic
def queue_solids(*, person: Person, plan: Plan) -> Job:
    """Send the task that makes the fragments of a plan; it runs beside whatever else the case does."""
    job = queue(person=person, case=plan.case, kind=Kind.PLAN_SOLIDS, input={"plan": str(plan.pk)})
    plan.solids_job = job
    plan.save(update_fields=["solids_job"])
    return job


def make_solids(*, person: Person, plan: Plan) -> Job:
    """Ask for the fragments of a plan that has none: it is older than they are, or making them failed.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``solids_there``: they are made or being made.
    """
    require_role(person, plan.case.site, Role.SURGEON, Role.ENGINEER)
    with transaction.atomic():
        plan = Plan.objects.select_for_update(of=("self",)).select_related("case").get(pk=plan.pk)
        if state_of(plan) in (SolidsState.MADE, SolidsState.WAITING):
            raise Conflict(
                "solids_there",
                f"The fragments of plan {plan.revision} are made, or being made.",
                remedy="Reload the page to see them.",
            )
        return queue_solids(person=person, plan=plan)


class SolidsHandler:
    """How exact fragments are prepared and kept."""

    queue = "guides"
    kept = "The plan is saved; its pictures are drawn without exact fragments."

    @property
    def time_limit_s(self) -> float:
        return float(settings.SOLIDS_TIME_LIMIT_S)

    def prepare(self, job: Job, folder: Path) -> Work:
        plan = Plan.objects.select_related("bone_set").get(pk=job.input["plan"])
        # A task that is tried again is the one whose state counts.
        Plan.objects.filter(pk=plan.pk).update(solids_job=job)
        bones, document, out = folder / "bones", folder / "plan.json", folder / "out"
        bones.mkdir()
        out.mkdir()
        lay_out(plan.bone_set, bones)
        document.write_text(json.dumps(plan.document))
        return Work("guides.osteotomy:solid_files", {"bones": bones, "plan": document, "out": out})

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        files = {part: folder / "out" / f"{part}.ply" for part in PlanSolids.PARTS}
        keys = {
            part: storage.put(file.read_bytes(), ".ply") for part, file in files.items() if file.is_file()
        }

        def store() -> str:
            plan = Plan.objects.get(pk=job.input["plan"])
            # A failed task may be tried again after another one has done the same.
            made, _ = PlanSolids.objects.get_or_create(
                plan=plan, defaults={"job": job, "report": dict(result), **keys}
            )
            text = f"Exact fragments of plan {plan.revision} made"
            log(
                case=job.case,
                person=job.requested_by,
                action="plan.solids",
                text=text,
                data={"plan": str(plan.pk), "plan_sha256": plan.sha256, "sha256": made.sha256},
            )
            return text

        return store
