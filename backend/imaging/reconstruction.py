"""The job that makes bones from the two X-rays of a case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.cases.models import Case
from backend.core import storage
from backend.core.errors import Conflict
from backend.imaging.bone_sets import add_bone_set, kept_files
from backend.imaging.models import Image, Origin, View
from backend.jobs.handlers import Work
from backend.jobs.models import Job, Kind
from backend.jobs.services import request_job


def request_reconstruction(*, person: Person, case: Case) -> Job:
    """Queue the reconstruction of a case.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``images_missing`` or ``job_active``.
    """
    require_role(person, case.site, Role.SURGEON, Role.ENGINEER)
    images = {image.view: image for image in case.images.all()}
    missing = [view.label for view in View if view not in images]
    if missing:
        raise Conflict(
            "images_missing",
            f"The case still needs: {', '.join(missing)}.",
            remedy="Upload the missing X-ray first.",
        )
    return request_job(
        person=person,
        case=case,
        kind=Kind.RECONSTRUCT,
        input={"images": {view: str(image.pk) for view, image in sorted(images.items())}},
    )


class ReconstructionHandler:
    """How a reconstruction is prepared and kept."""

    queue = "recon"
    kept = "Both X-rays were kept; the case is as before."

    @property
    def time_limit_s(self) -> float:
        return float(settings.RECONSTRUCTION_TIME_LIMIT_S)

    def prepare(self, job: Job, folder: Path) -> Work:
        paths = {}
        for view, image_id in job.input["images"].items():
            image = Image.objects.filter(pk=image_id).first()
            if image is None:
                raise Conflict(
                    "images_changed",
                    "An X-ray was replaced since this was asked for.",
                    remedy="Start the reconstruction again.",
                )
            paths[view] = folder / f"{view}.dcm"
            paths[view].write_bytes(storage.get(image.file))
        out = folder / "out"
        out.mkdir()
        return Work(
            "backend.imaging.engine:reconstruct",
            {
                **paths,
                "out": out,
                "resolution": settings.RECONSTRUCTION_RESOLUTION,
                "model": settings.RECONSTRUCTION_MODEL,
            },
        )

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        report = dict(result)
        meshes, outlines = kept_files(folder / "out", report)

        def store() -> str:
            bone_set = add_bone_set(
                job=job, origin=Origin.XRAY_NETWORK, report=report, outlines=outlines, meshes=meshes
            )
            return f"Bones {bone_set.number}: {', '.join(mesh.bone for mesh in meshes)}"

        return store
