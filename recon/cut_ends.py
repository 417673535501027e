"""Where a scan cut bones off: ends of meshes that are no anatomy and must not be compared."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.transform import Rotation

from recon.bones import Bone, BoneSet
from recon.field_of_view import FieldOfView, TurnedBox
from recon.handedness import upwards

Array = npt.NDArray[np.float64]

# Smallest area in mm2 of a cut through a shaft.
_FLAT_MM2 = {Bone.FEMUR: 200.0, Bone.TIBIA: 200.0, Bone.FIBULA: 40.0}
# Of the bone's breadth a little below; under a natural end, which is round, that grows much faster.
_SHARE = 0.5
_SAMPLES = 10_000
_DIRECTIONS = 800
_UNLIMITED_MM = 1e6


def seen_of_meshes(bones: BoneSet) -> FieldOfView:
    """Everything between the ends of the shafts: what lies beyond them is not known of these meshes.

    Where a shaft ends flat, its end is that plane; else, as with whole bones and with ends that were
    smoothed, the plane across the leg through its last point.

    Args:
        bones: closed meshes in mm, in any frame.
    """
    up = upwards(bones)
    planes: list[tuple[Array, float]] = []
    for bone, limit in _FLAT_MM2.items():
        if bone not in bones:
            continue
        flat = flat_ends(bones[bone], limit)
        planes += flat
        away = None if up is None else up if bone == Bone.FEMUR else -up
        if away is not None and not any(away @ normal > 0.7 for normal, _ in flat):
            planes.append((away, float((bones[bone].vertices @ away).max())))
    boxes = tuple(_half_space(normal, offset) for normal, offset in planes)
    return FieldOfView(np.full(3, -np.inf), np.full(3, np.inf), (), boxes)


def flat_ends(mesh: trimesh.Trimesh, limit_mm2: float, *, seed: int = 0) -> list[tuple[Array, float]]:
    """Planes that a mesh lies against with a flat face, largest first, at most two.

    Args:
        mesh: closed, in mm.
        limit_mm2: smallest area of such a face.
        seed: of the sampling.

    Returns:
        Outward normals (3,) and offsets: the mesh has normal @ point <= offset.
    """
    points, faces = trimesh.sample.sample_surface(mesh, _SAMPLES, seed=seed)
    points, normals = np.asarray(points), np.asarray(mesh.face_normals[faces])
    each = float(mesh.area) / len(points)
    directions = _sphere(_DIRECTIONS)
    height = directions @ points.T
    reach = height.max(axis=1)
    facing = directions @ normals.T > 0.98
    areas = (facing & (height > reach[:, None] - 1.5)).sum(axis=1) * each
    found: list[tuple[Array, float]] = []
    for index in np.argsort(-areas):
        if areas[index] < limit_mm2 / 2 or len(found) == 2:
            break
        direction = directions[index]
        if any(direction @ other > 0.85 for other, _ in found):
            continue
        near = facing[index] & (height[index] > reach[index] - 1.5)
        normal = normals[near].mean(axis=0)
        normal /= np.linalg.norm(normal)
        along = points @ normal
        flat = (normals @ normal > 0.98) & (along > along.max() - 0.8)
        if not flat.any():
            continue
        area, offset = float(flat.sum()) * each, float(np.median(along[flat]))
        if area >= max(limit_mm2, _SHARE * _breadth_mm2(points, normal, offset)):
            found.append((normal, offset))
    return found


def _breadth_mm2(points: Array, normal: Array, offset: float) -> float:
    """Area in mm2 of the hull of a bone 3 mm below a plane; infinite where it has too little there."""
    depth = offset - points @ normal
    below = points[(depth > 2) & (depth < 4)]
    if len(below) < 8:
        return float("inf")
    plane = np.linalg.svd(normal[None], full_matrices=True)[2][1:]
    try:
        return float(ConvexHull(below @ plane.T).volume)  # of a flat hull, the area
    except QhullError:
        return float("inf")


def _half_space(normal: Array, offset: float) -> TurnedBox:
    """Everything below a plane, as a box that ends there."""
    placement = np.eye(4)
    placement[:3, :3] = Rotation.align_vectors([normal], [[0.0, 0.0, 1.0]])[0].as_matrix()
    far = np.full(3, _UNLIMITED_MM)
    return TurnedBox(-far, np.array([_UNLIMITED_MM, _UNLIMITED_MM, offset]), placement)


def _sphere(count: int) -> Array:
    """(count, 3) directions spread evenly: a Fibonacci spiral."""
    step = np.arange(count) + 0.5
    z = 1 - 2 * step / count
    turn = np.pi * (1 + np.sqrt(5)) * step
    radius = np.sqrt(1 - z**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), z], axis=1)
