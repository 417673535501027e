"""Logging in: counted, ended in time, and never by another site's form."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from backend.accounts.models import Person, Role
from backend.audit.models import Event
from tests.backend import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def surgeon() -> Person:
    return factories.person_with(factories.SiteFactory(), Role.SURGEON, username="sam")


def log_in_as(client: APIClient, username: str, password: str, **extra: Any) -> Any:
    return client.post("/api/session/", {"username": username, "password": password}, **extra)


def test_the_right_password_opens_a_session(client: APIClient, surgeon: Person) -> None:
    answer = log_in_as(client, " Sam ", factories.PASSWORD)
    assert answer.status_code == 200
    assert answer.json()["person"]["roles"] == ["surgeon"]
    cookie = answer.cookies["knee_session"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert client.get("/api/cases/").status_code == 200
    client.delete("/api/session/")
    assert client.get("/api/cases/").status_code == 401
    actions = [event.action for event in Event.objects.all()]
    assert actions == ["person.logged_in", "person.logged_out"]


def test_too_many_wrong_passwords_stop_even_the_right_one(
    client: APIClient, surgeon: Person, settings: Any
) -> None:
    for _ in range(settings.LOGIN_FAILURES_PER_PERSON):
        answer = log_in_as(client, "sam", "wrong")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "wrong_credentials")
    stopped = log_in_as(client, "SAM", factories.PASSWORD)
    assert stopped.status_code == 429
    assert "Wait 5 minutes" in stopped.json()["error"]["remedy"]
    # Nobody can lock a colleague out from another place, nor a neighbour at the same one.
    assert log_in_as(client, "sam", factories.PASSWORD, REMOTE_ADDR="10.0.0.2").status_code == 200
    factories.person_with(factories.SiteFactory(), Role.ENGINEER, username="erin")
    assert log_in_as(client, "erin", factories.PASSWORD).status_code == 200
    cache.clear()  # as when the window is over
    assert log_in_as(client, "sam", factories.PASSWORD).status_code == 200


def test_one_address_cannot_try_many_names(client: APIClient, surgeon: Person, settings: Any) -> None:
    for number in range(settings.LOGIN_FAILURES_PER_ADDRESS):
        log_in_as(client, f"guess{number}", "wrong")
    assert log_in_as(client, "sam", factories.PASSWORD).status_code == 429
    assert log_in_as(client, "sam", factories.PASSWORD, REMOTE_ADDR="10.0.0.2").status_code == 200


def test_a_wrong_name_and_a_wrong_password_look_the_same(client: APIClient, surgeon: Person) -> None:
    known, unknown = log_in_as(client, "sam", "wrong"), log_in_as(client, "nobody", "wrong")
    assert known.json() == unknown.json() and known.status_code == unknown.status_code
    # A password typed into the wrong field must not be written down.
    assert "nobody" not in str(list(Event.objects.values()))


def test_a_person_who_was_locked_out_cannot_come_in(client: APIClient, surgeon: Person) -> None:
    log_in_as(client, "sam", factories.PASSWORD)
    Person.objects.filter(pk=surgeon.pk).update(is_active=False)
    assert client.get("/api/cases/").status_code == 401
    assert log_in_as(client, "sam", factories.PASSWORD).status_code == 400


def test_a_session_ends_after_its_time(client: APIClient, surgeon: Person, settings: Any) -> None:
    log_in_as(client, "sam", factories.PASSWORD)
    session = Session.objects.get()
    age = session.expire_date - timezone.now()
    assert timedelta(hours=11, minutes=59) < age <= timedelta(seconds=settings.SESSION_COOKIE_AGE)
    assert client.get("/api/cases/").status_code == 200
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    answer = client.get("/api/cases/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_logged_in")
    assert client.get("/api/session/").json()["person"] is None


def test_a_new_password_ends_open_sessions(client: APIClient, surgeon: Person) -> None:
    log_in_as(client, "sam", factories.PASSWORD)
    surgeon.set_password("another long one 123")
    surgeon.save()
    assert client.get("/api/cases/").status_code == 401


def test_what_changes_something_needs_the_token(surgeon: Person) -> None:
    client = APIClient(enforce_csrf_checks=True)
    refused = log_in_as(client, "sam", factories.PASSWORD)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "csrf")
    token = client.get("/api/session/").json()["csrf_token"]
    token = log_in_as(client, "sam", factories.PASSWORD, HTTP_X_CSRFTOKEN=token).json()["csrf_token"]
    body = {"pseudonym": "P-1", "side": "L"}
    assert client.post("/api/cases/", body).json()["error"]["code"] == "csrf"
    assert client.get("/api/cases/").json()["count"] == 0
    assert client.post("/api/cases/", body, HTTP_X_CSRFTOKEN=token).status_code == 201


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMINISTRATOR])
def test_who_treats_nobody_sees_no_case(role: Role, log_in: Any) -> None:
    guide = factories.GuideFactory()
    case = guide.case
    client = log_in(factories.person_with(case.site, role))
    assert client.get("/api/cases/").status_code == 403
    for address in (
        f"/api/cases/{case.pk}/",
        f"/api/bone-sets/{guide.plan.bone_set_id}/meshes/tibia.ply",
        f"/api/plans/{guide.plan_id}/",
        f"/api/jobs/{guide.job_id}/events/",
        f"/api/guides/{guide.pk}/files/guide.stl",
        f"/api/guides/{guide.pk}/files/package.zip",
    ):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        assert case.patient.pseudonym not in answer.content.decode()
