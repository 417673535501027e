"""Several bone sets side by side: imports, the one that is planned on, comparisons."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.accounts.models import Role
from backend.audit.models import Event
from backend.cases.models import Case
from backend.core import storage
from backend.imaging.models import BoneSet, Comparison
from backend.jobs import child, runner
from backend.jobs.models import Job, State
from backend.planning.models import Plan, Status
from recon.alignment import moved
from recon.bones import Bone
from recon.bones import BoneSet as Bones
from recon.geometry import Camera
from recon.outlines import bone_outlines
from tests.backend import factories, meshes
from tests.data import shared_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def case() -> Case:
    return factories.CaseFactory(side="L")


@pytest.fixture
def client(case: Case, log_in: Any) -> Any:
    return log_in(case.surgeon)


@pytest.fixture
def knee() -> Bones:
    return Bones.read(shared_data("bones/hubmap_vhf_l"))


def ended(answer: Any) -> Job:
    assert answer.status_code == 202, answer.content
    runner.run(answer.json()["id"], worker="test")
    return Job.objects.get(pk=answer.json()["id"])


def detail(client: Any, case: Case) -> Any:
    return client.get(f"/api/cases/{case.pk}/").json()


# ---- imports ---------------------------------------------------------------


def _open() -> bytes:
    egg = meshes.egg()
    return meshes.exported(trimesh.Trimesh(egg.vertices, egg.faces[40:], process=False), "ply")


# The files, other fields, the code that comes back, and a word that message or remedy must hold.
BAD: dict[str, tuple[Callable[[], dict[str, bytes]], dict[str, Any], str, str]] = {
    "a text": (lambda: {"tibia.stl": b"Dear colleague"}, {}, "empty_mesh", "tibia.stl"),
    "a document": (lambda: {"tibia.docx": b"PK"}, {}, "unreadable_mesh", "tibia.docx"),
    "nothing in it": (lambda: {"Doe tibia.stl": b""}, {}, "empty_mesh", "Doe tibia.stl"),
    "an open mesh": (lambda: {"tibia.ply": _open()}, {}, "open_mesh", "tibia is not closed"),
    "metres as mm": (
        lambda: {"tibia.stl": meshes.exported(meshes.egg(0.035, 0.025, 0.06))},
        {},
        "wrong_units",
        "unit m",
    ),
    "an unnamed bone": (
        lambda: {"segment_1.stl": meshes.exported(meshes.egg())},
        {},
        "unnamed_bone",
        "segment_1.stl",
    ),
    "one bone twice": (
        lambda: {name: meshes.exported(meshes.egg()) for name in ("tibia.stl", "Tibia 2.stl")},
        {},
        "bone_twice",
        "Tibia 2.stl",
    ),
    "the other side by name": (
        lambda: {"Tibia_right.stl": meshes.exported(meshes.egg())},
        {},
        "wrong_side",
        "Tibia_right.stl",
    ),
    "a claim of gigabytes": (
        lambda: {"tibia.ply": b"ply\nformat binary_little_endian 1.0\nelement vertex 4000000000\n"
                 b"property float x\nproperty float y\nproperty float z\nend_header\n" + bytes(64)},
        {},
        "unreadable_mesh",
        "tibia.ply",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_meshes_that_cannot_be_used_are_refused_and_nothing_is_lost(
    kind: str, case: Case, client: Any, tmp_path: Path
) -> None:
    make, fields, code, word = BAD[kind]
    answer = meshes.post(client, case, make(), **fields)
    assert answer.status_code == 400, answer.content
    error = answer.json()["error"]
    assert (error["code"], error["kept"]) == (code, "Nothing was stored; the case is unchanged."), error
    assert word in error["message"] + error["remedy"], error
    assert str(tmp_path) not in answer.content.decode()
    assert not Job.objects.exists() and not Event.objects.exists()
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert list((tmp_path / "work").glob("*")) == []


@pytest.mark.parametrize(
    ("fields", "missing"),
    [({"units": "furlong"}, "units"), ({"frame": "moon"}, "frame"), ({"bones": ["tibia", "femur"]}, "bones")],
)
def test_a_form_that_lacks_something_names_it(
    case: Case, client: Any, fields: dict[str, Any], missing: str
) -> None:
    answer = meshes.post(client, case, {"tibia.stl": meshes.exported(meshes.egg())}, **fields)
    assert answer.status_code == 400 and missing in answer.json()["error"]["fields"]


def test_too_many_bytes_are_refused(case: Case, client: Any, settings: Any) -> None:
    settings.MESH_UPLOAD_LIMIT_BYTES = 1000
    answer = meshes.post(client, case, {"tibia.stl": meshes.exported(meshes.egg())})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload_too_large")


def test_the_rigs_frame_needs_a_rig(case: Case, client: Any) -> None:
    answer = meshes.post(client, case, {"tibia.stl": meshes.exported(meshes.egg())}, frame="rig")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_rig")


def test_the_first_bones_of_a_case_may_be_imported_and_are_planned_on(case: Case, client: Any) -> None:
    content = meshes.exported(meshes.egg(), "obj")
    answer = meshes.post(
        client, case, {"Doe^Jane shin.obj": content}, units="mm", bones=["tibia"], software="Other 1.0"
    )
    assert detail(client, case)["state"] == "reconstructing"
    job = ended(answer)
    assert job.state == State.SUCCEEDED, job.error
    shown = detail(client, case)
    (made,) = shown["bone_sets"]
    assert shown["current_bone_set"] == made["id"] and shown["state"] == "to_plan"
    assert (made["origin"], made["model"], made["number"]) == ("imported", "Other 1.0", 1)
    assert made["author"] == case.surgeon.name and made["alignment"] is None
    assert made["frame"] == "own" and made["coordinates"] == made["id"]
    assert client.get(f"/api/bone-sets/{made['id']}/outlines/").status_code == 404
    assert "Doe" not in json.dumps(shown) and b"Doe" not in json.dumps(job.input).encode()
    assert shown["timeline"][-1]["action"] == "bones.imported"
    # Such a case still takes X-rays: no outline was drawn with their cameras.
    assert {"upload", "upload_ct", "add_bones"} <= set(shown["allowed"])


def test_imported_bones_are_laid_onto_those_of_the_xrays_and_do_not_push_them_aside(
    case: Case, client: Any, knee: Bones
) -> None:
    for view in ("ap", "lateral"):
        projection = [[5.0, 0, 0, 500], [0, 0, -5.0, 500], [0, 0.001 if view == "ap" else 0.0011, 0, 1]]
        factories.ImageFactory(case=case, view=view, rows=1000, columns=1000, projection=projection)
    first = meshes.stored_set(case, knee)
    # The engine had seen these bones 20 rows lower than the X-rays state.
    lower = [[5.0, 0, 0, 500], [0, 0.02, -5.0, 520], [0, 0.001, 0, 1]]
    first.report["images"] = [{"camera": {"projection": lower}}] * 2
    first.save()
    there = meshes.away()
    files = {f"{bone.label}.stl": meshes.exported(mesh) for bone, mesh in moved(knee, there).items()}
    job = ended(meshes.post(client, case, files))
    assert job.state == State.SUCCEEDED, job.error
    shown = detail(client, case)
    made = shown["bone_sets"][1]
    assert (made["frame"], made["coordinates"], made["aligned_to"]) == ("rig", "rig", str(first.pk))
    assert made["alignment"]["mean_mm"] < 0.2 and set(made["alignment"]["residual_mm"]) == set(made["bones"])
    assert np.abs(np.array(made["alignment"]["transform"]) @ there - np.eye(4)).max() < 0.2
    back = meshes.stored_mesh(BoneSet.objects.get(pk=made["id"]), "tibia")
    assert np.abs(back.bounds - knee[Bone.TIBIA].bounds).max() < 0.3
    outlines = client.get(f"/api/bone-sets/{made['id']}/outlines/").json()
    for view, camera in made["cameras"].items():
        assert camera["projection"] == lower
        drawn = bone_outlines(Bones({Bone.TIBIA: back}), Camera(np.array(lower), 1000, 1000))[Bone.TIBIA]
        assert [np.round(line, 2).tolist() for line in drawn] == outlines[view]["tibia"]
    # No silent switch.
    assert shown["current_bone_set"] == str(first.pk)


def test_bones_of_somebody_else_fail_with_words(case: Case, client: Any, knee: Bones) -> None:
    meshes.stored_set(case, Bones({Bone.TIBIA: knee[Bone.TIBIA]}))
    job = ended(meshes.post(client, case, {"tibia.stl": meshes.exported(meshes.egg(60, 60, 70))}))
    assert job.state == State.FAILED and job.error and job.error["code"] == "unlike_bones"
    assert "kept" in job.error["kept"] and case.bone_sets.count() == 1


def test_a_killed_import_fails_with_words_and_can_be_tried_again(
    case: Case, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = meshes.post(client, case, {"tibia.stl": meshes.exported(meshes.egg())})
    kill = child._instruct

    def killed(process: Any, *arguments: Any) -> None:
        kill(process, *arguments)
        os.kill(process.pid, signal.SIGKILL)

    monkeypatch.setattr(child, "_instruct", killed)
    job = ended(answer)
    assert job.state == State.FAILED and job.error and job.error["code"] == "engine_failed"
    monkeypatch.undo()
    again = ended(client.post(f"/api/jobs/{job.pk}/retry/"))
    assert again.state == State.SUCCEEDED and case.bone_sets.count() == 1


def test_an_import_waits_for_other_work(case: Case, client: Any) -> None:
    factories.JobFactory(case=case)
    answer = meshes.post(client, case, {"tibia.stl": meshes.exported(meshes.egg())})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "job_active")


# ---- the bones that are planned on -------------------------------------------


def test_a_surgeon_chooses_and_plans_stay_with_their_bones(
    case: Case, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.planning import services

    document = {"schema": "hto-plan/1", "osteotomy": {"correction_deg": 8.0}}
    monkeypatch.setattr(services, "plan_document", lambda bones, request: document)
    first = factories.BoneSetFactory(case=case)
    second = factories.BoneSetFactory(case=case, origin="imported")
    plan = {"correction_deg": 8, "bone_set": str(first.pk)}
    one = client.post(f"/api/cases/{case.pk}/plans/", plan).json()
    assert one["bone_set"] == str(first.pk)
    assert client.post(f"/api/bone-sets/{second.pk}/choose/").status_code == 200
    shown = detail(client, case)
    assert (shown["current_bone_set"], shown["state"]) == (str(second.pk), "to_plan")
    assert shown["timeline"][-1]["action"] == "bones.chosen"

    stale = client.post(f"/api/cases/{case.pk}/plans/", plan)
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "bones_changed")
    preview = client.post(f"/api/cases/{case.pk}/plan-preview/", plan)
    assert preview.json()["error"]["code"] == "bones_changed"
    approval = client.post(f"/api/plans/{one['id']}/approve/", {"password": factories.PASSWORD})
    assert (approval.status_code, approval.json()["error"]["code"]) == (409, "other_bones")

    two = client.post(f"/api/cases/{case.pk}/plans/", plan | {"bone_set": str(second.pk)}).json()
    assert two["bone_set"] == str(second.pk)
    # A plan on other bones is a different plan: the draft on the first ones stands.
    assert Plan.objects.get(pk=one["id"]).status == Status.DRAFT
    assert client.post(f"/api/bone-sets/{first.pk}/choose/").status_code == 200
    assert detail(client, case)["state"] == "to_approve"


def test_choosing_twice_is_one_choice_and_bones_without_a_tibia_are_none(case: Case, client: Any) -> None:
    first, second = (factories.BoneSetFactory(case=case) for _ in range(2))
    for _ in range(2):
        client.post(f"/api/bone-sets/{second.pk}/choose/")
    assert Event.objects.filter(action="bones.chosen").count() == 1
    first.meshes.all().delete()
    refused = client.post(f"/api/bone-sets/{first.pk}/choose/")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_tibia")


# ---- comparisons -------------------------------------------------------------


def compared(client: Any, first: BoneSet, second: BoneSet) -> Any:
    return client.post(f"/api/bone-sets/{first.pk}/comparisons/", {"other": second.pk})


def distances(client: Any, comparison: Any, which: str, bone: str) -> np.ndarray:
    return np.frombuffer(client.get(comparison["distances"][which][bone]).content, "<f4")


def test_spheres_whose_distance_is_known(case: Case, client: Any) -> None:
    sphere = trimesh.creation.icosphere(5, radius=40)
    larger = trimesh.creation.icosphere(5, radius=42)
    first = meshes.stored_set(case, Bones({Bone.TIBIA: sphere}))
    second = meshes.stored_set(case, Bones({Bone.TIBIA: larger, Bone.FEMUR: sphere}), origin="imported")
    job = ended(compared(client, first, second))
    assert job.state == State.SUCCEEDED, job.error
    (made,) = detail(client, case)["comparisons"]
    figures = made["report"]["bones"]["tibia"]
    assert figures["p2s_assd_mm"] == pytest.approx(2, abs=0.03)
    assert figures["p2s_hd95_mm"] == pytest.approx(2, abs=0.05)
    assert 0 < figures["floor_16k_mm"] < 1 and figures["dsc_percent"] == pytest.approx(93, abs=1)
    assert made["report"]["not_compared"] == {"femur": "only one of the sets has it"}
    assert (made["report"]["alignment"], made["report"]["scale_mm"]) == (None, 2.0)
    for which, mesh in (("first", sphere), ("second", larger)):
        values = distances(client, made, which, "tibia")
        assert values.shape == (len(mesh.vertices),) and np.allclose(values, 2, atol=0.05)
    again = compared(client, second, first)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_compared")


def test_what_only_one_source_saw_has_no_distance(case: Case, client: Any) -> None:
    egg = meshes.egg()
    first = meshes.stored_set(case, Bones({Bone.TIBIA: egg}))
    second = meshes.stored_set(case, Bones({Bone.TIBIA: egg}), origin="ct_network")
    second.report["field_of_view"] = {"box_mm": [[-100, -100, -20], [100, 100, 100]]}
    second.save()
    ended(compared(client, first, second))
    made = detail(client, case)["comparisons"][0]
    values = distances(client, made, "first", "tibia")
    assert np.isnan(values[egg.vertices[:, 2] < -17.1]).all()
    assert np.allclose(values[egg.vertices[:, 2] > -16.9], 0, atol=1e-4)


def test_bones_of_two_frames_are_aligned_for_it_and_the_page_is_told_how(
    case: Case, client: Any, knee: Bones
) -> None:
    there = meshes.away()
    first = meshes.stored_set(case, knee)
    second = meshes.stored_set(case, moved(knee, there), origin="imported", frame="own")
    assert first.coordinates != second.coordinates
    job = ended(compared(client, first, second))
    assert job.state == State.SUCCEEDED, job.error
    made = detail(client, case)["comparisons"][0]
    found = np.array(made["report"]["alignment"]["transform"])
    assert np.abs(found @ there - np.eye(4)).max() < 0.2
    assert made["report"]["bones"]["tibia"]["p2s_hd_mm"] < 0.2
    assert np.nanmax(distances(client, made, "second", "tibia")) < 0.2


def test_comparisons_are_of_two_sets_of_one_case_that_the_person_may_see(
    case: Case, client: Any, log_in: Any
) -> None:
    first, second = (factories.BoneSetFactory(case=case) for _ in range(2))
    other = factories.BoneSetFactory(case=factories.CaseFactory(site=case.site, surgeon=case.surgeon))
    foreign = factories.BoneSetFactory()
    assert compared(client, first, first).json()["error"]["code"] == "same_bones"
    assert compared(client, first, other).json()["error"]["code"] == "same_bones"
    assert compared(client, first, foreign).status_code == 404
    stranger = log_in(factories.person_with(factories.SiteFactory(), *Role))
    assert compared(stranger, first, second).status_code == 404
    assert stranger.post(f"/api/bone-sets/{first.pk}/choose/").status_code == 404
    assert meshes.post(stranger, case, {"tibia.stl": b"x"}).status_code == 404
    made = factories.ComparisonFactory(case=case, first=first, second=second)
    for address in ("", "distances/first/tibia.f32"):
        assert client.get(f"/api/comparisons/{made.pk}/{address}").status_code == 200
        assert stranger.get(f"/api/comparisons/{made.pk}/{address}").status_code == 404
    assert client.get(f"/api/comparisons/{made.pk}/distances/first/femur.f32").status_code == 404


def test_bones_with_nothing_in_common_fail_with_words(case: Case, client: Any) -> None:
    first = meshes.stored_set(case, Bones({Bone.TIBIA: meshes.egg()}))
    second = meshes.stored_set(case, Bones({Bone.FEMUR: meshes.egg()}))
    job = ended(compared(client, first, second))
    assert job.error and (job.state, job.error["code"]) == (State.FAILED, "no_common_bone")
    assert detail(client, case)["state"] == "to_plan" and not Comparison.objects.exists()


def test_many_sets_take_as_many_queries_as_two(case: Case, client: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/api/cases/{case.pk}/").status_code == 200
        return len(captured)

    def more() -> None:
        factories.CtScanFactory(case=case)
        factories.ComparisonFactory(case=case)

    more()
    few = queries()
    for _ in range(4):
        more()
    assert len(detail(client, case)["bone_sets"]) == 10
    assert queries() == few <= 22


def test_what_is_stored_is_content_addressed(case: Case) -> None:
    made = factories.ComparisonFactory(case=case)
    assert storage.get(made.distances["first"]["tibia"]) == bytes(32)
