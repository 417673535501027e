"""A bone staple in the medial face of the proximal tibia, as after an osteotomy or a ligament repair."""

from __future__ import annotations

from typing import Literal

import numpy as np

from recon.bones import BoneSet
from recon.population.implants.parts import Component, Implant, to_mesh
from recon.population.implants.placing import TibialFrame, rod

BRIDGE_MM = 22.0  # between the legs; sold as 13 to 30 mm
LEG_MM = 25.0  # length of the legs; sold as 15 to 40 mm
RADIUS_MM = 1.6  # of the bar; sold as 2.4 to 4 mm across
TIP_MM = 5.0  # the last of each leg is pointed
BELOW_PLATEAU_MM = 30.0  # the upper leg, below the top of the plateau: under the medial flare
TOWARDS_ANTERIOR_DEG = 15.0  # of the medial direction: the face that lies under the skin
SHIFT_MM, TURN_DEG = 5.0, 10.0  # deviation of where surgeons put it


def staple(bones: BoneSet, side: Literal["L", "R"], rng: np.random.Generator | None = None) -> Implant:
    """A steel staple whose bridge lies on the bone along the shaft and whose legs go in at right angles.

    Args:
        bones: with a closed tibia, LPS mm, the leg along z.
        side: of the leg.
        rng: moves and turns it as surgeons do; without it, it sits in the middle.

    Raises:
        InputError: no_tibia, bone_too_short.
    """
    shift, turn, around = (0.0, 0.0, 0.0) if rng is None else rng.normal(0, (SHIFT_MM, TURN_DEG, TURN_DEG))
    frame = TibialFrame.of(bones, side, length=BELOW_PLATEAU_MM + BRIDGE_MM + 20)
    outward = frame.outward(TOWARDS_ANTERIOR_DEG + float(np.clip(around, -20, 20)))
    across = np.cross(frame.up, outward)
    along = np.deg2rad(float(np.clip(turn, -20, 20)))
    run = np.cos(along) * frame.up + np.sin(along) * across
    middle = frame.centre - (BELOW_PLATEAU_MM + BRIDGE_MM / 2 + float(np.clip(shift, -8, 8))) * frame.up
    stops = middle + np.linspace(0.5, -0.5, 9)[:, None] * BRIDGE_MM * run
    height = frame.surface(stops, outward)
    # The bridge is straight, and lies on the highest place between its ends.
    straight = np.linspace(height[0], height[-1], 9)
    straight += max(float(np.nanmax(height - straight)), 0.0) + RADIUS_MM
    first, last = stops[0] + straight[0] * outward, stops[-1] + straight[-1] * outward
    bridge = (last - first) / np.linalg.norm(last - first)
    legs_along = -(outward - (outward @ bridge) * bridge)
    legs_along /= np.linalg.norm(legs_along)
    body = rod(
        first - RADIUS_MM * bridge, bridge, float(np.linalg.norm(last - first)) + 2 * RADIUS_MM, RADIUS_MM
    )
    for start in (first, last):
        body += rod(start, legs_along, LEG_MM, RADIUS_MM, tip=TIP_MM)
    return Implant("staple", (Component("staple", to_mesh(body), "steel"),))
