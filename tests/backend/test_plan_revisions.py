"""Revisions stay as they were saved, and what hangs on an approval falls with it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from backend.accounts.models import Role
from backend.core.errors import Conflict
from backend.exports.design_job import DesignHandler
from backend.planning.models import ImmutableError, Plan, Status
from tests.backend import factories

pytestmark = pytest.mark.django_db

CONTENT = (
    "case_id", "bone_set_id", "revision", "request", "document", "sha256", "correction_deg", "author_id",
    "reason", "created_at",
)  # fmt: skip
APPROVAL = ("approved_by_id", "approved_at")
METHODS = ("get", "post", "put", "patch", "delete")


def content(plan: Plan, *more: str) -> dict[str, Any]:
    return dict(Plan.objects.filter(pk=plan.pk).values(*CONTENT, *more).get())


def signed() -> Plan:
    """An approved revision, by the ordinary way."""
    from tests.backend.planned import approved

    return approved(factories.PlanFactory(request={"correction_deg": 8.0}, reason="Varus"))


# ---- what no route changes ---------------------------------------------------


def patterns(resolver: URLResolver, before: str = "") -> list[tuple[str, URLPattern]]:
    found: list[tuple[str, URLPattern]] = []
    for entry in resolver.url_patterns:
        path = before + str(entry.pattern)
        found += patterns(entry, path) if isinstance(entry, URLResolver) else [(path, entry)]
    return found


def address(path: str, places: dict[str, Any]) -> str:
    """The path with the plan, or what belongs to it, wherever an identifier is wanted."""
    owner = path.removeprefix("api/").split("/")[0]

    def fill(found: re.Match[str]) -> str:
        kind, name = found[1], found[2]
        if kind == "uuid":
            return str(places["other"] if name == "other" else places.get(owner, places["plans"]))
        return {"bone": "tibia", "part": "distal", "which": "first", "view": "ap", "int": "1"}.get(kind, "x")

    return "/" + re.sub(r"<(\w+):(\w+)>", fill, path)


def test_no_route_of_the_api_changes_an_approved_revision() -> None:
    plan = signed()
    draft = factories.PlanFactory(bone_set=plan.bone_set, revision=plan.revision + 1)
    guide = factories.GuideFactory(plan=plan)
    person = factories.person_with(plan.case.site, *Role)
    places = {
        "plans": plan.pk,
        "cases": plan.case_id,
        "bone-sets": plan.bone_set_id,
        "guides": guide.pk,
        "people": plan.author_id,
        "jobs": guide.job_id,
        "other": draft.pk,
    }
    before, drafted = content(plan, *APPROVAL), content(draft)
    # Everything that a plan has, changed; beside what the routes themselves want.
    hostile = {
        **dict.fromkeys(before),
        "id": str(plan.pk),
        "plan": str(plan.pk),
        "status": "draft",
        "document": {"schema": "other"},
        "request": {"correction_deg": 1.0},
        "sha256": "f" * 64,
        "revision": 99,
        "correction_deg": 3.0,
        "reason": "Changed",
        "password": factories.PASSWORD,
        "author": str(person.pk),
        "approved_by": str(person.pk),
    }
    tried = 0
    for path, _ in patterns(get_resolver()):
        if path.startswith("^") or "(?!" in path or ".*" in path:
            continue
        # Withdrawing comes last: after it nothing is approved any more.
        if path.endswith("withdraw/"):
            continue
        for method in METHODS:
            client = APIClient(raise_request_exception=False)
            client.force_login(person)
            answer = client.generic(
                method.upper(), address(path, places), json.dumps(hostile), "application/json"
            )
            assert answer.status_code != 500, (method, path)
            assert content(plan, *APPROVAL) == before, (method, path)
            assert content(draft) == drafted, (method, path)
            tried += 1
    assert tried > 250
    client = APIClient()
    client.force_login(person)
    assert client.post(f"/api/plans/{plan.pk}/withdraw/", hostile, format="json").status_code == 200
    assert content(plan, *APPROVAL) == before


@pytest.mark.parametrize("field", [name.removesuffix("_id") for name in CONTENT])
def test_the_model_refuses_too(field: str) -> None:
    plan = signed()
    with pytest.raises(ImmutableError):
        Plan.objects.filter(pk=plan.pk).update(**{field: None})
    setattr(plan, field, getattr(plan, field))
    with pytest.raises(ImmutableError):
        plan.save(update_fields=[field])
    with pytest.raises(ImmutableError):
        plan.save()


# ---- withdrawing -------------------------------------------------------------


@pytest.fixture
def plan() -> Plan:
    return signed()


@pytest.fixture
def client(plan: Plan, log_in: Any) -> Any:
    return log_in(plan.case.surgeon)


def withdrawn(client: Any, plan: Plan, **body: Any) -> Any:
    body = {"password": factories.PASSWORD, "reason": "The film shows another leg"} | body
    return client.post(f"/api/plans/{plan.pk}/withdraw/", body, format="json")


def detail(client: Any, plan: Plan) -> Any:
    return client.get(f"/api/cases/{plan.case_id}/").json()


def test_withdrawing_voids_the_guides_and_shows_in_the_timeline(client: Any, plan: Plan) -> None:
    guide = factories.signed_guide(plan=plan)
    file = f"/api/guides/{guide.pk}/files/guide.stl"
    assert client.get(file).status_code == 200
    assert detail(client, plan)["state"] == "guide_ready" and "withdraw" in detail(client, plan)["allowed"]

    answer = withdrawn(client, plan).json()
    assert (answer["status"], answer["withdrawn_by"]) == ("withdrawn", plan.case.surgeon.name)
    assert answer["withdrawn_reason"] == "The film shows another leg" and answer["withdrawn_at"]
    assert answer["approved_by"] == plan.case.surgeon.name, "who had approved it stays on record"

    error = client.get(file).json()["error"]
    assert error["code"] == "plan_withdrawn" and "The film shows another leg" in error["message"]
    shown = client.get(f"/api/guides/{guide.pk}/").json()
    assert shown["void"] and not shown["exportable"]
    after = detail(client, plan)
    assert after["state"] == "to_plan" and not {"withdraw", "design"} & set(after["allowed"])
    entry = next(entry for entry in after["timeline"] if entry["action"] == "plan.withdrawn")
    assert f"guide {guide.version}" in entry["text"] and "The film shows another leg" in entry["text"]


def test_it_wants_the_password_and_a_reason(client: Any, plan: Plan) -> None:
    assert withdrawn(client, plan, password="wrong").json()["error"]["code"] == "wrong_password"
    for reason in ("", "   "):
        answer = withdrawn(client, plan, reason=reason)
        assert answer.status_code == 400 and list(answer.json()["error"]["fields"]) == ["reason"]
    assert Plan.objects.get(pk=plan.pk).status == Status.APPROVED


def test_only_an_approval_can_be_withdrawn_and_only_once(client: Any, plan: Plan) -> None:
    draft = factories.PlanFactory(bone_set=plan.bone_set, revision=plan.revision + 1)
    assert withdrawn(client, draft).json()["error"]["code"] == "not_approved"
    assert withdrawn(client, plan).status_code == 200
    first = content(plan, "withdrawn_at", "withdrawn_reason")
    again = withdrawn(client, plan, reason="Another reason")
    assert again.status_code == 409 and again.json()["error"]["code"] == "not_approved"
    assert content(plan, "withdrawn_at", "withdrawn_reason") == first


def test_a_superseded_approval_can_still_be_withdrawn(client: Any, plan: Plan) -> None:
    from tests.backend.planned import approved

    guide = factories.GuideFactory(plan=plan)
    approved(factories.PlanFactory(bone_set=plan.bone_set, revision=plan.revision + 1))
    assert Plan.objects.get(pk=plan.pk).status == Status.SUPERSEDED
    assert withdrawn(client, plan).status_code == 200
    assert client.get(f"/api/guides/{guide.pk}/").json()["void"]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUPERSEDED, Status.WITHDRAWN])
def test_a_guide_needs_an_approval_that_stands(client: Any, plan: Plan, status: Status) -> None:
    other = factories.PlanFactory(bone_set=plan.bone_set, status=status, revision=plan.revision + 1)
    answer = client.post(f"/api/plans/{other.pk}/guides/", {}, format="json")
    assert answer.status_code == 409 and answer.json()["error"]["code"] == "plan_not_approved"


def test_a_design_that_was_running_is_not_kept(client: Any, plan: Plan, tmp_path: Any) -> None:
    from backend.exports.design_job import FILES

    answer = client.post(f"/api/plans/{plan.pk}/guides/", {}, format="json")
    assert answer.status_code == 202
    job = plan.case.jobs.get(pk=answer.json()["id"])
    folder = tmp_path / "guide"
    folder.mkdir()
    for name in FILES.values():
        (folder / name).write_bytes(b"made")
    result = {"presets": [], "report": {}, "checks": [], "scores": None}
    store = DesignHandler().collect(job, tmp_path, result)
    assert withdrawn(client, plan).status_code == 200
    with pytest.raises(Conflict) as error:
        store()
    assert error.value.code == "plan_not_approved" and not plan.guides.exists()


def test_a_withdrawn_plan_cannot_be_approved_again(client: Any, plan: Plan) -> None:
    withdrawn(client, plan)
    answer = client.post(f"/api/plans/{plan.pk}/approve/", {"password": factories.PASSWORD})
    assert answer.status_code == 409 and answer.json()["error"]["code"] == "not_a_draft"
