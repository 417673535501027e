"""Where landmarks go when the distal fragment turns about the hinge."""

from __future__ import annotations

from dataclasses import dataclass, replace

from guides.bones import Array
from guides.landmarks import Side, rotate
from guides.measures import Points, turn_to_varus
from guides.osteotomy.technique import TuberositySide

DISTAL_FRAGMENT = ("ankle_center", "tibia_shaft_proximal", "tibia_shaft_distal")
"""Landmarks of the distal fragment, apart from the tuberosity. The fibula stays: an opening wedge turns about
a hinge beside its upper joint and leaves it whole. A closing wedge needs that joint detached or the fibula
cut (10.3390/medicina61010091), of which a plan warns; where the fibula goes then is not modelled."""

PATELLAR = ("patella_articular_superior", "patella_articular_inferior")


def move(
    points: Points, hinge: Array, axis: Array, degrees: float | Array, tuberosity: TuberositySide = "distal"
) -> dict[str, Array]:
    """Landmarks after the distal fragment has turned about the hinge; (..., 3) positions broadcast.

    The patella is carried along by the tuberosity: the ligament keeps its length, and the groove of the femur
    keeps the patella from turning.
    """
    moved = dict(points)
    names = DISTAL_FRAGMENT + (("tuberosity",) if tuberosity == "distal" else ())
    for name in names:
        if name in moved:
            moved[name] = hinge + rotate(moved[name] - hinge, axis, degrees)
    for name in PATELLAR:
        if name in moved:
            moved[name] = moved[name] + (moved["tuberosity"] - points["tuberosity"])
    return moved


@dataclass(frozen=True)
class Correction:
    """A turn of the distal fragment, and what the joint line is counted on to close with it.

    Attributes:
        hinge: point of the axis, mm.
        axis: unit.
        degrees: right-hand turn.
        tuberosity: the fragment that keeps it.
        joint_closing_deg: by which JLCA falls and HKA rises besides, see ``jlca_compensation``.
    """

    hinge: Array
    axis: Array
    degrees: float | Array
    tuberosity: TuberositySide = "distal"
    joint_closing_deg: float = 0.0

    def by(self, degrees: float | Array) -> Correction:
        """The same turned by other degrees, a number or (N,) for as many draws."""
        return replace(self, degrees=degrees)

    def of_bone(self, points: Points) -> dict[str, Array]:
        """Landmarks after the turn alone."""
        return move(points, self.hinge, self.axis, self.degrees, self.tuberosity)

    def of_leg(self, points: Points, side: Side) -> dict[str, Array]:
        """Landmarks after the turn and the closing of the joint line."""
        moved = self.of_bone(points)
        if self.joint_closing_deg:
            moved = turn_to_varus(moved, side, -self.joint_closing_deg)
        return moved
