"""What every part of the guide adds and cuts away."""

from __future__ import annotations

from dataclasses import dataclass, field

import manifold3d

from guides.bones import Array

OVERSHOOT_MM = 2.0
"""Cutting bodies pass this far beyond what they cut, so that no two faces are ever coplanar."""


@dataclass
class Parts:
    """Solids in the guide's local frame: what is joined first and what is cut away from the whole."""

    added: list[manifold3d.Manifold] = field(default_factory=list)
    cut: list[manifold3d.Manifold] = field(default_factory=list)


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> manifold3d.Manifold:
    """An upright box between two corners."""
    size = tuple(b - a for a, b in zip(low, high, strict=True))
    return manifold3d.Manifold.cube(size).translate(low)


def rounded(values: Array) -> list[float]:
    """A vector as plain numbers with six decimals."""
    return [round(float(x), 6) for x in values]
