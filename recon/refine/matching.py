"""Which point of a drawn surface each vertex of a template belongs to, if any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Depth = Callable[[Array], Array]

BORDER_MM = 1.5  # nearer to the border of the field of view the surface is a cut
_FACING = 0.4
_SIDEWAYS_MM = 4.0  # a partner further off along the surface is the end of a bone, not its side


@dataclass(frozen=True, eq=False)
class Surface:
    """What the network drew of a bone.

    Attributes:
        points: (N, 3) on the surface, mm, inside the field of view.
        normals: (N, 3) outward.
        deviations: (N,) expected error in mm.
        tree: over the points.
    """

    points: Array
    normals: Array
    deviations: Array
    tree: cKDTree


@dataclass(frozen=True, eq=False)
class Match:
    """What each of V vertices belongs to.

    Attributes:
        planes: (V, 3) normals of the surface at the partner.
        across: (V,) mm to the plane of the partner.
        along: (V,) mm to it along the vertex's own normal.
        deviations: (V,) expected error of the surface there, mm.
        matched: (V,) whether there is one.
        ended: (V,) whether the vertex lies beyond the end of the surface.
    """

    planes: Array
    across: Array
    along: Array
    deviations: Array
    matched: Mask
    ended: Mask

    def weights(self, robust: float) -> Array:
        """(V,) inverse variances, less the further off (Geman-McClure), a quarter at ``robust`` of them."""
        relative = self.across / (robust * self.deviations)
        return np.asarray(self.matched / (self.deviations * (1 + relative**2)) ** 2)


def match(vertices: Array, normals: Array, surface: Surface, depth: Depth) -> Match:
    """The partners of (V, 3) vertices with (V, 3) normals."""
    _, nearest = surface.tree.query(vertices)
    offset = surface.points[nearest] - vertices
    planes = surface.normals[nearest]
    along = (offset * normals).sum(axis=1)
    sideways = np.linalg.norm(offset - along[:, None] * normals, axis=1)
    ended = sideways > _SIDEWAYS_MM + 0.5 * np.abs(along)
    facing = (normals * planes).sum(axis=1) > _FACING
    matched = (depth(vertices) > BORDER_MM) & facing & ~ended
    across = (offset * planes).sum(axis=1)
    return Match(planes, across, along, surface.deviations[nearest], matched, ended)
