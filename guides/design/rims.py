"""The contact outline and its blunt front and back rims."""

from __future__ import annotations

import itertools

import manifold3d
import numpy as np

from guides.bones import Array
from guides.design.contact_area import section_of
from guides.design.footprint import RIM_MM, Footprint
from guides.design.solid_parts import OVERSHOOT_MM

CORNER_MM = 6.0

JOIN_MM = 1.5
"""Half the width of gaps and spikes that are smoothed away where area was painted."""

APART_MM2 = 20.0


def outline(footprint: Footprint) -> manifold3d.CrossSection:
    """The contact outline: wide at the slot, narrower on the shaft, every corner round."""
    (a, b), (c, d), (low, high) = footprint.u, footprint.u_distal, footprint.v
    neck = footprint.neck
    narrow = neck - max(c - a, b - d, 1.0)
    corners = [(a, neck), (c, narrow), (c, low), (d, low), (d, narrow), (b, neck), (b, high), (a, high)]
    shape = manifold3d.CrossSection([np.array(corners)])
    for step in (-CORNER_MM, 2 * CORNER_MM, -CORNER_MM):
        shape = shape.offset(step, manifold3d.JoinType.Round, circular_segments=64)
    return _largest(_joined(shape, footprint)) if footprint.added.any() else shape


def parted(footprint: Footprint) -> bool:
    """Whether painted area lies apart from the guide, which the outline then leaves out."""
    if not footprint.added.any():
        return False
    added = section_of(footprint.added, footprint)
    return bool((added - outline(footprint)).area() > APART_MM2)


def _joined(shape: manifold3d.CrossSection, footprint: Footprint) -> manifold3d.CrossSection:
    """With the painted area, whose rim is drawn smooth; narrow gaps between the two are closed."""
    joined = shape + section_of(footprint.added, footprint)
    for step in (JOIN_MM, -2 * JOIN_MM, JOIN_MM):
        joined = joined.offset(step, manifold3d.JoinType.Round, circular_segments=32)
    return (joined + shape).simplify(0.02)


def _largest(shape: manifold3d.CrossSection) -> manifold3d.CrossSection:
    """Its largest piece, without holes."""

    def area(polygon: Array) -> float:
        x, y = np.asarray(polygon).T
        return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2

    return manifold3d.CrossSection([max(shape.to_polygons(), key=area)])


def rims(footprint: Footprint, bottom: float) -> list[manifold3d.Manifold]:
    """What must go from the front and back rims so that they end blunt.

    Where the bone falls away steeply the contact face meets the upright rim in a knife edge, too thin to
    print. The rim ends at the height that the bone has RIM_MM further in.
    """
    low, high = footprint.bounds[1]
    v = np.arange(low - OVERSHOOT_MM, high + OVERSHOOT_MM, 1.0)
    cuts = []
    for side, inwards in ((0, 1.0), (1, -1.0)):
        edge = np.where(v > footprint.neck, footprint.u[side], footprint.u_distal[side])
        edge = _beyond(edge, v, footprint, side)
        heights = []
        for at, end in zip(v, edge, strict=True):
            band = sorted((end, end + inwards * RIM_MM))
            bone = footprint.over((band[0], band[1]), (at - 1, at + 1))
            heights.append(float(bone.max()) if len(bone) else bottom)
        for (v0, v1), (h0, h1), at in zip(
            itertools.pairwise(v), itertools.pairwise(heights), edge, strict=False
        ):
            start, end = sorted((at - inwards * OVERSHOOT_MM, at + inwards * RIM_MM))
            profile = [(v0, bottom - 40), (v1 + 0.01, bottom - 40), (v1 + 0.01, h1), (v0, h0)]
            slab = manifold3d.Manifold.extrude(manifold3d.CrossSection([np.array(profile)]), end - start)
            # The profile lies in v and w; extruded along z it is turned so that z becomes u.
            cuts.append(slab.transform(np.array([[0, 0, 1, start], [1, 0, 0, 0], [0, 1, 0, 0.0]])))
    return cuts


def _beyond(edge: Array, v: Array, footprint: Footprint, side: int) -> Array:
    """The edges at heights v, moved out where area was added beyond them."""
    edge = edge.astype(float)
    for index, at in enumerate(v):
        column = int(np.argmin(np.abs(footprint.grid_v - at)))
        added = footprint.grid_u[footprint.added[:, column]]
        if len(added):
            edge[index] = min(edge[index], added.min()) if side == 0 else max(edge[index], added.max())
    return edge
