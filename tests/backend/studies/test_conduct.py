"""A study while it runs, over HTTP: wizard, offline hours, pauses, who leaves, what is noted and signed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from backend.accounts.models import Role
from backend.audit.models import Event
from backend.studies.models import Item, Rating, Study, StudyKind, TimeEvent
from tests.backend import factories
from tests.backend.studies.factories import (
    Team,
    case_with_versions,
    draft_study,
    lock,
    rate_everything,
    running_study,
    team,
)
from tests.backend.studies.virtual import answered, log_in

pytestmark = pytest.mark.django_db
PASSWORD = {"password": factories.PASSWORD}


def first_item(person: Any, study: Study) -> str:
    """The token of the rater's next item, opened."""
    client = log_in(person)
    token = answered(client.get("/api/rating/studies/"))[0]["next"]
    answered(client.post(f"/api/rating/items/{token}/open/"))
    return str(token)


def act(kind: str, token: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "item": token, "at": at.isoformat(), "client_token": str(uuid4()), **fields}


def test_the_wizard_keeps_all_or_nothing() -> None:
    people = team()
    client = log_in(people.coordinator)
    versions = case_with_versions(people, StudyKind.MODEL_RATING)
    wanted = {
        "title": "x",
        "kind": "model_rating",
        "distance": 1,
        "margins": {"shape": 0.3},
        "questions": [
            {
                "key": "use",
                "title": "Use",
                "text": "Would you?",
                "points": [{"value": value, "label": "x", "description": "x"} for value in (0, 1)],
            }
        ],
        "cases": [versions | {"training": True}],
        "raters": [person.pk for person in people.raters],
    }
    made = answered(client.post("/api/studies/", wanted), 201)
    assert [question["key"] for question in made["questions"]][-1] == "use"
    assert made["questions"][0]["margin"] == 0.3 and made["cases"][0]["training"]
    assert [rater["code"] for rater in made["raters"]] == ["R01", "R02"]
    for wrong, code in (
        ({"margins": {"beauty": 1.0}}, "no_such_question"),
        ({"raters": [people.surgeon.pk]}, "not_blind"),
        ({"cases": [versions | {"ct": uuid4()}]}, "no_such_version"),
        ({"site": uuid4()}, "no_such_site"),
    ):
        refused = client.post("/api/studies/", wanted | wrong)
        assert refused.json()["error"]["code"] == code and Study.objects.count() == 1


def test_an_hour_without_a_connection_is_replayed_once() -> None:
    people = team()
    study = running_study(people, kind=StudyKind.HTO_SIMULATION, cases=2)
    person, client = people.raters[0], log_in(people.raters[0])
    tokens = [line["token"] for line in answered(client.get(f"/api/rating/studies/{study.pk}/"))["list"]]
    keys = [question.key for question in study.questions.exclude(kind="duration")]
    # The browser's clock is a day ahead: only its differences count.
    sent = datetime.now(UTC) + timedelta(days=1)
    acts, at = [], sent - timedelta(minutes=60)
    for token in tokens[:2]:
        acts.append(act("open", token, at))
        for press, minutes in (("placed", 1), ("paused", 5), ("resumed", 7), ("completed", 12)):
            acts.append(act("press", token, at + timedelta(minutes=minutes), press=press))
        acts += [act("rate", token, at + timedelta(minutes=13), question=key, value=1) for key in keys]
        at += timedelta(minutes=20)
    body = {"sent_at": sent.isoformat(), "acts": acts}
    for _ in range(3):
        outcomes = answered(client.post("/api/rating/replay/", body))["outcomes"]
        assert [outcome["saved"] for outcome in outcomes] == [True] * len(acts)
    assert Rating.objects.count() == 2 * len(keys) and TimeEvent.objects.count() == 8
    page = answered(client.get(f"/api/rating/items/{tokens[1]}/"))
    assert page["completed"] and page["clock"]["duration_s"] == pytest.approx(9 * 60, abs=0.01)
    first, last = TimeEvent.objects.order_by("at").first(), TimeEvent.objects.order_by("at").last()
    item = Item.objects.get(pk=tokens[1])
    assert item.completed_at - item.opened_at == timedelta(minutes=13)
    assert first.late_s == pytest.approx(59 * 60) and first.at < last.at < datetime.now(UTC)
    mine = answered(client.get("/api/rating/studies/"))[0]
    assert (mine["completed"], mine["next"]) == (2, tokens[2]) and person == study.raters.first().person


def test_a_refused_act_keeps_no_other_from_being_kept() -> None:
    people = team()
    study = running_study(people)
    client = log_in(people.raters[0])
    token, now = first_item(people.raters[0], study), datetime.now(UTC)
    acts = [
        act("rate", token, now, question="shape", value=9),
        act("rate", "nobodys", now, question="shape", value=2),
        act("press", token, now, press="placed"),
        act("press", token, now - timedelta(days=8), press="paused"),
        act("rate", token, now, question="shape", value=2),
    ]
    told = answered(client.post("/api/rating/replay/", {"sent_at": now.isoformat(), "acts": acts}))
    codes = [outcome["error"] and outcome["error"]["code"] for outcome in told["outcomes"]]
    assert codes == ["not_on_the_scale", "not_found", "not_timed", "too_late", None]
    assert Rating.objects.get().value == 2 and not TimeEvent.objects.exists()


