"""Landmarks of the fibula: tip, head and proximal tibiofibular joint."""

from __future__ import annotations

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from guides.bones import Array, sections
from guides.errors import InputError
from guides.landmarks.frame import Frame, Side
from guides.landmarks.marks import Landmark


def find_fibular(
    tibia: trimesh.Trimesh,
    fibula: trimesh.Trimesh | None,
    marks: dict[str, Landmark],
    frame: Frame,
    side: Side,
) -> dict[str, Landmark]:
    """Tip and head of the fibula, middle and margins of its joint with the tibia.

    Without a fibula tip and joint are imputed, and head and margins are absent.

    Raises:
        InputError: ``wrong_side`` or ``bones_apart``.
    """
    knee = marks["tibia_knee_center"].position
    lateral = marks["plateau_lateral"].position
    edge = marks["plateau_lateral_edge"].position
    if fibula is None:
        # Typical place [K]: tip 12 mm, joint 20 mm below the lateral joint line, behind the lateral edge.
        height = lateral @ frame.up
        tip = frame.world(edge @ frame.medial + 2, edge @ frame.anterior - 14, height - 12)
        joint = frame.world(edge @ frame.medial + 8, edge @ frame.anterior - 14, height - 20)
        return {"fibula_tip": Landmark(tip, "imputed"), "ptfj": Landmark(joint, "imputed")}
    vertices = np.asarray(fibula.vertices)
    tip = vertices[np.argmax(vertices @ frame.up)]
    head = vertices[vertices @ frame.up > tip @ frame.up - 25]
    if (head.mean(axis=0) - knee) @ frame.medial > 0:
        other = "right" if side == "L" else "left"
        raise InputError(
            "wrong_side",
            f"The fibula lies on the medial side of a {'left' if side == 'L' else 'right'} leg",
            f"Check the side of the case: these bones look like a {other} leg",
        )
    if np.linalg.norm(tip - lateral) > 70:
        raise InputError(
            "bones_apart", "The fibula does not touch the tibia", "Check that both bones are in one frame"
        )
    lateral_part = np.asarray(tibia.vertices)
    lateral_part = lateral_part[lateral_part @ frame.up > knee @ frame.up - 60]
    distance = cKDTree(lateral_part).query(head)[0]
    contact = head[distance < distance.min() + 2.5]
    across, heights = contact @ frame.medial, contact @ frame.up
    return {
        "fibula_tip": Landmark(tip, "auto"),
        "fibula_head_center": Landmark(_head_center(fibula, frame, float(tip @ frame.up)), "auto"),
        "ptfj": Landmark(contact.mean(axis=0), "auto"),
        "ptfj_medial": Landmark(contact[np.argmax(across)], "auto"),
        "ptfj_proximal": Landmark(contact[np.argmax(heights)], "auto"),
        "ptfj_distal": Landmark(contact[np.argmin(heights)], "auto"),
    }


def _head_center(fibula: trimesh.Trimesh, frame: Frame, top: float) -> Array:
    """Centroid of the widest section through the head, which is 20 mm high or less."""
    levels = top - np.arange(3.0, 21.0)
    across, along = frame.in_plane
    cut = sections(fibula, levels, frame.up, across, along)
    widest = int(np.nanargmax(cut.area))
    centre = cut.centroid[widest]
    return np.asarray(centre[0] * across + centre[1] * along + levels[widest] * frame.up)
