"""How far two bone sets are apart, bone by bone and point by point; in a child process, without Django."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import trimesh

from recon.alignment import align, moved
from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.metrics import MARGIN_MM, SAMPLES, compare, surface_distances

Array = npt.NDArray[np.float64]

_SCALES_MM = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 50.0)


def compare_sets(
    first: Path,
    second: Path,
    shown: dict[str, Path],
    out: Path,
    *,
    aligned: bool,
    progress: Callable[[str, float], None],
) -> dict[str, Any]:
    """Figures of each bone that two sets share, and a distance for each vertex that is shown.

    Args:
        first, second: bone-set folders with ``report.json``.
        shown: "first" and "second": folders of the display meshes.
        out: an existing folder; gets ``first/tibia.f32`` and so on: little-endian float32 a vertex, mm to the
            other set's surface, NaN outside the common field of view.
        aligned: whether both are in one frame already; if not, the second is aligned onto the first.
        progress: told the stage and the share done.

    Returns:
        ``bones``: figures of ``recon.metrics.BoneMetrics`` a bone; ``not_compared``: a reason for each other
        bone; ``alignment``: as of ``Alignment.report`` or null; ``scale_mm``: a good end of a colour scale;
        ``samples``; ``margin_mm``.

    Raises:
        InputError: no_common_bone, unlike_bones.
    """
    progress("Reading the bones", 0.02)
    one, two = BoneSet.read(first), BoneSet.read(second)
    field_one, field_two = FieldOfView.of_folder(first), FieldOfView.of_folder(second)
    alignment, motion = None, np.eye(4)
    if not aligned:
        progress("Aligning the bones", 0.05)
        found = align(two, one, moving_field=field_two, fixed_field=field_one)
        alignment, motion = found.report(), found.transform
        two, field_two = moved(two, motion), field_two.moved(motion)
    seen = field_one & field_two
    common = [bone for bone in one if bone in two]
    figures: dict[str, dict[str, float | None]] = {}
    left_out = {bone.label: "only one of the sets has it" for bone in Bone if (bone in one) != (bone in two)}
    (out / "first").mkdir()
    (out / "second").mkdir()
    for place, bone in enumerate(common):
        progress(f"Comparing the {bone.label}", 0.2 + 0.8 * place / len(common))
        try:
            metrics = compare(two[bone], one[bone], seen, seed=10 * bone)
        except InputError:
            metrics = None
        if metrics is None:
            left_out[bone.label] = "no common part of it is in both fields of view"
        else:
            figures[bone.label] = {
                name: None if value is None else round(value, 4) for name, value in asdict(metrics).items()
            }
        for which, mesh, transform in (("first", two[bone], np.eye(4)), ("second", one[bone], motion)):
            display = trimesh.load_mesh(shown[which] / f"{bone.label}.ply", process=False)
            points = np.asarray(display.vertices) @ transform[:3, :3].T + transform[:3, 3]
            distances = _distances(points, mesh, seen)
            (out / which / f"{bone.label}.f32").write_bytes(distances.astype("<f4").tobytes())
    if not figures:
        raise InputError(
            "no_common_bone",
            "The two sets share no bone, or no part of one that both sources saw",
            "Compare sets of the same knee with at least one bone in common",
        )
    return {
        "bones": figures,
        "not_compared": left_out,
        "alignment": alignment,
        "scale_mm": _scale(max(float(bone["p2s_hd95_mm"] or 0) for bone in figures.values())),
        "samples": SAMPLES,
        "margin_mm": MARGIN_MM,
    }


def _distances(points: Array, surface: trimesh.Trimesh, seen: FieldOfView) -> Array:
    """(N,) mm from points to a surface, NaN where only one source saw."""
    distances = surface_distances(points, surface)
    distances[seen.depth(points) < MARGIN_MM] = np.nan
    return distances


def _scale(largest: float) -> float:
    """The round number of mm at or above a distance."""
    return next((step for step in _SCALES_MM if step >= largest), _SCALES_MM[-1])
