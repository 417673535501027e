"""A bone with a groove under the contact face: a guide that fills it comes off, one that does not locks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from guides.bones import Bone, BoneSet
from guides.design.assembly import design_guide
from guides.design.presets import settings
from guides.plan import plan_files
from guides.solids import from_mesh, to_mesh
from tests.benchmarks.exported_guide import touches
from tests.guides.synthetic import synthetic_leg, write_leg

GROOVE_MM, DEPTH_MM = 3.0, 6.0


def grooved_case(folder: Path) -> tuple[Path, dict[str, Any], trimesh.Trimesh, np.ndarray[Any, Any]]:
    """Bones with a groove that runs obliquely into the bone, their plan, tibia and the guide's way out.

    The groove leans upwards as it goes in, so that what fills it cannot leave along the way out.
    """
    plain = write_leg(folder / "plain", synthetic_leg("L"))
    plan = plan_files(plain, "L", correction_deg=8)
    footprint = design_guide(BoneSet.read(plain, [Bone.TIBIA])[Bone.TIBIA], plan, settings()).footprint
    out, normal, along = footprint.withdrawal, footprint.basis[:, 1], footprint.basis[:, 0]
    middle = sum(footprint.u_distal) / 2
    height = float(footprint.over((middle - 1, middle + 1), (-32.0, -31.0)).max())
    at = footprint.to_world(np.array([middle, -31.5, height]))
    into = -out * np.cos(np.radians(45)) + normal * np.sin(np.radians(45))
    basis = np.column_stack([along, np.cross(into, along), into])
    box = trimesh.creation.box((14.0, GROOVE_MM, 2 * DEPTH_MM))
    cutter = trimesh.Trimesh(box.vertices @ basis.T + at, box.faces)
    cutter.fix_normals()
    bones = dict(BoneSet.read(plain))
    tibia = to_mesh(from_mesh(bones[Bone.TIBIA]) - from_mesh(cutter))
    grooved = folder / "grooved"
    grooved.mkdir()
    BoneSet(bones | {Bone.TIBIA: tibia}).write(grooved)
    # The same plan, on the bone with the groove.
    again = plan_files(grooved, "L", correction_deg=8, landmarks=plan["landmarks"])
    (folder / "grooved.json").write_text(json.dumps(again))
    return grooved, again, BoneSet.read(grooved, [Bone.TIBIA])[Bone.TIBIA], out


def undercut_touches(folder: Path) -> tuple[int, int]:
    """Steps of the way out at which the guide meets the bone: with undercuts filled, and without."""
    _, plan, tibia, _ = grooved_case(folder)
    counts = []
    for fill in (True, False):
        guide = design_guide(tibia, plan, settings(), fill_undercuts=fill)
        counts.append(touches(guide.mesh, tibia, guide.footprint.withdrawal))
    return counts[0], counts[1]
