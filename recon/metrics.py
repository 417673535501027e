"""How close bones are to a reference: DSC, HD and ASSD of the paper, and exact point-to-surface distances.

Eq. 9 and 10 of the paper (npj Digital Medicine, s41746-026-02389-9): 16,348 points sampled uniformly on each
surface stand for it. Both figures have a floor, for two samplings of one surface already differ; it is
computed and stated beside. The p2s figures measure from the same points to the other surface itself and have
none.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import igl
import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial import cKDTree

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.voxels import voxelise

Array = npt.NDArray[np.float64]
SAMPLES = 16_348
MARGIN_MM = 3.0
_VOXEL_MM = 0.5
_SMALLEST_AREA_MM2 = 100.0
_MAXIMUM_ROUNDS = 400


@dataclass(frozen=True)
class BoneMetrics:
    """The figures of one bone, millimetres unless named otherwise.

    Attributes:
        dsc_percent: Dice similarity, Eq. 10, in voxels of 0.5 mm; None where a mesh is not watertight.
        assd_16k_mm: average symmetric surface distance between sampled points, Eq. 9.
        hd_16k_mm: Hausdorff distance between sampled points, Eq. 9.
        floor_16k_mm: what ``assd_16k_mm`` would be for a perfect result: two samplings of the reference.
        hd_floor_16k_mm: the same for ``hd_16k_mm``.
        p2s_assd_mm: average symmetric distance from points to the other surface.
        p2s_hd95_mm: larger of the two 95th percentiles of those distances.
        p2s_hd_mm: largest of those distances.
    """

    dsc_percent: float | None
    assd_16k_mm: float
    hd_16k_mm: float
    floor_16k_mm: float
    hd_floor_16k_mm: float
    p2s_assd_mm: float
    p2s_hd95_mm: float
    p2s_hd_mm: float


def sample_surface(
    mesh: trimesh.Trimesh, field: FieldOfView, *, count: int = SAMPLES, seed: int = 0
) -> Array | None:
    """(count, 3) points uniform on the part of a surface at least 3 mm inside a field of view, in mm.

    None where that part is smaller than 100 mm2.
    """
    rng = np.random.default_rng(seed)
    corners = np.asarray(mesh.triangles, dtype=np.float64)
    # Triangles far outside need no samples: full-length bones are mostly out of view.
    centre, reach = (
        corners.mean(axis=1),
        np.linalg.norm(corners - corners.mean(axis=1)[:, None], axis=2).max(1),
    )
    corners = corners[field.depth(centre) + reach >= MARGIN_MM]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    total = float(areas.sum())
    if total < _SMALLEST_AREA_MM2:
        return None
    cumulative = np.cumsum(areas)
    kept: list[Array] = []
    have = drawn = 0
    while have < count and drawn < count * _MAXIMUM_ROUNDS:
        chosen = np.searchsorted(cumulative, rng.random(count) * total).clip(max=len(areas) - 1)
        u, v = rng.random((2, count, 1))
        folded = u + v > 1
        u, v = np.where(folded, 1 - u, u), np.where(folded, 1 - v, v)
        a, b, c = (corners[chosen, i] for i in range(3))
        points = a + u * (b - a) + v * (c - a)
        inside = points[field.depth(points) >= MARGIN_MM]
        kept.append(inside)
        have, drawn = have + len(inside), drawn + count
        if have / drawn * total < _SMALLEST_AREA_MM2:
            return None
    return np.concatenate(kept)[:count]


def surface_distances(points: Array, mesh: trimesh.Trimesh) -> Array:
    """(N,) exact distances in mm from (N, 3) points to a surface."""
    squared, _, _ = igl.point_mesh_squared_distance(
        np.ascontiguousarray(points, dtype=np.float64),
        np.ascontiguousarray(mesh.vertices, dtype=np.float64),
        np.ascontiguousarray(mesh.faces, dtype=np.int64),
    )
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


def assd_and_hd(first: Array, second: Array) -> tuple[float, float]:
    """ASSD and HD of Eq. 9 between two point sets, (N, 3) and (M, 3), in mm."""
    forth = cKDTree(second).query(first)[0]
    back = cKDTree(first).query(second)[0]
    return float(forth.mean() + back.mean()) / 2, float(max(forth.max(), back.max()))


def dice_percent(
    predicted: trimesh.Trimesh, reference: trimesh.Trimesh, field: FieldOfView, *, voxel_mm: float = _VOXEL_MM
) -> float | None:
    """Dice similarity in per cent of two meshes inside a field of view; None where one is not watertight."""
    if not (predicted.is_watertight and reference.is_watertight):
        return None
    low = np.maximum(np.minimum(predicted.bounds[0], reference.bounds[0]), field.low)
    high = np.minimum(np.maximum(predicted.bounds[1], reference.bounds[1]), field.high)
    size = np.maximum(np.ceil((high - low) / voxel_mm).astype(int), 1)
    shape = (int(size[2]), int(size[1]), int(size[0]))
    origin = low + voxel_mm / 2
    first, second = (
        voxelise(mesh.vertices, mesh.faces, origin=origin, shape=shape, spacing=voxel_mm)
        for mesh in (predicted, reference)
    )
    for mask in (first, second):
        indices = np.argwhere(mask)
        outside = field.depth(indices[:, ::-1] * voxel_mm + origin) < MARGIN_MM
        mask[tuple(indices[outside].T)] = False
    both = int(np.count_nonzero(first & second))
    total = int(np.count_nonzero(first)) + int(np.count_nonzero(second))
    return 200.0 * both / total if total else None


def compare(
    predicted: trimesh.Trimesh,
    reference: trimesh.Trimesh,
    field: FieldOfView | None = None,
    *,
    seed: int = 0,
) -> BoneMetrics | None:
    """All figures of one bone, or None where the reference has no surface in the field of view.

    Raises:
        InputError: empty_bone where the prediction has no surface there though the reference has.
    """
    field = field or FieldOfView.everything()
    truth = sample_surface(reference, field, seed=seed)
    if truth is None:
        return None
    again = sample_surface(reference, field, seed=seed + 1)
    found = sample_surface(predicted, field, seed=seed + 2)
    if found is None or again is None:
        raise InputError(
            "empty_bone",
            "A predicted bone has no surface in the field of view where the reference has one",
            "Check that prediction and reference are in the same frame",
        )
    assd, hd = assd_and_hd(found, truth)
    assd_floor, hd_floor = assd_and_hd(again, truth)
    forth, back = surface_distances(found, reference), surface_distances(truth, predicted)
    return BoneMetrics(
        dsc_percent=dice_percent(predicted, reference, field),
        assd_16k_mm=assd,
        hd_16k_mm=hd,
        floor_16k_mm=assd_floor,
        hd_floor_16k_mm=hd_floor,
        p2s_assd_mm=float(forth.mean() + back.mean()) / 2,
        p2s_hd95_mm=float(max(np.percentile(forth, 95), np.percentile(back, 95))),
        p2s_hd_mm=float(max(forth.max(), back.max())),
    )


def evaluate_folders(predicted: Path, reference: Path, *, seed: int = 0) -> dict[str, Any]:
    """Compare two bone-set folders in their common field of view.

    Args:
        predicted: folder with PLYs and, from ``reconstruct``, ``report.json`` with the field of view.
        reference: folder with PLYs of any length.
        seed: of the surface sampling.

    Returns:
        ``{"bones": {name: figures of BoneMetrics}, "mean": {figure: mean over the bones that have it},
        "missing": [in view in the reference, not predicted], "unmatched": [predicted, not in the reference],
        "out_of_view": [the reference has no surface in the field of view], "open": [not closed, so without
        DSC], "samples", "margin_mm", "seed"}``

    Raises:
        InputError: unreadable folders, or no bone in common.
    """
    return evaluate_bones(
        BoneSet.read(predicted),
        BoneSet.read(reference),
        FieldOfView.of_folder(predicted) & FieldOfView.of_folder(reference),
        seed=seed,
    )


def evaluate_bones(
    predicted: BoneSet, reference: BoneSet, field: FieldOfView | None = None, *, seed: int = 0
) -> dict[str, Any]:
    """``evaluate_folders`` for bone sets in memory."""
    field = field or FieldOfView.everything()
    bones: dict[str, dict[str, float | None]] = {}
    missing: list[str] = []
    out_of_view: list[str] = []
    for bone in Bone:
        if bone not in reference:
            continue
        if bone not in predicted:
            seen = sample_surface(reference[bone], field, count=256, seed=seed) is not None
            (missing if seen else out_of_view).append(bone.label)
            continue
        metrics = compare(predicted[bone], reference[bone], field, seed=seed + 10 * bone)
        if metrics is None:
            out_of_view.append(bone.label)
        else:
            bones[bone.label] = asdict(metrics)
    if not bones:
        raise InputError(
            "no_common_bone",
            "Prediction and reference have no bone in common in the field of view",
            "Give two folders with the same bones, in the same frame",
        )
    mean: dict[str, float | None] = {}
    for name in next(iter(bones.values())):
        values = [figures[name] for figures in bones.values() if figures[name] is not None]
        mean[name] = float(np.mean(np.array(values, dtype=float))) if values else None
    return {
        "bones": bones,
        "mean": mean,
        "missing": missing,
        "unmatched": [bone.label for bone in predicted if bone not in reference],
        "out_of_view": out_of_view,
        "open": [
            bone.label
            for bone in Bone
            if bone.label in bones and not (predicted[bone].is_watertight and reference[bone].is_watertight)
        ],
        "samples": SAMPLES,
        "margin_mm": MARGIN_MM,
        "seed": seed,
    }


_HEADINGS = {
    "p2s_assd_mm": "p2s ASSD",
    "p2s_hd95_mm": "p2s HD95",
    "p2s_hd_mm": "p2s HD",
    "assd_16k_mm": "ASSD 16k",
    "floor_16k_mm": "(floor)",
    "hd_16k_mm": "HD 16k",
    "hd_floor_16k_mm": "(floor)",
    "dsc_percent": "DSC %",
}


def table(result: dict[str, Any]) -> str:
    """The result of ``evaluate_folders`` as a table for people, millimetres."""
    lines = ["".join([f"{'bone':10}", *(f"{heading:>10}" for heading in _HEADINGS.values())])]
    for name, figures in [*result["bones"].items(), ("mean", result["mean"])]:
        cells = [
            "         -" if figures[key] is None else f"{figures[key]:10.{1 if key == 'dsc_percent' else 2}f}"
            for key in _HEADINGS
        ]
        lines.append("".join([f"{name:10}", *cells]))
    if result["missing"]:
        lines.append(f"not reconstructed: {', '.join(result['missing'])}")
    if result["unmatched"]:
        lines.append(f"no reference: {', '.join(result['unmatched'])}")
    if result["out_of_view"]:
        lines.append(f"reference outside the common field of view: {', '.join(result['out_of_view'])}")
    if result["open"]:
        lines.append(f"not closed, so without DSC, and left out of its mean: {', '.join(result['open'])}")
    lines.append(
        f"{result['samples']} points a surface, {result['margin_mm']:g} mm inside the common field of view"
    )
    return "\n".join(lines)
