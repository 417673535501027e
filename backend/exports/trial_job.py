"""The job that puts a design on other bones of its case: the X-ray guide on the CT bone counts most."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.cases.services import log
from backend.core import storage
from backend.core.errors import Conflict, Invalid
from backend.exports.models import Guide, GuideTrial
from backend.imaging.folders import lay_out
from backend.imaging.models import BoneSet
from backend.jobs.handlers import Work
from backend.jobs.models import Job, Kind
from backend.jobs.services import request_job


def request_trial(*, person: Person, guide: Guide, bone_set: BoneSet) -> Job:
    """Queue the simulated surgeon's verdict of a design on other bones.

    Args:
        person: surgeon or engineer of the site.
        guide: any design, also one that is blocked.
        bone_set: of the same case, and not the one that it was designed on.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Invalid: ``not_other_bones``.
        Conflict: ``tried_already`` or ``job_active``.
    """
    require_role(person, guide.case.site, Role.SURGEON, Role.ENGINEER)
    if bone_set.case_id != guide.case_id or bone_set.pk == guide.plan.bone_set_id:
        raise Invalid(
            "not_other_bones",
            "These are not other bones of the same case.",
            remedy="Choose a bone set of this case that the guide was not designed on.",
        )
    if GuideTrial.objects.filter(guide=guide, bone_set=bone_set).exists():
        raise Conflict(
            "tried_already",
            f"Guide {guide.version} was put on bones {bone_set.number} already.",
            remedy="Reload the page to see its scores there.",
        )
    return request_job(
        person=person,
        case=guide.case,
        kind=Kind.SCORE_GUIDE,
        input={"guide": str(guide.pk), "bone_set": str(bone_set.pk)},
    )


class TrialHandler:
    """How a trial is prepared and kept."""

    queue = "guides"
    kept = "The guide and both bone sets are as before."

    @property
    def time_limit_s(self) -> float:
        return float(settings.DESIGN_TIME_LIMIT_S)

    def prepare(self, job: Job, folder: Path) -> Work:
        guide = Guide.objects.select_related("plan__bone_set").get(pk=job.input["guide"])
        sets = {"bones": BoneSet.objects.get(pk=job.input["bone_set"]), "design_bones": guide.plan.bone_set}
        for name, bone_set in sets.items():
            (folder / name).mkdir()
            lay_out(bone_set, folder / name)
        design = folder / "guide"
        design.mkdir()
        (design / "guide.stl").write_bytes(storage.get(guide.stl))
        (design / "report.json").write_text(json.dumps(guide.report))
        return Work(
            "backend.exports.engine:try_on",
            {
                "guide": design,
                "bones": folder / "bones",
                "design_bones": folder / "design_bones",
                "out": folder / "out",
            },
        )

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        contact = storage.put((folder / "out" / "contact.ply").read_bytes(), ".ply")

        def store() -> str:
            guide = Guide.objects.get(pk=job.input["guide"])
            bone_set = BoneSet.objects.get(pk=job.input["bone_set"])
            # A failed task may be tried again after another one has done the same.
            trial, _ = GuideTrial.objects.get_or_create(
                guide=guide, bone_set=bone_set, defaults={"job": job, "scores": result, "contact": contact}
            )
            scores = {name: result[name]["score"] for name in ("fitting", "stability", "accuracy")}
            text = f"Guide {guide.version} put on bones {bone_set.number} by simulation"
            log(
                case=job.case,
                person=job.requested_by,
                action="guide.tried",
                text=text,
                data={
                    "trial": str(trial.pk),
                    "guide": str(guide.pk),
                    "bone_set": str(bone_set.pk),
                    "scores": scores,
                },
            )
            return text

        return store
