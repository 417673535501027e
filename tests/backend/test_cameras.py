"""Bones over X-rays: seen by the cameras that they were reconstructed with, which may be corrected."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
import trimesh

from backend.cases.selectors import detailed
from backend.core import storage
from backend.imaging.bone_sets import cameras_of
from backend.imaging.models import BoneSet
from backend.jobs import runner
from backend.planning.simulation import corrected_cameras
from recon.bones import Bone
from recon.bones import BoneSet as Bones
from recon.geometry import Camera
from recon.outlines import bone_outlines
from tests.backend import factories, xrays

pytestmark = pytest.mark.django_db

LOWER_ROWS = 9  # of 0.48 mm on the detector: 3 mm at the isocentre
STATED = [[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1.0]]
CORRECTED = [[1.0, 0, 0, 0], [0, 1.0, 0, 1.5], [0, 0, 0, 1.0]]


def camera(stated: dict[str, Any]) -> Camera:
    return Camera(np.array(stated["projection"]), stated["rows"], stated["columns"])


def moved(one: Camera, other: Camera) -> float:
    """Rows by which the isocentre is lower in one camera's picture than in the other's."""
    return float(one.project(np.zeros((1, 3)))[0][0, 1] - other.project(np.zeros((1, 3)))[0][0, 1])


def test_a_corrected_reconstruction_is_seen_by_the_cameras_that_it_was_made_with(
    log_in: Any, settings: Any
) -> None:
    settings.RECONSTRUCTION_RESOLUTION = 128
    case = factories.CaseFactory(side=xrays.SIDE)
    client = log_in(case.surgeon)
    for view, content in (("ap", xrays.edited("ap")), ("lateral", xrays.lowered("lateral", LOWER_ROWS))):
        assert xrays.post(client, case, view, content).status_code == 201
    job = client.post(f"/api/cases/{case.pk}/reconstructions/").json()["id"]
    runner.run(job, worker="test")
    detail = client.get(f"/api/cases/{case.pk}/").json()
    (bones,) = detail["bone_sets"]
    assert bones["report"]["geometry"]["corrected"]
    assert [text for text in bones["report"]["warnings"] if "do not stand to each other as stated" in text]

    # Half of it in each view.
    seen = {view: camera(bones["cameras"][view]) for view in ("ap", "lateral")}
    stated = {view: camera(detail["images"][view]) for view in seen}
    change = {view: moved(seen[view], stated[view]) for view in seen}
    assert change["lateral"] - change["ap"] == pytest.approx(LOWER_ROWS, abs=2)
    assert change["lateral"] == pytest.approx(LOWER_ROWS / 2, abs=1)
    reported = [image["camera"]["projection"] for image in bones["report"]["images"]]
    assert [bones["cameras"][view]["projection"] for view in seen] == reported

    # Outlines, films of the planner and simulated X-rays are of one camera.
    outlines = client.get(f"/api/bone-sets/{bones['id']}/outlines/").getvalue()
    bone_set = BoneSet.objects.get(pk=bones["id"])
    mesh = storage.get(bone_set.meshes.get(bone="tibia").mesh)
    tibia = Bones({Bone.TIBIA: trimesh.load_mesh(io.BytesIO(mesh), file_type="ply", process=False)})
    for view, lines in json.loads(outlines).items():
        drawn = bone_outlines(tibia, seen[view])[Bone.TIBIA]
        assert [np.round(line, 2).tolist() for line in drawn] == lines["tibia"]
    plan = factories.PlanFactory(bone_set=bone_set)
    simulated = client.get(f"/api/plans/{plan.pk}/corrected-xrays/").json()
    for view, expected in seen.items():
        shown = camera(simulated[view])
        points = np.array([[12.0, -7.0, 20.0]])
        scale = shown.rows / expected.rows
        assert shown.project(points)[0] == pytest.approx(
            (expected.project(points)[0] + 0.5) * scale - 0.5, abs=0.01
        )


def case_with_images(**images: Any) -> Any:
    case = factories.CaseFactory()
    for view in ("ap", "lateral"):
        factories.ImageFactory(case=case, view=view, projection=STATED, **images)
    return case


def reported(*projections: list[list[float]]) -> dict[str, Any]:
    images = [{"file": "x", "sha256": "0", "camera": {"projection": rows}} for rows in projections]
    return factories.report("tibia") | {"images": images}


def projections(bone_set: BoneSet) -> dict[str, Any]:
    return {view: one["projection"] for view, one in cameras_of(bone_set).items()}


def test_each_bone_set_of_a_case_has_its_own_cameras() -> None:
    case = case_with_images(rows=512, columns=384)
    report = reported(CORRECTED, STATED)
    made = factories.BoneSetFactory(case=case, report=report)
    again = factories.BoneSetFactory(case=case, report=reported(STATED, CORRECTED))
    assert projections(made) == {"ap": CORRECTED, "lateral": STATED}
    assert projections(again) == {"ap": STATED, "lateral": CORRECTED}
    assert {(one["rows"], one["columns"]) for one in cameras_of(made).values()} == {(512, 384)}
    # What is stated is another thing, and stays.
    assert {image.view: image.projection for image in case.images.all()} == {"ap": STATED, "lateral": STATED}


@pytest.mark.parametrize("origin", ["imported", "ct_network"])
def test_bones_from_elsewhere_are_seen_by_the_cameras_that_the_x_rays_state(origin: str) -> None:
    case = case_with_images()
    factories.BoneSetFactory(case=case, report=reported(CORRECTED, CORRECTED))
    here = factories.BoneSetFactory(case=case, origin=origin)
    assert projections(here) == {"ap": STATED, "lateral": STATED}


@pytest.mark.parametrize("origin", ["imported", "ct_network"])
def test_bones_moved_onto_others_are_seen_by_the_cameras_of_these(origin: str) -> None:
    case = case_with_images()
    onto = factories.BoneSetFactory(case=case, report=reported(CORRECTED, CORRECTED))
    # A later reconstruction does not change what they were moved onto.
    factories.BoneSetFactory(case=case, report=reported(STATED, STATED))
    moved = factories.BoneSetFactory(case=case, origin=origin, aligned_to=onto)
    assert projections(moved) == projections(onto) == {"ap": CORRECTED, "lateral": CORRECTED}


def test_bones_in_a_frame_of_their_own_are_seen_by_no_x_ray(log_in: Any) -> None:
    away = factories.BoneSetFactory(case=case_with_images(), origin="imported", frame="own")
    assert cameras_of(away) == {}
    answer = log_in(away.case.surgeon).get(f"/api/bone-sets/{away.pk}/").json()
    assert answer["cameras"] == {}
    standard = corrected_cameras(factories.PlanFactory(bone_set=away))
    assert set(standard) == {"ap", "lateral"}


def test_cameras_of_many_bone_sets_take_one_question(django_assert_num_queries: Any) -> None:
    case = case_with_images()
    for _ in range(3):
        made = factories.BoneSetFactory(case=case, report=reported(CORRECTED, STATED))
        factories.BoneSetFactory(case=case, origin="imported", aligned_to=made)
    detail: Any = detailed(person=case.surgeon, case=case)
    with django_assert_num_queries(0):
        assert [projections(one)["ap"] for one in detail.detail.bone_sets] == [CORRECTED] * 6
