"""The job that makes both versions of a case alike, before anybody rates them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from backend.accounts.models import Person
from backend.core import storage
from backend.core.errors import Conflict
from backend.imaging.folders import lay_out
from backend.imaging.models import BoneSet
from backend.jobs.handlers import Work
from backend.jobs.models import Job, Kind
from backend.jobs.services import request_job
from backend.studies.guard import in_state, locked_row
from backend.studies.models import Arm, Study, StudyArm, StudyCase, StudyKind, StudyState

# In files and messages the versions have other names than in the database.
_NAMES = {Arm.CT: "first", Arm.XRAY: "second"}


def request_blinding(*, person: Person, study: Study) -> list[Job]:
    """Send a job for each case whose content is missing; a case that is busy has to be asked for again."""
    jobs = []
    for case in study.cases.filter(withdrawn_at__isnull=True, arms__content="").distinct():
        try:
            jobs.append(
                request_job(
                    person=person,
                    case=case.case,
                    kind=Kind.BLIND_VERSIONS,
                    input={"study_case": str(case.pk)},
                )
            )
        except Conflict:
            continue
    return jobs


def blind_again(*, person: Person, study: Study) -> list[Job]:
    """The same, asked for by a coordinator after a job failed or a case was busy.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``.
    """
    with transaction.atomic():
        study = locked_row(person, study)
        in_state(study, StudyState.READY, StudyState.RUNNING)
        return request_blinding(person=person, study=study)


class BlindingHandler:
    """How the blinding of one case is prepared and kept."""

    queue = "guides"
    kept = "The case, its bones and its guides were kept."

    @property
    def time_limit_s(self) -> float:
        return float(settings.BLINDING_TIME_LIMIT_S)

    def prepare(self, job: Job, folder: Path) -> Work:
        case = _study_case(job)
        versions = {
            Arm(version.arm): version
            for version in case.arms.select_related("bone_set", "guide__plan__bone_set")
        }
        out = folder / "out"
        out.mkdir()
        if case.study.kind == StudyKind.MODEL_RATING:
            for arm, version in versions.items():
                (folder / _NAMES[arm]).mkdir()
                if version.bone_set:
                    lay_out(version.bone_set, folder / _NAMES[arm])
            return Work(
                "backend.studies.blinding_engine:blind_bones",
                {"first": folder / "first", "second": folder / "second", "out": out},
            )
        sets: dict[str, BoneSet] = {}
        for arm, version in versions.items():
            if version.guide is None:
                continue
            design = folder / _NAMES[arm]
            design.mkdir()
            (design / "guide.stl").write_bytes(storage.get(version.guide.stl))
            (design / "report.json").write_bytes(storage.get(version.guide.report_file))
            sets[_NAMES[arm]] = version.guide.plan.bone_set
            (folder / "bones" / _NAMES[arm]).mkdir(parents=True)
            lay_out(version.guide.plan.bone_set, folder / "bones" / _NAMES[arm])
        apart = sets["first"].coordinates != sets["second"].coordinates
        return Work(
            "backend.studies.blinding_engine:blind_guides",
            {
                "first": folder / "first",
                "second": folder / "second",
                "bones": folder / "bones" / "first",
                "out": out,
                "design_bones": folder / "bones" / "second" if apart else None,
            },
        )

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        keys = {
            path.stem: storage.put(path.read_bytes(), path.suffix)
            for path in sorted((folder / "out").iterdir())
        }

        simulated = dict(result.get("simulated", {}))

        def store() -> str:
            case = _study_case(job)
            for arm, name in _NAMES.items():
                StudyArm.objects.filter(study_case=case, arm=arm).update(
                    content=keys[name], simulated=simulated.get(name)
                )
            StudyCase.objects.filter(pk=case.pk).update(bone_model=keys.get("bone_model", ""))
            return "Both versions are alike but for their shape"

        return store


def _study_case(job: Job) -> StudyCase:
    """The case as it is in the study now.

    Raises:
        Conflict: ``not_in_study``: it was taken out again.
    """
    case = StudyCase.objects.select_related("study").filter(pk=UUID(job.input["study_case"])).first()
    if case is None or case.arms.count() < len(Arm):
        raise Conflict("not_in_study", "The case is not in the study any more.", remedy="Nothing is to do.")
    return case
