"""What raters can do, and cannot: only their own items, in order, nothing lost and nothing doubled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connections

from backend.core.errors import Conflict, Invalid
from backend.studies import my_items, rating, selectors, withdrawal
from backend.studies.models import Item, Rating, StudyKind, TimeEvent, TimeEventKind
from backend.studies.models.records import AppendOnlyError
from backend.studies.selectors import run_of
from tests.backend import factories
from tests.backend.studies.factories import lock, rate, rate_everything, rater_of, running_study, team

pytestmark = pytest.mark.django_db


def items_of(study: object, person: object) -> list[Item]:
    return list(selectors.rater_items(person, study))  # type: ignore[arg-type]


def test_a_rater_reaches_own_items_only() -> None:
    people = team()
    study = running_study(people)
    one, two = people.raters
    mine, theirs = items_of(study, one), items_of(study, two)
    assert len(mine) == len(theirs) == 6 and not {item.pk for item in mine} & {item.pk for item in theirs}
    question = study.questions.first()
    for person in (two, people.coordinator, people.administrator, people.surgeon, factories.PersonFactory()):
        with pytest.raises(Item.DoesNotExist):
            rating.open_item(person=person, item=mine[0])
        with pytest.raises(Item.DoesNotExist):
            rating.save_rating(person=person, item=mine[0], question=question, value=2, client_token=uuid4())
        assert not Item.objects.visible_to(person).filter(pk=mine[0].pk).exists()
    assert not Rating.objects.exists()


def test_an_item_says_nothing_of_case_or_arm() -> None:
    people = team(raters=1)
    study = running_study(people)
    case = study.cases.first()
    secrets = [str(case.pk), str(case.case_id), case.case.patient.pseudonym, "ct", "xray"]
    for item in items_of(study, people.raters[0]):
        told = " ".join(str(getattr(item, field.attname)) for field in Item._meta.concrete_fields)
        assert not any(secret in told.replace(item.token, "").split() for secret in secrets)
        assert not [field for field in Item._meta.get_fields() if field.name in ("arm", "case", "study_case")]
        # The link to the sealed list has no name that a query could follow from here.
        assert not hasattr(item, "assignment")


def test_the_same_token_is_the_same_answer() -> None:
    people = team(raters=1)
    study = running_study(people)
    person, question = people.raters[0], study.questions.first()
    item = rating.open_item(person=person, item=items_of(study, person)[0])
    token = uuid4()
    for _ in range(3):
        rating.save_rating(person=person, item=item, question=question, value=2, client_token=token)
    assert item.ratings.count() == 1
    with pytest.raises(Conflict) as refused:
        rating.save_rating(person=person, item=item, question=question, value=3, client_token=token)
    assert refused.value.code == "token_reused"
    rating.save_rating(person=person, item=item, question=question, value=4, client_token=uuid4())
    # A retry of the first that comes late does not undo the second.
    rating.save_rating(person=person, item=item, question=question, value=2, client_token=token)
    assert selectors.answers(item) == {"shape": 4}
    assert list(item.ratings.values_list("revision", "value")) == [(1, 2), (2, 4)]


def test_answers_are_never_changed_or_deleted() -> None:
    people = team(raters=1)
    study = running_study(people)
    rate(items_of(study, people.raters[0])[0])
    kept = Rating.objects.first()
    for act in (kept.save, kept.delete, Rating.objects.all().delete, lambda: Rating.objects.update(value=1)):
        with pytest.raises(AppendOnlyError):
            act()


def test_only_points_of_the_scale_of_this_study() -> None:
    people = team(raters=1)
    study, other = running_study(people), running_study(team(raters=1))
    person = people.raters[0]
    item = rating.open_item(person=person, item=items_of(study, person)[0])
    for question, value in (
        (study.questions.first(), 5),
        (study.questions.first(), 0),
        (other.questions.first(), 2),
    ):
        with pytest.raises(Invalid):
            rating.save_rating(person=person, item=item, question=question, value=value, client_token=uuid4())


def test_items_come_in_order() -> None:
    people = team(raters=1)
    study = running_study(people)
    person = people.raters[0]
    first, second, *_ = items_of(study, person)
    with pytest.raises(Conflict) as refused:
        rating.open_item(person=person, item=second)
    assert refused.value.code == "not_next"
    with pytest.raises(Conflict) as refused:
        rating.save_rating(
            person=person, item=first, question=study.questions.first(), value=1, client_token=uuid4()
        )
    assert refused.value.code == "not_open"
    rate(first)
    rate(second)
    rate(first, value=3)
    assert selectors.answers(first)["shape"] == 3


def test_no_way_back_where_the_study_forbids_it() -> None:
    people = team(raters=1)
    study = running_study(people, may_go_back=False)
    first = items_of(study, people.raters[0])[0]
    rate(first)
    with pytest.raises(Conflict) as refused:
        rate(first, value=1)
    assert refused.value.code == "no_way_back"


def test_progress_tells_how_far_and_nothing_else() -> None:
    people = team()
    study = running_study(people)
    for item in items_of(study, people.raters[0])[:2]:
        rate(item)
    rating.open_item(person=people.raters[0], item=items_of(study, people.raters[0])[2])
    told = [(one.rater.code, one.completed, one.opened, one.items) for one in selectors.progress(study)]
    assert told == [("R01", 2, 3, 6), ("R02", 0, 0, 6)]


def test_withdrawn_raters_and_cases_are_out() -> None:
    people = team()
    study = running_study(people)
    one, two = people.raters
    case = study.cases.first()
    withdrawal.withdraw_case(person=people.coordinator, study=study, study_case=case, reason="wrong knee")
    assert [len(items_of(study, person)) for person in (one, two)] == [4, 4]
    withdrawal.withdraw_rater(
        person=people.coordinator, study=study, rater=rater_of(study, one), reason="ill"
    )
    assert items_of(study, one) == [] and my_items.my_studies(one) == []
    assert [mine.study for mine in my_items.my_studies(two)] == [study]


def test_nothing_can_be_rated_after_the_lock() -> None:
    people = team(raters=1)
    study = running_study(people)
    item = items_of(study, people.raters[0])[0]
    rate_everything(study)
    lock(people, study)
    with pytest.raises(Item.DoesNotExist):
        rate(item)


def test_the_stop_watch_follows_its_rules() -> None:
    people = team(raters=1)
    study = running_study(people, kind=StudyKind.HTO_SIMULATION)
    person = people.raters[0]
    item = rating.open_item(person=person, item=items_of(study, person)[0])

    def press(kind: TimeEventKind, **more: object) -> TimeEvent:
        return rating.press(person=person, item=item, kind=kind, **{"client_token": uuid4(), **more})  # type: ignore[arg-type]

    with pytest.raises(Conflict):
        press(TimeEventKind.COMPLETED)
    token = uuid4()
    assert press(TimeEventKind.PLACED, client_token=token) == press(TimeEventKind.PLACED, client_token=token)
    with pytest.raises(Conflict):
        press(TimeEventKind.PLACED)
    with pytest.raises(Invalid):
        press(TimeEventKind.CORRECTED)
    press(TimeEventKind.CORRECTED, note="guide slipped before it was fixed")
    for kind in ("placed", "paused", "resumed", "completed"):
        press(TimeEventKind(kind))
    run = run_of(list(item.times.all()))
    assert run.duration is not None and (run.pauses, run.corrections, run.running) == (1, 1, False)


def test_pauses_and_voided_runs_do_not_count() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    presses = [
        ("placed", 0),
        ("completed", 50),
        ("corrected", 60),
        ("placed", 100),
        ("paused", 130),
        ("resumed", 190),
        ("completed", 220),
    ]
    events = [TimeEvent(kind=kind, at=start + timedelta(seconds=at)) for kind, at in presses]
    assert run_of(events).duration == timedelta(seconds=60)
    assert run_of(events[:-1]).duration is None and run_of(events[:-1]).running


def test_a_guide_is_complete_with_its_time_only() -> None:
    people = team(raters=1)
    study = running_study(people, kind=StudyKind.HTO_SIMULATION)
    person = people.raters[0]
    item = rating.open_item(person=person, item=items_of(study, person)[0])
    for question in study.questions.exclude(kind="duration"):
        value = question.points.last().value
        rating.save_rating(person=person, item=item, question=question, value=value, client_token=uuid4())
    item.refresh_from_db()
    assert item.completed_at is None
    rate(item)
    item.refresh_from_db()
    assert item.completed_at is not None


@pytest.mark.django_db(transaction=True)
def test_raters_at_once_lose_nothing_and_double_nothing() -> None:
    people = team(raters=3)
    study = running_study(people, cases=2)
    question = study.questions.first()
    items = [rating.open_item(person=person, item=items_of(study, person)[0]) for person in people.raters]
    tokens = {item.pk: [uuid4() for _ in range(4)] for item in items}

    def save(which: int) -> None:
        # Every answer is sent twice, from two connections, as after a lost reply.
        item = items[which % 3]
        try:
            for value, token in enumerate(tokens[item.pk], start=1):
                rating.save_rating(
                    person=item.rater.person, item=item, question=question, value=value, client_token=token
                )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(save, range(6)))
    for item in items:
        kept = list(item.ratings.order_by("revision").values_list("revision", "client_token"))
        assert [revision for revision, _ in kept] == [1, 2, 3, 4]
        assert {token for _, token in kept} == set(tokens[item.pk])
