"""Guides as an engineer works on them: asked for, queued, compared, signed off."""

from __future__ import annotations

from typing import Any

import pytest

from backend.accounts.models import Role
from backend.audit.models import Event
from backend.exports.models import Guide, GuideSignature
from backend.jobs.models import Job
from tests.backend import factories

pytestmark = pytest.mark.django_db

BLOCK = {
    "name": "overlap", "status": "block", "value": 4.0, "limit": 1.0, "unit": "mm3",
    "message": "The guide cuts into the bone", "place": [0, 0, 0],
}  # fmt: skip


def engineer_of(thing: Any, log_in: Any) -> Any:
    return log_in(factories.person_with(thing.case.site, Role.ENGINEER))


def ask(client: Any, plan: Any, **body: Any) -> Any:
    return client.post(f"/api/plans/{plan.pk}/guides/", body)


# ---- asking for a design ----


def test_a_design_keeps_what_was_asked_and_why(log_in: Any) -> None:
    plan = factories.ApprovedPlanFactory()
    own = factories.preset(plan.case.site, wire_diameter_mm=2.0)
    body = {
        "parameters": {"bone_clearance_mm": 0.5},
        "presets": ["blade-1.27", str(own.pk)],
        "painting": [{"centre": [1.0, -2.5, 30.0], "radius_mm": 6.0, "add": False}],
        "reason": "Thicker blade",
    }
    assert ask(engineer_of(plan, log_in), plan, **body).status_code == 202
    kept = Job.objects.get().input
    assert kept["presets"] == body["presets"] and kept["reason"] == "Thicker blade"
    assert kept["site_presets"] == [own.document()]
    assert kept["painting"] == body["painting"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"parameters": {"bone_clearance_mm": 3.0}}, "parameter_out_of_range"),
        ({"parameters": {"colour": 1.0}}, "unknown_parameter"),
        ({"presets": ["blade-of-grass"]}, "unknown_preset"),
        ({"painting": [{"centre": [0, 0, 0], "radius_mm": 99.0, "add": True}]}, "bad_painting"),
    ],
)
def test_what_the_engine_refuses_never_becomes_a_task(body: dict[str, Any], code: str, log_in: Any) -> None:
    plan = factories.ApprovedPlanFactory()
    answer = ask(engineer_of(plan, log_in), plan, **body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert answer.json()["error"]["remedy"]
    assert not Job.objects.exists()


def test_a_preset_of_another_site_is_unknown_here(log_in: Any) -> None:
    plan = factories.ApprovedPlanFactory()
    foreign = factories.preset(factories.SiteFactory())
    answer = ask(engineer_of(plan, log_in), plan, presets=[str(foreign.pk)])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_preset")


@pytest.mark.parametrize("status", ["draft", "superseded", "withdrawn"])
def test_only_an_approved_plan_is_designed(status: str, log_in: Any) -> None:
    plan = factories.PlanFactory(status=status)
    answer = ask(engineer_of(plan, log_in), plan)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "plan_not_approved")


# ---- a design says what it is ----


def test_an_older_design_has_no_scores_and_no_contact(log_in: Any) -> None:
    guide = factories.GuideFactory()
    client = log_in(guide.case.surgeon)
    shown = client.get(f"/api/guides/{guide.pk}/").json()
    assert shown["scores"] is None and shown["files"]["contact"] is None
    assert shown["author"] == guide.job.requested_by.name and shown["state"] == "to_sign"
    assert shown["plan_sha256"] == guide.plan.sha256
    assert client.get(f"/api/guides/{guide.pk}/contact.ply").status_code == 404


def test_the_hash_of_a_design_follows_plan_and_files() -> None:
    plan = factories.ApprovedPlanFactory()
    first, same = (factories.GuideFactory(plan=plan) for _ in range(2))
    other_file = factories.GuideFactory(plan=plan, stl=factories.storage.put(b"other", ".stl"))
    other_plan = factories.GuideFactory(plan=factories.ApprovedPlanFactory(sha256="1" * 64))
    assert first.sha256 == same.sha256 and len(first.sha256) == 64
    assert len({first.sha256, other_file.sha256, other_plan.sha256}) == 3