def test_a_rating_is_paused_and_resumed() -> None:
    people = team()
    token = first_item(people.raters[0], running_study(people))
    client, address = log_in(people.raters[0]), f"/api/rating/items/{token}/times/"
    for kind in ("paused", "resumed"):
        told = answered(client.post(address, {"kind": kind, "client_token": str(uuid4())}))
        assert told["clock"]["last"] == kind
    refused = client.post(address, {"kind": "resumed", "client_token": str(uuid4())})
    assert refused.json()["error"]["code"] == "not_now"


def test_items_and_raters_leave_and_deviations_stay() -> None:
    people = team()
    study = running_study(people)
    coordinator, address = log_in(people.coordinator), f"/api/studies/{study.pk}/"
    rater = answered(coordinator.get(address))["raters"][0]["id"]
    items = answered(coordinator.get(f"{address}raters/{rater}/items/"))
    assert len(items) == 6 and "token" not in items[0]
    gone = f"{address}raters/{rater}/items/{items[0]['code']}/withdraw/"
    assert answered(coordinator.post(gone, {"reason": "It was dropped"}))["withdrawal_reason"]
    (mine,) = answered(log_in(people.raters[0]).get("/api/rating/studies/"))
    assert mine["items"] == 5
    noted = {"text": "Light went out", "rater": rater, "item_code": items[1]["code"]}
    assert answered(coordinator.post(f"{address}deviations/", noted), 201)["rater_code"] == "R01"
    assert [one["text"] for one in answered(coordinator.get(f"{address}deviations/"))] == ["Light went out"]
    actions = Event.objects.filter(data__study=str(study.pk)).values_list("action", flat=True)
    assert {"study.item_withdrawn", "study.deviation"} <= set(actions)


def test_a_reminder_waits_until_the_rater_goes_on() -> None:
    people = team(raters=1)
    study = running_study(people, cases=1, distance=1, ask_source=False)
    coordinator, address = log_in(people.coordinator), f"/api/studies/{study.pk}/"
    rater = study.raters.get().pk
    answered(coordinator.post(f"{address}raters/{rater}/reminders/", {"text": "By Friday, please"}), 201)
    client = log_in(people.raters[0])
    assert [one["text"] for one in answered(client.get("/api/rating/studies/"))[0]["reminders"]] == [
        "By Friday, please"
    ]
    assert answered(coordinator.get(f"{address}progress/"))[0]["last_reminded_at"]
    rate_everything(study)
    assert answered(client.get("/api/rating/studies/"))[0]["reminders"] == []
    refused = coordinator.post(f"{address}raters/{rater}/reminders/", {})
    assert refused.json()["error"]["code"] == "nothing_to_rate"
    (told,) = answered(coordinator.get(f"{address}progress/"))
    assert (told["completed"], told["items"]) == (2, 2) and told["last_seen_at"]


def locked(people: Team) -> Study:
    study = running_study(people)
    rate_everything(study)
    lock(people, study)
    return study


def test_a_signature_bears_the_signers_own_name() -> None:
    people = team()
    study = running_study(people)
    rate_everything(study)
    client, address = log_in(people.coordinator), f"/api/studies/{study.pk}/"
    wrong = client.post(f"{address}lock/", PASSWORD | {"name": "Somebody Else"})
    assert wrong.json()["error"]["code"] == "wrong_name"
    told = answered(client.post(f"{address}lock/", PASSWORD | {"name": people.coordinator.name}))
    assert (told["state"], told["signatures"][0]["meaning"]) == ("locked", told["lock_meaning"])
    again = client.post(
        f"{address}signatures/", PASSWORD | {"name": people.coordinator.name, "meaning": "complete"}
    )
    assert again.json()["error"]["code"] == "lock_meaning"


def test_nobody_signs_over_changed_answers_and_a_later_signature_hides_nothing() -> None:
    people = team()
    study = locked(people)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_rating SET value = 1 WHERE value = 3")
    client, address = log_in(people.administrator), f"/api/studies/{study.pk}/"
    signed = PASSWORD | {"name": people.administrator.name, "meaning": "reviewed"}
    assert client.post(f"{address}signatures/", signed).json()["error"]["code"] == "answers_changed"
    asked = answered(
        log_in(people.coordinator).post(f"{address}unblindings/", PASSWORD | {"reason": "x"}), 201
    )
    refused = client.post(f"{address}unblindings/{asked['id']}/approve/", PASSWORD)
    assert refused.json()["error"]["code"] == "answers_changed"


def test_cases_and_raters_are_added_while_it_runs() -> None:
    people = team()
    study = running_study(people)
    client, address = log_in(people.coordinator), f"/api/studies/{study.pk}/"
    late = factories.person_with(people.site, Role.RATER)
    told = answered(client.post(f"{address}raters/", {"raters": [late.pk]}))
    assert len(told["raters"]) == 3 and len(told["commitments"]) == 2
    new = [case_with_versions(people, StudyKind.MODEL_RATING) for _ in range(2)]
    refused = client.post(f"{address}cases/", {"cases": [new[0] | {"training": True}, new[1]]})
    assert refused.json()["error"]["code"] == "late_training"
    told = answered(client.post(f"{address}cases/", {"cases": new}))
    assert [case["blinded"] for case in told["cases"]] == [True] * 3 + [False] * 2
    assert len(told["commitments"]) == 3 and draft_study(people, cases=0).cases.count() == 0
