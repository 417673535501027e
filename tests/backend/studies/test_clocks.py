"""Operation times: the server's clock decides, the device's is evidence, a set clock is found out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend.studies import report, selectors
from backend.studies.clocks import DOUBT, doubtful
from backend.studies.models import Deviation, Item, Rating, Study, StudyKind, TimeEvent
from backend.studies.replay import latenesses
from backend.studies.reporting.document import document
from tests.backend.studies.factories import lock, rate_everything, running_study, team
from tests.backend.studies.virtual import PASSWORD, answered, log_in

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seconds(start: datetime, *after: float) -> list[datetime]:
    return [start + timedelta(seconds=one) for one in after]


def guide_study(raters: int = 1) -> tuple[Any, Study, Any, str]:
    """People, a running study of guides, the client of a rater, and their first item, opened."""
    people = team(raters=raters)
    study = running_study(people, kind=StudyKind.HTO_SIMULATION, cases=2)
    client = log_in(people.raters[0])
    token = answered(client.get("/api/rating/studies/"))[0]["next"]
    answered(client.post(f"/api/rating/items/{token}/open/"))
    return people, study, client, token


def press(token: str, kind: str, at: datetime, **more: Any) -> dict[str, Any]:
    told = {"kind": "press", "press": kind, "item": token, "at": at.isoformat()}
    return told | {"client_token": str(uuid4()), **more}


def replay(client: Any, acts: list[dict[str, Any]], sent_at: datetime) -> None:
    body = {"sent_at": sent_at.isoformat(), "acts": acts}
    for outcome in answered(client.post("/api/rating/replay/", body))["outcomes"]:
        assert outcome["saved"], outcome


def run_of(token: str) -> tuple[timedelta | None, bool]:
    events = list(TimeEvent.objects.filter(item=token).order_by("sequence"))
    return selectors.run_of(events).duration, doubtful(events)


def test_what_is_sent_together_is_reckoned_back_from_one_moment() -> None:
    _, _, client, token = guide_study()
    # The clock of the tablet is years behind, and right in its differences.
    placed, paused, resumed, completed, sent = seconds(NOON, 0, 300, 900, 1200, 3000)
    kinds = zip(
        ("placed", "paused", "resumed", "completed"), (placed, paused, resumed, completed), strict=True
    )
    replay(client, [press(token, kind, at) for kind, at in kinds], sent)
    events = list(TimeEvent.objects.order_by("sequence"))
    assert [event.device_at for event in events] == [placed, paused, resumed, completed]
    assert [event.late_s for event in events] == [3000, 2700, 2100, 1800]
    # Exactly: the moments in between, in which the acts are worked off, add nothing.
    assert [event.at - events[0].at for event in events] == [
        at - placed for at in (placed, paused, resumed, completed)
    ]
    assert run_of(token) == (timedelta(seconds=600), False)


def test_the_order_is_that_of_the_list_and_not_that_of_the_times() -> None:
    _, study, client, token = guide_study()
    first, second, sent = seconds(NOON, 600, 0, 900)  # the clock was set back between two answers
    said = [
        {"kind": "rate", "item": token, "client_token": str(uuid4()), "question": "fitting", "value": value}
        | {"at": at.isoformat()}
        for value, at in ((3, first), (5, second))
    ]
    replay(client, said, sent)
    kept = list(Rating.objects.order_by("revision"))
    assert [(one.value, one.device_at) for one in kept] == [(3, first), (5, second)]
    assert kept[0].at <= kept[1].at
    assert selectors.answers(Item.objects.get(pk=token)) == {"fitting": 5} and study.deviations.count() == 0


def test_the_last_acts_are_believed_where_times_run_backwards() -> None:
    sent = NOON + timedelta(hours=1)
    found = latenesses(seconds(NOON, 7200, 600, 7200, 1200, 3599.9999), sent)
    assert [late.total_seconds() for late in found] == [3000, 3000, 2400, 2400, 0.001]


def test_the_server_has_seen_both_presses_whatever_the_device_says() -> None:
    _, study, client, token = guide_study()
    for kind, at in (("placed", NOON), ("completed", NOON - timedelta(hours=3))):
        said = {"kind": kind, "client_token": str(uuid4()), "device_at": at.isoformat()}
        answered(client.post(f"/api/rating/items/{token}/times/", said))
    duration, doubt = run_of(token)
    assert duration is not None and duration < timedelta(minutes=1) and not doubt
    assert study.deviations.count() == 0


def test_a_time_between_the_servers_clock_and_the_devices() -> None:
    _, study, client, token = guide_study()
    now = datetime.now(UTC)
    said = {
        "kind": "placed",
        "client_token": str(uuid4()),
        "device_at": (now - timedelta(minutes=10)).isoformat(),
    }
    answered(client.post(f"/api/rating/items/{token}/times/", said))
    # By the device it ended after eight minutes, two minutes before it was sent; the server saw an instant.
    replay(client, [press(token, "completed", now - timedelta(minutes=2))], now)
    assert run_of(token)[1]
    assert study.deviations.get().text == DOUBT


def test_a_clock_that_was_set_back_loses_no_press_and_gives_no_time() -> None:
    people, study, client, token = guide_study()
    item = Item.objects.get(pk=token)
    placed, completed, sent = seconds(NOON, 3600, 900, 1200)  # set back by an hour while the time ran
    replay(client, [press(token, "placed", placed), press(token, "completed", completed)], sent)
    assert run_of(token) == (timedelta(0), True)
    noted = study.deviations.get()
    assert (noted.rater, noted.item_code, noted.person) == (item.rater, item.code, people.raters[0])
    rate_everything_but_the_time(study, item)
    lock(people, study)
    unblind(people, study)
    rows = report.rows(person=people.coordinator, study=study)
    timed = {row.item_code for row in rows if row.question == "operation_time"}
    scored = {row.item_code for row in rows if row.question == "fitting"}
    assert scored - timed == {item.code} and timed < scored
    study.refresh_from_db()
    told = document(person=people.coordinator, study=study)
    assert told["flow"]["times"]["doubtful"] == 1 and len(told["deviations"]) == 1


def rate_everything_but_the_time(study: Study, item: Item) -> None:
    """The item has its time; the others are done whole."""
    client = log_in(item.rater.person)
    for question in study.questions.exclude(kind="duration"):
        said = {
            "question": question.key,
            "value": question.points.first().value,
            "client_token": str(uuid4()),
        }
        answered(client.post(f"/api/rating/items/{item.pk}/ratings/", said))
    rate_everything(study, beside=item)


def unblind(people: Any, study: Study) -> None:
    address = f"/api/studies/{study.pk}/unblindings/"
    asked = answered(log_in(people.coordinator).post(address, PASSWORD | {"reason": "The analysis"}), 201)
    answered(log_in(people.administrator).post(f"{address}{asked['id']}/approve/", PASSWORD))


def test_a_correction_leaves_the_doubt_behind() -> None:
    _, _, client, token = guide_study()
    placed, completed, corrected, again, done, sent = seconds(NOON, 3600, 900, 1000, 1100, 1700, 1800)
    acts = [press(token, "placed", placed), press(token, "completed", completed)]
    acts.append(press(token, "corrected", corrected, note="The clock was wrong"))
    acts += [press(token, "placed", again), press(token, "completed", done)]
    replay(client, acts, sent)
    assert run_of(token) == (timedelta(minutes=10), False)
    assert Deviation.objects.count() == 1