def test_a_blocked_design_can_be_looked_at(log_in: Any) -> None:
    guide = factories.GuideFactory(checks=[BLOCK])
    client = engineer_of(guide, log_in)
    preview = client.get(f"/api/guides/{guide.pk}/preview.stl")
    assert (preview.status_code, preview.content) == (200, b"stl")
    assert "Content-Disposition" not in preview
    assert client.get(f"/api/guides/{guide.pk}/checks/").json() == [BLOCK]
    assert client.get(f"/api/guides/{guide.pk}/").json()["state"] == "blocked"


# ---- the queue ----


def test_the_queue_holds_plans_that_await_a_guide_and_designs_by_state(log_in: Any) -> None:
    site = factories.SiteFactory()

    def plan(**fields: Any) -> Any:
        return factories.ApprovedPlanFactory(bone_set__case=factories.CaseFactory(site=site, **fields))

    waiting, urgent, blocked = plan(), plan(urgent=True), plan()
    factories.GuideFactory(plan=blocked, checks=[BLOCK])
    to_sign = factories.GuideFactory(plan=plan())
    signed = factories.signed_guide(plan=plan())
    factories.PlanFactory(bone_set__case=factories.CaseFactory(site=site))
    factories.GuideFactory()  # of another site
    queue = log_in(factories.person_with(site, Role.ENGINEER)).get("/api/guides/queue/").json()
    rows = queue["waiting"]
    assert rows[0]["plan"] == str(urgent.pk)
    assert {row["plan"] for row in rows} == {str(one.pk) for one in (waiting, urgent, blocked)}
    assert {row["plan"]: row["designs"] for row in rows}[str(blocked.pk)] == 1
    states = {row["id"]: row["state"] for row in queue["designs"]}
    assert len(states) == 3
    assert states[str(to_sign.pk)] == "to_sign" and states[str(signed.pk)] == "signed"


def test_the_queue_shows_the_running_design_but_not_an_old_failure(log_in: Any) -> None:
    plan = factories.ApprovedPlanFactory()
    failed = factories.ended_job("failed", kind="design_guide", case=plan.case)
    client = engineer_of(plan, log_in)
    assert client.get("/api/guides/queue/").json()["waiting"][0]["job"]["id"] == str(failed.pk)
    running = factories.JobFactory(kind="design_guide", case=plan.case)
    assert client.get("/api/guides/queue/").json()["waiting"][0]["job"]["id"] == str(running.pk)
    client.post(f"/api/jobs/{running.pk}/cancel/")
    assert client.get("/api/guides/queue/").json()["waiting"][0]["job"] is None


def test_a_withdrawn_plan_leaves_the_queue_but_its_signed_guide_does_not(log_in: Any) -> None:
    guide = factories.signed_guide()
    factories.GuideFactory(plan=guide.plan)
    guide.plan.status = "withdrawn"
    guide.plan.save(update_fields=["status"])
    queue = engineer_of(guide, log_in).get("/api/guides/queue/").json()
    assert queue["waiting"] == []
    assert [(row["id"], row["state"]) for row in queue["designs"]] == [(str(guide.pk), "void")]


# ---- two designs ----


def with_report(**report: Any) -> dict[str, Any]:
    return {"slot": {"point": [0, 0, 0], "normal": [0, 0, 1]}, "parameters": {}} | report


