"""Whether guide and bone keep clear of one another, at rest and on the way out."""

from __future__ import annotations

import manifold3d
import numpy as np
import trimesh

from guides.bones import Array, distance
from guides.check.rays import near, struck, surface_points
from guides.check.verdict import Check, verdict
from guides.solids import from_mesh

GAP_TOLERANCE_MM = 0.1


def overlap(guide: trimesh.Trimesh, tibia: trimesh.Trimesh) -> Check:
    """Exact common volume."""
    common = from_mesh(guide) ^ from_mesh(tibia)
    remedy = "Design the guide again on these bones; nothing that cuts into bone may be printed"
    if common.status() != manifold3d.Error.NoError:
        message = "The overlap of guide and bone could not be computed"
        return verdict("overlap", False, None, 0, "mm3", message, remedy=remedy)
    volume = common.volume()
    place = np.reshape(common.bounding_box(), (2, 3)).mean(axis=0) if volume > 0 else None
    message = "Guide and bone do not overlap"
    return verdict("overlap", volume <= 1e-3, volume, 0, "mm3", message, place=place, remedy=remedy)


def gap(guide: trimesh.Trimesh, tibia: trimesh.Trimesh, clearance: float) -> Check:
    """Smallest distance in both directions: guide points to bone and bone points to guide.

    Unsigned: whether they overlap is the business of the exact intersection.
    """
    contact = surface_points(guide)
    to_bone = distance(tibia, contact)
    bone = near(surface_points(tibia), guide, 1.0)
    to_guide = distance(guide, bone) if len(bone) else np.array([np.inf])
    if to_bone.min() <= to_guide.min():
        smallest, place = float(to_bone.min()), contact[np.argmin(to_bone)]
    else:
        smallest, place = float(to_guide.min()), bone[np.argmin(to_guide)]
    limit = round(clearance - GAP_TOLERANCE_MM, 4)
    return verdict(
        "smallest_gap", smallest >= limit, smallest, limit, "mm",
        f"The smallest gap to the bone is {smallest:.2f} mm, planned {clearance:.2f} mm",
        place=place, remedy="Raise the bone clearance, or smooth the bone where the mark is",
    )  # fmt: skip


def withdrawal(guide: trimesh.Trimesh, tibia: trimesh.Trimesh, direction: Array) -> Check:
    """Rays from the guide outwards and from the bone inwards: the guide meets no bone on its way out."""
    start = surface_points(guide)
    forward = struck(tibia, start, direction)
    bone = near(surface_points(tibia), guide, 60.0)
    backward = struck(guide, bone, -direction)
    hits = int(forward.sum() + backward.sum())
    place = start[forward][0] if forward.any() else bone[backward][0] if backward.any() else None
    return verdict(
        "withdrawal", hits == 0, hits, 0, "",
        "The guide leaves the bone along its withdrawal direction without meeting it",
        place=place, remedy="Design the guide again: undercuts are filled along the withdrawal direction",
    )  # fmt: skip
