"""Exact fragments of a saved plan: made by a job of their own, kept as they are, shown in its pictures."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import trimesh
from django.db import IntegrityError, connection, transaction

from backend.accounts.models import Role
from backend.core import storage, triggers
from backend.core.errors import Conflict
from backend.exports.services import request_design
from backend.imaging.models import BoneSet
from backend.jobs import runner
from backend.jobs.models import Job, Kind, State
from backend.planning import report_rows, simulation
from backend.planning.models import Plan, PlanSolids
from backend.planning.solids import make_solids
from tests.backend import factories
from tests.backend.planned import approved, bone_set_of, leg_meshes, saved
from tests.data import shared_data

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def meshes() -> dict[str, trimesh.Trimesh]:
    folder = shared_data("bones/vsd_z013_l")
    return {path.stem: trimesh.load_mesh(path, process=False) for path in folder.glob("*.ply")}


@pytest.fixture
def bones(meshes: dict[str, trimesh.Trimesh]) -> BoneSet:
    return bone_set_of(meshes, frame="own", origin="imported")


def made(plan: Plan) -> Plan:
    """The plan after a worker has come by."""
    job = Job.objects.get(kind=Kind.PLAN_SOLIDS, input__plan=str(plan.pk), state=State.QUEUED)
    assert runner.run(job.pk, worker="test")
    return Plan.objects.told().select_related("bone_set", "case__patient").get(pk=plan.pk)


def shown(client: Any, plan: Plan) -> dict[str, Any]:
    return dict(client.get(f"/api/plans/{plan.pk}/").json()["solids"])


def test_a_saved_plan_gets_its_fragments_and_gives_them_out(bones: BoneSet, log_in: Any) -> None:
    client = log_in(bones.case.surgeon)
    plan = saved(bones, correction_deg=9.0, tuberosity="distal")
    assert shown(client, plan) == {
        "state": "waiting", "missing": "They are being made.", "files": None, "sha256": None, "report": None,
    }  # fmt: skip
    assert client.get(f"/api/plans/{plan.pk}/solids/distal.ply").status_code == 404
    plan = made(plan)
    found = shown(client, plan)
    assert (found["state"], found["missing"], set(found["files"])) == ("made", "", {"proximal", "distal"})
    volume = 0.0
    for part, address in found["files"].items():
        answer = client.get(address)
        assert (
            answer.status_code == 200 and f"plan-{plan.revision}-{part}.ply" in answer["Content-Disposition"]
        )
        assert storage.sha256_of(storage.put(answer.content, ".ply")) == found["sha256"][part]
        mesh = trimesh.load_mesh(io.BytesIO(answer.content), file_type="ply", process=False)
        assert mesh.is_watertight and mesh.volume == pytest.approx(found["report"][f"{part}_mm3"], abs=0.01)
        volume += mesh.volume
    assert volume == pytest.approx(found["report"]["tibia_mm3"], rel=1e-6)
    listed = client.get(f"/api/cases/{plan.case_id}/").json()
    assert listed["plans"][0]["solids"] == found
    assert "Exact fragments of plan 1 made" in [event["text"] for event in listed["timeline"]]
    answer = client.post(f"/api/plans/{plan.pk}/solids/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "solids_there")


def test_pictures_show_the_fragments_once_they_are_there(bones: BoneSet) -> None:
    plan = Plan.objects.told().get(pk=saved(bones, correction_deg=9.0).pk)
    without, films = simulation.report_pictures(plan)
    assert "Why: They are being made." in report_rows.fragments(plan)
    plan = made(plan)
    exact, exact_films = simulation.report_pictures(plan)
    assert "both cuts" in report_rows.fragments(plan)
    assert without["frontal_before"] == exact["frontal_before"]
    # The tuberosity has gone with the distal fragment, which is what one cut alone does not show.
    assert without["sagittal_after"] != exact["sagittal_after"]
    assert films["lateral"] != exact_films["lateral"]
    hashes = dict(report_rows.hashes(plan))
    assert plan.made_solids and hashes["distal fragment"] == plan.made_solids.sha256["distal"]


def test_one_cut_alone_is_drawn_alike_by_both_ways(bones: BoneSet) -> None:
    """A closing wedge has no second cut: fans and exact caps must give the same X-ray."""
    from PIL import Image

    plan = saved(bones, correction_deg=9.0, kind="lateral_closing_wedge")
    plan = Plan.objects.told().select_related("bone_set").get(pk=plan.pk)
    plain = simulation.report_pictures(plan)
    plan = made(plan)
    assert plan.made_solids and plan.made_solids.removed and plan.made_solids.report["removed_mm3"] > 1000
    exact = simulation.report_pictures(plan)
    for before, after in zip(plain, exact, strict=True):
        for name in before:
            one, two = (np.asarray(Image.open(io.BytesIO(x[name])), dtype=float) for x in (before, after))
            assert np.abs(one - two).mean() < 0.5, name


def test_fragments_that_cannot_be_made_leave_the_plan_saved_and_say_why(log_in: Any, tmp_path: Any) -> None:
    bones = bone_set_of(leg_meshes(tmp_path, below_mm=110))
    client = log_in(bones.case.surgeon)
    plan = saved(bones, correction_deg=8.0)
    # The storage loses the bone between the saving and the work.
    key = bones.meshes.get(bone="tibia").mesh
    content = storage.get(key)
    storage.discard(key)
    storage.default_storage.save(key, io.BytesIO(b"no bone"))
    plan = made(plan)
    found = shown(client, plan)
    assert (found["state"], found["files"]) == ("failed", None) and len(found["missing"]) > 20
    assert found["missing"] in report_rows.fragments(plan)
    assert client.get(f"/api/plans/{plan.pk}/").json()["status"] == "draft"
    storage.discard(key)
    assert storage.put(content, key[-4:]) == key
    assert client.post(f"/api/plans/{plan.pk}/solids/").status_code == 202
    assert shown(client, plan)["state"] == "waiting"
    made(plan)
    assert shown(client, plan)["state"] == "made"


def test_no_other_task_waits_for_fragments(bones: BoneSet) -> None:
    plan = approved(saved(bones, correction_deg=8.0))
    again = saved(bones, correction_deg=9.0)
    active = Job.objects.active()
    assert active.filter(kind=Kind.PLAN_SOLIDS).count() == 2
    request_design(person=plan.case.surgeon, plan=plan)
    with pytest.raises(Conflict), transaction.atomic():
        request_design(person=plan.case.surgeon, plan=plan)
    saved(bones, correction_deg=7.0)
    assert active.count() == 4
    engineer = factories.person_with(again.case.site, Role.ENGINEER)
    with pytest.raises(Conflict) as caught:
        make_solids(person=engineer, plan=again)
    assert caught.value.code == "solids_there"


def test_stored_fragments_cannot_be_changed() -> None:
    plan = factories.with_solids(factories.PlanFactory())
    triggers.install(connection)
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanSolids.objects.filter(plan=plan).update(distal="00/other.ply")
