"""A medial plate with locking screws on the proximal tibia, as after a high tibial osteotomy.

Sizes after a usual plate for medial opening-wedge osteotomy: T-shaped, eight screws of 5 mm. The wedge itself
is not made: bones are given as they stand.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from recon.bones import BoneSet
from recon.population.implants.parts import Component, Implant, to_mesh
from recon.population.implants.placing import TibialFrame, rod, slab

Array = npt.NDArray[np.float64]

LENGTH_MM = 112.0  # of the plate
HEAD_WIDTH_MM, SHAFT_WIDTH_MM = 32.0, 16.0  # of the T and of its stem
NECK_MM = (14.0, 36.0)  # from the upper end: where the head narrows to the shaft
THICKNESS_MM = 3.8
ROUNDING_MM = 7.0  # both ends are round over this length
CLEARANCE_MM = 0.5  # between plate and the highest place of the bone: it is a fixator, it need not touch
TOP_MM = 9.0  # upper end of the plate below the top of the plateau
TOWARDS_ANTERIOR_DEG = 20.0  # from medial: the face that lies under the skin
SCREW_RADIUS_MM, HEAD_RADIUS_MM = 2.4, 3.4  # of 5 mm locking screws, threads levelled out
TIP_MM = 4.0
HEAD_SCREWS_MM = ((7.0, -10.5), (7.0, 0.0), (7.0, 10.5), (21.0, 0.0))  # from the upper end, from the middle
SHAFT_SCREWS_MM = (55.0, 71.0, 87.0, 103.0)  # from the upper end
HEAD_SCREW_SHORT_MM, HEAD_SCREW_LONGEST_MM = 8.0, 75.0  # they end this far from the lateral cortex
SHAFT_SCREW_PAST_MM, SHAFT_SCREW_LONGEST_MM = 1.5, 60.0  # they hold in both cortices
SHIFT_MM, TURN_DEG = 2.5, 8.0  # deviation of where surgeons put it
_ROWS, _COLUMNS = 57, 9


def plate_and_screws(
    bones: BoneSet, side: Literal["L", "R"], rng: np.random.Generator | None = None
) -> Implant:
    """A titanium plate bent to the medial face of the tibia, and its eight screws.

    Args:
        bones: with a closed tibia, LPS mm, the leg along z.
        side: of the leg.
        rng: moves and turns it as surgeons do; without it, it sits in the middle.

    Raises:
        InputError: no_tibia, bone_too_short.
    """
    shift, turn = (0.0, 0.0) if rng is None else rng.normal(0, (SHIFT_MM, TURN_DEG))
    frame = TibialFrame.of(bones, side, length=TOP_MM + LENGTH_MM + 15)
    outward = frame.outward(TOWARDS_ANTERIOR_DEG + float(np.clip(turn, -15, 15)))
    across = np.cross(frame.up, outward)
    top = frame.centre - (TOP_MM + float(np.clip(shift, -5, 5))) * frame.up
    u = np.linspace(0, LENGTH_MM, _ROWS)
    v = _half_width(u)[:, None] * np.linspace(-1, 1, _COLUMNS)
    flat = top - u[:, None, None] * frame.up + v[..., None] * across
    bend = _bent(frame, flat, outward, np.broadcast_to(u[:, None], v.shape), v)
    inner = flat + bend[..., None] * outward
    plate = slab(inner, inner + THICKNESS_MM * outward)
    parts = [Component("plate", plate, "titanium")]

    places = [(down, aside, True) for down, aside in HEAD_SCREWS_MM]
    places += [(down, 0.0, False) for down in SHAFT_SCREWS_MM]
    for number, (down, aside, in_head) in enumerate(places, start=1):
        row = int(np.argmin(np.abs(u - down)))
        column = int(np.argmin(np.abs(v[row] - aside)))
        seat = inner[row, column]
        through = frame.way_through(seat, -outward)
        if in_head:
            length = min(through - HEAD_SCREW_SHORT_MM, HEAD_SCREW_LONGEST_MM)
        else:
            length = min(through + SHAFT_SCREW_PAST_MM, SHAFT_SCREW_LONGEST_MM)
        screw = rod(seat + THICKNESS_MM * outward, -outward, THICKNESS_MM, HEAD_RADIUS_MM)
        screw += rod(seat + 1.0 * outward, -outward, max(length, 14.0) + 1.0, SCREW_RADIUS_MM, tip=TIP_MM)
        parts.append(Component(f"screw {number}", to_mesh(screw), "titanium"))
    return Implant("plate", tuple(parts))


def _half_width(u: Array) -> Array:
    """(N,) half the width of the plate at (N,) mm from its upper end."""
    start, end = NECK_MM
    t = np.clip((u - start) / (end - start), 0, 1)
    width = HEAD_WIDTH_MM + (SHAFT_WIDTH_MM - HEAD_WIDTH_MM) * t * t * (3 - 2 * t)
    to_end = np.minimum(u, LENGTH_MM - u)
    circle = 1 - np.square(np.clip(1 - to_end / ROUNDING_MM, 0, 1))
    return np.asarray(width / 2 * np.maximum(np.sqrt(circle), 0.25))


def _bent(frame: TibialFrame, flat: Array, outward: Array, u: Array, v: Array) -> Array:
    """(rows, columns) mm outwards from a flat plate to one bent smoothly and nowhere inside the bone."""
    bone = frame.surface(flat.reshape(-1, 3), outward)
    s, t = u.ravel() / LENGTH_MM, v.ravel() / HEAD_WIDTH_MM
    terms = np.stack([np.ones_like(s), s, s**2, s**3, t, t**2, s * t, s * t**2], axis=1)
    met = np.isfinite(bone)
    weights, *_ = np.linalg.lstsq(terms[met], bone[met], rcond=None)
    smooth = terms @ weights
    smooth += float((bone[met] - smooth[met]).max()) + CLEARANCE_MM
    return np.asarray(smooth.reshape(u.shape))
