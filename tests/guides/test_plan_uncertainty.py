"""Bones that say how sure they are, and plans that repeat it where it matters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from guides.bones import Bone, BoneSet, hashes
from guides.bones.uncertainty import PROPERTY, Uncertainty, read_uncertainty
from guides.measures.doubt import SLIDES
from guides.plan import plan_files, read_plan
from tests.guides.conftest import FolderOf
from tests.guides.synthetic import synthetic_leg, write_leg

PLACES = ("plateau", "cut", "hinge")
Values = Callable[[np.ndarray], np.ndarray]


def leg(folder: Path, values: Values | None) -> Path:
    """A synthetic left leg whose tibia carries an uncertainty; the finer mesh is that of a reconstruction."""
    write_leg(folder, synthetic_leg("L"), 95)
    if values is not None:
        path = folder / "tibia.ply"
        tibia = trimesh.load_mesh(path, process=False)
        vertices, faces = trimesh.remesh.subdivide_to_size(tibia.vertices, tibia.faces, 4.0)
        write_unsure(path, trimesh.Trimesh(vertices, faces), values)
    return folder


def write_unsure(path: Path, bone: trimesh.Trimesh, values: Values) -> None:
    bone = trimesh.Trimesh(bone.vertices, bone.faces, process=False)
    bone.vertex_attributes[PROPERTY] = values(np.asarray(bone.vertices)).astype(np.float32)
    bone.export(path)


def unsure_bones(
    real: Path, folder: Path, bones: Iterable[Bone], mm: float, *, mirrored: bool = False
) -> Path:
    """The bones of a folder, some of which expect to be so many mm off."""
    folder.mkdir()
    for bone, mesh in BoneSet.read(real).items():
        if mirrored:
            mesh = trimesh.Trimesh(mesh.vertices * [-1, 1, 1], mesh.faces[:, ::-1], process=False)
        path = folder / f"{bone.label}.ply"
        if bone in bones:
            write_unsure(path, mesh, lambda vertices: np.full(len(vertices), mm))
        else:
            mesh.export(path)
    return folder


def plans_of_a_leg_and_its_mirror_image(
    folder_of: FolderOf, folder: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same plan, by the same landmarks, on unsure bones of a left leg and of that leg mirrored."""
    real = folder_of("hubmap_vhm_l")
    here = plan_files(unsure_bones(real, folder / "l", Bone, 0.7), "L", target_wbl=62.5)
    marks = {
        name: {**mark, "position": [-mark["position"][0], *mark["position"][1:]]}
        for name, mark in here["landmarks"].items()
    }
    mirrored = unsure_bones(real, folder / "r", Bone, 0.7, mirrored=True)
    return here, plan_files(mirrored, "R", target_wbl=62.5, landmarks=marks)


def half(band: list[float]) -> float:
    return (band[1] - band[0]) / 2


def unsure(plan: dict[str, Any]) -> dict[str, Any]:
    return {w["code"]: w for w in plan["warnings"] if w["code"].startswith("unsure_")}


def test_bones_that_say_nothing_give_no_figures(tmp_path: Path) -> None:
    plan = read_plan(plan_files(leg(tmp_path, None), "L", correction_deg=8))
    assert "uncertainty_mm" not in plan and not unsure(plan)


def test_sure_bones_give_figures_and_no_warning(tmp_path: Path) -> None:
    plan = read_plan(plan_files(leg(tmp_path, lambda v: np.full(len(v), 0.8)), "L", correction_deg=8))
    assert plan["uncertainty_mm"] == {place: pytest.approx(0.8, abs=1e-3) for place in PLACES}
    assert not unsure(plan)


def test_uncertainty_elsewhere_does_not_matter(tmp_path: Path) -> None:
    def far_below(vertices: np.ndarray) -> np.ndarray:
        return np.where(vertices[:, 2] < -70, 9.0, 0.5)

    assert not unsure(plan_files(leg(tmp_path, far_below), "L", correction_deg=8))


@pytest.mark.parametrize("place", PLACES)
def test_uncertainty_just_where_the_plan_needs_the_bone_is_warned_of(tmp_path: Path, place: str) -> None:
    osteotomy = plan_files(leg(tmp_path / "sure", None), "L", correction_deg=8)["osteotomy"]
    normal, point, hinge = (
        np.array(osteotomy[name]) for name in ("plane_normal", "plane_point", "hinge_point")
    )

    def local(vertices: np.ndarray) -> np.ndarray:
        heights = (vertices - point) @ normal
        from_hinge = np.linalg.norm(vertices - hinge, axis=1)
        where = {
            "plateau": vertices[:, 2] > -6,
            "cut": (np.abs(heights) < 6) & (from_hinge > 25),
            "hinge": (from_hinge < 21) & (np.abs(heights) > 6),
        }[place]
        return np.where(where, 6.0, 0.3)

    plan = plan_files(leg(tmp_path / "unsure", local), "L", correction_deg=8)
    found = unsure(plan)
    assert list(found) == [f"unsure_{place}"]
    warning = found[f"unsure_{place}"]
    assert warning["value"] == plan["uncertainty_mm"][place] > warning["limit"] == 2.0
    assert "CT" in warning["message"] and f"{warning['value']:.1f} mm" in warning["message"]


def test_values_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    folder = leg(tmp_path, lambda v: np.full(len(v), np.nan))
    assert read_uncertainty(folder / "tibia.ply") is None
    assert "uncertainty_mm" not in plan_files(folder, "L", correction_deg=8)


