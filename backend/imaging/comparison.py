"""The job that compares two bone sets of a case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.cases.services import log
from backend.core import storage
from backend.core.errors import Conflict, Invalid
from backend.imaging.bone_sets import lay_out_source
from backend.imaging.models import BoneSet, Comparison
from backend.jobs.handlers import Work
from backend.jobs.models import Job, Kind
from backend.jobs.services import request_job


def request_comparison(*, person: Person, first: BoneSet, second: BoneSet) -> Job:
    """Queue the comparison of two bone sets.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Invalid: ``same_bones``: one set with itself, or sets of two cases.
        Conflict: ``already_compared`` or ``job_active``.
    """
    require_role(person, first.case.site, Role.SURGEON, Role.ENGINEER)
    if first.pk == second.pk or first.case_id != second.case_id:
        raise Invalid(
            "same_bones", "These are not two bone sets of one case.", remedy="Choose two sets of one case."
        )
    if Comparison.objects.filter(first__in=(first, second), second__in=(first, second)).exists():
        raise Conflict(
            "already_compared", "These two were compared already.", remedy="Reload the page to see it."
        )
    return request_job(
        person=person,
        case=first.case,
        kind=Kind.COMPARE_BONES,
        input={"first": str(first.pk), "second": str(second.pk)},
    )


class ComparisonHandler:
    """How a comparison is prepared and kept."""

    queue = "recon"
    kept = "Both bone sets are as before."

    @property
    def time_limit_s(self) -> float:
        return float(settings.COMPARISON_TIME_LIMIT_S)

    def prepare(self, job: Job, folder: Path) -> Work:
        sets = {which: BoneSet.objects.get(pk=job.input[which]) for which in ("first", "second")}
        shown = {}
        for which, bone_set in sets.items():
            lay_out_source(bone_set, folder / which)
            shown[which] = folder / "display" / which
            shown[which].mkdir(parents=True)
            for mesh in bone_set.meshes.all():
                (shown[which] / f"{mesh.bone}.ply").write_bytes(storage.get(mesh.display))
        out = folder / "out"
        out.mkdir()
        return Work(
            "backend.imaging.comparing_engine:compare_sets",
            {
                "first": folder / "first",
                "second": folder / "second",
                "shown": shown,
                "out": out,
                "aligned": sets["first"].coordinates == sets["second"].coordinates,
            },
        )

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        distances = {
            which: {
                path.stem: storage.put(path.read_bytes(), ".f32")
                for path in sorted((folder / "out" / which).glob("*.f32"))
            }
            for which in ("first", "second")
        }
        report = dict(result)

        def store() -> str:
            first, second = (BoneSet.objects.get(pk=job.input[which]) for which in ("first", "second"))
            # A failed task may be tried again after another one has done the same.
            made, _ = Comparison.objects.get_or_create(
                first=first,
                second=second,
                defaults={
                    "case": job.case,
                    "report": report,
                    "distances": distances,
                    "author": job.requested_by,
                },
            )
            text = f"Bones {first.number} and {second.number} compared"
            log(
                case=job.case,
                person=job.requested_by,
                action="bones.compared",
                text=text,
                data={"comparison": str(made.pk), "first": str(first.pk), "second": str(second.pk)},
            )
            return text

        return store
