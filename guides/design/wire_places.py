"""Where the two wires of a pair stand: side by side, on bone, and as far apart as wanted."""

from __future__ import annotations

import numpy as np

from guides.bones import Array
from guides.design.presets import Settings
from guides.design.room import STEP_MM, Face
from guides.errors import InputError

RIM_MM = 1.0
"""Outline beyond a sleeve."""

BETWEEN_MM = 1.0
"""Least material between the two sleeves."""

FOOT_MM = 1.0
"""How far above the guide's lower end the whole foot of a sleeve stands on bone: where the bone has fallen
away a sleeve would stand in the air."""


def find_pair(face: Face, room: tuple[float, float], v: float, bottom: float, settings: Settings) -> Array:
    """(2, 2) u and v of two wires.

    Args:
        face: the bone.
        room: low and high limit of the outline along u.
        v: height of both.
        bottom: local w at which the guide ends.
        settings: of the guide.

    Raises:
        InputError: ``bone_too_small`` when no two sleeves stand on bone beside one another.
    """
    around = settings.sleeve_diameter_mm / 2
    low, high = room[0] + around + RIM_MM, room[1] - around - RIM_MM
    middle = (low + high) / 2
    # Nodes about the middle, so that a pair with room on both sides is centred.
    count = int(max(high - low, 0) / STEP_MM)
    places = middle + STEP_MM * (np.arange(count + 1) - count / 2)
    places = np.array([u for u in places if _stands(face, u, v, around, bottom)])
    apart = places[None, :] - places[:, None]
    least = settings.sleeve_diameter_mm + BETWEEN_MM - STEP_MM
    apart = np.where((apart < least) | (apart > settings.wire_spacing_mm + 1e-9), -np.inf, apart)
    if not apart.size or not np.isfinite(apart).any():
        raise InputError(
            "bone_too_small",
            f"Two wires {abs(v):.0f} mm {'above' if v > 0 else 'below'} the cut find no room side by side",
            "Use thinner wires or sleeves, or move the pair",
        )
    # Of equally wide pairs the one nearest the middle.
    off = np.abs((places[None, :] + places[:, None]) / 2 - middle)
    first, second = np.unravel_index(np.argmax(apart - 1e-3 * off), apart.shape)
    return np.array([[places[first], v], [places[second], v]])


def _stands(face: Face, u: float, v: float, around: float, bottom: float) -> bool:
    """Whether the bone carries the whole foot of a sleeve."""
    rows, columns = np.abs(face.grid_u - u) <= around, np.abs(face.grid_v - v) <= around
    heights = face.height[np.ix_(rows, columns)]
    u_off, v_off = face.grid_u[rows] - u, face.grid_v[columns] - v
    foot = heights[np.hypot(u_off[:, None], v_off[None, :]) <= around]
    # Beside the bone the height is NaN, which is not above anything.
    return bool((foot > bottom + FOOT_MM).all())
