"""Whether every wire passes its hole, holds in bone, and keeps off joint, saw and hinge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array, signed_distance
from guides.check.rays import struck
from guides.check.verdict import Check, verdict
from guides.drilling import JOINT_CLEAR_MM, below_joint
from guides.osteotomy import Osteotomy

WIRE_DEPTH_MM = 25.0
SLOT_TO_WIRE_MM = 3.0
WIRE_ANGLE_DEG = 0.05
PIN_TO_HINGE_MM = 2.5
"""A hinge pin's axis passes the hinge's by its own radius and half a blade."""


def wire_hole(guide: trimesh.Trimesh, wire: Mapping[str, Any], smallest: float) -> list[Check]:
    """A wire passes, its hole is wide enough, and runs where the report says."""
    direction, point = np.asarray(wire["direction"], dtype=float), np.asarray(wire["point"], dtype=float)
    helper = np.eye(3)[np.argmin(np.abs(direction))]
    across = np.cross(direction, helper)
    across /= np.linalg.norm(across)
    other = np.cross(direction, across)
    turn = np.radians(np.arange(0, 360, 30))[:, None]
    rays = np.cos(turn) * across + np.sin(turn) * other
    origins = point - 60 * direction + np.vstack([0.5 * wire["diameter_mm"] * rays, np.zeros(3)])
    blocked = struck(guide, origins, direction)
    # The hole itself: rays from the axis outwards, near both ends of the guided length above the bone.
    centres, size = [], np.inf
    for share in (0.3, 0.8):
        centre = point - share * wire["guided_mm"] * direction
        hits = guide.ray.intersects_location(np.tile(centre, (12, 1)), rays, multiple_hits=False)[0]
        if len(hits) < len(rays):
            size = np.nan
            break
        size = min(size, 2 * float(np.linalg.norm(hits - centre, axis=1).min()))
        # Opposite rays pair up, so that their mean lies on the axis of a round hole.
        centres.append(hits.mean(axis=0))
    least = max(wire["diameter_mm"], smallest)
    name = wire["name"].replace(" ", "_")
    checks = [
        verdict(
            f"wire_open_{name}", not blocked.any(), int(blocked.sum()), 0, "",
            f"A {wire['diameter_mm']:g} mm wire passes the {wire['name']} sleeve", place=point,
        ),
        verdict(
            f"wire_hole_{name}", bool(np.isfinite(size)) and size >= least,
            size if np.isfinite(size) else None, least, "mm", f"Diameter of the {wire['name']} hole",
            place=point, remedy="Raise the wire clearance or the printer compensation",
        ),
    ]  # fmt: skip
    if len(centres) == 2:
        found = centres[0] - centres[1]
        angle = float(np.degrees(np.arctan2(np.linalg.norm(np.cross(found, direction)), found @ direction)))
        checks.append(
            verdict(
                f"wire_axis_{name}", angle <= WIRE_ANGLE_DEG, angle, WIRE_ANGLE_DEG, "deg",
                f"Angle between the {wire['name']} hole and its planned axis", place=point,
            )
        )  # fmt: skip
    return checks


def wires_and_plan(
    tibia: trimesh.Trimesh,
    wires: Sequence[Mapping[str, Any]],
    document: Mapping[str, Any],
    planes: Mapping[str, tuple[Array, Array]],
    osteotomy: Osteotomy,
) -> list[Check]:
    """Wires stay in bone below the joint surface for their holding depth, and off the cuts and the hinge."""
    depths = np.arange(0, WIRE_DEPTH_MM + 0.1, 1.0)
    checks = []
    for wire in wires:
        direction, point = np.asarray(wire["direction"], dtype=float), np.asarray(wire["point"], dtype=float)
        path = point + depths[:, None] * direction
        below = below_joint(document, path)
        name, end = wire["name"].replace(" ", "_"), path[-1]
        checks.append(
            verdict(
                f"wire_joint_{name}", below.min() >= JOINT_CLEAR_MM, below.min(), JOINT_CLEAR_MM, "mm",
                f"The {wire['name']} wire stays below the joint surface for {WIRE_DEPTH_MM:g} mm",
                place=path[np.argmin(below)], remedy="Bring the proximal wires closer to the cut",
            )
        )  # fmt: skip
        if wire.get("kind") == "hinge":
            checks.append(_pin(wire, osteotomy))
        else:
            off = np.min(
                [np.abs((path - p) @ n) for label, (p, n) in planes.items() if label != "second cut"]
            )
            checks.append(
                verdict(
                    f"wire_cut_{name}", off >= SLOT_TO_WIRE_MM, off, SLOT_TO_WIRE_MM, "mm",
                    f"The {wire['name']} wire stays off the saw", place=end,
                    remedy="Move the wires further from the cut",
                )
            )  # fmt: skip
        inside = signed_distance(tibia, path[3:]) < 0
        checks.append(
            verdict(
                f"wire_bone_{name}", bool(inside.all()), float(inside.sum()), float(len(inside)), "mm",
                f"The {wire['name']} wire holds in bone", place=end, failed="warn",
                remedy="Bring the wires of the pair closer together, or accept a shorter hold",
            )
        )  # fmt: skip
    return checks


def _pin(wire: Mapping[str, Any], osteotomy: Osteotomy) -> Check:
    """The hinge pin's axis passes the hinge's axis closely enough to stop the blade there."""
    direction, point = np.asarray(wire["direction"], dtype=float), np.asarray(wire["point"], dtype=float)
    across = np.cross(direction, osteotomy.hinge_axis)
    off = abs(float((osteotomy.hinge_point - point) @ across)) / float(np.linalg.norm(across))
    return verdict(
        "hinge_pin", off <= PIN_TO_HINGE_MM, off, PIN_TO_HINGE_MM, "mm",
        "The hinge pin crosses the saw's way at the hinge", place=osteotomy.hinge_point,
        remedy="Design the guide again from this plan, or do without the pin",
    )  # fmt: skip
