"""Where the cut goes when a guide is put on many times, each time a little differently."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from guides.bones import Array, Flags
from guides.score.pose import Poses, rotation_matrices
from guides.score.pressing import STEPS, pressed
from guides.score.seating import HAND_DEG, HAND_MM, Seat, fitted

PLACEMENTS = 200
SURFACE_NOISE_MM = 0.15
"""Standard deviation of what neither mesh shows: the printer (parts of polyamide are true to 0.3 mm, taken as
two deviations) and remains of soft tissue."""

CORRELATION_MM = 10.0
WAVES = 64

GOOD_DEG, GOOD_MM = 2.0, 2.0


@dataclass(frozen=True)
class Planned:
    """The planned cut in the guide's frame.

    Attributes:
        point, normal: the plane.
        entry: where the saw enters the bone.
        hinge, hinge_axis: the axis of the correction.
        correction_deg: the turn about it.
        anterior, medial: unit directions of the leg, for what an error does to HKA and slope.
    """

    point: Array
    normal: Array
    entry: Array
    hinge: Array
    hinge_axis: Array
    correction_deg: float
    anterior: Array
    medial: Array


@dataclass(frozen=True)
class Cuts:
    """The cuts of P placements against the planned one.

    Attributes:
        angle_deg: (P,) between the planes.
        entry_mm, hinge_mm: (P,) distance of the planned entry and hinge from the cut.
        hka_deg, pts_deg: (P,) what the same turn about the displaced hinge axis adds to HKA and slope.
    """

    angle_deg: Array
    entry_mm: Array
    hinge_mm: Array
    hka_deg: Array
    pts_deg: Array

    @property
    def distance_mm(self) -> Array:
        """(P,) the larger of the distances at entry and hinge."""
        return np.maximum(self.entry_mm, self.hinge_mm)

    @property
    def good(self) -> Flags:
        """(P,) which cuts are good in rotation and in position."""
        return np.asarray((self.angle_deg <= GOOD_DEG) & (self.distance_mm <= GOOD_MM))


def placements(seat: Seat, count: int, seed: int, noise_mm: float) -> Poses:
    """``count`` seeded placements: a hand that begins somewhere, a surface that differs, fit and press."""
    rng = np.random.default_rng(seed)
    turn, shift = hands(count, rng)
    noise = surface_noise(seat.contact.points, count, noise_mm, rng)
    return placed(replace(seat, noise=noise), turn, shift)


def hands(count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """(count, 3) rotation vectors in radians and shifts in mm at which hands begin."""
    turn = np.radians(HAND_DEG) * rng.normal(size=(count, 3))
    return turn, HAND_MM * rng.normal(size=(count, 3))


def placed(seat: Seat, turn: Array, shift: Array, steps: int = STEPS) -> Poses:
    """Rests of a guide that hands begin to put on (P, 3) turned and shifted: fitted, then pressed."""
    return pressed(seat, fitted(seat, seat.start(turn, shift)), steps)


def surface_noise(
    points: Array,
    count: int,
    sigma: float,
    rng: np.random.Generator,
    length_mm: float | tuple[float, float, float] = CORRELATION_MM,
) -> Array:
    """(count, N) smooth random heights at (N, 3) points with a Gaussian correlation (random Fourier features,
    Rahimi and Recht 2007), of one length or of one along each axis."""
    waves = rng.normal(size=(count, 3, WAVES)) / np.broadcast_to(length_mm, 3)[:, None]
    phase = rng.uniform(0, 2 * np.pi, (count, 1, WAVES))
    return np.asarray(sigma * np.sqrt(2 / WAVES) * np.cos(points @ waves + phase).sum(axis=-1))


def find_cuts(poses: Poses, slot_point: Array, slot_normal: Array, planned: Planned) -> Cuts:
    """Compare the plane of the moved slot with the planned cut.

    Args:
        poses: P placements.
        slot_point: (3,) a point of the slot's middle plane in the unmoved guide.
        slot_normal: (3,) its unit normal, on the side of the planned one.
        planned: the cut that was wanted.
    """
    normal = poses.turn(slot_normal[None])[:, 0]
    point = poses.apply(slot_point[None])[:, 0]
    # The cross product keeps small angles exact.
    across = np.linalg.norm(np.cross(normal, planned.normal), axis=1)
    angle = np.degrees(np.arctan2(across, normal @ planned.normal))
    entry, hinge = (np.abs(((p - point) * normal).sum(axis=1)) for p in (planned.entry, planned.hinge))
    axis, turn = planned.hinge_axis, np.radians(planned.correction_deg)
    wanted = rotation_matrices(axis[None] * turn)[0]
    error = poses.rotation @ wanted @ poses.rotation.transpose(0, 2, 1) @ wanted.T
    vector = np.degrees(_rotation_vectors(error))
    return Cuts(angle, entry, hinge, np.abs(vector @ planned.anterior), np.abs(vector @ planned.medial))


def _rotation_vectors(rotation: Array) -> Array:
    """(P, 3) vectors of (P, 3, 3) small rotations."""
    skew = (rotation - rotation.transpose(0, 2, 1)) / 2
    vector = np.stack([skew[:, 2, 1], skew[:, 0, 2], skew[:, 1, 0]], axis=1)
    sine = np.linalg.norm(vector, axis=1, keepdims=True)
    return vector * np.where(sine > 1e-12, np.arcsin(np.clip(sine, 0, 1)) / np.maximum(sine, 1e-12), 1)
