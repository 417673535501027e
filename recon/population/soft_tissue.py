"""The soft tissue of a phantom CT: skin over fat over muscle, and cartilage between the bones."""

from __future__ import annotations

import numpy as np
import trimesh
from scipy import ndimage

from recon.bones import Bone, BoneSet
from recon.drr.beam import ENERGIES_KEV, per_mm
from recon.population.voxel_grid import Array, VoxelGrid, Voxels, smooth_noise

AIR_HU = -1000.0
_SKIN_HU, _CARTILAGE_HU, _POLYETHYLENE_HU = 40.0, 95.0, -90.0
_SKIN_MM = 1.8
_OVER_BONE_MM = 5.0  # soft tissue over the kneecap of a thin leg
_CARTILAGE_REACH_MM = 7.0  # of the way from bone to bone; both layers of cartilage and a meniscus
_FIBRE_MM = 7.0


def hounsfield(material: str) -> float:
    """Hounsfield units of a material in a CT of 120 kV, whose effective energy is near 70 keV."""
    if material == "polyethylene":
        return _POLYETHYLENE_HU
    at = [ENERGIES_KEV.index(60.0), ENERGIES_KEV.index(80.0)]
    return float(1000 * (np.mean(per_mm(material)[at] / per_mm("water")[at]) - 1))


def skin_over_bones(skin: trimesh.Trimesh, bones: BoneSet) -> trimesh.Trimesh:
    """The skin, moved outwards where a bone would else come nearer to it than soft tissue lets it.

    Both are looked at in cylinder coordinates about the middle of the skin.
    """
    vertices = np.array(skin.vertices)
    heights, ring = np.unique(vertices[:, 2], return_inverse=True)
    middle = [np.bincount(ring, vertices[:, axis]) / np.bincount(ring) for axis in (0, 1)]

    def cylinder(points: Array) -> tuple[Array, Array, Array]:
        x, y = (points[:, axis] - np.interp(points[:, 2], heights, middle[axis]) for axis in (0, 1))
        cell = np.stack([(points[:, 2] - heights[0]) / 4.0, np.arctan2(y, x) / np.deg2rad(5)])
        return np.hypot(x, y), cell, np.stack([x, y], axis=1)

    needed = np.zeros((int((heights[-1] - heights[0]) / 4.0) + 2, 72))
    for mesh in bones.values():
        radius, cell, _ = cylinder(np.concatenate([mesh.vertices, mesh.triangles_center]))
        height, angle = np.rint(cell).astype(int)
        inside = (height >= 0) & (height < len(needed))
        np.maximum.at(needed, (height[inside], angle[inside] % 72), radius[inside])
    needed = ndimage.maximum_filter(needed, (9, 5), mode=("nearest", "wrap"))
    needed = ndimage.gaussian_filter(needed, (3.0, 1.0), mode=("nearest", "wrap")) + _OVER_BONE_MM
    radius, cell, flat = cylinder(vertices)
    wanted = np.maximum(radius, ndimage.map_coordinates(needed, cell, order=1, mode="grid-wrap"))
    vertices[:, :2] += flat * (wanted / np.maximum(radius, 1e-9) - 1)[:, None]
    return trimesh.Trimesh(vertices, skin.faces, process=False)


def soft_tissue(
    grid: VoxelGrid, skin: trimesh.Trimesh, muscle: trimesh.Trimesh, rng: np.random.Generator
) -> Voxels:
    """(Z, Y, X) HU of a leg without bones: air, skin, subcutaneous fat, muscle streaked with fat."""
    fat_hu, muscle_hu = hounsfield("adipose"), hounsfield("muscle")
    whole = grid.share(skin)
    under = grid.share(
        trimesh.Trimesh(skin.vertices - _SKIN_MM * skin.vertex_normals, skin.faces, process=False)
    )
    fibres = smooth_noise(grid.shape, _FIBRE_MM / grid.spacing, rng)
    lean = np.minimum(grid.share(muscle), under)
    lean *= 1 - 0.6 * np.clip((fibres - 1.2) / 0.8, 0, 1)
    hu = AIR_HU + (_SKIN_HU - AIR_HU) * whole
    hu += (fat_hu - _SKIN_HU) * under
    hu += (muscle_hu - fat_hu) * lean
    fibres *= 6 * whole
    hu += fibres
    return hu


def add_cartilage(hu: Voxels, grid: VoxelGrid, bones: BoneSet) -> None:
    """Fill the narrow space between femur and tibia, and between femur and patella, in place."""
    for other in (Bone.TIBIA, Bone.PATELLA):
        if Bone.FEMUR not in bones or other not in bones:
            continue
        pair = bones[Bone.FEMUR], bones[other]
        bounds = np.array(
            [
                np.max([mesh.bounds[0] for mesh in pair], axis=0) - _CARTILAGE_REACH_MM,
                np.min([mesh.bounds[1] for mesh in pair], axis=0) + _CARTILAGE_REACH_MM,
            ]
        )
        if (found := grid.box(bounds)) is None:
            continue
        at, part = found
        apart = sum(
            ndimage.distance_transform_edt(part.share(mesh) < 0.5, sampling=grid.spacing) for mesh in pair
        )
        between = np.clip((_CARTILAGE_REACH_MM - apart) / 2 + 0.5, 0, 1).astype(np.float32)
        hu[at] += between * (_CARTILAGE_HU - hu[at])
