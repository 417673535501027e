"""What the surgeon chooses: kind of wedge, target, slope, tuberosity, joint line, long-leg film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from guides.bones import Bone, BoneSet
from guides.errors import InputError
from guides.landmarks import Landmarks
from guides.measures import axes
from guides.osteotomy import ClosingWedge, Osteotomy, read_osteotomy, simulate
from guides.plan import plan_files, read_plan
from tests.guides.conftest import FolderOf, side_of

CLOSING: dict[str, Any] = {"kind": "lateral_closing_wedge"}


def after(plan: dict[str, Any], name: str) -> float:
    return float(plan["measures"][name]["after"])


def change(plan: dict[str, Any], name: str) -> float:
    return float(plan["measures"][name]["change"])


@pytest.mark.parametrize("kind", ["medial_opening_wedge", "lateral_closing_wedge"])
@pytest.mark.parametrize(
    ("target", "measure", "value"),
    [("target_mpta", "mMPTA", 90.0), ("target_hka", "HKA", 183.0), ("target_wbl", "WBL", 55.0)],
)
def test_each_target_is_reached_by_each_kind(
    folder_of: FolderOf, kind: str, target: str, measure: str, value: float
) -> None:
    plan = read_plan(plan_files(folder_of("synthetic_r"), "R", kind=kind, **{target: value}))
    assert after(plan, measure) == pytest.approx(value, abs=1e-3)
    assert plan["target"] == {"measure": measure, "value": value}
    assert after(plan, "mFTA") == pytest.approx(after(plan, "HKA") - 180, abs=1e-3)
    assert plan["osteotomy"]["miniaci_deg"] == pytest.approx(plan["osteotomy"]["correction_deg"], abs=0.15)
    assert 0 < plan["osteotomy"]["miniaci_deg"] - plan["osteotomy"]["dugdale_deg"] < 1


@pytest.mark.parametrize("name", ["hubmap_vhm_r", "synthetic_l"])
@pytest.mark.parametrize("wanted", [-2.0, 1.0, 3.0])
@pytest.mark.parametrize("kind", ["medial_opening_wedge", "lateral_closing_wedge"])
def test_the_slope_changes_as_wanted(folder_of: FolderOf, name: str, wanted: float, kind: str) -> None:
    plan = plan_files(folder_of(name), side_of(name), correction_deg=10, slope_change_deg=wanted, kind=kind)
    assert change(plan, "PTS_medial") == pytest.approx(wanted, abs=0.01)
    assert plan["technique"]["slope_change_deg"] == wanted
    found = {warning["code"]: warning for warning in plan["warnings"]}
    assert ("slope_change" in found) == (abs(wanted) > 1)
    if abs(wanted) > 1:
        assert found["slope_change"]["value"] == pytest.approx(wanted, abs=0.01)
        assert "as was asked" in found["slope_change"]["message"]


@pytest.mark.parametrize(("correction", "wanted"), [(0.0, 1.0), (2.0, 5.0), (8.0, 11.0), (8.0, float("nan"))])
def test_a_slope_that_no_hinge_gives_is_refused(
    folder_of: FolderOf, correction: float, wanted: float
) -> None:
    with pytest.raises(InputError) as error:
        plan_files(folder_of("synthetic_l"), "L", correction_deg=correction, slope_change_deg=wanted)
    assert error.value.code == "slope_out_of_reach"


def test_the_joint_line_closes_only_on_request(folder_of: FolderOf) -> None:
    bones = folder_of("hubmap_vhf_l")
    plain = plan_files(bones, "L", target_hka=183.0)
    asked = plan_files(bones, "L", target_hka=183.0, jlca_compensation=True, landmarks=plain["landmarks"])
    jlca = plain["measures"]["JLCA"]["before"]
    assert plain["jlca_compensation"] == {
        "applied": False, "jlca": jlca, "deg": pytest.approx((jlca - 2) / 2, abs=1e-3)
    }  # fmt: skip
    assert asked["jlca_compensation"]["applied"]
    extra = asked["jlca_compensation"]["deg"]
    assert extra > 0.5
    assert after(asked, "HKA") == pytest.approx(183, abs=1e-3)
    # The turn itself tilts the frontal plane a little against condyles that are not at one depth.
    assert change(plain, "JLCA") == pytest.approx(0, abs=0.1)
    assert change(asked, "JLCA") == pytest.approx(-extra, abs=0.1)
    assert plain["osteotomy"]["correction_deg"] - asked["osteotomy"]["correction_deg"] == pytest.approx(
        extra, rel=0.1
    )
    codes = [{warning["code"] for warning in plan["warnings"]} for plan in (plain, asked)]
    assert "jlca_uncompensated" in codes[0] and "jlca_uncompensated" not in codes[1]


@pytest.mark.parametrize("name", ["vsd_z013_l", "hubmap_vhm_r"])
def test_the_patella_goes_with_the_tuberosity(folder_of: FolderOf, name: str) -> None:
    plans = {
        side: plan_files(folder_of(name), side_of(name), correction_deg=10, tuberosity=side)
        for side in ("distal", "proximal")
    }
    assert 0.5 < plans["distal"]["measures"]["Caton_Deschamps"]["before"] < 2
    assert change(plans["distal"], "Caton_Deschamps") < -0.02
    assert change(plans["proximal"], "Caton_Deschamps") == 0
    for other in ("mMPTA", "HKA", "PTS_medial", "leg_length"):
        assert change(plans["distal"], other) == change(plans["proximal"], other)
    assert "descending" in plans["proximal"]["osteotomy"] and "ascending" in plans["distal"]["osteotomy"]


@pytest.mark.parametrize("name", ["vsd_z013_r", "staple_mc22_l", "synthetic_r/95"])
@pytest.mark.parametrize(
    ("tuberosity", "field", "up"), [("distal", "ascending", 1), ("proximal", "descending", -1)]
)
def test_the_second_cut_runs_behind_the_tuberosity(
    folder_of: FolderOf, name: str, tuberosity: str, field: str, up: int
) -> None:
    plan = plan_files(folder_of(name), side_of(name), correction_deg=8, tuberosity=tuberosity)
    first, second = plan["osteotomy"], plan["osteotomy"][field]
    normal, facing = np.array(first["plane_normal"]), np.array(second["plane_normal"])
    point, middle = np.array(second["plane_point"]), np.array(first["hinge_point"])
    # 110 degrees between the backward half of the first cut and the second cut: 20 more than a right angle.
    assert np.degrees(np.arccos(facing @ normal)) == pytest.approx(90 + up * 20, abs=0.01)
    assert facing @ np.array(first["medial_direction"]) == pytest.approx(0, abs=1e-5)
    assert (point - middle) @ normal == pytest.approx(0, abs=1e-3), "it starts in the first cut"
    assert (middle - point) @ facing < 0, "hinge and shaft lie behind it"
    tubercle = np.array(plan["landmarks"]["tuberosity"]["position"])
    assert (tubercle - point) @ facing > 0, "the tuberosity lies in front of it"
    tibia = BoneSet.read(folder_of(name), [Bone.TIBIA])[Bone.TIBIA]
    ray = facing - (facing @ normal) * normal
    ray /= np.linalg.norm(ray)
    edge = trimesh.intersections.mesh_plane(tibia, normal, np.array(first["plane_point"])).reshape(-1, 3)
    beside = np.abs((edge - tubercle) @ np.array(first["medial_direction"])) < 3
    assert ((edge[beside] - point) @ ray).max() == pytest.approx(second["tuberosity_thickness_mm"], abs=1.5)


@pytest.mark.parametrize("name", ["vsd_z013_r", "hubmap_vhf_l", "synthetic_l", "synthetic_r"])
def test_a_closing_wedge_is_removed_laterally_and_closes(folder_of: FolderOf, name: str) -> None:
    side = side_of(name)
    plan = read_plan(plan_files(folder_of(name), side, correction_deg=9, **CLOSING))
    document = plan["osteotomy"]
    osteotomy = read_osteotomy(document)
    assert isinstance(osteotomy, ClosingWedge)
    base = 2 * np.sin(np.radians(4.5)) * document["cut_depth_mm"]
    assert document["wedge_base_mm"] == pytest.approx(base, abs=1e-3)
    assert document["gap_mm"] == pytest.approx(-base, abs=1e-3)
    assert document["medial_cortex_mm"] == pytest.approx(10, abs=0.01)
    assert 0.85 * 9 < change(plan, "mMPTA") < 1.02 * 9
    assert change(plan, "leg_length") < 0
    assert {"fibula_release"} <= {warning["code"] for warning in plan["warnings"]}
    tibia = BoneSet.read(folder_of(name), [Bone.TIBIA])[Bone.TIBIA]
    closed = simulate(tibia, osteotomy)
    removed = tibia.volume - closed.proximal.volume - closed.distal.volume
    # The bone tapers, and the volume is that of the bone which is taken out, not what the upper cut sweeps.
    assert removed == pytest.approx(document["wedge_volume_mm3"], rel=5e-3)
    assert closed.wedge_volume_mm3 == pytest.approx(document["wedge_volume_mm3"], rel=1e-4)
    lateral = (closed.distal.vertices - osteotomy.hinge_point) @ osteotomy.medial_direction < -1
    height = (closed.distal.vertices - osteotomy.plane_point) @ osteotomy.plane_normal
    assert height[lateral].max() == pytest.approx(0, abs=1e-4), "the lower cut lies on the upper one"


def test_a_guide_of_an_opening_wedge_refuses_a_closing_plan(folder_of: FolderOf) -> None:
    plan = plan_files(folder_of("synthetic_l"), "L", correction_deg=8, **CLOSING)
    with pytest.raises(InputError) as error:
        Osteotomy.from_document(plan["osteotomy"])
    assert error.value.code == "other_kind"
    for spoil in ({"gap_mm": 5.0}, {"correction_deg": 4.0}, {"wedge_base_mm": None}):
        with pytest.raises(InputError) as error:
            read_plan({**plan, "osteotomy": {**plan["osteotomy"], **spoil}})
        assert error.value.code == "bad_plan"


@pytest.mark.parametrize(
    "technique",
    [
        {"kind": "dome"},
        {"tuberosity": "left"},
        {"kind": "lateral_closing_wedge", "tuberosity": "proximal"},
    ],
)
def test_what_is_no_technique_is_refused(folder_of: FolderOf, technique: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        plan_files(folder_of("synthetic_l"), "L", correction_deg=8, **technique)
    assert error.value.code == "bad_technique"


def test_the_gap_is_the_way_that_the_bone_edge_goes(folder_of: FolderOf) -> None:
    plan = plan_files(folder_of("vsd_z013_l"), "L", correction_deg=10)
    cut = Osteotomy.from_document(plan["osteotomy"])
    tibia = BoneSet.read(folder_of("vsd_z013_l"), [Bone.TIBIA])[Bone.TIBIA]
    edge = trimesh.intersections.mesh_plane(tibia, cut.plane_normal, cut.plane_point).reshape(-1, 3)
    turn = trimesh.transformations.rotation_matrix(np.radians(10), cut.hinge_axis, cut.hinge_point)
    way = np.linalg.norm(trimesh.transform_points(edge, turn) - edge, axis=1)
    medial = (edge - cut.hinge_point) @ cut.medial_direction > 0
    assert way[medial].max() == pytest.approx(cut.gap_mm, abs=1e-3)
    # The gap at a corner is the mean way of the six points that the corner is made of.
    anterior = axes(Landmarks.from_document(plan["landmarks"]).positions(), "L").anterior
    for gap, facing in ((cut.gap_anterior_mm, anterior), (cut.gap_posterior_mm, -anterior)):
        towards = (
            np.cos(np.radians(turn)) * cut.medial_direction + np.sin(np.radians(turn)) * facing
            for turn in (20, 30, 40, 50, 60, 70)
        )
        corner = [way[np.argmax(edge @ direction)] for direction in towards]
        assert np.mean(corner) == pytest.approx(gap, abs=1e-3)


class TestLongFilm:
    def test_a_measured_hka_replaces_the_imputed_one_and_narrows_the_bands(self, folder_of: FolderOf) -> None:
        bones = folder_of("synthetic_l/95")
        plain = plan_files(bones, "L", correction_deg=8)
        film = read_plan(
            plan_files(bones, "L", correction_deg=8, long_film_hka=174.0, landmarks=plain["landmarks"])
        )
        for name, value in (("HKA", 174.0), ("mFTA", -6.0)):
            measure = film["measures"][name]
            assert measure["before"] == pytest.approx(value, abs=1e-3)
            assert measure["provenance"] == "measured"
            low, high = measure["band"]
            assert low < value < high and high - low < 3 < np.diff(plain["measures"][name]["band"])[0]
        width = [np.diff(plan["measures"]["WBL"]["band_after"])[0] for plan in (film, plain)]
        assert width[0] < 0.6 * width[1]
        assert film["landmarks"] == plain["landmarks"], "landmarks stay as they were found"
        assert set(film["long_film"]["landmarks"]) == {"hip_center"}
        assert film["measures"]["mMPTA"] == plain["measures"]["mMPTA"]
        assert "hip_imputed" not in {warning["code"] for warning in film["warnings"]}

    def test_a_measured_jlca_turns_the_femur_and_its_hka(self, folder_of: FolderOf) -> None:
        bones = folder_of("synthetic_r")
        plain = plan_files(bones, "R", correction_deg=8)
        film = plan_files(bones, "R", correction_deg=8, long_film_jlca=5.0, jlca_compensation=True)
        opened = 5 - plain["measures"]["JLCA"]["before"]
        assert film["measures"]["JLCA"]["before"] == pytest.approx(5, abs=1e-3)
        assert film["measures"]["JLCA"]["provenance"] == "measured"
        lost = plain["measures"]["HKA"]["before"] - film["measures"]["HKA"]["before"]
        assert lost == pytest.approx(opened, abs=1e-3)
        for same in ("mLDFA", "mMPTA"):
            assert film["measures"][same]["before"] == pytest.approx(
                plain["measures"][same]["before"], abs=1e-3
            )
        assert film["jlca_compensation"] == {"applied": True, "jlca": 5.0, "deg": 1.5}

    def test_where_the_hip_is_in_view_the_joint_explains_a_measured_hka(self, folder_of: FolderOf) -> None:
        plain = plan_files(folder_of("synthetic_l"), "L", correction_deg=8)
        wanted = plain["measures"]["HKA"]["before"] - 4
        film = plan_files(folder_of("synthetic_l"), "L", correction_deg=8, long_film_hka=wanted)
        rise = film["measures"]["JLCA"]["before"] - plain["measures"]["JLCA"]["before"]
        assert rise == pytest.approx(4, abs=1e-3)
        assert film["measures"]["mLDFA"]["before"] == pytest.approx(
            plain["measures"]["mLDFA"]["before"], abs=1e-3
        )
        found = {warning["code"]: warning for warning in film["warnings"]}
        assert found["film_differs"]["value"] == pytest.approx(-4, abs=1e-3)

    def test_the_plan_hits_its_target_on_the_measured_leg(self, folder_of: FolderOf) -> None:
        plan = plan_files(folder_of("synthetic_l/95"), "L", target_wbl=62.5, long_film_hka=173.0)
        assert after(plan, "WBL") == pytest.approx(62.5, abs=1e-2)
        codes = {warning["code"] for warning in plan["warnings"]}
        assert "band_misses_target" not in codes
        knee_only = plan_files(folder_of("synthetic_l/95"), "L", target_wbl=62.5)
        assert "band_misses_target" in {warning["code"] for warning in knee_only["warnings"]}

    @pytest.mark.parametrize(
        ("film", "code"),
        [
            ({"long_film_hka": 12.0}, "bad_long_film"),
            ({"long_film_hka": float("nan")}, "bad_long_film"),
            ({"long_film_jlca": 30.0}, "bad_long_film"),
        ],
    )
    def test_angles_that_no_leg_has_are_refused(
        self, folder_of: FolderOf, film: dict[str, float], code: str
    ) -> None:
        with pytest.raises(InputError) as error:
            plan_files(folder_of("synthetic_l"), "L", correction_deg=8, **film)
        assert error.value.code == code

    def test_without_a_femur_a_film_cannot_be_used(self, folder_of: FolderOf, tmp_path: Path) -> None:
        tibia = BoneSet.read(folder_of("synthetic_l"), [Bone.TIBIA])
        tibia.write(tmp_path)
        for wish in ({"long_film_hka": 175.0}, {"long_film_jlca": 2.0}, {"jlca_compensation": True}):
            with pytest.raises(InputError) as error:
                plan_files(tmp_path, "L", correction_deg=8, **wish)
            assert error.value.code == "measure_unavailable"


def test_an_older_plan_document_is_still_read(folder_of: FolderOf) -> None:
    plan = plan_files(folder_of("synthetic_l"), "L", correction_deg=8)
    old = {key: value for key, value in plan.items() if key not in ("technique", "jlca_compensation")}
    new_keys = ("kind", "dugdale_deg", "ascending", "wedge_volume_mm3")
    old["osteotomy"] = {key: value for key, value in plan["osteotomy"].items() if key not in new_keys}
    old["measures"] = {
        name: {key: value for key, value in measure.items() if key not in ("change", "normal")}
        for name, measure in plan["measures"].items()
    }
    old["warnings"] = [{key: w[key] for key in ("code", "message", "source")} for w in plan["warnings"]]
    assert read_plan(old) == old
    assert Osteotomy.from_document(old["osteotomy"]).correction_deg == 8
    assert set(Landmarks.from_document(old["landmarks"])) == set(plan["landmarks"])
