"""Every address of studies for every kind of person, and that no other route leads raters to the secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from backend.accounts.models import Role
from backend.studies import course, rating, unblinding
from backend.studies.models import StudyKind
from tests.backend import factories
from tests.backend.studies.factories import (
    SIGNATURE,
    Team,
    case_with_versions,
    draft_study,
    lock,
    pretend_blinded,
    rate_everything,
    start,
    team,
)
from tests.backend.studies.permission_rows import ROWS, WHO, Row

pytestmark = pytest.mark.django_db


def world(stage: str) -> tuple[Team, dict[str, Any]]:
    """A study at a stage, and what addresses and bodies name."""
    people = team()
    study = draft_study(people)
    names: dict[str, Any] = {
        "study": study.pk,
        "study_case": study.cases.first().pk,
        "rater": study.raters.first().pk,
        "free_rater": factories.person_with(people.site, Role.RATER).pk,
        "versions": case_with_versions(people, StudyKind.MODEL_RATING),
    }
    if stage == "ready":
        course.mark_ready(person=people.coordinator, study=study)
        pretend_blinded(study)
    if stage in ("running", "locked", "requested", "unblinded"):
        study = start(people, study)
        item = study.raters.first().items.first()
        names |= {"token": item.token, "code": item.code}
        rating.open_item(person=people.raters[0], item=item)
    if stage in ("locked", "requested", "unblinded"):
        rate_everything(study)
        lock(people, study)
        study.refresh_from_db()
    if stage in ("requested", "unblinded"):
        asked = unblinding.request_unblinding(
            person=people.coordinator, study=study, reason="the analysis", **SIGNATURE
        )
        names["unblinding"] = asked.pk
    if stage == "unblinded":
        unblinding.approve_unblinding(person=people.administrator, request=asked, **SIGNATURE)
    return people, names


def person_of(who: str, people: Team) -> Any:
    if who == "foreign":
        return factories.person_with(factories.SiteFactory(), *Role)
    if who in ("rater", "other"):
        return people.raters[("rater", "other").index(who)]
    if who in ("coordinator", "administrator", "surgeon"):
        return getattr(people, who)
    return factories.person_with(people.site, Role(who))


def filled(body: Any, names: dict[str, Any]) -> Any:
    """A body with the names that it mentions."""
    if isinstance(body, dict):
        return {key: filled(value, names) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(value, names) for value in body]
    if isinstance(body, str) and body.startswith("{"):
        return names[body[1:-1]]
    return body


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_it_answers_each_role_as_the_matrix_says(row: Row) -> None:
    _, method, template, body, stage, statuses = row
    people, names = world(stage)
    got = {}
    for who in WHO:
        client = APIClient()
        if who != "anonymous":
            client.force_login(person_of(who, people))
        answer = getattr(client, method)(template.format_map(names), filled(body, names))
        got[who] = answer.status_code
        if answer.status_code >= 400:
            assert set(answer.json()["error"]) == {"code", "message", "kept", "remedy", "fields"}
        assert "no-store" in answer["Cache-Control"]
    assert got == dict(zip(WHO, statuses, strict=True))


def test_a_replay_reaches_own_items_only() -> None:
    people, names = world("running")
    client = APIClient()
    client.force_login(people.raters[1])
    row = next(row for row in ROWS if row[0] == "rating-replay")
    answer = client.post("/api/rating/replay/", filled(row[3], names)).json()
    assert [outcome["error"]["code"] for outcome in answer["outcomes"]] == ["not_found"]


def test_no_answer_to_a_rater_or_coordinator_names_an_arm_or_a_score(log_in: Any) -> None:
    """All that anybody gets by reading, before the unblinding, holds no secret: from the rows themselves."""
    people, names = world("locked")
    for person in (people.coordinator, people.administrator, *people.raters):
        client = log_in(person)
        for name, method, template, *_ in ROWS:
            if method != "get" or name in ("study-options", "rating-item-xray", "rating-item-bones"):
                continue
            told = client.get(template.format_map(names)).content.decode()
            for secret in ('"arm"', '"xray"', '"ct"', '"value":3', '"mean":', names["token"]):
                if secret == '"value":3' and '"points"' in told:
                    continue  # the scale itself
                assert secret not in told, (name, secret)


def test_raters_cannot_reach_cases_bones_or_guides(log_in: Any) -> None:
    people, _ = world("running")
    client = log_in(people.raters[0])
    assert client.get("/api/cases/").status_code == 403
    case = case_with_versions(people, StudyKind.HTO_SIMULATION)
    for address in (
        f"/api/cases/{case['case']}/",
        f"/api/guides/{case['ct']}/",
        f"/api/guides/{case['xray']}/files/guide.stl",
    ):
        assert client.get(address).status_code == 404


def test_a_rater_who_gets_another_role_rates_no_more(log_in: Any) -> None:
    people, names = world("running")
    client = log_in(people.raters[0])
    assert client.get(f"/api/rating/items/{names['token']}/").status_code == 200
    administrator = log_in(people.administrator)
    address = f"/api/people/{people.raters[0].pk}/"
    both = administrator.patch(address, {"roles": ["rater", "surgeon"]})
    assert (both.status_code, both.json()["error"]["code"]) == (400, "rater_alone")
    assert administrator.patch(address, {"roles": ["surgeon"]}).status_code == 200
    assert client.get(f"/api/rating/items/{names['token']}/").status_code == 404
    assert client.get("/api/cases/").status_code == 200
    assert "study" not in json.dumps(client.get("/api/cases/").json())
