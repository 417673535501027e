"""Pictures of a stored plan, made once: a revision never changes, so neither do they."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from backend.core.errors import Invalid
from backend.imaging.folders import cached_folder
from backend.imaging.models import Frame, View
from backend.planning.models import Plan

VIEWS = tuple(View.values)
SHADED = ("frontal_before", "frontal_after", "sagittal_before", "sagittal_after")


def corrected_cameras(plan: Plan) -> dict[str, Any]:
    """The cameras of the simulated X-rays by view: the case's own where its bones are in their frame.

    Returns:
        ``recon.geometry.Camera`` by view.
    """
    from backend.planning.radiographs import camera_of, standard_cameras

    images = {image.view: image for image in plan.case.images.all()}
    if plan.bone_set.frame == Frame.RIG and set(images) == set(VIEWS):
        return {
            view: camera_of(images[view].projection, images[view].rows, images[view].columns)
            for view in VIEWS
        }
    knee = plan.document["landmarks"].get("tibia_knee_center", {"position": (0.0, 0.0, 0.0)})
    return standard_cameras(knee["position"])


def corrected_xray(plan: Plan, view: str) -> bytes:
    """A simulated X-ray of the knee as the plan leaves it, PNG.

    Raises:
        Invalid: bones or document cannot be simulated.
    """
    return _picture(plan, view)


def shaded(plan: Plan) -> dict[str, bytes]:
    """The bones before and after, PNG by the names of ``SHADED``.

    Raises:
        Invalid: as ``corrected_xray``.
    """
    return {name: _picture(plan, name) for name in SHADED}


def _picture(plan: Plan, name: str) -> bytes:
    path = _folder(plan) / f"{name}.png"
    if not path.is_file():
        for made, content in _make(plan, xrays=name in VIEWS).items():
            _keep(path.with_name(f"{made}.png"), content)
    return path.read_bytes()


def _folder(plan: Plan) -> Path:
    # Named after content too, so that a database that was put back does not show another plan's pictures.
    return Path(settings.WORKSPACES / "plans" / f"{plan.pk}-{plan.sha256[:16]}")


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).replace(path)
    except OSError:
        with suppress(OSError):
            Path(draft).unlink()
        raise


def _make(plan: Plan, *, xrays: bool) -> dict[str, bytes]:
    """Either the shaded pictures or the simulated X-rays, which take about a second each."""
    from backend.planning.pictures import PlannedLeg, png, shaded_pictures
    from backend.planning.radiographs import radiographs
    from guides.errors import InputError as GuideError
    from recon.errors import InputError as ReconError

    try:
        leg = PlannedLeg.of(cached_folder(plan.bone_set), plan.document)
        if not xrays:
            return shaded_pictures(leg)
        words = f"SIMULATED  {plan.case.patient.pseudonym} {plan.case.side}  plan {plan.revision}"
        pictures = radiographs(
            leg.knee.meshes, corrected_cameras(plan), words, leg.before["tibia_knee_center"]
        )
    except (GuideError, ReconError) as error:
        raise Invalid(
            error.code,
            f"{error.message}.",
            kept="The plan was kept as it is.",
            remedy=f"{error.remedy}.",
        ) from error
    return {view: png(picture) for view, picture in pictures.items()}
