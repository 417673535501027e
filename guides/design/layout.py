"""All of a guide besides its shell: slots, sleeves, label and windows, and where they open its face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from guides.bones import Array, Flags
from guides.design.footprint import Footprint
from guides.design.plate import add_label
from guides.design.presets import Settings
from guides.design.sleeves import add_wires
from guides.design.slots import add_slots
from guides.design.solid_parts import Parts
from guides.design.windows import add_windows
from guides.osteotomy import Osteotomy


@dataclass(frozen=True)
class Layout:
    """The solids of all features, and each of them described as in a design's report.

    ``missing`` says what was wanted and found no room.
    """

    parts: Parts
    slot: dict[str, Any]
    other_slots: list[dict[str, Any]]
    wires: list[dict[str, Any]]
    windows: list[dict[str, Any]]
    engraving: dict[str, Any]
    missing: list[str]


def lay_out(footprint: Footprint, chosen: Settings, osteotomy: Osteotomy, label: str, top: float) -> Layout:
    """Place and build all features of a guide.

    Args:
        footprint: where it sits.
        chosen: parameters.
        osteotomy: the planned cut.
        label: text of the engraving.
        top: local w above which the shell does not reach.

    Raises:
        InputError: a feature finds no room that the guide cannot do without.
    """
    parts = Parts()
    slot, others = add_slots(footprint, chosen, osteotomy, parts)
    wires, missing = add_wires(footprint, chosen, osteotomy, parts)
    engraving = add_label(footprint, chosen, label, parts)
    windows = (
        add_windows(footprint, chosen, wires, engraving, footprint.bottom, top + 20, parts)
        if chosen.windows
        else []
    )
    return Layout(parts, slot, others, wires, windows, engraving, missing)


def opened(layout: Layout, footprint: Footprint, places: Array) -> Flags:
    """Which of (N, 3) local places on the bone's face lie under an opening of the guide."""
    world = footprint.to_world(places)
    found = np.zeros(len(places), dtype=bool)
    for slot in (layout.slot, *layout.other_slots):
        arm = world - np.array(slot["point"])
        found |= (np.abs(arm @ slot["normal"]) < slot["thickness_mm"] / 2) & (
            np.abs(arm @ slot["along"]) < slot["width_mm"] / 2
        )
    for hole in layout.wires:
        found |= _round_axis(world, hole["point"], hole["direction"]) < hole["hole_diameter_mm"] / 2
    for window in layout.windows:
        found |= _round_axis(world, window["point"], footprint.withdrawal) < window["diameter_mm"] / 2
    return found


def _round_axis(places: Array, point: Any, direction: Any) -> Array:
    """(N,) distances of (N, 3) places from an axis."""
    return np.asarray(np.linalg.norm(np.cross(places - np.array(point), np.array(direction)), axis=1))
