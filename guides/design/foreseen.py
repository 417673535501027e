"""The contact face that a footprint will get, foreseen from the bone's heights before any solid is built."""

from __future__ import annotations

import numpy as np

from guides.design.footprint import RIM_MM, Footprint
from guides.design.presets import Settings
from guides.design.rims import outline
from guides.score.contact import FACING, FLAT_MM, Contact, inset

POINTS = 90
NODES = 3
"""Every so many nodes of the height map are looked at."""

STRIPE_MM = 4.0
"""Points are counted off along stripes so wide, front to back, which spreads them evenly."""


def foreseen_contact(footprint: Footprint, chosen: Settings) -> Contact:
    """Points on the contact face, in the footprint's frame; wire holes and windows are not taken out.

    Undercuts are filled along the way out, so that what touches is the highest bone over each place.
    """
    part = (slice(None, None, NODES),) * 2
    u, v = np.meshgrid(footprint.grid_u[part[0]], footprint.grid_v[part[1]], indexing="ij")
    surface = np.stack([u, v, footprint.height[part]], axis=-1).reshape(-1, 3)
    (u_low, u_high), (v_low, v_high) = footprint.bounds
    normals = footprint.normals()[part].reshape(-1, 3)
    (polygon,) = outline(footprint).to_polygons()
    clearance, half = chosen.bone_clearance_mm, chosen.slot_thickness_mm / 2
    low, high = footprint.slot
    with np.errstate(invalid="ignore"):
        seen = (normals[:, 2] > FACING) & (surface[:, 2] + clearance > footprint.bottom + FLAT_MM)
    seen &= (u.ravel() > u_low) & (u.ravel() < u_high) & (v.ravel() > v_low) & (v.ravel() < v_high)
    seen &= footprint.relief[part].reshape(-1) == 0
    seen &= (np.abs(surface[:, 1]) > half) | (surface[:, 0] < low) | (surface[:, 0] > high)
    seen[seen] = inset(np.asarray(polygon), surface[seen, :2], RIM_MM)
    surface, normals = surface[seen], normals[seen]
    stripe = np.floor(footprint.front * surface[:, 0] / STRIPE_MM)
    order = np.lexsort((surface[:, 1], stripe))
    surface, normals = surface[order], normals[order]
    step = float(footprint.grid_u[NODES] - footprint.grid_u[0])
    summed = np.cumsum(step**2 / normals[:, 2])
    area = float(summed[-1]) if len(summed) else 0.0
    index = np.searchsorted(summed, (np.arange(POINTS) + 0.5) / POINTS * area)
    index = index[index < len(summed)]
    return Contact(surface[index] + clearance * normals[index], -normals[index], area)
