"""Directions of a tibia, and the line through its shaft or a femur's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import trimesh

from guides.bones import Array, sections

Side = Literal["L", "R"]

FULL_LENGTH_MM = 250.0
"""A tibia or femur longer than this shows both its ends."""


def unit(vector: Array) -> Array:
    """The vector divided by its length, along the last axis."""
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))


def cross(a: Array, b: Array) -> Array:
    """``np.cross`` along the last axis, digit for digit; for a few vectors it takes half the time."""
    (a0, a1, a2), (b0, b1, b2) = ((v[..., 0], v[..., 1], v[..., 2]) for v in (a, b))
    # Coordinate by coordinate in memory, as thousands of draws are: what follows takes a third of the time.
    found = np.empty((3, *np.broadcast_shapes(a.shape, b.shape)[:-1]))
    found[0] = a1 * b2 - a2 * b1
    found[1] = a2 * b0 - a0 * b2
    found[2] = a0 * b1 - a1 * b0
    return found if found.ndim == 1 else np.moveaxis(found, 0, -1)


def rotate(vector: Array, axis: Array, degrees: float | Array) -> Array:
    """Turn vectors about a unit axis by the right-hand rule (Rodrigues); broadcasts over ``degrees``."""
    angle = np.radians(np.asarray(degrees, dtype=float))[..., None]
    cosine, along = np.cos(angle), np.einsum("...i,...i->...", axis, vector)[..., None]
    return np.asarray(vector * cosine + cross(axis, vector) * np.sin(angle) + axis * (along * (1 - cosine)))


@dataclass(frozen=True)
class Frame:
    """Directions of one tibia: ``up`` its long axis, ``medial`` and ``anterior`` square to it."""

    up: Array
    medial: Array
    anterior: Array

    @classmethod
    def of(cls, up: Array, medial: Array, side: Side) -> Frame:
        """Orthonormal directions from a long axis and a roughly medial one."""
        up = unit(up)
        medial = unit(medial - (medial @ up) * up)
        # For a left leg (lateral = +x) anterior is up x medial, for a right leg its mirror.
        anterior = np.cross(up, medial) if side == "L" else np.cross(medial, up)
        return cls(up, medial, anterior)

    @property
    def in_plane(self) -> tuple[Array, Array]:
        """Two unit directions square to ``up``, the second a right angle on from the first about it."""
        return self.medial, np.cross(self.up, self.medial)

    @property
    def basis(self) -> Array:
        """(3, 3) columns medial, anterior, up."""
        return np.column_stack([self.medial, self.anterior, self.up])

    def world(self, medial: float | Array, anterior: float | Array, up: float | Array) -> Array:
        """The LPS point with these three coordinates."""
        return np.asarray(self.basis @ np.array([medial, anterior, up]))


def rise(vector: Array, frame: Frame) -> float:
    """Degrees by which a vector towards medial rises, in the frontal plane of a frame."""
    return float(np.degrees(np.arctan2(vector @ frame.up, vector @ frame.medial)))


def lean(frame: Frame, *, medial: float, anterior: float) -> Array:
    """Unit vector along ``up`` that leans by these degrees in the frontal and in the sagittal plane."""
    return unit(
        frame.up + np.tan(np.radians(medial)) * frame.medial + np.tan(np.radians(anterior)) * frame.anterior
    )


@dataclass(frozen=True)
class Line:
    """A line through a shaft: a point, mm, and the unit direction upwards."""

    point: Array
    direction: Array

    def at(self, level: float, up: Array) -> Array:
        """The point of the line at a height along ``up``, mm."""
        return np.asarray(self.point + self.direction * ((level - self.point @ up) / (self.direction @ up)))


def shaft_line(mesh: trimesh.Trimesh, frame: Frame, low: float, high: float) -> Line:
    """Robust line through the section centroids between two heights along ``frame.up``, mm."""
    levels = np.arange(low, high, 1.5)
    cut = sections(mesh, levels, frame.up, *frame.in_plane)
    seen = cut.area > 0
    across, along = frame.in_plane
    points = cut.centroid[seen] @ np.array([across, along]) + cut.levels[seen, None] * frame.up
    weight = np.ones(len(points))
    centre, direction = points.mean(axis=0), frame.up
    for _ in range(8):
        centre = np.average(points, axis=0, weights=weight)
        moment = (points - centre).T @ ((points - centre) * weight[:, None])
        direction = np.linalg.eigh(moment)[1][:, -1]
        direction = direction * np.sign(direction @ frame.up)
        offset = points - centre
        distance = np.linalg.norm(offset - np.outer(offset @ direction, direction), axis=1)
        weight = 1 / np.maximum(distance, 0.3)
    return Line(centre, direction)
