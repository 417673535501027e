"""Shaded pictures of meshes, seen in parallel from any side, without a graphics card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray

from guides.bones import Array, height_map
from guides.landmarks import unit

BACKGROUND = (255, 255, 255)
AMBIENT = 0.35
LIGHT = (-0.35, 0.45, 0.82)
"""Direction to the light: from the viewer's upper left."""


@dataclass(frozen=True)
class View:
    """A parallel view.

    Attributes:
        towards: unit direction from the scene to the viewer, LPS.
        up: direction that is up in the picture, LPS.
        centre: (3,) point in the middle, mm.
        width_mm, height_mm: what the picture shows.
        pixel_mm: size of a pixel.
    """

    towards: Array
    up: Array
    centre: Array
    width_mm: float
    height_mm: float
    pixel_mm: float = 0.25

    @property
    def basis(self) -> Array:
        """(3, 3) columns right, up and towards the viewer."""
        out = unit(np.asarray(self.towards, dtype=float))
        up = np.asarray(self.up, dtype=float)
        up = unit(up - (up @ out) * out)
        return np.column_stack([np.cross(up, out), up, out])

    def pixels(self, points: Array) -> Array:
        """(N, 3) LPS points to (N, 2) column and row."""
        right, up, _ = ((points - self.centre) @ self.basis).T
        column = (right + self.width_mm / 2) / self.pixel_mm
        row = (self.height_mm / 2 - up) / self.pixel_mm
        return np.column_stack([column, row])


def draw(scene: Sequence[tuple[trimesh.Trimesh, tuple[int, int, int]]], view: View) -> NDArray[np.uint8]:
    """(rows, columns, 3) picture of coloured meshes; the nearest surface hides the others."""
    basis = view.basis
    u = np.arange(0, view.width_mm, view.pixel_mm) - view.width_mm / 2
    v = np.arange(0, view.height_mm, view.pixel_mm) - view.height_mm / 2
    depth = np.full((len(u), len(v)), -np.inf)
    picture = np.empty((len(u), len(v), 3))
    picture[:] = BACKGROUND
    light = unit(np.array(LIGHT))
    for mesh, colour in scene:
        local = trimesh.Trimesh((mesh.vertices - view.centre) @ basis, mesh.faces, process=False)
        near = _visible(local, view)
        right, up, out = np.eye(3)
        height = height_map(near, right, up, out, u, v)
        du, dv = np.gradient(height, view.pixel_mm)
        shade = (light[2] - du * light[0] - dv * light[1]) / np.sqrt(1 + du**2 + dv**2)
        shade = AMBIENT + (1 - AMBIENT) * np.clip(np.nan_to_num(shade, nan=0.5), 0, 1)
        front = np.nan_to_num(height, nan=-np.inf) > depth
        picture[front] = (shade[..., None] * np.array(colour))[front]
        depth = np.where(front, height, depth)
    return np.ascontiguousarray(np.rot90(np.clip(picture, 0, 255).astype(np.uint8)))


def _visible(mesh: trimesh.Trimesh, view: View) -> trimesh.Trimesh:
    """The faces that lie in the picture and look at the viewer."""
    corners = mesh.vertices[mesh.faces]
    half = np.array([view.width_mm, view.height_mm]) / 2
    inside = ((corners[..., :2].max(axis=1) > -half) & (corners[..., :2].min(axis=1) < half)).all(axis=1)
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] > 0
    return trimesh.Trimesh(mesh.vertices, mesh.faces[inside & facing], process=False)