def test_two_designs_are_compared_by_what_differs(log_in: Any) -> None:
    plan = factories.ApprovedPlanFactory()
    first = factories.GuideFactory(
        plan=plan,
        report=with_report(parameters={"bone_clearance_mm": 0.3, "slot_depth_mm": 15}),
        scores={"fitting": {"score": 4, "contact_percent": 60.0}},
    )
    tilted = {"point": [30, 0, 2.0], "normal": [0, 0.0348995, 0.9993908]}
    second = factories.GuideFactory(
        plan=plan,
        report=with_report(parameters={"bone_clearance_mm": 0.5, "slot_depth_mm": 15}, slot=tilted),
        checks=[BLOCK],
    )
    found = engineer_of(plan, log_in).get(f"/api/guides/{first.pk}/compare/{second.pk}/").json()
    (row,) = found["parameters"]
    assert (row["name"], row["first"], row["second"]) == ("bone_clearance_mm", 0.3, 0.5)
    assert {check["name"]: (check["first"], check["second"]) for check in found["checks"]} == {
        "watertight": ("pass", None),
        "overlap": (None, "block"),
    }
    assert {row["label"]: (row["first"], row["second"]) for row in found["scores"]}["Fitting"] == (4, None)
    assert found["cut"]["angle_deg"] == pytest.approx(2.0, abs=0.001)
    assert found["cut"]["distance_mm"] == pytest.approx(2.0)


def test_cuts_in_two_frames_are_not_compared(log_in: Any) -> None:
    first = factories.GuideFactory(report=with_report())
    other_bones = factories.BoneSetFactory(case=first.case, frame="own")
    second = factories.GuideFactory(
        plan=factories.ApprovedPlanFactory(bone_set=other_bones), report=with_report()
    )
    found = log_in(first.case.surgeon).get(f"/api/guides/{first.pk}/compare/{second.pk}/").json()
    assert found["cut"] is None


def test_guides_of_two_knees_are_not_compared(log_in: Any) -> None:
    first = factories.GuideFactory()
    second = factories.GuideFactory(
        plan=factories.ApprovedPlanFactory(bone_set__case=factories.CaseFactory(site=first.case.site))
    )
    answer = engineer_of(first, log_in).get(f"/api/guides/{first.pk}/compare/{second.pk}/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "other_case")


# ---- the signature ----


def sign(client: Any, guide: Any, password: str = factories.PASSWORD) -> Any:
    return client.post(f"/api/guides/{guide.pk}/sign/", {"password": password})


def test_an_engineer_signs_what_they_have_seen(log_in: Any) -> None:
    guide = factories.GuideFactory(version=2)
    answer = sign(engineer_of(guide, log_in), guide)
    assert answer.status_code == 200 and answer.json()["state"] == "signed"
    assert answer.json()["signature"]["sha256"] == guide.sha256
    event = Event.objects.get(action="guide.signed")
    assert event.data["sha256"] == guide.sha256 and event.data["plan_sha256"] == guide.plan.sha256


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"checks": [BLOCK]}, "guide_blocked"),
        ({"plan__status": "withdrawn"}, "plan_withdrawn"),
        ({"plan__status": "superseded"}, "plan_not_approved"),
        ({"package": ""}, "no_package"),
    ],
)
def test_what_must_not_be_printed_cannot_be_signed(change: dict[str, Any], code: str, log_in: Any) -> None:
    guide = factories.GuideFactory(**change)
    answer = sign(engineer_of(guide, log_in), guide)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, code)
    assert not GuideSignature.objects.exists()


def test_a_signature_needs_the_own_password_and_is_given_once(log_in: Any) -> None:
    guide = factories.GuideFactory()
    client = engineer_of(guide, log_in)
    wrong = sign(client, guide, "not mine")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "wrong_password")
    assert sign(client, guide).status_code == 200
    again = sign(client, guide)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "signed_already")
    assert Guide.objects.get().signed is not None


def test_the_case_says_whose_turn_it_is(log_in: Any) -> None:
    guide = factories.GuideFactory()
    client = log_in(guide.case.surgeon)
    assert client.get(f"/api/cases/{guide.case_id}/").json()["next_step"]["code"] == "sign_off"
    sign(engineer_of(guide, log_in), guide)
    assert client.get(f"/api/cases/{guide.case_id}/").json()["next_step"]["code"] == "download"
