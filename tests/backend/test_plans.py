"""Plans over HTTP: targets, landmarks, cuts, alternatives, differences; and what bad bones answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from backend.imaging.models import BoneSet
from backend.planning.models import Plan
from tests.backend import factories
from tests.backend.planned import bone_set_of, leg_meshes, saved

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, trimesh.Trimesh]:
    return leg_meshes(tmp_path_factory.mktemp("leg"), below_mm=110)


@pytest.fixture
def bones(meshes: dict[str, trimesh.Trimesh]) -> BoneSet:
    return bone_set_of(meshes)


@pytest.fixture
def client(bones: BoneSet, log_in: Any) -> Any:
    return log_in(bones.case.surgeon)


def previewed(client: Any, bones: BoneSet, **request: Any) -> dict[str, Any]:
    answer = client.post(f"/api/cases/{bones.case_id}/plan-preview/", request, format="json")
    assert answer.status_code == 200, answer.json()
    return dict(answer.json()["document"])


def refused(client: Any, bones: BoneSet, **request: Any) -> dict[str, Any]:
    answer = client.post(f"/api/cases/{bones.case_id}/plan-preview/", request, format="json")
    assert answer.status_code == 400, answer.json()
    error = answer.json()["error"]
    assert error["message"].endswith(".") and error["remedy"].endswith("."), error
    assert error["kept"]
    return dict(error)


def after(document: dict[str, Any], name: str) -> float:
    return float(document["measures"][name]["after"])


@pytest.mark.parametrize(
    ("target", "measure", "value"),
    [("target_wbl", "WBL", 60.0), ("target_hka", "HKA", 182.0), ("target_mpta", "mMPTA", 91.0)],
)
@pytest.mark.parametrize("kind", ["medial_opening_wedge", "lateral_closing_wedge"])
def test_every_target_is_reached(
    client: Any, bones: BoneSet, target: str, measure: str, value: float, kind: str
) -> None:
    document = previewed(client, bones, **{target: value}, kind=kind)
    assert after(document, measure) == pytest.approx(value, abs=1e-3)
    assert document["technique"]["kind"] == document["osteotomy"]["kind"] == kind


def test_a_plan_says_first_that_its_bones_are_not_trusted(client: Any, bones: BoneSet) -> None:
    bones.report |= {"trust": {"trusted": False, "reasons": ["no patella was found"]}}
    bones.save()
    first = previewed(client, bones, correction_deg=9)["warnings"][0]
    assert first["code"] == "bones_untrusted" and "no patella was found" in first["message"]


def test_technique_and_film_reach_the_engine(client: Any, bones: BoneSet) -> None:
    document = previewed(
        client,
        bones,
        correction_deg=9,
        tuberosity="proximal",
        slope_change_deg=1.5,
        jlca_compensation=True,
        long_film_hka=172.5,
        long_film_jlca=4,
    )
    assert document["technique"] == {
        "kind": "medial_opening_wedge",
        "tuberosity": "proximal",
        "slope_change_deg": 1.5,
        "jlca_compensation": True,
    }
    measures = document["measures"]
    assert measures["PTS_medial"]["change"] == pytest.approx(1.5, abs=0.01)
    assert measures["HKA"]["before"] == pytest.approx(172.5, abs=1e-3)
    assert measures["JLCA"]["before"] == pytest.approx(4, abs=1e-3)
    assert {measures[name]["provenance"] for name in ("HKA", "mFTA", "JLCA")} == {"measured"}
    assert document["jlca_compensation"]["applied"] and "descending" in document["osteotomy"]


@pytest.mark.parametrize("request_", [{}, {"correction_deg": 8, "target_wbl": 60}])
def test_exactly_one_target_is_wanted(client: Any, bones: BoneSet, request_: dict[str, Any]) -> None:
    assert refused(client, bones, **request_)["code"] == "one_target"


def test_moved_landmarks_count_and_the_found_ones_stay(client: Any, bones: BoneSet) -> None:
    plain = previewed(client, bones, correction_deg=8, landmarks={})
    found = BoneSet.objects.get(pk=bones.pk).landmarks
    place = plain["landmarks"]["plateau_medial"]["position"]
    moved = previewed(
        client,
        bones,
        correction_deg=8,
        landmarks={"plateau_medial": [place[0], place[1], place[2] - 2.0]},
    )
    assert moved["landmarks"]["plateau_medial"]["provenance"] == "edited"
    assert moved["measures"]["mMPTA"]["before"] < plain["measures"]["mMPTA"]["before"] - 1
    assert BoneSet.objects.get(pk=bones.pk).landmarks == found
    assert previewed(client, bones, correction_deg=8) == plain


@pytest.mark.parametrize(
    ("landmarks", "code"),
    [
        ({"nose": [0, 0, 0]}, "unknown_landmark"),
        ({"plateau_medial": [40, 0, 0]}, "landmarks_contradict"),
        ({"ankle_center": [0, 0, 300]}, "landmarks_contradict"),
        ({"plateau_medial": [1e9, 0, 0]}, "bad_landmark"),
    ],
)
def test_landmarks_that_make_no_leg_are_refused(
    client: Any, bones: BoneSet, landmarks: dict[str, Any], code: str
) -> None:
    assert refused(client, bones, correction_deg=8, landmarks=landmarks)["code"] == code


def test_the_cut_can_be_placed(client: Any, bones: BoneSet) -> None:
    osteotomy = previewed(client, bones, correction_deg=8)["osteotomy"]
    start, hinge = np.array(osteotomy["start_point"]), np.array(osteotomy["hinge_point"])
    inwards = hinge + 4 * np.array(osteotomy["medial_direction"])
    nearer = previewed(client, bones, correction_deg=8, cut={"hinge_point": inwards.tolist()})["osteotomy"]
    assert nearer["lateral_cortex_mm"] == pytest.approx(14, abs=0.2)
    assert nearer["cut_depth_mm"] == pytest.approx(osteotomy["cut_depth_mm"] - 4, abs=0.2)
    cut = {"start_point": (start + np.array([0, 0, 5])).tolist(), "hinge_point": inwards.tolist()}
    document = previewed(client, bones, correction_deg=8, cut=cut)
    placed = document["osteotomy"]
    assert placed["hinge_point"] == pytest.approx(cut["hinge_point"], abs=1e-3)
    assert document["cut"] == {name: pytest.approx(place, abs=1e-3) for name, place in cut.items()}
    offset = np.array(cut["start_point"]) - placed["plane_point"]
    assert offset @ placed["plane_normal"] == pytest.approx(0, abs=1e-3)
    assert placed["gap_mm"] == pytest.approx(2 * np.sin(np.radians(4)) * placed["cut_depth_mm"], abs=1e-3)


@pytest.mark.parametrize(
    ("cut", "code"),
    [
        ({"hinge_point": [200, 0, -30]}, "hinge_outside_bone"),
        ({"start_point": [-90, 0, -40]}, "start_outside_bone"),
        ({"start_point": [-25, 0, -40], "hinge_point": [-25, 0, -10]}, "cut_too_steep"),
        ({"start_point": [-34, 0, -2], "hinge_point": [25, 0, -4]}, "cut_through_joint"),
        ({"start_point": [1e300, 0, 0]}, "bad_cut"),
    ],
)
def test_cuts_that_no_saw_could_follow_are_refused(
    client: Any, bones: BoneSet, cut: dict[str, Any], code: str
) -> None:
    assert refused(client, bones, correction_deg=8, cut=cut)["code"] == code


def test_each_alternative_previews_as_its_row_says(client: Any, bones: BoneSet) -> None:
    asked = {"tuberosity": "proximal", "slope_change_deg": 0.5, "long_film_hka": 174}
    answer = client.post(f"/api/cases/{bones.case_id}/plans/alternatives/", asked, format="json")
    rows = answer.json()["rows"]
    assert len(rows) == 3 and len({row["title"] for row in rows}) == 3
    for row in rows:
        assert row["refused"] is None
        document = previewed(client, bones, **row["request"])
        assert document["osteotomy"]["correction_deg"] == row["correction_deg"]
        assert document["osteotomy"]["gap_mm"] == row["gap_mm"]
        assert document["osteotomy"]["bands"] == row["bands"] and row["bands"]["correction_deg"]
        assert document["measures"] == row["measures"] and document["warnings"] == row["warnings"]
        assert document["technique"]["tuberosity"] == "proximal"
    assert Plan.objects.count() == 0


def test_an_alternative_out_of_reach_says_why(client: Any, bones: BoneSet) -> None:
    asked = {"correction_deg": 3, "long_film_hka": 190}
    answer = client.post(f"/api/cases/{bones.case_id}/plans/alternatives/", asked, format="json")
    for row in answer.json()["rows"]:
        assert row["refused"]["code"] == "target_out_of_reach" and row["refused"]["remedy"]
        assert row["correction_deg"] is None and row["measures"] == {}


def test_a_saved_plan_keeps_what_was_asked(client: Any, bones: BoneSet) -> None:
    asked = {"target_mpta": 91, "slope_change_deg": 1, "bone_set": str(bones.pk), "reason": "Varus"}
    preview = previewed(client, bones, **{name: asked[name] for name in asked if name != "reason"})
    answer = client.post(f"/api/cases/{bones.case_id}/plans/", asked, format="json")
    assert answer.status_code == 201
    plan = answer.json()
    assert plan["document"] == preview and plan["reason"] == "Varus"
    assert plan["request"] | {"target_mpta": 91, "slope_change_deg": 1} == plan["request"]
    assert plan["correction_deg"] == preview["osteotomy"]["correction_deg"]
    assert set(plan["document"]["bones_sha256"]) == {"femur", "fibula", "tibia"}
    # What was asked gives the same plan again.
    assert previewed(client, bones, **plan["request"]) == preview


def test_differences_are_told_in_words(client: Any, bones: BoneSet) -> None:
    one = saved(bones, correction_deg=8.0)
    place = one.document["landmarks"]["tuberosity"]["position"]
    two = saved(
        bones,
        target_hka=186.0,
        slope_change_deg=2.0,
        landmarks={"tuberosity": [place[0], place[1] + 3, place[2]]},
    )
    changes = client.get(f"/api/plans/{one.pk}/diff/{two.pk}/").json()["changes"]
    found = {change["path"]: change for change in changes}
    assert (
        found["target"]["before"] == "8.0 deg of correction" and found["target"]["after"] == "HKA 186.0 deg"
    )
    slope = found["technique.slope_change_deg"]
    assert (slope["label"], slope["before"], slope["after"]) == ("Wanted change of slope", "0.0", "2.0")
    assert found["landmarks.tuberosity"]["after"] == "set by hand, 3.0 mm from before"
    assert found["osteotomy.correction_deg"]["unit"] == "deg"
    assert found["measures.HKA.after"]["after"] == "186.0"
    assert found["warnings.slope_change"]["before"] is None
    back = client.get(f"/api/plans/{two.pk}/diff/{one.pk}/").json()["changes"]
    assert {change["path"] for change in back} == set(found)
    assert client.get(f"/api/plans/{one.pk}/diff/{one.pk}/").json() == {"changes": []}


def test_plans_of_two_cases_are_not_compared(
    client: Any, bones: BoneSet, meshes: dict[str, trimesh.Trimesh]
) -> None:
    case = factories.CaseFactory(site=bones.case.site, surgeon=bones.case.surgeon)
    other = saved(bone_set_of(meshes, case=case))
    answer = client.get(f"/api/plans/{saved(bones).pk}/diff/{other.pk}/")
    assert answer.status_code == 409 and answer.json()["error"]["code"] == "other_case"


# ---- bones that cannot be planned on -----------------------------------------


def _bad(tmp_path: Path, meshes: dict[str, trimesh.Trimesh], what: str) -> dict[str, trimesh.Trimesh]:
    bad = {name: mesh.copy() for name, mesh in meshes.items()}
    if what == "cut 20 mm below the plateau":
        return leg_meshes(tmp_path, below_mm=20)
    if what == "tibia and femur swapped":
        bad["tibia"], bad["femur"] = bad["femur"], bad["tibia"]
    if what == "tibia and fibula swapped":
        bad["tibia"], bad["fibula"] = bad["fibula"], bad["tibia"]
    if what == "holes":
        tibia = bad["tibia"]
        tibia.update_faces(np.arange(len(tibia.faces)) % 40 != 0)
    if what == "no tibia":
        del bad["tibia"]
    return bad


@pytest.mark.parametrize(
    ("what", "code", "remedy"),
    [
        ("cut 20 mm below the plateau", "tibia_too_short", "at least 56 mm of tibia"),
        ("tibia and femur swapped", "bones_swapped", "no two bone files were swapped"),
        ("tibia and fibula swapped", "bones_swapped", "no two bone files were swapped"),
        ("holes", "open_mesh", "one closed surface"),
        ("no tibia", "no_tibia", "add the tibia mesh"),
    ],
)
def test_bad_bones_are_refused_with_what_would_mend_them(
    meshes: dict[str, trimesh.Trimesh], tmp_path: Path, log_in: Any, what: str, code: str, remedy: str
) -> None:
    bones = bone_set_of(_bad(tmp_path, meshes, what))
    error = refused(log_in(bones.case.surgeon), bones, correction_deg=8)
    assert error["code"] == code and remedy in error["remedy"]
    assert BoneSet.objects.get(pk=bones.pk).landmarks is None


def test_the_wrong_side_is_refused(meshes: dict[str, trimesh.Trimesh], log_in: Any) -> None:
    bones = bone_set_of(meshes, side="R")
    error = refused(log_in(bones.case.surgeon), bones, correction_deg=8)
    assert error["code"] == "wrong_side" and "left leg" in error["remedy"]


def test_without_a_fibula_a_plan_says_what_it_rests_on(
    meshes: dict[str, trimesh.Trimesh], log_in: Any
) -> None:
    bones = bone_set_of({name: mesh for name, mesh in meshes.items() if name != "fibula"})
    document = previewed(log_in(bones.case.surgeon), bones, correction_deg=8)
    assert "fibula_missing" in {warning["code"] for warning in document["warnings"]}
    assert document["landmarks"]["fibula_tip"]["provenance"] == "imputed"


@pytest.mark.parametrize("degrees", [40, -3])
def test_a_correction_that_no_wedge_makes_is_refused(client: Any, bones: BoneSet, degrees: Any) -> None:
    error = refused(client, bones, correction_deg=degrees)
    assert error["code"] == "correction_out_of_range" and "0 to 20 degrees" in error["remedy"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "eight", [8]])
@pytest.mark.parametrize("field", ["correction_deg", "target_wbl", "long_film_hka", "slope_change_deg"])
def test_what_is_no_number_is_refused(client: Any, bones: BoneSet, field: str, value: Any) -> None:
    error = refused(client, bones, **{"correction_deg": 8, field: value})
    assert error["code"] == "invalid" and list(error["fields"]) == [field]
