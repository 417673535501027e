"""Where a guide comes to rest on a bone: fitted by hand, then pressed on, many placements at once.

A hand first looks for the place where the guide fits best: a damped least-squares fit of the gaps (point to
plane), held loosely to where the hand began, because a direction in which the shape says nothing stays as it
was. Then the guide is pressed along its way out, backwards (``pressing``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from guides.bones import Array, Indices
from guides.score.contact import Contact
from guides.score.field import BoneField
from guides.score.holding import Load
from guides.score.pose import Poses

PRESS_N = 30.0

HAND_MM, HAND_DEG = 3.0, 3.0
"""Standard deviation of where a hand begins; an assumption of common knowledge."""

FIT_MM = 0.3
"""Gap error that the fit takes for usual; larger ones count linearly (Huber)."""

PATCHES = 12.0
"""Independent patches of the contact face: neighbouring gaps err together."""

FIT_STEPS = 15


@dataclass(frozen=True)
class Seat:
    """A contact face over a bone.

    Attributes:
        contact: the guide's contact face.
        bone: distance to the bone, in the guide's frame.
        clearance: planned gap, mm.
        noise: (P, N) mm by which the bone stands higher at each point than ``bone`` says; (1, 1) for none.
    """

    contact: Contact
    bone: BoneField
    clearance: float
    noise: Array = field(default_factory=lambda: np.zeros((1, 1)))

    def gaps(self, places: Array) -> Array:
        """(P, N) gap in mm at (P, N, 3) places of the contact points, negative inside the bone."""
        return np.asarray(self.bone.distance(places) - self.noise)

    def rows(self, index: Indices) -> Seat:
        """The same with the noise of some poses."""
        return replace(self, noise=self.noise[index]) if len(self.noise) > 1 else self

    def start(self, turn: Array, shift: Array) -> Poses:
        """Poses where hands begin: (P, 3) radians and mm about the middle of the contact face."""
        return Poses.of(self.contact.centre, turn, shift)

    def press(self, count: int) -> Load:
        """A thumb on the middle of each of ``count`` guides."""
        force, none = np.array([0.0, 0.0, -PRESS_N]), np.zeros((count, 3))
        return Load(none + force, none + self.contact.centre, none)


def fitted(seat: Seat, poses: Poses) -> Poses:
    """The best fit near each start: Gauss-Newton with Huber weights and a prior towards the start."""
    points = seat.contact.points
    prior = np.repeat([HAND_MM**-2, np.radians(HAND_DEG) ** -2], 3)
    done = np.zeros((len(poses.shift), 6))
    for _ in range(FIT_STEPS):
        places = poses.apply(points)
        error = seat.gaps(places) - seat.clearance
        normals = seat.bone.normal(places)
        arm = places - (poses.centre + poses.shift)[:, None, :]
        rows = np.concatenate([normals, np.cross(arm, normals)], axis=-1)
        weight = (PATCHES / len(points) / FIT_MM**2) / np.maximum(np.abs(error) / FIT_MM, 1)
        weighted = (rows * weight[..., None]).transpose(0, 2, 1)
        force = -(weighted @ error[..., None])[..., 0] - prior * done
        step = np.linalg.solve(weighted @ rows + np.diag(prior), force[..., None])[..., 0]
        poses, done = poses.moved(step), done + step
        if np.abs(step[:, :3]).max() < 1e-4:
            break
    return poses
