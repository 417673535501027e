"""How far the two tibiae of one person differ, told from their surfaces alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import trimesh

from guides.bones import Array
from guides.landmarks import Frame
from guides.measures import MEASURES
from guides.score.alignment import align

PLATEAU_MM, SHAFT_MM = 20.0, 60.0
"""Depth below the knee centre of the part that is the plateau, and where the rest begins."""

MIRROR = np.array([-1.0, 1.0, 1.0])


def surface_differences(
    left: trimesh.Trimesh,
    right: trimesh.Trimesh,
    left_points: Mapping[str, Array],
    right_points: Mapping[str, Array],
    names: tuple[str, ...],
) -> dict[str, float]:
    """Left minus right of tibial angles in degrees, by how much the plateau turns against the shaft.

    The mirrored left bone is laid on the right one twice by its surface: its uppermost part, and its shaft
    with the ankle. Between both poses lies by how much plateau and shaft of the left bone are turned against
    one another otherwise than those of the right; where the landmarks of the plateau were put on either bone
    does not enter to first order.

    Args:
        left: the left tibia, whole.
        right: the right one.
        left_points: landmarks of the left one, for the first guess and as directions.
        right_points: landmarks of the right one.
        names: measures that need landmarks of the tibia only.
    """
    mirrored = trimesh.Trimesh(left.vertices * MIRROR, left.faces[:, ::-1], process=False)
    points = {name: point * MIRROR for name, point in left_points.items()}
    guess = _pose(right_points) @ np.linalg.inv(_pose(points))
    mirrored.apply_transform(guess)
    points = {name: trimesh.transform_points(point[None], guess)[0] for name, point in points.items()}
    depth = (points["tibia_knee_center"] - mirrored.triangles_center) @ _frame(points).up
    found = []
    for part in (depth < PLATEAU_MM, depth > SHAFT_MM):
        matrix = align(mirrored.submesh([np.flatnonzero(part)], append=True), right)
        there = dict(right_points)
        for name, point in points.items():
            if name.startswith("plateau"):
                there[name] = trimesh.transform_points(point[None], matrix)[0]
        found.append(there)
    of_plateau, of_shaft = found
    return {
        name: float(MEASURES[name].function(of_shaft, "R") - MEASURES[name].function(of_plateau, "R"))
        for name in names
    }


def _frame(points: Mapping[str, Array]) -> Frame:
    """Directions of a right tibia."""
    up = points["tibia_knee_center"] - points["ankle_center"]
    return Frame.of(up, points["plateau_medial"] - points["plateau_lateral"], "R")


def _pose(points: Mapping[str, Array]) -> Array:
    """(4, 4) from the bone's own directions at its ankle to patient LPS."""
    matrix = np.eye(4)
    matrix[:3, :3] = _frame(points).basis
    matrix[:3, 3] = points["ankle_center"]
    return matrix
