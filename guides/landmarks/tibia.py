"""Landmarks of the tibia: plateau, knee and ankle centre, shaft, tuberosity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh

from guides.bones import Array, cross_section, height_map, sections
from guides.errors import InputError
from guides.landmarks.frame import FULL_LENGTH_MM, Frame, Line, Side, shaft_line, unit
from guides.landmarks.marks import Landmark
from guides.landmarks.priors import ANKLE_ANTERIOR_DEG, ANKLE_LATERAL_DEG, TIBIA_PER_WIDTH

SHORTEST_TIBIA_MM = 62.0
"""Below the joint line: start point 37 mm, guide 25 mm."""


def find_tibial(tibia: trimesh.Trimesh, side: Side) -> tuple[dict[str, Landmark], Frame]:
    """Every landmark of the tibia; the ankle is imputed from the shaft where the bone ends before it.

    Returns:
        The landmarks, and the directions of the tibia: along its mechanical axis, as far as it is known.

    Raises:
        InputError: ``tibia_too_short``.
    """
    vertices = np.asarray(tibia.vertices)
    medial = np.array([-1.0, 0, 0]) if side == "L" else np.array([1.0, 0, 0])
    frame = Frame.of(np.array([0.0, 0, 1]), medial, side)
    length = float(np.ptp(vertices @ frame.up))
    if length < SHORTEST_TIBIA_MM:
        raise _too_short(length, "in view")
    full = length > FULL_LENGTH_MM
    for _ in range(3):
        top, bottom = float((vertices @ frame.up).max()), _lowest_level(tibia, frame, full)
        if full:
            up = _plateau_centroid(tibia, frame, top) - _ankle(tibia, frame)
        else:
            start = top - max(min(65.0, 0.55 * (top - bottom)), 40.0)
            up = shaft_line(tibia, frame, bottom + 4, start).direction
        frame = Frame.of(up, frame.medial, side)
        frame = Frame.of(frame.up, _widest_direction(tibia, frame), side)
    if not full:
        # The slope is an angle to the mechanical axis, so the plateau is looked at along it.
        ankle = _imputed_ankle(_plateau(tibia, frame), _shaft(tibia, frame, full=False), frame)
        frame = Frame.of(_knee(_plateau(tibia, frame)) - ankle, frame.medial, side)
    found = _plateau(tibia, frame)
    knee, shaft = _knee(found), _shaft(tibia, frame, full=full)
    marks = {name: Landmark(point, "auto") for name, point in found.items()}
    marks["tibia_knee_center"] = Landmark(knee, "auto")
    for name, level in (("tibia_shaft_proximal", shaft.top), ("tibia_shaft_distal", shaft.bottom)):
        marks[name] = Landmark(shaft.line.at(level, frame.up), "auto")
    if full:
        marks["ankle_center"] = Landmark(_ankle(tibia, frame), "auto")
    else:
        marks["ankle_center"] = Landmark(ankle, "imputed")
    marks["plateau_anterior"] = Landmark(_anterior_angle(tibia, frame), "auto")
    bottom = _lowest_level(tibia, frame, full)
    marks["tuberosity"] = Landmark(_tuberosity(tibia, frame, float(knee @ frame.up), bottom), "auto")
    return marks, frame


def _too_short(length: float, where: str) -> InputError:
    return InputError(
        "tibia_too_short",
        f"Only {length:.0f} mm of tibia are {where}",
        f"Use images that show at least {SHORTEST_TIBIA_MM:.0f} mm of tibia below the joint line",
    )


def _knee(plateau: dict[str, Array]) -> Array:
    """The centre of the knee: midway between the middles of both plateaus."""
    return (plateau["plateau_medial"] + plateau["plateau_lateral"]) / 2


@dataclass(frozen=True)
class _Shaft:
    """The usable shaft: its line, and the heights between which it was fitted, mm."""

    line: Line
    top: float
    bottom: float


def _shaft(tibia: trimesh.Trimesh, frame: Frame, *, full: bool) -> _Shaft:
    """The shaft from 60 mm below the joint down, or less where less is in view."""
    joint, bottom = float(_knee(_plateau(tibia, frame)) @ frame.up), _lowest_level(tibia, frame, full)
    below = joint - bottom
    if below < SHORTEST_TIBIA_MM:
        raise _too_short(below, "in view below the joint line")
    low, high = bottom + (0.25 * below if full else 4), joint - min(60.0, 0.6 * below)
    return _Shaft(shaft_line(tibia, frame, low, high), high, low)


def _imputed_ankle(plateau: dict[str, Array], shaft: _Shaft, frame: Frame) -> Array:
    """Where the prolonged shaft ends in most people; the knee centre does not lie on that line."""
    knee = _knee(plateau)
    width = float((plateau["plateau_medial_edge"] - plateau["plateau_lateral_edge"]) @ frame.medial)
    length = TIBIA_PER_WIDTH.mean * width
    down = unit(shaft.line.at(float(knee @ frame.up) - length, frame.up) - knee)
    aside = np.tan(np.radians([ANKLE_LATERAL_DEG.mean, ANKLE_ANTERIOR_DEG.mean]))
    return knee + length * unit(down - aside[0] * frame.medial + aside[1] * frame.anterior)


def _lowest_level(tibia: trimesh.Trimesh, frame: Frame, full: bool) -> float:
    """Lowest height at which a section is whole.

    The edge of a field of view need not be square to the shaft, and half a section has its centroid beside
    the axis: a section counts when it has at least three quarters of the area of the one 6 mm above.
    """
    bottom = float((np.asarray(tibia.vertices) @ frame.up).min())
    if full:
        return bottom
    levels = bottom + np.arange(1.0, 41.0)
    area = sections(tibia, levels, frame.up, *frame.in_plane).area
    whole = area[:-6] > 0.75 * area[6:]
    return float(levels[np.argmax(whole)]) - 1 if whole.any() else bottom


def _ankle(tibia: trimesh.Trimesh, frame: Frame) -> Array:
    """Centre of the tibial plafond: the distal faces that look down, malleolus left out."""
    heights = tibia.triangles_center @ frame.up
    tip = float((np.asarray(tibia.vertices) @ frame.up).min())
    down = tibia.face_normals @ frame.up < -0.85
    plafond = down & (heights > tip + 5) & (heights < tip + 25)
    weight = tibia.area_faces[plafond]
    return np.asarray(np.average(tibia.triangles_center[plafond], axis=0, weights=weight))


def _plateau_centroid(tibia: trimesh.Trimesh, frame: Frame, top: float) -> Array:
    across, along = frame.in_plane
    cut = sections(tibia, np.arange(top - 16, top - 9, 2.0), frame.up, across, along)
    centre = np.nanmean(cut.centroid, axis=0)
    return np.asarray(centre[0] * across + centre[1] * along + (top - 6) * frame.up)


def _widest_direction(tibia: trimesh.Trimesh, frame: Frame) -> Array:
    """Mediolateral axis: the long axis of the sections 10 to 18 mm below the spines."""
    top = float((np.asarray(tibia.vertices) @ frame.up).max())
    across, along = frame.in_plane
    cut = sections(tibia, np.arange(top - 18, top - 9, 1.0), frame.up, across, along)
    direction = np.linalg.eigh(np.nanmean(cut.covariance, axis=0))[1][:, -1]
    direction = direction * np.sign(direction[0])
    return np.asarray(direction[0] * across + direction[1] * along)


def _plateau(tibia: trimesh.Trimesh, frame: Frame) -> dict[str, Array]:
    """Medial and lateral articular planes by a robust fit on a height map that leaves the spines out."""
    local = np.asarray(tibia.vertices) @ frame.basis
    top = local[:, 2].max()
    rim = local[local[:, 2] > top - 16]
    (u0, v0), (u1, v1) = rim[:, :2].min(axis=0), rim[:, :2].max(axis=0)
    width, depth, middle = u1 - u0, v1 - v0, (u0 + u1) / 2
    u, v = np.arange(u0, u1, 0.8), np.arange(v0, v1, 0.8)
    surface = height_map(tibia, frame.medial, frame.anterior, frame.up, u, v)
    du, dv = np.gradient(surface, 0.8)
    gentle = (surface > top - 18) & (np.hypot(du, dv) < np.tan(np.radians(35)))
    uu, vv = np.meshgrid(u, v, indexing="ij")
    found: dict[str, Array] = {}
    for name, sign in (("medial", 1), ("lateral", -1)):
        offset = sign * (uu - middle)
        window = gentle & (offset > 0.15 * width) & (offset < 0.42 * width)
        # The articular part of each compartment, ends of the window apart from the rim's shape.
        row = vv[window]
        centre_v = float(np.median(row))
        window &= np.abs(vv - centre_v) < 0.3 * depth
        x, y, z = uu[window], vv[window], surface[window]
        design = np.column_stack([x, y, np.ones_like(x)])
        weight = np.ones_like(z)
        fit = np.zeros(3)
        for _ in range(10):
            fit = np.linalg.lstsq(design * weight[:, None], z * weight, rcond=None)[0]
            residual = np.abs(z - design @ fit)
            scale = max(1.5 * float(np.median(residual)), 0.2)
            weight = 1 / np.sqrt(np.maximum(residual / scale, 1))
        cu, cv = middle + sign * 0.28 * width, centre_v
        for suffix, step in (("", 0.0), ("_anterior", 15.0), ("_posterior", -15.0)):
            height = fit @ np.array([cu, cv + step, 1])
            found[f"plateau_{name}{suffix}"] = frame.world(cu, cv + step, height)
        # Edge of the plateau for the weight-bearing line: the widest point just below the joint line.
        level = fit @ np.array([cu, cv, 1]) - 6
        outline = cross_section(tibia, frame.up * level, frame.up).reshape(-1, 3)
        edge = outline[np.argmax(sign * (outline @ frame.medial))]
        found[f"plateau_{name}_edge"] = edge + frame.up * 6
    return found


def _anterior_angle(tibia: trimesh.Trimesh, frame: Frame) -> Array:
    """The anterosuperior angle of the plateau: what stands out most halfway between up and anterior."""
    vertices = np.asarray(tibia.vertices)
    top = vertices[vertices @ frame.up > (vertices @ frame.up).max() - 30]
    reach = top @ (frame.up + frame.anterior)
    return np.asarray(top[reach > reach.max() - 0.5].mean(axis=0))


def _tuberosity(tibia: trimesh.Trimesh, frame: Frame, joint: float, bottom: float) -> Array:
    """The point that stands out most in front of the chord from the anterior rim to the shaft."""
    levels = np.arange(10.0, min(75.0, joint - bottom - 3), 1.0)
    front = []
    for level in levels:
        outline = cross_section(tibia, frame.up * (joint - level), frame.up).reshape(-1, 3)
        # The front may be flat or stepped: the middle of what lies within 1.5 mm of the foremost point.
        reach = outline @ frame.anterior
        foremost = outline[np.argmax(reach)]
        across = outline[reach > reach.max() - 1.5] @ frame.medial
        middle = (across.min() + across.max()) / 2
        front.append(foremost + frame.medial * (middle - foremost @ frame.medial))
    profile = np.array(front) @ frame.anterior
    chord = np.interp(levels, levels[[0, -1]], profile[[0, -1]])
    window = (levels >= 18) & (levels <= 55)
    best = int(np.argmax(np.where(window, profile - chord, -np.inf)))
    return np.asarray(front[best])
