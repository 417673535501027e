"""The tibia cut and turned, as exact solids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import trimesh

from guides.bones import Array, cross_section
from guides.landmarks import rotate
from guides.osteotomy.closing import ClosingWedge
from guides.osteotomy.cut import outside
from guides.osteotomy.second_cut import SecondCut
from guides.osteotomy.volume import volume_of
from guides.osteotomy.wedge import Osteotomy

if TYPE_CHECKING:
    from manifold3d import Manifold


@dataclass(frozen=True)
class Simulation:
    """The fragments after the correction, patient LPS mm. The saw takes no bone: its cuts have no width.

    Attributes:
        proximal: stays where it was.
        distal: has turned.
        removed: the bone between the two planes of a closing wedge, before it is taken out; None where a
            wedge opens.
        wedge_volume_mm3: of the gap that opens, or of the bone that is taken out, see ``volume_of``.
        overlap_mm3: of the turned fragments: bone beyond the hinge that the turn compresses, and what a
            second cut that is no surface of revolution about the hinge axis presses together.
    """

    proximal: trimesh.Trimesh
    distal: trimesh.Trimesh
    removed: trimesh.Trimesh | None
    wedge_volume_mm3: float
    overlap_mm3: float


def simulate(tibia: trimesh.Trimesh, osteotomy: Osteotomy, second: SecondCut | None = None) -> Simulation:
    """Split the tibia by the planes of an osteotomy and turn the distal fragment about the hinge.

    Args:
        tibia: one closed surface.
        osteotomy: first cut, hinge and turn.
        second: the cut behind the tuberosity of a biplanar opening wedge; None leaves it out.

    Raises:
        InputError: ``cut_outside_bone``: the planes do not divide the tibia; ``not_a_solid``.
    """
    from guides.solids import from_mesh, to_mesh  # planning itself needs no solids

    solid = from_mesh(tibia)
    proximal, distal, removed = _fragments(solid, osteotomy, second)
    if proximal.is_empty() or distal.is_empty():
        raise outside()
    normal, hinge, axis = osteotomy.plane_normal, osteotomy.hinge_point, osteotomy.hinge_axis
    part = to_mesh(distal)
    vertices = hinge + rotate(np.asarray(part.vertices) - hinge, axis, osteotomy.correction_deg)
    turned = trimesh.Trimesh(vertices, part.faces, process=False)
    outline = cross_section(tibia, osteotomy.plane_point, normal).reshape(-1, 3)
    return Simulation(
        to_mesh(proximal),
        turned,
        None if removed is None else to_mesh(removed),
        volume_of(osteotomy, tibia, outline),
        float((from_mesh(turned) ^ proximal).volume()),
    )


def _fragments(
    solid: Manifold, osteotomy: Osteotomy, second: SecondCut | None
) -> tuple[Manifold, Manifold, Manifold | None]:
    """Proximal and distal fragment, not turned, and what is removed."""
    normal = osteotomy.plane_normal
    height = float(osteotomy.plane_point @ normal)
    if isinstance(osteotomy, ClosingWedge):
        above, below = solid.split_by_plane(normal, height)
        # Medial of the hinge the lower plane runs above the upper one, so that nothing is removed there.
        lower = osteotomy.distal_plane_normal
        removed, distal = below.split_by_plane(lower, float(osteotomy.hinge_point @ lower))
        return above, distal, removed
    if second is None:
        above, below = solid.split_by_plane(normal, height)
        return above, below, None
    # The step between the cuts is made in a block and then the bone is divided once: pieces that are cut
    # apart and put together again would have to fit to the last digit.
    behind = _block(solid).trim_by_plane(-second.normal, -float(second.point @ second.normal))
    if second.rises:
        proximal, distal = solid.split(behind.trim_by_plane(normal, height))
    else:
        distal, proximal = solid.split(behind.trim_by_plane(-normal, -height))
    return proximal, distal, None


def _block(solid: Manifold) -> Manifold:
    """A cube about a solid, large enough that planes through the solid cut it alike."""
    from manifold3d import Manifold

    low, high = np.reshape(solid.bounding_box(), (2, 3))
    size: Array = np.full(3, 2 * float(np.ptp([low, high], axis=0).max()))
    return Manifold.cube(size, True).translate((low + high) / 2)