@given(st.integers(0, 10_000), st.floats(1, 60))
def test_what_lies_near_is_what_the_distance_says(seed: int, within: float) -> None:
    generator = np.random.default_rng(seed)
    bone = Uncertainty(generator.uniform(-50, 50, (300, 3)), generator.uniform(0, 5, 300))
    places = generator.uniform(-60, 60, (2, 3))
    distances = np.linalg.norm(bone.points[:, None] - places, axis=2).min(axis=1)
    expected = bone.values[distances < within]
    assert bone.near(places, within) == (expected.mean() if len(expected) else None)


def test_a_bone_that_changes_has_another_hash(tmp_path: Path) -> None:
    write_leg(tmp_path, synthetic_leg("L"), 95)
    before, path = hashes(tmp_path), tmp_path / "tibia.ply"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    after = hashes(tmp_path)
    assert after["tibia"] == hashlib.sha256(content).hexdigest() != before["tibia"]
    assert after["fibula"] == before["fibula"]


def test_whole_bones_that_say_nothing_have_no_bands_and_those_that_doubt_themselves_have(
    folder_of: FolderOf, tmp_path: Path
) -> None:
    real = folder_of("vsd_z013_l")
    sure = plan_files(real, "L", correction_deg=8)
    unsure = plan_files(unsure_bones(real, tmp_path / "unsure", Bone, 0.8), "L", correction_deg=8)
    points = {name: np.array(mark["position"]) for name, mark in sure["landmarks"].items()}
    apart = np.linalg.norm(points["plateau_medial"] - points["plateau_lateral"])
    # A normal error whose mean size is 0.8 mm at either end of a plateau, 30 mm apart, and half its square at
    # the middle; 1.645 standard deviations hold 90 %.
    end = 0.8 * np.sqrt(np.pi / 2)
    slope, tilt = (1.645 * np.degrees(np.sqrt(2) * end / over) for over in (30, np.sqrt(2) * apart))
    for name, measure in unsure["measures"].items():
        for part in ("before", "after", "normal", "provenance"):
            assert measure[part] == sure["measures"][name][part], name
        for part in ("band", "band_after"):
            assert sure["measures"][name][part] is None
            low, high = measure[part]
            assert low < measure["before" if part == "band" else "after"] < high, name
    found = {name: half(measure["band"]) for name, measure in unsure["measures"].items()}
    assert found["PTS_medial"] == pytest.approx(slope, rel=0.06)
    assert found["PTS_lateral"] == pytest.approx(slope, rel=0.06)
    assert found["mMPTA"] == pytest.approx(tilt, rel=0.06)
    # Height over length of some 30 mm each: the lower edge slides and changes both against one another.
    edge, angle = SLIDES["patella_articular_inferior"] * end, SLIDES["plateau_anterior"] * end
    by_hand = 1.645 * np.hypot(2 * edge, np.hypot(angle, end)) / 30
    assert 0.6 * by_hand < found["Caton_Deschamps"] < 1.3 * by_hand
    read_plan(unsure)


def test_only_measures_of_the_bone_in_doubt_have_a_band(folder_of: FolderOf, tmp_path: Path) -> None:
    folder = unsure_bones(folder_of("vsd_z013_l"), tmp_path / "patella", [Bone.PATELLA], 1.0)
    plan = plan_files(folder, "L", correction_deg=8)
    assert [name for name, measure in plan["measures"].items() if measure["band"]] == ["Caton_Deschamps"]
    # A preview reads the tibia alone, and yet knows how sure the patella is.
    again = plan_files(folder, "L", correction_deg=8, landmarks=plan["landmarks"])
    assert again["measures"] == plan["measures"]


def test_what_a_person_set_by_hand_is_in_no_doubt(folder_of: FolderOf, tmp_path: Path) -> None:
    folder = unsure_bones(folder_of("vsd_z013_l"), tmp_path / "unsure", Bone, 1.0)
    marks = plan_files(folder, "L", correction_deg=8)["landmarks"]
    medial = dict(marks)
    for end in ("anterior", "posterior"):
        medial[f"plateau_medial_{end}"] = marks[f"plateau_medial_{end}"]["position"]
    measures = {
        name: plan_files(folder, "L", correction_deg=8, landmarks=given)["measures"]
        for name, given in (
            ("found", marks),
            ("medial", medial),
            ("all", {name: mark["position"] for name, mark in marks.items()}),
        )
    }
    wide, narrow = (half(measures[name]["PTS_medial"]["band"]) for name in ("found", "medial"))
    assert narrow < 0.1 * wide, "only the axis is still in doubt"
    assert measures["medial"]["PTS_lateral"]["band"] == pytest.approx(
        measures["found"]["PTS_lateral"]["band"], abs=0.1
    )
    assert all(measure["band"] is None for measure in measures["all"].values())


def test_twice_the_doubt_is_twice_the_band_and_a_correction_of_nothing_keeps_it(
    folder_of: FolderOf, tmp_path: Path
) -> None:
    bands = []
    for mm in (0.5, 1.0):
        folder = unsure_bones(folder_of("hubmap_vhm_r"), tmp_path / f"{mm}", Bone, mm)
        measures = plan_files(folder, "R", correction_deg=0)["measures"]
        for measure in measures.values():
            assert measure["band"] == measure["band_after"]
        bands.append({name: half(measure["band"]) for name, measure in measures.items()})
    for name in ("mMPTA", "mLDFA", "JLCA", "PTS_medial", "PTS_lateral", "JLO"):
        assert bands[1][name] == pytest.approx(2 * bands[0][name], rel=0.02), name


def test_a_mirrored_leg_is_in_the_same_doubt(folder_of: FolderOf, tmp_path: Path) -> None:
    here, there = plans_of_a_leg_and_its_mirror_image(folder_of, tmp_path)
    for name, measure in here["measures"].items():
        for part in ("band", "band_after"):
            assert there["measures"][name][part] == pytest.approx(measure[part], abs=0.02), name
