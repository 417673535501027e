"""Pictures of a stored plan, made once: a revision never changes, so neither do they."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from backend.core import storage
from backend.core.errors import Invalid
from backend.imaging.bone_sets import cameras_of
from backend.imaging.folders import cached_folder
from backend.imaging.models import View
from backend.planning.models import Plan

VIEWS = tuple(View.values)
SHADED = ("frontal_before", "frontal_after", "sagittal_before", "sagittal_after")

_MAKING = tuple(threading.Lock() for _ in range(16))
"""One for each of so many groups of plans."""


def corrected_cameras(plan: Plan) -> dict[str, Any]:
    """The cameras of the simulated X-rays by view: those of its bones, standard ones where they have none.

    Returns:
        ``recon.geometry.Camera`` by view.
    """
    from backend.planning.radiographs import camera_of, standard_cameras

    cameras = cameras_of(plan.bone_set)
    if set(cameras) == set(VIEWS):
        return {view: camera_of(**cameras[view]) for view in VIEWS}
    knee = plan.document["landmarks"].get("tibia_knee_center", {"position": (0.0, 0.0, 0.0)})
    return standard_cameras(knee["position"])


def corrected_xray(plan: Plan, view: str) -> bytes:
    """A simulated X-ray of the knee as the plan leaves it, PNG.

    Raises:
        Invalid: bones or document cannot be simulated.
    """
    return _pictures(plan, (view,))[view]


def report_pictures(plan: Plan) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The bones before and after by the names of ``SHADED``, and the simulated X-rays by view, PNG.

    Raises:
        Invalid: as ``corrected_xray``.
    """
    made = _pictures(plan, (*SHADED, *VIEWS))
    return {name: made[name] for name in SHADED}, {view: made[view] for view in VIEWS}


def _pictures(plan: Plan, names: Sequence[str]) -> dict[str, bytes]:
    folder = _folder(plan)
    # Whoever asks while another makes them waits for these, and does not make them a second time.
    with _MAKING[hash(folder) % len(_MAKING)]:
        missing = [name for name in names if not (folder / f"{name}.png").is_file()]
        if missing:
            for name, content in _make(plan, missing).items():
                _keep(folder / f"{name}.png", content)
    return {name: (folder / f"{name}.png").read_bytes() for name in names}


def drawn_from(plan: Plan) -> str:
    """Names the fragments that the pictures of a plan show; without exact ones they are other pictures."""
    solids = plan.made_solids
    return "-".join(key[:8] for key in solids.sha256.values()) if solids else "without-solids"


def edition(plan: Plan) -> str:
    """Names the pictures of a plan."""
    # After content too, so that a database that was put back does not show another plan's pictures.
    return f"{plan.pk}-{plan.sha256[:16]}-{drawn_from(plan)}"


def _folder(plan: Plan) -> Path:
    return Path(settings.WORKSPACES / "plans" / edition(plan))


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


def _make(plan: Plan, names: Sequence[str]) -> dict[str, bytes]:
    """Shaded pictures, simulated X-rays or both, as ``names`` need; each kind takes about a second."""
    from backend.planning.pictures import PlannedLeg, png, shaded_pictures
    from backend.planning.radiographs import radiographs
    from guides.errors import InputError as GuideError
    from recon.errors import InputError as ReconError

    made: dict[str, bytes] = {}
    try:
        solids = plan.made_solids
        fragments = (storage.get(solids.proximal), storage.get(solids.distal)) if solids else None
        leg = PlannedLeg.of(cached_folder(plan.bone_set), plan.document, fragments)
        if not set(SHADED).isdisjoint(names):
            made |= shaded_pictures(leg)
        if not set(VIEWS).isdisjoint(names):
            words = f"SIMULATED  {plan.case.patient.pseudonym} {plan.case.side}  plan {plan.revision}"
            cameras = corrected_cameras(plan)
            xrays = radiographs(leg.knee.meshes, cameras, words, leg.before["tibia_knee_center"])
            made |= {view: png(picture) for view, picture in xrays.items()}
    except (GuideError, ReconError) as error:
        raise Invalid(
            error.code,
            f"{error.message}.",
            kept="The plan was kept as it is.",
            remedy=f"{error.remedy}.",
        ) from error
    return made
