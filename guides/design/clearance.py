"""The bone as the guide must see it: signed distance, swept along the withdrawal direction, as solids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import manifold3d
import numpy as np
import trimesh
from scipy.ndimage import map_coordinates
from skimage import measure

from guides.bones import Array, signed_distance
from guides.design.footprint import Footprint
from guides.design.presets import Settings
from guides.design.room import STEP_MM
from guides.solids import checked, from_mesh, signed_volume

FINE_MM = 0.35
COARSE_MM = 2.0
NARROW_MM = 1.5
"""Half-width of the band about the contact face with exact distances; beyond it they are interpolated."""


@dataclass(frozen=True)
class Swept:
    """Swept distance on a regular grid of the footprint's local frame.

    The value at x is the smallest signed distance to the bone that x meets on its way out along w. Where it
    is at least the clearance, the guide can be there and still be withdrawn: undercuts are filled by
    construction.

    Attributes:
        origin: (3,) local coordinates of the first node.
        values: (U, V, W) mm.
        bottom: local w at which the guide ends towards the bone's far side.
    """

    origin: Array
    values: Array
    bottom: float

    def solid(self, level: float, every: int = 1) -> manifold3d.Manifold:
        """The closed region where the swept distance is at most ``level``, in the local frame.

        Args:
            level: mm.
            every: only so many nodes are looked at along each axis; 2 takes a quarter of the time.

        Raises:
            InputError: the surface is no valid solid.
        """
        # A border outside the region closes the surface; a moderate value keeps the edge cells well shaped.
        step = every * FINE_MM
        padded = np.pad(self.values[::every, ::every, ::every], 1, constant_values=level + step)
        marching: Any = measure.marching_cubes
        vertices, faces, _, _ = marching(padded, level)
        mesh = trimesh.Trimesh((vertices - 1) * step + self.origin, faces, process=False)
        mesh.merge_vertices()
        if signed_volume(mesh) < 0:
            mesh.invert()
        return checked(from_mesh(mesh).simplify(0.01), "the clearance solid")


def swept_distance(
    tibia: trimesh.Trimesh, footprint: Footprint, settings: Settings, *, fill: bool = True
) -> Swept:
    """Sample the bone's signed distance in a narrow band and sweep it along the withdrawal direction.

    Without ``fill`` it is not swept, and a guide made from it grips every undercut.
    """
    margin = 3.0
    bottom = footprint.bottom
    (u0, u1), (v0, v1) = footprint.bounds
    wide = footprint.over((u0 - margin, u1 + margin), (v0 - margin, v1 + margin))
    low = np.array([u0 - margin, v0 - margin, bottom - margin])
    above = settings.bone_clearance_mm + settings.shell_thickness_mm + float(footprint.relief.max())
    high = np.array([u1 + margin, v1 + margin, float(wide.max()) + above + margin])
    fine = [np.arange(a, b + FINE_MM, FINE_MM) for a, b in zip(low, high, strict=True)]
    coarse = [np.arange(a - COARSE_MM, b + 2 * COARSE_MM, COARSE_MM) for a, b in zip(low, high, strict=True)]
    nodes = np.stack(np.meshgrid(*coarse, indexing="ij"), axis=-1)
    rough = signed_distance(tibia, footprint.to_world(nodes.reshape(-1, 3))).reshape(nodes.shape[:3])
    place = np.stack(
        np.meshgrid(*[(f - c[0]) / COARSE_MM for f, c in zip(fine, coarse, strict=True)], indexing="ij")
    )
    values = map_coordinates(rough, place, order=1)
    band = np.abs(values - settings.bone_clearance_mm) < NARROW_MM
    nodes_fine = np.stack([fine[axis][index] for axis, index in enumerate(np.nonzero(band))], axis=1)
    values[band] = signed_distance(tibia, footprint.to_world(nodes_fine))
    if fill:
        values = np.minimum.accumulate(values[:, :, ::-1], axis=2)[:, :, ::-1]
    if footprint.relief.any():
        # The same all along the way out, so that nothing of the proof of withdrawal is lost.
        values = values - _relief(footprint, fine[0], fine[1])[:, :, None]
    return Swept(low, np.ascontiguousarray(values), bottom)


def _relief(footprint: Footprint, u: Array, v: Array) -> Array:
    """The footprint's relief on a finer grid."""
    first = (footprint.grid_u[0], footprint.grid_v[0])
    place = np.stack(np.meshgrid((u - first[0]) / STEP_MM, (v - first[1]) / STEP_MM, indexing="ij"))
    return np.asarray(map_coordinates(footprint.relief, place, order=1))
