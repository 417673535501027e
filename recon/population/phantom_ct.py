"""The virtual leg as a scanner would see it: a CT in Hounsfield units made from bone meshes.

The anatomy of ``recon.population.phantom`` (cortex, trabecular core, marrow, muscle, fat) in voxels, with
what only voxels can hold: trabecular texture, cartilage, skin, partial volume, blur, noise and metal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import trimesh
from scipy import ndimage

from recon.bones import Bone, BoneSet
from recon.drr.beam import ENERGIES_KEV, per_mm
from recon.errors import InputError
from recon.population.implants.parts import Implant
from recon.population.phantom import Tissue, inner_surface, joint_height, skin_and_muscle
from recon.volumes import CtVolume
from recon.voxels import coverage

Array = npt.NDArray[np.float64]
Voxels = npt.NDArray[np.float32]

# Rays through the 200 mm cube of a 224 mm wide view leave the leg at most 140 mm above or below the isocentre
# (source 550 mm away, tissue 130 mm behind the isocentre), and a little further where the rig is tilted.
HALF_HEIGHT = 150.0
_AIR_MARGIN = 6.0

_AIR_HU, _SKIN_HU, _CARTILAGE_HU = -1000.0, 40.0, 95.0
_SKIN_MM = 1.8
_OVER_BONE_MM = 5.0  # soft tissue over the kneecap of a thin leg
_CARTILAGE_REACH_MM = 7.0  # of the way from bone to bone; both layers of cartilage and a meniscus
_TRABECULAR_GRAIN_MM, _TRABECULAR_PATCH_MM = 0.9, 5.0
_FIBRE_MM = 7.0


@dataclass(frozen=True)
class Scanner:
    """What the scanner makes of a leg.

    Attributes:
        noise_hu: standard deviation of the noise in the reconstructed CT.
        blur_mm: standard deviation of the blur of the reconstruction kernel.
        highest_hu: where the scale ends: 3,071 on most scanners, 30,710 with an extended scale.
    """

    noise_hu: float = 12.0
    blur_mm: float = 0.45
    highest_hu: float = 30_710.0


@dataclass(frozen=True, eq=False)
class _Grid:
    """Voxels of ``spacing`` mm; ``origin`` (3,) is the centre of [0, 0, 0], ``shape`` is (Z, Y, X)."""

    origin: Array
    shape: tuple[int, int, int]
    spacing: float

    @classmethod
    def over(cls, low: Array, high: Array, spacing: float) -> _Grid:
        """Voxels at whole multiples of the spacing that cover a box."""
        first, last = np.floor(low / spacing).astype(int), np.ceil(high / spacing).astype(int)
        x, y, z = (int(n) for n in last - first + 1)
        return cls(first * spacing, (z, y, x), spacing)

    def box(self, bounds: Array, margin: float = 0.0) -> tuple[tuple[slice, slice, slice], _Grid] | None:
        """Slices, and the grid itself, of what lies within ``bounds`` (2, 3); None where nothing does."""
        last = np.array(self.shape[::-1]) - 1
        first = np.floor((bounds[0] - margin - self.origin) / self.spacing).astype(int).clip(min=0)
        end = np.minimum(np.ceil((bounds[1] + margin - self.origin) / self.spacing).astype(int), last) + 1
        if (end <= first).any():
            return None
        (x0, y0, z0), (x1, y1, z1) = first.tolist(), end.tolist()
        part = _Grid(self.origin + first * self.spacing, (z1 - z0, y1 - y0, x1 - x0), self.spacing)
        return (slice(z0, z1), slice(y0, y1), slice(x0, x1)), part

    def share(self, mesh: trimesh.Trimesh) -> Voxels:
        """(Z, Y, X) share of each voxel inside a closed mesh."""
        return coverage(
            np.asarray(mesh.vertices),
            np.asarray(mesh.faces, np.int64),
            origin=self.origin,
            shape=self.shape,
            spacing=self.spacing,
        )

    @property
    def heights(self) -> Array:
        """(Z,) z of the slices, mm."""
        return np.asarray(self.origin[2] + self.spacing * np.arange(self.shape[0]))


def hounsfield(material: str) -> float:
    """Hounsfield units of a material in a CT of 120 kV, whose effective energy is near 70 keV."""
    if material == "polyethylene":
        return -90.0
    at = [ENERGIES_KEV.index(60.0), ENERGIES_KEV.index(80.0)]
    return float(1000 * (np.mean(per_mm(material)[at] / per_mm("water")[at]) - 1))


def phantom_ct(
    bones: BoneSet,
    tissue: Tissue,
    rng: np.random.Generator,
    *,
    spacing: float = 1.0,
    implants: Sequence[Implant] = (),
    scanner: Scanner = Scanner(),
) -> CtVolume:
    """A CT of a leg round given bones.

    Args:
        bones: closed meshes in mm, LPS, the knee near the origin; all four bones or some of them. What lies
            more than ``HALF_HEIGHT`` above or below the origin is left out.
        tissue: what the leg is made of.
        rng: source of everything random: leg outline, texture, noise.
        spacing: edge of a voxel in mm.
        implants: metal on or in these bones.
        scanner: blur, noise and range of the CT.

    Returns:
        The leg in air, in the frame of the bones.

    Raises:
        InputError: open_mesh, no_bone (none within reach of the origin), bad_spacing.
    """
    _check(bones, implants, spacing)
    skin, muscle = skin_and_muscle(bones, tissue, rng)
    skin = _over_bones(skin, bones)
    near = skin.vertices[np.abs(skin.vertices[:, 2]) < HALF_HEIGHT + 20, :2]
    low, high = near.min(axis=0) - _AIR_MARGIN, near.max(axis=0) + _AIR_MARGIN
    grid = _Grid.over(np.array([*low, -HALF_HEIGHT]), np.array([*high, HALF_HEIGHT]), spacing)
    hu = _soft_tissue(grid, skin, muscle, rng)
    _add_cartilage(hu, grid, bones)
    joint = joint_height(bones)
    for bone, mesh in bones.items():
        _add_bone(hu, grid, bone, mesh, joint, tissue, implants, rng)
    for implant in implants:
        for component in implant.components:
            if (found := grid.box(component.mesh.bounds)) is not None:
                at, part = found
                hu[at] += part.share(component.mesh) * (hounsfield(component.material) - hu[at])
    affine = np.diag([spacing, spacing, spacing, 1.0])
    affine[:3, 3] = grid.origin
    return CtVolume(_scanned(hu, spacing, scanner, rng), affine)


def _check(bones: BoneSet, implants: Sequence[Implant], spacing: float) -> None:
    if not 0.3 <= spacing <= 5:
        raise InputError("bad_spacing", f"Voxels of {spacing:g} mm are not made", "Give 0.3 to 5 mm")
    closed = {bone.label: mesh for bone, mesh in bones.items()}
    for implant in implants:
        closed |= {f"{implant.name}: {part.name}": part.mesh for part in implant.components}
        closed |= {f"{implant.name}: cut of the {bone.label}": cut for bone, cut in implant.removed.items()}
    for name, mesh in closed.items():
        if not mesh.is_watertight:
            raise InputError(
                "open_mesh",
                f"The mesh of the {name} is open, so nothing lies inside it",
                "Close it: cap the ends where the field of view cut it",
            )
    if not any((np.abs(mesh.vertices) < HALF_HEIGHT).all(axis=1).any() for mesh in bones.values()):
        raise InputError(
            "no_bone", "No bone lies near the origin", "Give bones in millimetres with the knee at the origin"
        )


def _noise(shape: tuple[int, ...], length: float, rng: np.random.Generator) -> Voxels:
    """Gaussian noise of unit deviation with a correlation length in voxels."""
    stride = max(1, int(length))  # finer than its length, smooth noise says nothing new
    coarse = rng.standard_normal([n // stride + 3 for n in shape], dtype=np.float32)
    coarse = ndimage.gaussian_filter(coarse, length / stride, mode="wrap", truncate=3)
    coarse /= coarse.std()
    if stride == 1:
        return np.asarray(coarse[tuple(slice(n) for n in shape)])
    size = [n * stride for n in coarse.shape]
    fine = torch.nn.functional.interpolate(torch.from_numpy(coarse)[None, None], size=size, mode="trilinear")
    return np.asarray(fine[0, 0][tuple(slice(n) for n in shape)].numpy())


def _over_bones(skin: trimesh.Trimesh, bones: BoneSet) -> trimesh.Trimesh:
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


def _soft_tissue(
    grid: _Grid, skin: trimesh.Trimesh, muscle: trimesh.Trimesh, rng: np.random.Generator
) -> Voxels:
    """(Z, Y, X) HU of a leg without bones: air, skin, subcutaneous fat, muscle streaked with fat."""
    fat_hu, muscle_hu = hounsfield("adipose"), hounsfield("muscle")
    whole = grid.share(skin)
    under = grid.share(
        trimesh.Trimesh(skin.vertices - _SKIN_MM * skin.vertex_normals, skin.faces, process=False)
    )
    fibres = _noise(grid.shape, _FIBRE_MM / grid.spacing, rng)
    lean = np.minimum(grid.share(muscle), under)
    lean *= 1 - 0.6 * np.clip((fibres - 1.2) / 0.8, 0, 1)
    hu = _AIR_HU + (_SKIN_HU - _AIR_HU) * whole
    hu += (fat_hu - _SKIN_HU) * under
    hu += (muscle_hu - fat_hu) * lean
    fibres *= 6 * whole
    hu += fibres
    return hu


def _add_cartilage(hu: Voxels, grid: _Grid, bones: BoneSet) -> None:
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


def _add_bone(
    hu: Voxels,
    grid: _Grid,
    bone: Bone,
    mesh: trimesh.Trimesh,
    joint: float,
    tissue: Tissue,
    implants: Sequence[Implant],
    rng: np.random.Generator,
) -> None:
    """Put one bone into the leg, in place: cortex, and a core of trabeculae that fade into marrow."""
    if (found := grid.box(mesh.bounds)) is None:
        return
    at, part = found
    outer = part.share(mesh)
    inner = part.share(trimesh.Trimesh(inner_surface(bone, mesh, joint, tissue), mesh.faces, process=False))
    for implant in implants:
        if bone in implant.removed:
            left = 1 - part.share(implant.removed[bone])
            outer *= left
            inner *= left
    inner = np.minimum(inner, outer)
    solid, marrow, pores = hounsfield("cortical"), hounsfield("adipose"), hounsfield("muscle")
    # Cortex of low density is porous; soft tissue fills the pores.
    cortex_hu = pores + (solid - pores) * tissue.cortical_density
    fading = np.exp(-np.abs(part.heights - joint) / tissue.core_reach)[:, None, None]
    grain = 1 + 0.35 * _noise(part.shape, _TRABECULAR_GRAIN_MM / grid.spacing, rng)
    grain += 0.2 * _noise(part.shape, _TRABECULAR_PATCH_MM / grid.spacing, rng)
    spongy = tissue.trabecular_density * fading.astype(np.float32) * np.maximum(grain, 0)
    hu[at] *= 1 - outer
    hu[at] += (outer - inner) * np.float32(cortex_hu)
    hu[at] += inner * np.float32(marrow)
    hu[at] += inner * spongy * np.float32(solid - marrow)


def _scanned(hu: Voxels, spacing: float, scanner: Scanner, rng: np.random.Generator) -> Voxels:
    """The volume as the scanner gives it: noise and anatomy go through the same kernel."""
    sigma = scanner.blur_mm / spacing
    if scanner.noise_hu > 0:
        # What the kernel leaves of white noise: the sum of its squared weights.
        impulse = np.zeros(15)
        impulse[7] = 1.0
        left = np.square(ndimage.gaussian_filter1d(impulse, sigma, truncate=3.0)).sum() ** 1.5
        hu += rng.standard_normal(hu.shape, dtype=np.float32) * np.float32(scanner.noise_hu / left)
    if sigma > 0:
        hu = ndimage.gaussian_filter(hu, sigma, truncate=3.0, mode="nearest")
    return np.clip(hu, -1024.0, scanner.highest_hu, out=hu)
