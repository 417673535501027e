"""A design put on other bones of its case by the simulated surgeon; two designs judged on the same bones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from backend.accounts.models import Role
from backend.audit.models import Event
from backend.exports.models import Guide, GuideTrial
from backend.exports.services import request_design
from backend.jobs import runner
from backend.jobs.models import Job
from tests.backend import factories, planned

pytestmark = pytest.mark.django_db

SCORES = {
    "fitting": {"score": 3, "contact_percent": 55.0},
    "seat": {"matrix": np.eye(4).tolist()},
    "design_to_bones": np.eye(4).tolist(),
}
SLOT = {"point": [0.0, 0, 0], "normal": [0.0, 0, 1]}


def trial(guide: Guide, bone_set: Any, scores: dict[str, Any] | None = None) -> GuideTrial:
    made: GuideTrial = factories.GuideTrialFactory(
        guide=guide, bone_set=bone_set, scores=SCORES | (scores or {})
    )
    return made


def ask(client: Any, guide: Guide, bone_set: Any) -> Any:
    return client.post(f"/api/guides/{guide.pk}/trials/", {"bone_set": str(bone_set.pk)})


@pytest.mark.parametrize("which", ["own", "of another case"])
def test_only_other_bones_of_the_case_are_tried(which: str, log_in: Any) -> None:
    guide = factories.GuideFactory()
    other_case = factories.CaseFactory(site=guide.case.site, surgeon=guide.case.surgeon)
    bones = guide.plan.bone_set if which == "own" else factories.BoneSetFactory(case=other_case)
    answer = ask(log_in(factories.person_with(guide.case.site, Role.ENGINEER)), guide, bones)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_other_bones")
    assert not Job.objects.filter(kind="score_guide").exists()


def test_the_same_trial_is_not_made_twice(log_in: Any) -> None:
    guide = factories.GuideFactory()
    bones = factories.BoneSetFactory(case=guide.case)
    made = trial(guide, bones)
    client = log_in(guide.case.surgeon)
    answer = ask(client, guide, bones)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "tried_already")
    (shown,) = client.get(f"/api/guides/{guide.pk}/").json()["trials"]
    assert shown["bone_set"] == str(bones.pk) and shown["scores"]["fitting"]["score"] == 3
    assert client.get(shown["contact"]).content == b"ply"
    stranger = log_in(factories.person_with(factories.SiteFactory(), Role.SURGEON))
    assert stranger.get(shown["contact"]).status_code == 404
    assert made.guide_id == guide.pk


def test_two_guides_are_compared_on_bones_that_both_were_put_on(log_in: Any) -> None:
    """The second was designed in a frame of its own, 40 mm off and turned by 30 degrees."""
    first = factories.GuideFactory(report={"slot": SLOT}, scores=SCORES)
    own = factories.BoneSetFactory(case=first.case, frame="own")
    second = factories.GuideFactory(
        plan=factories.ApprovedPlanFactory(bone_set=own), report={"slot": SLOT}, scores=SCORES
    )
    client = log_in(first.case.surgeon)
    address, ct = f"/api/guides/{first.pk}/compare/{second.pk}/", first.plan.bone_set
    answer = client.get(address, {"bones": str(ct.pk)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_tried")

    turn = trimesh.transformations.rotation_matrix(np.radians(30), [0, 0, 1])
    turn[:3, 3] = [40, 0, 0]
    rest = trimesh.transformations.rotation_matrix(np.radians(1.5), [1, 0, 0])
    rest[:3, 3] = [0, 0, 0.7]
    trial(
        second,
        ct,
        {"fitting": {"score": 5}, "seat": {"matrix": rest.tolist()}, "design_to_bones": turn.tolist()},
    )
    found = client.get(address, {"bones": str(ct.pk)}).json()
    assert found["bones"] == str(ct.pk) and found["common_bones"] == [str(ct.pk)]
    assert {row["label"]: (row["first"], row["second"]) for row in found["scores"]}["Fitting"] == (3, 5)
    assert found["cut"]["angle_deg"] == pytest.approx(1.5)
    assert found["cut"]["distance_mm"] == pytest.approx(0.7)
    assert client.get(address).json()["cut"] is None, "each on its own bones: two frames"


def test_a_guide_is_put_on_bones_in_another_frame(tmp_path: Path, log_in: Any) -> None:
    """Bones with waves on them, some millimetres and degrees off: the guide fits them less well."""
    meshes = planned.leg_meshes(tmp_path)
    plan = planned.approved(planned.saved(planned.bone_set_of(meshes)))
    engineer = factories.person_with(plan.case.site, Role.ENGINEER)
    assert runner.run(request_design(person=engineer, plan=plan).pk, worker="test")
    guide = Guide.objects.get()

    motion = trimesh.transformations.rotation_matrix(np.radians(4), [0, 1, 1])
    motion[:3, 3] = [3.0, -2.0, 4.0]
    grown = {}
    for name, mesh in meshes.items():
        grown[name] = mesh.copy()
        grown[name].vertices += 0.8 * np.sin(mesh.vertices[:, 2:] / 6) * mesh.vertex_normals
        grown[name].apply_transform(motion)
    others = planned.bone_set_of(grown, case=plan.case, frame="own")
    client = log_in(engineer)
    answer = ask(client, guide, others)
    assert answer.status_code == 202
    assert runner.run(answer.json()["id"], worker="test")
    job = client.get(f"/api/jobs/{answer.json()['id']}/").json()
    assert job["state"] == "succeeded", job["error"]
    (found,) = client.get(f"/api/guides/{guide.pk}/").json()["trials"]
    trial = GuideTrial.objects.get()
    assert guide.scores["fitting"]["contact_percent"] > 98
    assert 10 < found["scores"]["fitting"]["contact_percent"] < 90
    knee = np.append(plan.document["osteotomy"]["hinge_point"], 1.0)
    assert np.array(trial.scores["design_to_bones"]) @ knee == pytest.approx(motion @ knee, abs=1.0)
    assert client.get(found["contact"]).content.startswith(b"ply")
    assert "put on bones" in Event.objects.filter(action="guide.tried").get().text
