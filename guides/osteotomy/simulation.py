"""The tibia cut and turned, as exact solids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh

from guides.bones import cross_section
from guides.landmarks import rotate
from guides.osteotomy.closing import ClosingWedge
from guides.osteotomy.cut import outside
from guides.osteotomy.wedge import Osteotomy, wedge_volume


@dataclass(frozen=True)
class Simulation:
    """The fragments after the correction, and the wedge that was opened or removed."""

    proximal: trimesh.Trimesh
    distal: trimesh.Trimesh
    wedge_volume_mm3: float


def simulate(tibia: trimesh.Trimesh, osteotomy: Osteotomy) -> Simulation:
    """Split the tibia by the plane, or by both planes, and turn the distal fragment about the hinge.

    Raises:
        InputError: the plane does not divide the tibia.
    """
    from guides.solids import from_mesh, to_mesh  # planning itself needs no solids

    solid = from_mesh(tibia)
    normal, hinge = osteotomy.plane_normal, osteotomy.hinge_point
    proximal, distal = solid.split_by_plane(normal, float(osteotomy.plane_point @ normal))
    away = osteotomy.medial_direction * osteotomy.GAP_SIGN
    if isinstance(osteotomy, ClosingWedge):
        # Medial of the hinge the lower plane runs above the upper one, so that nothing is removed there.
        lower = osteotomy.distal_plane_normal
        distal = distal.trim_by_plane(-lower, -float(hinge @ lower))
    if proximal.is_empty() or distal.is_empty():
        raise outside()
    part = to_mesh(distal)
    turned = hinge + rotate(np.asarray(part.vertices) - hinge, osteotomy.hinge_axis, osteotomy.correction_deg)
    outline = cross_section(tibia, osteotomy.plane_point, normal).reshape(-1, 3)
    volume = wedge_volume(outline, hinge, osteotomy.hinge_axis, away, osteotomy.correction_deg)
    return Simulation(to_mesh(proximal), trimesh.Trimesh(turned, part.faces, process=False), volume)
