"""The contact face that a footprint will get, foreseen from the bone's heights before any solid is built."""

from __future__ import annotations

import numpy as np

from guides.design.footprint import RIM_MM, Footprint
from guides.design.layout import Layout, opened
from guides.design.presets import Settings
from guides.design.rims import outline
from guides.score.contact import FACING, FLAT_MM, SAMPLES, Contact, inset

LEAST = 90
"""Nodes of the height map that a contact face has at least."""

NODES = 2
"""Every so many nodes of the height map are looked at."""


def foreseen_contact(
    footprint: Footprint, chosen: Settings, layout: Layout | None = None, count: int = SAMPLES
) -> Contact | None:
    """Points on the contact face, in the footprint's frame; None where there is none.

    Undercuts are filled along the way out, so that what touches is the highest bone over each place.

    Args:
        footprint: where the guide sits, with its relief.
        chosen: parameters.
        layout: what opens the face; None leaves the openings closed, which is enough to compare places.
        count: number of points.
    """
    part = (slice(None, None, NODES),) * 2
    u, v = np.meshgrid(footprint.grid_u[part[0]], footprint.grid_v[part[1]], indexing="ij")
    surface = np.stack([u, v, footprint.height[part]], axis=-1).reshape(-1, 3)
    (u_low, u_high), (v_low, v_high) = footprint.bounds
    normals = footprint.normals()[part].reshape(-1, 3)
    (polygon,) = outline(footprint).to_polygons()
    clearance = chosen.bone_clearance_mm
    with np.errstate(invalid="ignore"):
        seen = (normals[:, 2] > FACING) & (surface[:, 2] + clearance > footprint.bottom + FLAT_MM)
    seen &= (u.ravel() > u_low) & (u.ravel() < u_high) & (v.ravel() > v_low) & (v.ravel() < v_high)
    seen &= footprint.relief[part].reshape(-1) == 0
    seen[seen] = inset(np.asarray(polygon), surface[seen, :2], RIM_MM)
    if layout is not None:
        seen[seen] = ~opened(layout, footprint, surface[seen])
    if seen.sum() < LEAST:
        return None
    surface, normals = surface[seen], normals[seen]
    step = float(footprint.grid_u[NODES] - footprint.grid_u[0])
    return Contact.spread(surface + clearance * normals, -normals, step**2 / normals[:, 2], count)
