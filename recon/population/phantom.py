"""The virtual leg that is X-rayed: cortical shell, trabecular core, marrow, muscle, fat and skin.

A leg is rendered as path lengths through each material. Attenuation is a matter of the moment: the same
layers give many exposures, which is what training draws its variety from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import trimesh

from recon.bones import Bone, BoneSet
from recon.drr.beam import SPECTRA, per_mm
from recon.drr.beam import line_integrals as beam_line_integrals
from recon.drr.raster import path_lengths
from recon.geometry import Camera
from recon.population.crop import Crop
from recon.population.fracture import Break

Array = npt.NDArray[np.float64]

LAYERS = ("cortical", "core", "trabecular", "muscle", "fat")
_TUBE_RINGS, _TUBE_SPOKES, _TUBE_HALF_LENGTH = 40, 64, 260.0


@dataclass(frozen=True)
class Tissue:
    """What the bones and the leg of one person are made of; lengths in mm.

    Attributes:
        shaft_cortex: cortical thickness of femur and tibia in the shaft.
        joint_cortex: cortical thickness at the joint.
        core_reach: distance from the joint over which trabecular bone fades into marrow.
        cortical_density: relative to ICRU-44 cortical bone.
        trabecular_density: of the core at the joint, relative to ICRU-44 cortical bone.
        leg_radii: half widths (x, y) of the leg at the knee.
        fat_thickness: between muscle and skin.
        core_density: of the core everywhere, relative to cortical bone; 1 where bones are of one material.
        soft_density: of muscle, fat and marrow, relative to ICRU-44; 0 where bones lie in air.
        outline: exponent of the superellipse that is the straight outline of the soft tissue, 2 for a
            cylinder, more for what comes near a box; 0 for the outline of a leg.
    """

    shaft_cortex: float
    joint_cortex: float
    core_reach: float
    cortical_density: float
    trabecular_density: float
    leg_radii: tuple[float, float]
    fat_thickness: float
    core_density: float = 0.0
    soft_density: float = 1.0
    outline: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Tissue:
        """Tissue of a random adult, from osteoporotic to dense, thin to obese."""
        radius = rng.uniform(42, 88)
        return cls(
            shaft_cortex=float(rng.uniform(2.5, 6.5)),
            joint_cortex=float(rng.uniform(0.4, 1.6)),
            core_reach=float(rng.uniform(20, 60)),
            cortical_density=float(rng.uniform(0.65, 1.1)),
            trabecular_density=float(rng.uniform(0.08, 0.30)),
            leg_radii=(float(radius * rng.uniform(0.9, 1.1)), float(radius * rng.uniform(0.95, 1.2))),
            fat_thickness=float(rng.uniform(2, 28)),
        )

    @classmethod
    def draw_plain(cls, rng: np.random.Generator) -> Tissue:
        """Tissue of a random phantom that is plainer than a leg.

        Who renders bones elsewhere may fill them with one material, and may lay them into a cylinder or a
        box of water, or into nothing.
        """
        radius = rng.uniform(45, 90)
        return replace(
            cls.draw(rng),
            cortical_density=float(rng.uniform(0.35, 1.1)),
            core_density=float(rng.uniform(0.15, 1)) if rng.random() < 0.4 else 1.0,
            soft_density=0.0 if rng.random() < 0.35 else float(rng.uniform(0.8, 1.1)),
            leg_radii=(float(radius * rng.uniform(0.8, 1.2)), float(radius * rng.uniform(0.8, 1.2))),
            fat_thickness=0.0,
            outline=2.0 if rng.random() < 0.5 else float(rng.uniform(2, 16)),
        )


def joint_height(bones: BoneSet) -> float:
    """Height z of the knee joint: between the femur above and the tibia below, as far as they are present."""
    heights = []
    if Bone.TIBIA in bones:
        heights.append(bones[Bone.TIBIA].vertices[:, 2].max())
    if Bone.FEMUR in bones:
        heights.append(bones[Bone.FEMUR].vertices[:, 2].min())
    return float(np.mean(heights)) if heights else 0.0


def inner_surface(bone: Bone, mesh: trimesh.Trimesh, joint: float, tissue: Tissue) -> Array:
    """(V, 3) vertices of the inner cortical surface: thin cortex at the joint, thick in the shaft."""
    thickness: Array
    if bone is Bone.PATELLA:
        thickness = np.full(len(mesh.vertices), 1.2 * tissue.joint_cortex)
    else:
        along = np.clip((np.abs(mesh.vertices[:, 2] - joint) - 20) / 80, 0, 1)
        shaft = tissue.shaft_cortex * (0.5 if bone is Bone.FIBULA else 1.0)
        thickness = tissue.joint_cortex + (shaft - tissue.joint_cortex) * along**1.5
    return np.asarray(mesh.vertices - mesh.vertex_normals * thickness[:, None])


def _tube(centres: Array, radii: Array) -> trimesh.Trimesh:
    """A closed tube through (rings, 3) centres with (rings, spokes, 2) offsets in x and y."""
    rings, spokes = radii.shape[:2]
    wall = centres[:, None] + np.concatenate([radii, np.zeros((rings, spokes, 1))], axis=2)
    vertices = np.concatenate([wall.reshape(-1, 3), centres[[0, -1]]])
    index = np.arange(rings * spokes).reshape(rings, spokes)
    a, b = index[:-1], np.roll(index, -1, axis=1)[:-1]
    c, d = np.roll(index, -1, axis=1)[1:], index[1:]
    sides = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    first, last = index[0], index[-1]
    bottom = np.stack([np.full(spokes, rings * spokes), np.roll(first, -1), first], 1)
    top = np.stack([np.full(spokes, rings * spokes + 1), last, np.roll(last, -1)], 1)
    return trimesh.Trimesh(vertices, np.concatenate([sides, bottom, top]), process=False)


def skin_and_muscle(
    bones: BoneSet, tissue: Tissue, rng: np.random.Generator
) -> tuple[trimesh.Trimesh, trimesh.Trimesh]:
    """Skin and muscle surfaces: thicker at the thigh, thinner below the knee, uneven; or a plain outline."""
    points = np.concatenate([np.array(mesh.vertices) for mesh in bones.values()])
    heights = np.linspace(-_TUBE_HALF_LENGTH, _TUBE_HALF_LENGTH, _TUBE_RINGS)
    centres = np.zeros((_TUBE_RINGS, 3))
    centres[:, 2] = heights
    for axis in (0, 1):
        known = [
            (z, points[np.abs(points[:, 2] - z) < 30, axis].mean())
            for z in heights
            if (np.abs(points[:, 2] - z) < 30).any()
        ]
        centres[:, axis] = np.interp(heights, *np.array(known).T)
    # Calf and thigh bulge behind the bones.
    centres[:, 1] += rng.uniform(0, 14) + 0.04 * np.abs(heights) * rng.uniform(0.5, 1.5)
    angle = np.linspace(0, 2 * np.pi, _TUBE_SPOKES, endpoint=False)
    swelling = (
        1 + np.where(heights > 0, rng.uniform(0.1, 0.4), rng.uniform(-0.15, 0.15)) * np.abs(heights) / 200
    )
    lobes = sum(
        rng.normal(0, 0.035)
        * np.cos(k * angle[None] + rng.uniform(0, 6.3) + heights[:, None] * rng.normal(0, 0.01))
        for k in (2, 3, 4, 5)
    )
    reach = swelling[:, None] + lobes
    if tissue.outline:
        centres[:, :2] = centres[_TUBE_RINGS // 2, :2]
        corners = np.abs(np.cos(angle)) ** tissue.outline + np.abs(np.sin(angle)) ** tissue.outline
        reach = np.tile(corners ** (-1 / tissue.outline), (_TUBE_RINGS, 1))
    unit = np.stack([np.cos(angle), np.sin(angle)], -1)[None] * reach[..., None]
    skin = unit * np.array(tissue.leg_radii)
    muscle = skin * (1 - tissue.fat_thickness / np.linalg.norm(skin, axis=-1, keepdims=True))
    return _tube(centres, skin), _tube(centres, muscle)


@dataclass(frozen=True, eq=False)
class LegLengths:
    """Path lengths in mm of the rays of some views through a leg.

    Attributes:
        layers: (views, len(LAYERS), rows, columns) through each material.
        bones: (views, 4, rows, columns) through each bone as a whole, in the order of ``Bone``.
    """

    layers: npt.NDArray[np.float32]
    bones: npt.NDArray[np.float32]


def render_layers(
    bones: BoneSet,
    cameras: Sequence[Camera],
    tissue: Tissue,
    rng: np.random.Generator,
    crop: Crop | None = None,
) -> npt.NDArray[np.float32]:
    """The path lengths of ``render_leg`` through each material, (views, len(LAYERS), rows, columns)."""
    return render_leg(bones, cameras, tissue, rng, crop).layers


def render_leg(
    bones: BoneSet,
    cameras: Sequence[Camera],
    tissue: Tissue,
    rng: np.random.Generator,
    crop: Crop | None = None,
    broken: Break | None = None,
) -> LegLengths:
    """Path lengths through the materials and bones of a leg.

    ``core`` is everything inside the cortex; ``trabecular`` is the core weighted with the share of
    trabecular bone, which fades with the distance from the joint.

    Args:
        bones: whole, in the frame of the rig.
        cameras: of the views, all of one size.
        tissue: what the leg is made of.
        rng: source of everything random.
        crop: ends the leg in air.
        broken: what is wrong with its bones; marrow is open at a break.
    """
    joint = joint_height(bones)
    crop = crop or Crop.nothing()
    skin, muscle = skin_and_muscle(bones, tissue, rng)

    def pieces(bone: Bone, vertices: Array) -> list[Array]:
        left = crop.flattened(vertices)
        return [left] if broken is None else broken.pieces(bone, left)

    def lengths(pieces: Sequence[Array], faces: npt.NDArray[np.int64], camera: Camera) -> Array:
        return np.asarray(sum(path_lengths(piece, faces, camera) for piece in pieces))

    # The core goes to the very end of a cropped bone: the cut shows marrow, not cortex.
    cores = {bone: pieces(bone, inner_surface(bone, mesh, joint, tissue)) for bone, mesh in bones.items()}
    outsides = {bone: pieces(bone, np.array(mesh.vertices)) for bone, mesh in bones.items()}
    skin.vertices, muscle.vertices = crop.flattened(skin.vertices), crop.flattened(muscle.vertices)
    views, each_bone = (
        [],
        np.zeros((len(cameras), len(Bone), cameras[0].rows, cameras[0].columns), np.float32),
    )
    for camera, of_bones in zip(cameras, each_bone, strict=True):
        whole, core, trabecular = (np.zeros((camera.rows, camera.columns)) for _ in range(3))
        for bone, mesh in bones.items():
            inner = np.maximum(lengths(cores[bone], mesh.faces, camera), 0)
            outer = np.maximum(lengths(outsides[bone], mesh.faces, camera), inner)
            of_bones[bone - 1] = outer
            whole, core = whole + outer, core + inner
            depth = camera.project(np.asarray(mesh.vertices).mean(axis=0))[1]
            height = camera.heights(float(depth))  # at the middle of the bone
            trabecular += inner * np.exp(-np.abs(height - joint) / tissue.core_reach)
        inside_muscle = np.maximum(path_lengths(muscle.vertices, muscle.faces, camera), 0)
        inside_skin = np.maximum(path_lengths(skin.vertices, skin.faces, camera), inside_muscle)
        views.append(
            [
                whole - core,
                core,
                trabecular,
                np.maximum(inside_muscle - whole, 0),
                inside_skin - inside_muscle,
            ]
        )
    return LegLengths(np.array(views, dtype=np.float32), each_bone)


def attenuation(tissue: Tissue) -> npt.NDArray[np.float64]:
    """(len(LAYERS), 5) attenuation per mm of each layer at the energies of the beam."""
    cortical, fat = per_mm("cortical"), per_mm("adipose") * tissue.soft_density
    marrow = fat  # yellow
    full = tissue.core_density
    return np.stack(
        [
            cortical * tissue.cortical_density,
            marrow + (cortical * tissue.cortical_density - marrow) * full,
            (cortical - marrow) * tissue.trabecular_density * (1 - full),
            per_mm("muscle") * tissue.soft_density,
            fat,
        ]
    )


def line_integrals(layers: Array, tissue: Tissue, spectrum: Array = SPECTRA["knee"]) -> Array:
    """Line integrals of (..., layers, rows, columns) under a (5,) spectrum, see ``beam.line_integrals``."""
    return beam_line_integrals(np.einsum("...lhw,le->...ehw", layers, attenuation(tissue)), spectrum)


def render_bones(bones: BoneSet, cameras: Sequence[Camera], seed: int) -> list[npt.NDArray[np.float32]]:
    """Line integrals (rows, columns) of each view of given bones inside a random leg."""
    rng = np.random.default_rng(seed)
    tissue = Tissue.draw(rng)
    layers = render_layers(bones, cameras, tissue, rng)
    return [line_integrals(view, tissue).astype(np.float32) for view in layers.astype(float)]
