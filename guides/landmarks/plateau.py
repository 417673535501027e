"""Landmarks of the tibial plateau: an articular plane for either compartment, the edges and the spines."""

from __future__ import annotations

import numpy as np
import trimesh

from guides.bones import Array, cross_section, height_map
from guides.landmarks.frame import Frame

GRID_MM = 0.8
STEEPEST_DEG = 35.0
"""A surface steeper than this is spine or rim, not articular."""

ACROSS = (0.15, 0.42)
"""Articular part of a compartment, in widths of the plateau from its middle: spines and rim are left out."""

ALONG = 0.36
"""The same from the compartment's middle to anterior and posterior, in depths of the plateau."""

STEP_MM = 1.5
"""Distance from the plane beyond which a place counts less (Huber). A fit that follows the majority more
closely jumps from one slice to the next where a scan of thick slices has left steps. With steps of 4 mm made
in the plateaus of the training people of LLP26 this one is off by 0.7 degrees of mMPTA and 1.5 of medial
slope (standard deviation), one by least absolute distances over 0.3 depths by 0.9 and 2.0."""

SPINE = (0.03, 0.15)
"""Where the tubercles of the intercondylar eminence stand, in widths of the plateau from its middle."""

SLOPE_ARM_MM = 15.0
"""From the middle of a compartment to the two points that give its slope."""


def find_plateau(tibia: trimesh.Trimesh, frame: Frame) -> dict[str, Array]:
    """Medial and lateral articular planes by a robust fit on a height map, and the edges of the plateau.

    Returns:
        By name, LPS mm: middle, anterior and posterior point of each plane; widest point of each side, at the
        height of its plane.
    """
    local = np.asarray(tibia.vertices) @ frame.basis
    top = local[:, 2].max()
    rim = local[local[:, 2] > top - 16]
    (u0, v0), (u1, v1) = rim[:, :2].min(axis=0), rim[:, :2].max(axis=0)
    width, depth, middle = u1 - u0, v1 - v0, (u0 + u1) / 2
    u, v = np.arange(u0, u1, GRID_MM), np.arange(v0, v1, GRID_MM)
    surface = height_map(tibia, frame.medial, frame.anterior, frame.up, u, v)
    du, dv = np.gradient(surface, GRID_MM)
    gentle = (surface > top - 18) & (np.hypot(du, dv) < np.tan(np.radians(STEEPEST_DEG)))
    uu, vv = np.meshgrid(u, v, indexing="ij")
    found: dict[str, Array] = {}
    for name, sign in (("medial", 1), ("lateral", -1)):
        offset = sign * (uu - middle)
        window = gentle & (offset > ACROSS[0] * width) & (offset < ACROSS[1] * width)
        cu, cv = middle + sign * np.mean(ACROSS) * width, float(np.median(vv[window]))
        window &= np.abs(vv - cv) < ALONG * depth
        plane = _plane(uu[window], vv[window], surface[window])
        for suffix, step in (("", 0.0), ("_anterior", SLOPE_ARM_MM), ("_posterior", -SLOPE_ARM_MM)):
            height = plane @ np.array([cu, cv + step, 1])
            found[f"plateau_{name}{suffix}"] = frame.world(cu, cv + step, height)
        # Edge of the plateau for the weight-bearing line: the widest point just below the joint line.
        level = plane @ np.array([cu, cv, 1]) - 6
        outline = cross_section(tibia, frame.up * level, frame.up).reshape(-1, 3)
        edge = outline[np.argmax(sign * (outline @ frame.medial))]
        found[f"plateau_{name}_edge"] = edge + frame.up * 6
    return found


def find_spines(tibia: trimesh.Trimesh, frame: Frame) -> dict[str, Array]:
    """The highest place of the medial and of the lateral tubercle between the plateaus, by name, LPS mm."""
    local = np.asarray(tibia.vertices) @ frame.basis
    rim = local[local[:, 2] > local[:, 2].max() - 16]
    (u0, v0), (u1, v1) = rim[:, :2].min(axis=0), rim[:, :2].max(axis=0)
    found = {}
    for name, sign in (("medial", 1), ("lateral", -1)):
        width = u1 - u0
        u = np.sort((u0 + u1) / 2 + sign * np.arange(SPINE[0] * width, SPINE[1] * width, GRID_MM))
        v = np.arange(v0, v1, GRID_MM)
        surface = height_map(tibia, frame.medial, frame.anterior, frame.up, u, v)
        i, j = np.unravel_index(int(np.nanargmax(surface)), surface.shape)
        found[f"tibial_spine_{name}"] = frame.world(u[i], v[j], surface[i, j])
    return found


def knee_center(plateau: dict[str, Array]) -> Array:
    """The centre of the knee: midway between the middles of both plateaus."""
    return (plateau["plateau_medial"] + plateau["plateau_lateral"]) / 2


def _plane(x: Array, y: Array, z: Array) -> Array:
    """(3,) coefficients of z over x, y and 1, by Huber's weights."""
    design = np.column_stack([x, y, np.ones_like(x)])
    weight: Array = np.ones_like(z)
    fit: Array = np.zeros(3)
    for _ in range(10):
        fit = np.asarray(np.linalg.lstsq(design * weight[:, None], z * weight, rcond=None)[0])
        weight = 1 / np.sqrt(np.maximum(np.abs(z - design @ fit) / STEP_MM, 1))
    return fit
