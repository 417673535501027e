"""The numbers of an osteotomy say how sure they are, from the same draws and doubts as the measures."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from guides.bones import Bone, BoneSet
from guides.plan import plan_files, read_plan
from tests.guides.conftest import FolderOf
from tests.guides.test_plan_uncertainty import half, plans_of_a_leg_and_its_mirror_image, unsure_bones

OPENING = {
    "correction_deg", "gap_mm", "gap_anterior_mm", "gap_posterior_mm", "cut_depth_mm", "lateral_cortex_mm",
    "hinge_below_joint_mm", "wedge_volume_mm3", "miniaci_deg", "dugdale_deg",
}  # fmt: skip
CLOSING = OPENING - {"lateral_cortex_mm"} | {"medial_cortex_mm", "wedge_base_mm"}


def bands(plan: dict[str, Any]) -> dict[str, list[float]]:
    """Those that are stated."""
    found = read_plan(plan)["osteotomy"]["bands"]
    return {name: band for name, band in found.items() if band is not None}


@pytest.mark.parametrize("kind", ["medial_opening_wedge", "lateral_closing_wedge"])
def test_every_number_of_a_plan_on_bones_in_doubt_lies_in_its_band(
    folder_of: FolderOf, tmp_path: Path, kind: Any
) -> None:
    folder = unsure_bones(folder_of("vsd_z013_l"), tmp_path / "unsure", Bone, 0.8)
    plan = plan_files(folder, "L", target_wbl=70, kind=kind)
    found = bands(plan)
    assert set(found) == (OPENING if kind == "medial_opening_wedge" else CLOSING)
    for name, (low, high) in found.items():
        assert low < plan["osteotomy"][name] < high, name


def test_whole_bones_that_say_nothing_are_in_no_doubt(folder_of: FolderOf) -> None:
    plan = plan_files(folder_of("vsd_z013_l"), "L", target_wbl=70)
    assert not bands(plan)
    assert set(plan["osteotomy"]["bands"]) == OPENING


def test_degrees_that_a_person_chose_are_in_no_doubt_but_what_they_open_is(
    folder_of: FolderOf, tmp_path: Path
) -> None:
    folder = unsure_bones(folder_of("vsd_z013_l"), tmp_path / "unsure", Bone, 0.8)
    plan = plan_files(folder, "L", correction_deg=8)
    found = bands(plan)
    assert set(found) == OPENING - {"correction_deg", "miniaci_deg", "dugdale_deg"}
    # The gap is the chord of the depth, and nothing else of it is in doubt.
    chord = 2 * np.sin(np.radians(4))
    assert found["gap_mm"] == pytest.approx([chord * x for x in found["cut_depth_mm"]], abs=0.02)


def test_the_band_of_a_correction_holds_what_the_leg_of_each_end_needs(
    folder_of: FolderOf, tmp_path: Path
) -> None:
    """Planned anew with the film's HKA at either end of its band, the correction is that of its own band."""
    folder, film = folder_of("vsd_z013_l"), 176.0
    plan = plan_files(folder, "L", target_hka=182, long_film_hka=film)
    low, high = plan["measures"]["HKA"]["band"]
    assert half([low, high]) == pytest.approx(1.645 * 0.7, rel=0.05)
    needed = [
        plan_files(folder, "L", target_hka=182, long_film_hka=hka)["osteotomy"]["correction_deg"]
        for hka in (high, low)
    ]
    assert bands(plan)["correction_deg"] == pytest.approx(needed, abs=0.15)
    assert bands(plan)["correction_deg"] == pytest.approx(
        [182 - x - (182 - film) + plan["osteotomy"]["correction_deg"] for x in (high, low)], abs=0.15
    )


def grown(real: Path, folder: Path, mm: float) -> Path:
    """The bones of a folder with a tibia whose surface lies so many mm further out."""
    folder.mkdir()
    for bone, mesh in BoneSet.read(real).items():
        if bone == Bone.TIBIA:
            mesh = trimesh.Trimesh(mesh.vertices + mm * mesh.vertex_normals, mesh.faces, process=False)
        mesh.export(folder / f"{bone.label}.ply")
    return folder


def test_a_bone_one_deviation_larger_lies_within_the_band_and_one_of_three_outside(
    folder_of: FolderOf, tmp_path: Path
) -> None:
    real = folder_of("hubmap_vhm_l")
    stated = bands(plan_files(unsure_bones(real, tmp_path / "unsure", Bone, 1.0), "L", correction_deg=8))[
        "cut_depth_mm"
    ]
    plan = functools.partial(plan_files, side="L", correction_deg=8)
    marks = plan(real)["landmarks"]
    depth = {
        mm: plan(grown(real, tmp_path / f"{mm}", mm), landmarks=marks)["osteotomy"]["cut_depth_mm"]
        for mm in (-3.0, -0.6, 0.6, 3.0)
    }
    assert depth[-3.0] < stated[0] < depth[-0.6] < depth[0.6] < stated[1] < depth[3.0]


def test_a_hinge_that_is_placed_stays_and_its_cortex_is_in_doubt(folder_of: FolderOf, tmp_path: Path) -> None:
    folder = unsure_bones(folder_of("vsd_z013_l"), tmp_path / "unsure", Bone, 0.8)
    found = plan_files(folder, "L", correction_deg=8)
    cut = {name: found["osteotomy"][name] for name in ("start_point", "hinge_point")}
    placed = plan_files(folder, "L", correction_deg=8, cut=cut, landmarks=found["landmarks"])
    # Of the depth only the side of the saw is left.
    assert half(bands(placed)["cut_depth_mm"]) < 0.85 * half(bands(found)["cut_depth_mm"])
    low, high = bands(placed)["lateral_cortex_mm"]
    assert low < placed["osteotomy"]["lateral_cortex_mm"] < high


def test_a_mirrored_leg_has_the_same_bands(folder_of: FolderOf, tmp_path: Path) -> None:
    here, there = map(bands, plans_of_a_leg_and_its_mirror_image(folder_of, tmp_path))
    for name, band in here.items():
        scale = 1000 if name == "wedge_volume_mm3" else 1
        assert np.array(there[name]) / scale == pytest.approx(np.array(band) / scale, abs=0.25), name
