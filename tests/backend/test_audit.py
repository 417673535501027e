"""The audit trail: only ever added to, and whoever changes it is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from backend.accounts.models import Role
from backend.audit.models import AppendOnlyError, ChainHead, Event
from backend.audit.services import event_hash, record, verify
from backend.core import triggers
from tests.backend import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail() -> list[Event]:
    person = factories.person_with(factories.SiteFactory(), Role.SURGEON)
    return [
        record(person=person, action="test.done", text=f"Ä {n}", data={"number": n, "share": 0.1 * n})
        for n in range(1, 6)
    ]


@pytest.fixture
def guarded() -> Iterator[None]:
    """The triggers as ``migrate`` leaves them; the tests do without, to empty the tables."""
    triggers.install(connection)
    yield
    triggers.remove(connection)


def run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _forged(position: int) -> None:
    """An event whose own hash is right, put where another one was."""
    event = Event.objects.get(position=position)
    event.text = "Nothing happened"
    run("UPDATE audit_event SET text = %s, hash = %s WHERE id = %s", event.text, event_hash(event), event.pk)


TAMPERED: dict[str, tuple[Callable[[], None], int]] = {
    "words changed": (lambda: run("UPDATE audit_event SET text = 'No' WHERE position = 3"), 3),
    "data changed": (lambda: run("""UPDATE audit_event SET data = '{"number": 7}' WHERE position = 2"""), 2),
    "person changed": (lambda: run("UPDATE audit_event SET person_name = 'X' WHERE position = 1"), 1),
    "hash renewed as well": (lambda: _forged(3), 4),
    "one taken out": (lambda: run("DELETE FROM audit_event WHERE position = 3"), 3),
    "the beginning taken out": (lambda: run("DELETE FROM audit_event WHERE position = 1"), 1),
    "the end cut off": (lambda: run("DELETE FROM audit_event WHERE position = 5"), 5),
    "all gone": (lambda: run("DELETE FROM audit_event"), 1),
    "the head gone": (lambda: run("DELETE FROM audit_chainhead"), 6),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_tampering_is_found_and_its_place_is_told(kind: str, trail: list[Event]) -> None:
    assert verify() is None
    tamper, place = TAMPERED[kind]
    tamper()
    assert verify() == place
    with pytest.raises(CommandError, match=f"broken at event {place}"):
        call_command("verify_audit")


def test_each_event_holds_the_hash_of_the_one_before(trail: list[Event]) -> None:
    assert [event.position for event in trail] == [1, 2, 3, 4, 5]
    assert trail[0].previous_hash == "0" * 64
    for before, after in pairwise(trail):
        assert after.previous_hash == before.hash != after.hash


def test_the_command_states_the_last_hash(trail: list[Event], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_audit")
    assert capsys.readouterr().out == f"5 events, unbroken; the last hash is {trail[-1].hash}\n"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET text = 'No' WHERE position = 3",
        "UPDATE audit_event SET hash = '' WHERE position = 3",
        "DELETE FROM audit_event WHERE position = 3",
        "DELETE FROM audit_event",
    ],
)
def test_the_database_refuses_to_change_history(statement: str, trail: list[Event], guarded: None) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run(statement)
    assert verify() is None
    record(person=None, action="test.done", text="Adding goes on")
    assert verify() is None


@pytest.mark.parametrize(
    "column", ["document = '{}'", "sha256 = ''", "correction_deg = 3", "revision = 9", "request = '{}'"]
)
def test_the_database_refuses_to_change_a_plan(column: str, guarded: None) -> None:
    plan = factories.PlanFactory()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run(f"UPDATE planning_plan SET {column}")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run("DELETE FROM planning_plan")
    run("UPDATE planning_plan SET status = 'superseded'")
    plan.refresh_from_db()
    assert (plan.status, plan.correction_deg) == ("superseded", 8.0)


def test_the_database_refuses_to_change_a_guide(guarded: None) -> None:
    factories.GuideFactory()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run("UPDATE exports_guide SET checks = '[]'")


@pytest.mark.parametrize(
    "act", ["UPDATE exports_guidesignature SET sha256 = ''", "DELETE FROM exports_guidesignature"]
)
def test_the_database_refuses_to_change_a_signature(act: str, guarded: None) -> None:
    factories.signed_guide()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run(act)


def test_django_refuses_as_well(trail: list[Event]) -> None:
    event = trail[2]
    for forbidden in (
        event.save,
        event.delete,
        Event.objects.all().delete,
        lambda: Event.objects.update(text="No"),
    ):
        with pytest.raises(AppendOnlyError):
            forbidden()
    assert verify() is None


def test_what_is_rolled_back_leaves_no_gap(trail: list[Event]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(person=None, action="test.done", text="It did not happen")
        raise ZeroDivisionError
    record(person=None, action="test.done", text="It did")
    assert verify() is None
    assert ChainHead.objects.get().position == Event.objects.count() == 6
