"""A displaced fracture of both bones of the shank, 50 to 75 mm below the plateau, in an X-ray.

The lower fragments of tibia and fibula move as one, as the ankle holds them together. Marrow is open at the
break; soft tissue stays as it was.
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
from recon.population.phantom import Tissue, line_integrals, render_leg

Array = npt.NDArray[np.float64]

BELOW_PLATEAU_MM = (50.0, 75.0)
OBLIQUE_DEG = (15.0, 40.0)  # of the break against a section across the shaft
DISPLACED_MM = (5.0, 10.0)  # along the break
TILTED_DEG = (5.0, 12.0)
_APART_MM = 1.0
_NEAR_MM = 3.0  # of the break: the rim of a fragment


@dataclass(frozen=True, eq=False)
class Fracture:
    """A plane of break and what became of the part below.

    Attributes:
        normal: (3,) unit normal of the plane, upwards.
        along: of the plane, mm along the normal.
        motion: (4, 4) rigid motion of what lies below.
    """

    normal: Array
    along: float
    motion: Array

    @classmethod
    def draw(cls, bones: BoneSet, rng: np.random.Generator) -> Fracture:
        """A random break: oblique, slid and tilted, its fragments not within one another."""
        tibia = np.asarray(bones[Bone.TIBIA].vertices)
        height = tibia[:, 2].max() - rng.uniform(*BELOW_PLATEAU_MM)
        normal = _leaning(np.deg2rad(rng.uniform(*OBLIQUE_DEG)), rng)
        centre = tibia[np.abs(tibia[:, 2] - height) < 5].mean(axis=0)
        along = float(centre @ normal)
        slide = _across(normal, rng) * rng.uniform(*DISPLACED_MM)
        motion = trimesh.transformations.rotation_matrix(
            np.deg2rad(rng.uniform(*TILTED_DEG)), _across(normal, rng), centre
        )
        motion[:3, 3] += slide
        below = Crop(normal, -np.inf, along)
        rims = np.concatenate(
            [below.flattened(np.asarray(bones[bone].vertices)) for bone in (Bone.TIBIA, Bone.FIBULA)]
        )
        rims = rims[rims @ normal > along - _NEAR_MM]
        rims = rims[np.linalg.norm(rims - centre, axis=1) < 60]
        highest = float((trimesh.transform_points(rims, motion) @ normal).max())
        motion[:3, 3] -= max(0.0, highest - along + _APART_MM) * normal
        return cls(normal, along, motion)


def _leaning(angle: float, rng: np.random.Generator) -> Array:
    """(3,) unit vector at an angle to z, to a random side."""
    side = rng.uniform(0, 2 * np.pi)
    return np.array([np.sin(angle) * np.cos(side), np.sin(angle) * np.sin(side), np.cos(angle)])


def _across(normal: Array, rng: np.random.Generator) -> Array:
    """(3,) random unit vector square to another."""
    across = np.cross(normal, _leaning(np.pi / 2, rng))
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
