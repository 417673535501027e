"""Cases whose bones are a leg that can be planned on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trimesh

from backend.core import storage
from backend.imaging.models import BoneMesh, BoneSet
from backend.planning import services
from backend.planning.models import Plan
from tests.backend import factories
from tests.guides.synthetic import synthetic_leg, write_leg

REQUEST: dict[str, Any] = {
    "kind": "medial_opening_wedge",
    "tuberosity": "distal",
    "slope_change_deg": 0.0,
    "jlca_compensation": False,
    "landmarks": {},
}


def leg_meshes(folder: Path, side: str = "L", below_mm: float | None = None) -> dict[str, trimesh.Trimesh]:
    """Tibia, fibula and femur of a leg built from ellipses: mMPTA 87, HKA about 176.6."""
    write_leg(folder, synthetic_leg(side), below_mm)
    return {path.stem: trimesh.load_mesh(path, process=False) for path in folder.glob("*.ply")}


def bone_set_of(meshes: dict[str, trimesh.Trimesh], side: str = "L", **fields: Any) -> BoneSet:
    """A case that is planned on these bones."""
    case = fields.pop("case", None) or factories.CaseFactory(side=side)
    bone_set = factories.BoneSetFactory(case=case, **fields)
    bone_set.meshes.all().delete()
    for bone, mesh in meshes.items():
        key = storage.put(mesh.export(file_type="ply"), ".ply")
        BoneMesh.objects.create(
            bone_set=bone_set,
            bone=bone,
            mesh=key,
            display=key,
            vertices=len(mesh.vertices),
            faces=len(mesh.faces),
        )
    return bone_set


def saved(bone_set: BoneSet, **request: Any) -> Plan:
    """A draft; eight degrees where nothing else is asked."""
    wanted = request or {"correction_deg": 8.0}
    return services.save_plan(person=bone_set.case.surgeon, case=bone_set.case, **REQUEST | wanted)


def approved(plan: Plan) -> Plan:
    """The same, signed by the surgeon of the case."""
    return services.approve_plan(
        person=plan.case.surgeon, plan=plan, password=factories.PASSWORD, address="test"
    )
