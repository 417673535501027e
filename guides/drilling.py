"""How deep a K-wire may be drilled: away from the joint, and not out of the far cortex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array, signed_distance

JOINT_CLEAR_MM = 5.0
_LONGEST_MM = 80.0
_STEP_MM = 0.5
_ENTRY_MM = 3.0
"""Steps that near the entry may lie outside: the wire's axis meets an uneven surface."""


def below_joint(document: Mapping[str, Any], points: Array) -> Array:
    """(N,) mm from (N, 3) points up the tibial mechanical axis to the lowest point of the joint line."""
    marks = document["landmarks"]
    joint = [
        np.asarray(marks[name]["position"], dtype=float)
        for name in ("plateau_medial", "plateau_lateral", "tibia_knee_center")
    ]
    up = joint[2] - np.asarray(marks["ankle_center"]["position"], dtype=float)
    up /= np.linalg.norm(up)
    return np.asarray(min(float(point @ up) for point in joint) - points @ up)


def drill_depth_mm(
    tibia: trimesh.Trimesh, wire: Mapping[str, Any], document: Mapping[str, Any]
) -> tuple[float, str]:
    """How far into the bone a wire may go, and what ends it.

    Args:
        tibia: the bone.
        wire: ``point`` where the wire enters the bone and ``direction`` into it, LPS mm.
        document: the plan, for the joint line.

    Returns:
        Whole millimetres from the entry, rounded down, and ``joint`` or ``cortex``.
    """
    depths = np.arange(0.0, _LONGEST_MM, _STEP_MM)
    point, direction = (np.asarray(wire[name], dtype=float) for name in ("point", "direction"))
    path = point + depths[:, None] * direction
    near = below_joint(document, path) < JOINT_CLEAR_MM
    outside = (signed_distance(tibia, path) >= 0) & (depths > _ENTRY_MM)
    joint, cortex = (float(depths[hit.argmax()]) if hit.any() else np.inf for hit in (near, outside))
    reached = min(joint, cortex, _LONGEST_MM)
    return float(np.floor(reached)), "joint" if joint < cortex else "cortex"
