"""The virtual leg as a scanner would see it: a CT in Hounsfield units made from bone meshes.

The anatomy of ``recon.population.phantom`` (cortex, trabecular core, marrow, muscle, fat) in voxels, with
what only voxels can hold: trabecular texture, cartilage, skin, partial volume, blur, noise and metal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import trimesh
from scipy import ndimage

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.population.implants.parts import Implant
from recon.population.phantom import Tissue, inner_surface, joint_height, skin_and_muscle
from recon.population.soft_tissue import add_cartilage, hounsfield, skin_over_bones, soft_tissue
from recon.population.voxel_grid import VoxelGrid, Voxels, smooth_noise
from recon.volumes import CtVolume

# Rays through the 200 mm cube of a 224 mm wide view leave the leg at most 140 mm above or below the isocentre
# (source 550 mm away, tissue 130 mm behind the isocentre), and a little further where the rig is tilted.
HALF_HEIGHT = 150.0
_AIR_MARGIN = 6.0

_TRABECULAR_GRAIN_MM, _TRABECULAR_PATCH_MM = 0.9, 5.0


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
        InputError: open_mesh, bad_values, no_bone (none within reach of the origin), bad_spacing.
    """
    _check(bones, implants, spacing)
    bones = BoneSet({bone: _outward(mesh) for bone, mesh in bones.items()})
    skin, muscle = skin_and_muscle(bones, tissue, rng)
    skin = skin_over_bones(skin, bones)
    near = skin.vertices[np.abs(skin.vertices[:, 2]) < HALF_HEIGHT + 20, :2]
    low, high = near.min(axis=0) - _AIR_MARGIN, near.max(axis=0) + _AIR_MARGIN
    grid = VoxelGrid.over(np.array([*low, -HALF_HEIGHT]), np.array([*high, HALF_HEIGHT]), spacing)
    hu = soft_tissue(grid, skin, muscle, rng)
    add_cartilage(hu, grid, bones)
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
        if not np.isfinite(mesh.vertices).all():
            raise InputError("bad_values", f"The mesh of the {name} holds NaN", "Export it again")
        if not (mesh.is_watertight and mesh.is_winding_consistent):
            raise InputError(
                "open_mesh",
                f"The mesh of the {name} is open or twisted, so nothing lies inside it",
                "Close it: cap the ends where the field of view cut it",
            )
    if not any((np.abs(mesh.vertices) < HALF_HEIGHT).all(axis=1).any() for mesh in bones.values()):
        raise InputError(
            "no_bone", "No bone lies near the origin", "Give bones in millimetres with the knee at the origin"
        )


def _outward(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """The mesh, turned where it was inside out: the cortex is made along its normals."""
    if mesh.volume >= 0:
        return mesh
    turned = mesh.copy()
    turned.invert()
    return turned


def _add_bone(
    hu: Voxels,
    grid: VoxelGrid,
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
    grain = 1 + 0.35 * smooth_noise(part.shape, _TRABECULAR_GRAIN_MM / grid.spacing, rng)
    grain += 0.2 * smooth_noise(part.shape, _TRABECULAR_PATCH_MM / grid.spacing, rng)
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
