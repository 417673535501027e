"""Points with the bone that holds them: near the surfaces and anywhere (paper, SSR-KD, step 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.geometry import Array
from recon.metrics import MARGIN_MM, sample_surface
from recon.population.sample import label_points

SPREADS_MM, SPREAD_SHARES = (0.7, 2.0, 6.0), (0.5, 0.35, 0.15)
"""Standard deviation of the distance, per axis, between a near point and the surface point that it was drawn
from. The paper says "near the surface" and no more; most points decide the surface, some its surroundings."""
_BONE_SHARES = {Bone.PATELLA: 0.18, Bone.FEMUR: 0.32, Bone.FIBULA: 0.18, Bone.TIBIA: 0.32}


@dataclass(frozen=True, eq=False)
class LabelledPoints:
    """Points in mm, float32, and the bone that holds each, uint8, 0 outside; see ``CaseContent``."""

    near: npt.NDArray[np.float32]
    near_labels: npt.NDArray[np.uint8]
    uniform: npt.NDArray[np.float32]
    uniform_labels: npt.NDArray[np.uint8]


def draw_labelled_points(bones: BoneSet, box: Array, count: int, rng: np.random.Generator) -> LabelledPoints:
    """``count`` points near the surfaces inside a box and ``count`` anywhere in it.

    Labels are exact for the points as stored: generalised winding numbers (see ``label_points``).

    Args:
        bones: closed meshes, mm.
        box: (2, 3) lower and upper corner, mm.
        count: points of each kind.
        rng: source of everything random.

    Raises:
        InputError: no_bone_in_view.
    """
    near = _near_surfaces(bones, box, count, rng).astype(np.float32)
    uniform = rng.uniform(box[0], box[1], (count, 3)).astype(np.float32)
    return LabelledPoints(
        near,
        label_points(bones, near.astype(np.float64)),
        uniform,
        label_points(bones, uniform.astype(np.float64)),
    )


def _near_surfaces(bones: BoneSet, box: Array, count: int, rng: np.random.Generator) -> Array:
    """(count, 3) points round the surfaces inside the box, bones by fixed shares, in random order."""
    inside = FieldOfView(box[0] - MARGIN_MM, box[1] + MARGIN_MM)
    present = [
        bone
        for bone, mesh in bones.items()
        if sample_surface(mesh, inside, count=64, seed=int(rng.integers(2**31))) is not None
    ]
    if not present:
        raise InputError(
            "no_bone_in_view",
            "No bone reaches into the volume",
            "Check that bones and volume are in one frame, with the knee at the isocentre",
        )
    shares = np.array([_BONE_SHARES[bone] for bone in present])
    numbers = np.diff(np.rint(np.cumsum([0.0, *shares / shares.sum()]) * count).astype(int))
    surface = np.concatenate(
        [
            sample_surface(bones[bone], inside, count=int(number), seed=int(rng.integers(2**31)))
            for bone, number in zip(present, numbers, strict=True)
            if number
        ]
    )
    spread = rng.choice(SPREADS_MM, len(surface), p=SPREAD_SHARES)
    points = surface + rng.normal(0, 1, surface.shape) * spread[:, None]
    # Points that left the box come back by reflection, so that their number stays.
    points = np.where(points > box[1], 2 * box[1] - points, points)
    points = np.where(points < box[0], 2 * box[0] - points, points)
    return np.asarray(rng.permutation(np.clip(points, box[0], box[1])))
