"""How much contact a load takes away, with the guide held by hand alone and with its wires in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from guides.bones import Array, Flags
from guides.score.contact import Frame
from guides.score.holding import Load, Wires
from guides.score.pose import Poses
from guides.score.pressing import loaded
from guides.score.seating import PRESS_N, Seat

SIDEWAYS_N = 20.0
"""Push of the saw on the slot, in eight directions."""

SAW_N_MM = 200.0
"""Moment of the blade about the way out, either way: 10 N at the end of a slot of 40 mm."""

DIRECTIONS = 8

LIFT_MM = 0.25
"""A point has lost its contact when it lifts by more."""

SLIDE_MM = 1.0
"""Or when it slides by more: then it lies on another place of the bone."""

STEEL_N_PER_MM2 = 200_000.0
FREE_MM = 3.0
"""A wire's free length between bone and the near end of its hole."""

STIFFEST_N_PER_MM = 3000.0


@dataclass(frozen=True)
class Stability:
    """Contact lost under the worst load.

    Attributes:
        lost_percent: of the points that touched.
        slide_mm, lift_mm: largest movement of any point under that load.
        direction: of that load's push, unit, in the guide's frame.
    """

    lost_percent: float
    slide_mm: float
    lift_mm: float
    direction: Array


def find_stability(
    seat: Seat, rest: Poses, touches: Flags, slot_top: Array, wires: Wires | None
) -> Stability:
    """Press a resting guide with 30 N while the saw pushes and twists at the slot.

    Args:
        seat: contact face and bone, without noise.
        rest: one guide at rest under the press.
        touches: (N,) which points count as contact at rest.
        slot_top: (3,) middle of the slot's outer end, where the saw pushes, guide's frame.
        wires: those that hold the guide, or None.
    """
    turn = np.radians(np.arange(DIRECTIONS) * 360 / DIRECTIONS)
    pushes = np.repeat(np.column_stack([np.cos(turn), np.sin(turn), np.zeros(DIRECTIONS)]), 2, axis=0)
    twists = np.tile([SAW_N_MM, -SAW_N_MM], DIRECTIONS)
    count, centre = len(pushes), seat.contact.centre
    press = np.array([0.0, 0.0, -PRESS_N])
    at_slot = np.cross(slot_top - centre, SIDEWAYS_N * pushes) + np.outer(twists, [0.0, 0.0, 1.0])
    load = Load(press + SIDEWAYS_N * pushes, np.tile(centre, (count, 1)), at_slot)
    start = rest.rows(np.zeros(count, dtype=int))
    after = loaded(seat, start, load, wires)
    before_places, places = start.apply(seat.contact.points), after.apply(seat.contact.points)
    lift = seat.gaps(places) - seat.gaps(before_places)
    moved = places - before_places
    normals = seat.bone.normal(before_places)
    slide = np.linalg.norm(moved - np.einsum("pni,pni->pn", moved, normals)[..., None] * normals, axis=-1)
    lost = ((lift > LIFT_MM) | (slide > SLIDE_MM))[:, touches]
    share = lost.mean(axis=1) if touches.any() else np.ones(count)
    # Of several loads that take away the same, the one that moves the guide most is named.
    worst = int(np.lexsort((slide.max(axis=1), share))[-1])
    return Stability(
        100 * float(share[worst]), float(slide[worst].max()), float(lift[worst].max()), pushes[worst]
    )


def find_wires(report: Mapping[str, Any], frame: Frame, rest: Poses) -> Wires:
    """The wires of a design, drilled while the guide is at rest; each bears at both ends of its hole."""
    points, axes, stiffness, play = [], [], [], []
    wires: Sequence[Mapping[str, Any]] = report["wires"]
    for wire in wires:
        entry = frame.local(np.asarray(wire["point"], dtype=float))
        axis = np.asarray(wire["direction"], dtype=float) @ frame.basis
        diameter = float(wire["diameter_mm"])
        for above in (0.0, float(wire["guided_mm"])):
            points.append(entry - above * axis)
            axes.append(axis)
            bending = 3 * STEEL_N_PER_MM2 * np.pi * diameter**4 / 64 / (FREE_MM + above) ** 3
            stiffness.append(min(float(bending), STIFFEST_N_PER_MM))
            play.append((float(wire["hole_diameter_mm"]) - diameter) / 2)
    places = np.array(points)
    return Wires(
        places,
        rest.apply(places)[0],
        rest.turn(np.array(axes))[0],
        np.array(stiffness),
        np.array(play),
    )
