"""Landmarks of the patella: both ends of its articular surface, as a lateral X-ray shows them."""

from __future__ import annotations

import numpy as np
import trimesh

from guides.bones import Array
from guides.landmarks.frame import Frame
from guides.landmarks.marks import Landmark

UPPER_EDGE_DEG = 40.0
LOWER_EDGE_DEG = 20.0
"""Directions, from straight behind towards base and apex, in which the edges stand out. The back ends in a
sharp edge near the base; the apex turns away from it at a flatter angle."""


def find_patellar(patella: trimesh.Trimesh, marks: dict[str, Landmark], frame: Frame) -> dict[str, Landmark]:
    """Upper and lower edge of the articular surface, on the outline seen from the side."""
    vertices = np.asarray(patella.vertices)
    knee = marks["tibia_knee_center"].position
    back, up = -(vertices - knee) @ frame.anterior, (vertices - knee) @ frame.up
    outline = np.column_stack([back, up])
    superior, inferior = _articular_edges(outline)
    return {
        "patella_articular_superior": Landmark(vertices[superior], "auto"),
        "patella_articular_inferior": Landmark(vertices[inferior], "auto"),
    }


def _articular_edges(outline: Array) -> tuple[int, int]:
    """Indices of the upper and lower corner of the back of a patella.

    The back is nearly straight; above it the outline turns forward to the base, below it to the apex. A
    corner is the point that reaches furthest in a direction between the two sides that meet there.

    Args:
        outline: (N, 2) points seen from the side, towards posterior and towards superior, mm.
    """
    centred = outline - outline.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    axis = axis * np.sign(axis[1])
    behind = np.array([axis[1], -axis[0]])
    upper, lower = np.radians(UPPER_EDGE_DEG), np.radians(LOWER_EDGE_DEG)
    return (
        int(np.argmax(outline @ (np.cos(upper) * behind + np.sin(upper) * axis))),
        int(np.argmax(outline @ (np.cos(lower) * behind - np.sin(lower) * axis))),
    )
