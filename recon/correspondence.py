"""Bones whose vertices are numbered alike for everybody: what the shape model gives beside the surfaces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from recon.bones import Bone
from recon.field_of_view import FieldOfView
from recon.refine import Refinement
from recon.trust.calibration import Calibration
from recon.trust.evidence import point_evidence
from recon.vertex_values import with_uncertainty


def corresponding_name(bone: Bone) -> str:
    """File name of the corresponding mesh of a bone."""
    return f"{bone.label}.corresponding.ply"


def write_corresponding(
    refinement: Refinement, seen: FieldOfView, calibration: Calibration, folder: Path
) -> dict[str, dict[str, Any]]:
    """Write the refined bones as whole templates, one PLY each, with the uncertainty in mm of each vertex.

    Vertex n is the same place on that bone of every person; a right bone is a mirrored left one. A template
    goes on beyond what the views show.

    Args:
        refinement: of a reconstruction.
        seen: what the views showed.
        calibration: of the uncertainty.
        folder: that exists.

    Returns:
        For ``report.json``, by bone: file, number of vertices, and how many of them the views show.
    """
    written = {}
    for bone, refined in refinement.bones.items():
        mesh = trimesh.Trimesh(refined.vertices, refined.faces, process=False)
        expected = calibration.expected_error(bone, point_evidence(refinement, seen, bone).signs)
        with_uncertainty(mesh, expected).export(folder / corresponding_name(bone))
        written[bone.label] = {
            "file": corresponding_name(bone),
            "vertices": len(refined.vertices),
            "shown": int(np.count_nonzero(refined.matched & (seen.depth(refined.vertices) > 0))),
        }
    return written
