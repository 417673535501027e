"""Displaced fractures: of both bones of the shank, 50 to 75 mm below the plateau, or of one bone alone.

In the shank, the lower fragments of tibia and fibula move as one, as the ankle holds them together. Marrow is
open at the break; soft tissue stays as it was. Of a bone alone, the femur's shaft, the fibula or the patella,
the fragment further from the joint line moves; cortex closes the break. A plateau's side is pressed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import trimesh

from recon.bones import Bone, BoneSet
from recon.geometry import Camera
from recon.population.crop import Crop
from recon.population.fracture import leaning
from recon.population.implants.parts import to_mesh, to_solid
from recon.population.phantom import Tissue, line_integrals, render_leg

Array = npt.NDArray[np.float64]

BELOW_PLATEAU_MM = (50.0, 75.0)
OBLIQUE_DEG = (15.0, 40.0)  # of the break against a section across the shaft
DISPLACED_MM = (3.0, 10.0)  # along the break
TILTED_DEG = (2.0, 12.0)
_APART_MM = 1.0
_NEAR_MM = 3.0  # of the break: the rim of a fragment
# Of the height of the break: mm from the end of the bone at the joint, or the top of fibula and patella.
FROM_END_MM = {Bone.FEMUR: (65.0, 90.0), Bone.FIBULA: (25.0, 60.0), Bone.PATELLA: (15.0, 25.0)}


@dataclass(frozen=True, eq=False)
class Fracture:
    """A plane of break and what became of the part below.

    Attributes:
        normal: (3,) unit normal of the plane, upwards.
        along: of the plane, mm along the normal.
        motion: (4, 4) rigid motion of what lies below.
        displaced_mm: along the break.
        tilted_deg: of what lies below.
    """

    normal: Array
    along: float
    motion: Array
    displaced_mm: float
    tilted_deg: float

    @classmethod
    def draw(cls, bones: BoneSet, rng: np.random.Generator) -> Fracture:
        """A random break: oblique, slid and tilted, its fragments not within one another."""
        tibia = np.asarray(bones[Bone.TIBIA].vertices)
        height = tibia[:, 2].max() - rng.uniform(*BELOW_PLATEAU_MM)
        normal = leaning(np.deg2rad(rng.uniform(*OBLIQUE_DEG)), rng)
        centre = tibia[np.abs(tibia[:, 2] - height) < 5].mean(axis=0)
        along = float(centre @ normal)
        way, displaced = _across(normal, rng), rng.uniform(*DISPLACED_MM)
        tilted = rng.uniform(*TILTED_DEG)
        motion = trimesh.transformations.rotation_matrix(np.deg2rad(tilted), _across(normal, rng), centre)
        motion[:3, 3] += displaced * way
        below = Crop(normal, -np.inf, along)
        rims = np.concatenate(
            [below.flattened(np.asarray(bones[bone].vertices)) for bone in (Bone.TIBIA, Bone.FIBULA)]
        )
        rims = rims[rims @ normal > along - _NEAR_MM]
        rims = rims[np.linalg.norm(rims - centre, axis=1) < 60]
        highest = float((trimesh.transform_points(rims, motion) @ normal).max())
        motion[:3, 3] -= max(0.0, highest - along + _APART_MM) * normal
        return cls(normal, along, motion, displaced, tilted)


def _across(normal: Array, rng: np.random.Generator) -> Array:
    """(3,) random unit vector square to another."""
    across = np.cross(normal, leaning(np.pi / 2, rng))
    return np.asarray(across / np.linalg.norm(across))


def render_fractured(
    bones: BoneSet, cameras: Sequence[Camera], fracture: Fracture, seed: int
) -> list[npt.NDArray[np.float32]]:
    """Line integrals (rows, columns) of a broken leg, as ``phantom.render_bones`` of a whole one, by view.

    The lower fragments are rendered where they were, by cameras that moved the other way.
    """
    rng = np.random.default_rng(seed)
    tissue = Tissue.draw(rng)
    state = rng.bit_generator.state

    def layers(seen_by: Sequence[Camera], crop: Crop | None) -> npt.NDArray[np.float32]:
        rng.bit_generator.state = state  # the same leg each time
        return render_leg(bones, seen_by, tissue, rng, crop).layers

    moved = [Camera(c.projection @ fracture.motion, c.rows, c.columns) for c in cameras]
    leg = layers(cameras, None)
    bone = layers(cameras, Crop(fracture.normal, fracture.along, np.inf))[:, :3]
    bone = bone + layers(moved, Crop(fracture.normal, -np.inf, fracture.along))[:, :3]
    inside_muscle = leg[:, 3] + leg[:, 0] + leg[:, 1]
    leg[:, :3] = bone
    leg[:, 3] = np.maximum(inside_muscle - bone[:, 0] - bone[:, 1], 0)
    return [line_integrals(view, tissue).astype(np.float32) for view in leg.astype(float)]


def broken(
    bones: BoneSet, bone: Bone, rng: np.random.Generator, displaced_mm: tuple[float, float] = DISPLACED_MM
) -> BoneSet:
    """The leg with the shaft of the femur, the fibula or the patella broken; its fragment moved and tilted.

    Args:
        bones: of the leg.
        bone: to break.
        rng: source of everything random.
        displaced_mm: range of the displacement: along the break, but a patella's fragment is pulled upwards.
    """
    points = np.asarray(bones[bone].vertices)
    from_end = rng.uniform(*FROM_END_MM[bone])
    height = points[:, 2].min() + from_end if bone is Bone.FEMUR else points[:, 2].max() - from_end
    centre = points[np.abs(points[:, 2] - height) < 5].mean(axis=0)
    normal = leaning(np.deg2rad(rng.uniform(*OBLIQUE_DEG)), rng)
    if bone is Bone.PATELLA:
        normal = np.array([0.0, 0.0, 1.0])
    upper, lower = to_solid(bones[bone]).split_by_plane(tuple(normal), float(centre @ normal))
    outward = -normal if bone is Bone.FIBULA else normal
    fixed, free = (upper, lower) if bone is Bone.FIBULA else (lower, upper)
    displaced = rng.uniform(*displaced_mm)
    motion = trimesh.transformations.rotation_matrix(
        np.deg2rad(rng.uniform(*TILTED_DEG)), _across(normal, rng), centre
    )
    motion[:3, 3] += displaced * (normal if bone is Bone.PATELLA else _across(normal, rng))
    fragment = to_mesh(free)
    fragment.apply_transform(motion)
    inside = float((np.asarray(fragment.vertices) @ outward).min() - centre @ outward)
    if bone is not Bone.PATELLA:
        fragment.apply_translation((_APART_MM - inside) * outward)
    return BoneSet({**bones, bone: trimesh.util.concatenate([to_mesh(fixed), fragment])})


def depressed(
    bones: BoneSet, rng: np.random.Generator, depth_mm: tuple[float, float] = DISPLACED_MM
) -> BoneSet:
    """The leg with one side of the tibial plateau pressed in, a bowl 30 mm wide."""
    mesh = bones[Bone.TIBIA].copy()
    points = np.array(mesh.vertices)
    top = points[points[:, 2] > points[:, 2].max() - 15]
    side = rng.choice([-1, 1])
    middle = top.mean(axis=0)
    middle[0] += side * 0.25 * np.ptp(top[:, 0])
    far = np.linalg.norm(points[:, :2] - middle[:2], axis=1) / 15.0
    shallow = np.clip((points[:, 2] - points[:, 2].max() + 40) / 25, 0, 1)
    points[:, 2] -= rng.uniform(*depth_mm) * np.exp(-(far**4)) * shallow
    mesh.vertices = points
    return BoneSet({**bones, Bone.TIBIA: mesh})
