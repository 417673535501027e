"""What acts on a guide besides the bone: loads, and wires that hold it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from guides.bones import Array, Indices
from guides.score.pose import Poses


@dataclass(frozen=True)
class Load:
    """Forces that keep their direction while the guide moves.

    Attributes:
        force: (P, 3) N.
        at: (P, 3) points of the unmoved guide where they act, mm.
        moment: (P, 3) N mm besides.
    """

    force: Array
    at: Array
    moment: Array

    def on(self, poses: Poses) -> Array:
        """(P, 6) force and moment about each pose's centre."""
        arm = (poses.rotation @ (self.at - poses.centre)[..., None])[..., 0]
        return np.concatenate([self.force, np.cross(arm, self.force) + self.moment], axis=1)

    def rows(self, index: Indices) -> Load:
        """The loads of some poses."""
        return Load(self.force[index], self.at[index], self.moment[index])


@dataclass(frozen=True)
class Wires:
    """Wires in bone that hold a guide sideways once the play of their holes is used up.

    Attributes:
        points: (W, 3) places along the axes where a hole bears on its wire, in the unmoved guide, mm.
        rest: (W, 3) the wires there, fixed in the bone, mm.
        axes: (W, 3) unit directions.
        stiffness: (W,) N/mm sideways: a steel cantilever from the bone.
        play: (W,) mm to each side.
    """

    points: Array
    rest: Array
    axes: Array
    stiffness: Array
    play: Array

    def hold(self, poses: Poses) -> tuple[Array, Array]:
        """(P, 6) force and moment about each pose's centre, and (P, 6, 6) stiffness."""
        places = poses.apply(self.points)
        off = places - self.rest
        off = off - np.einsum("pwi,wi->pw", off, self.axes)[..., None] * self.axes
        size = np.linalg.norm(off, axis=-1)
        direction = off / np.maximum(size, 1e-9)[..., None]
        push = -(self.stiffness * np.maximum(size - self.play, 0))[..., None] * direction
        arm = places - (poses.centre + poses.shift)[:, None, :]
        total = np.concatenate([push.sum(axis=1), np.cross(arm, push).sum(axis=1)], axis=1)
        rows = np.concatenate([direction, np.cross(arm, direction)], axis=-1)
        bears = self.stiffness * (size > self.play)
        return total, np.asarray((rows * bears[..., None]).transpose(0, 2, 1) @ rows)
