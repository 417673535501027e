"""Bones, plans and guides that several tests look at; each is made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trimesh
from hypothesis import settings

from guides.bones import Bone, BoneSet
from guides.design import design_files
from guides.plan import plan_files
from guides.solids import from_mesh, to_mesh
from tests.data import shared_data
from tests.guides.synthetic import synthetic_leg, write_leg

# A busy machine stops a process for longer than any deadline of a single example.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

FULL_LEGS = (
    "hubmap_vhf_l", "hubmap_vhf_r", "hubmap_vhm_l", "hubmap_vhm_r", "staple_lhdl_ct_r",
    "staple_mc22_l", "staple_mc22_r", "vsd_z013_l", "vsd_z013_r",
)  # fmt: skip
CROPS = ("hubmap_vhf_l/90", "hubmap_vhm_r/90", "staple_lhdl_ct_r/95", "staple_mc22_l/95", "vsd_z013_r/100")
"""Bone set and millimetres of tibia below the joint, as the field of view of an X-ray would show."""

FolderOf = Callable[[str], Path]


@dataclass(frozen=True)
class Designed:
    """A guide on disk with what it was made from."""

    bones: Path
    plan: dict[str, Any]
    out: Path
    report: dict[str, Any]

    @property
    def stl(self) -> Path:
        return self.out / "guide.stl"

    def guide(self) -> trimesh.Trimesh:
        return trimesh.load_mesh(self.stl)

    def tibia(self) -> trimesh.Trimesh:
        return BoneSet.read(self.bones, [Bone.TIBIA])[Bone.TIBIA]


def side_of(name: str) -> str:
    return name.split("/")[0][-1].upper()


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> FolderOf:
    """Folder of a bone set: ``name`` real, ``name/90`` cropped, ``synthetic_l``, ``synthetic_r/95``."""
    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name in made:
            return made[name]
        base, _, below = name.partition("/")
        if base.startswith("synthetic"):
            leg = synthetic_leg(side_of(name))
            made[name] = write_leg(tmp_path_factory.mktemp(base), leg, float(below) if below else None)
        else:
            real = shared_data(f"bones/{base}")
            made[name] = _cropped(real, tmp_path_factory.mktemp(base), float(below)) if below else real
        return made[name]

    return folder


def _cropped(real: Path, folder: Path, below_mm: float) -> Path:
    bones = BoneSet.read(real)
    # The spines stand some 8 mm above the joint line.
    joint = float(bones[Bone.TIBIA].bounds[1, 2]) - 8
    solids = {bone: from_mesh(mesh) for bone, mesh in bones.items()}
    cut = {
        bone: solid.trim_by_plane((0, 0, 1), joint - below_mm).trim_by_plane((0, 0, -1), -(joint + 80))
        for bone, solid in solids.items()
    }
    BoneSet({bone: to_mesh(solid) for bone, solid in cut.items()}).write(folder)
    return folder


@pytest.fixture(scope="session")
def designed(folder_of: FolderOf, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Designed]:
    """Plan and guide of a bone set, 8 degrees where nothing else is asked."""
    made: dict[tuple[str, float], Designed] = {}

    def design(name: str, correction_deg: float = 8.0) -> Designed:
        key = (name, correction_deg)
        if key not in made:
            bones = folder_of(name)
            plan = plan_files(bones, side_of(name), correction_deg=correction_deg)
            out = tmp_path_factory.mktemp("guide") / "out"
            made[key] = Designed(bones, plan, out, design_files(bones, plan, out))
            (out.parent / "plan.json").write_text(json.dumps(plan), "utf-8")
        return made[key]

    return design


def statuses(checks: list[dict[str, Any]]) -> dict[str, str]:
    """Check name to status."""
    return {check["name"]: check["status"] for check in checks}
