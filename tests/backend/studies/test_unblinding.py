"""Sealed, locked, unblinded: who learns what and when, and that nobody can change what was promised."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import connection

from backend.accounts.models import Membership, Role
from backend.audit.models import Event
from backend.core.errors import Conflict, Invalid, WrongRole
from backend.studies import closing, course, report, selectors, setup, unblinding
from backend.studies.allocation import sealing
from backend.studies.allocation.models import Assignment
from backend.studies.models import Arm, Item, Study, StudyState, Unblinding
from tests.backend import factories
from tests.backend.studies.factories import (
    SIGNATURE,
    Team,
    case_with_versions,
    draft_study,
    lock,
    rate,
    rate_everything,
    running_study,
    start,
    team,
)

pytestmark = pytest.mark.django_db
WRONG = {"password": "not mine", "address": "127.0.0.1"}


def locked_study(people: Team, **options: object) -> Study:
    study = running_study(people, **options)
    rate_everything(study)
    lock(people, study)
    return Study.objects.get(pk=study.pk)


def unblind(people: Team, study: Study) -> Study:
    request = unblinding.request_unblinding(
        person=people.coordinator, study=study, reason="the analysis", **SIGNATURE
    )
    return unblinding.approve_unblinding(person=people.administrator, request=request, **SIGNATURE)


def lines(study: Study) -> list[tuple[object, ...]]:
    return list(
        Assignment.objects.filter(item__rater__study=study)
        .order_by("item__rater__ordinal", "item__position")
        .values_list("item__rater__ordinal", "item__position", "item", "study_case__number", "arm")
    )


def test_every_rater_gets_both_versions_of_every_case_apart() -> None:
    study = running_study(team(), cases=5, distance=3)
    for ordinal in (0, 1):
        mine = [line for line in lines(study) if line[0] == ordinal]
        assert Counter((number, arm) for *_, number, arm in mine) == Counter(
            (number, arm) for number in range(1, 6) for arm in ("ct", "xray")
        )
        for number in range(1, 6):
            one, two = (line[1] for line in mine if line[3] == number)
            assert two - one >= 3


def test_the_commitment_is_published_before_the_first_rating() -> None:
    study = running_study(team())
    published = selectors.commitments(study).get()
    assert published.items == 12 and Event.objects.filter(data__sha256=published.sha256).exists()
    assert not Item.objects.filter(opened_at__isnull=False).exists()
    assert sealing.broken_commitments(study) == []


def test_adding_cases_and_raters_reshuffles_nothing() -> None:
    people = team()
    study = running_study(people)
    before = lines(study)
    rate(Item.objects.get(pk=before[0][2]))
    late = factories.person_with(people.site, Role.RATER)
    with pytest.raises(Invalid) as refused:
        course.extend(
            person=people.coordinator,
            study=study,
            cases=[course.NewCase(**case_with_versions(people, study.kind))],
        )
    assert refused.value.code == "too_few_cases" and study.cases.count() == 3
    new = [course.NewCase(**case_with_versions(people, study.kind)) for _ in range(2)]
    course.extend(person=people.coordinator, study=study, cases=new, raters=[late])
    after = lines(study)
    assert [line for line in after if line in before] == before
    assert Counter(line[0] for line in after) == {0: 10, 1: 10, 2: 10}
    assert [one.items for one in selectors.commitments(study)] == [12, 30]
    assert sealing.broken_commitments(study) == []


def test_a_knowing_person_is_not_added_while_it_runs() -> None:
    people = team()
    study = running_study(people)
    with pytest.raises(Conflict):
        course.extend(person=people.coordinator, study=study, raters=[people.surgeon])
    assert study.raters.count() == 2 and study.commitments.count() == 1


def test_nothing_is_told_before_lock_and_two_signatures() -> None:
    people = team()
    study = running_study(people)
    with pytest.raises(Conflict):
        report.rows(person=people.coordinator, study=study)
    with pytest.raises(Conflict):
        unblinding.request_unblinding(person=people.coordinator, study=study, reason="curious", **SIGNATURE)
    rate_everything(study)
    lock(people, study)
    study.refresh_from_db()
    with pytest.raises(Conflict):
        report.analysis(person=people.coordinator, study=study)
    with pytest.raises(Invalid):
        unblinding.request_unblinding(person=people.coordinator, study=study, reason=" ", **SIGNATURE)
    with pytest.raises(Invalid):
        unblinding.request_unblinding(person=people.coordinator, study=study, reason="x", **WRONG)
    request = unblinding.request_unblinding(
        person=people.coordinator, study=study, reason="the analysis", **SIGNATURE
    )
    with pytest.raises(WrongRole):
        unblinding.approve_unblinding(person=people.coordinator, request=request, **SIGNATURE)
    with pytest.raises(Invalid):
        unblinding.approve_unblinding(person=people.administrator, request=request, **WRONG)
    study.refresh_from_db()
    assert study.state == StudyState.LOCKED
    done = unblinding.approve_unblinding(person=people.administrator, request=request, **SIGNATURE)
    assert done.state == StudyState.UNBLINDED
    event = Event.objects.get(action="study.unblinded")
    assert event.data["reason"] == "the analysis" and len(event.data["people"]) == 2
    with pytest.raises(Conflict):
        unblinding.approve_unblinding(person=people.administrator, request=request, **SIGNATURE)


def test_raters_and_strangers_never_unblind() -> None:
    people = team()
    study = locked_study(people)
    request = Unblinding.objects.create(study=study, reason="x", requested_by=people.coordinator)
    item = Item.objects.filter(rater__study=study).first()
    # A rater who was made an administrator afterwards stays a rater.
    Membership.objects.create(person=people.raters[1], site=people.site, role=Role.ADMINISTRATOR)
    elsewhere = factories.person_with(factories.SiteFactory(), Role.COORDINATOR, Role.ADMINISTRATOR)
    for person in (*people.raters, people.surgeon, elsewhere):
        for act in (
            lambda: unblinding.request_unblinding(person=person, study=study, reason="x", **SIGNATURE),  # noqa: B023
            lambda: unblinding.approve_unblinding(person=person, request=request, **SIGNATURE),  # noqa: B023
            lambda: unblinding.unblind_item(person=person, item=item, reason="x", **SIGNATURE),  # noqa: B023
        ):
            with pytest.raises(WrongRole):
                act()
    study.refresh_from_db()
    assert study.state == StudyState.LOCKED


def test_a_changed_list_is_found_before_anybody_is_told() -> None:
    people = team()
    study = locked_study(people)
    one = Assignment.objects.filter(item__rater__study=study).first()
    other = Arm.XRAY if one.arm == Arm.CT else Arm.CT
    with connection.cursor() as cursor:
        cursor.execute("UPDATE allocation_assignment SET arm = %s WHERE id = %s", [other, one.pk])
    with pytest.raises(Conflict) as refused:
        unblind(people, study)
    assert refused.value.code == "commitment_broken"
    assert Event.objects.get(action="study.integrity_broken").data["commitments"] == [1]
    study.refresh_from_db()
    assert study.state == StudyState.LOCKED


def test_changed_answers_are_found_before_anybody_is_told() -> None:
    people = team()
    study = locked_study(people)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_rating SET value = 1 WHERE value = 3")
    with pytest.raises(Conflict) as refused:
        unblind(people, study)
    assert refused.value.code == "answers_changed"


def test_a_commitment_cannot_be_replaced_by_another() -> None:
    people = team()
    study = locked_study(people)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_commitment SET sha256 = %s", ["0" * 64])
    assert sealing.broken_commitments(study) == [1]


def test_an_emergency_tells_one_item_and_leaves_it_out() -> None:
    people = team()
    study = running_study(people)
    item = Item.objects.get(pk=lines(study)[0][2])
    shown = unblinding.unblind_item(person=people.coordinator, item=item, reason="burst blade", **SIGNATURE)
    assert (shown.case_number, shown.arm) == lines(study)[0][3:]
    event = Event.objects.get(action="study.item_unblinded")
    assert event.data["reason"] == "burst blade" and shown.arm not in str(event.data)
    rate_everything(study)
    lock(people, study)
    study.refresh_from_db()
    counted = report.rows(person=people.coordinator, study=unblind(people, study))
    told = [
        row for row in counted if (row.rater_code, row.case_number, row.arm) == ("R01", *lines(study)[0][3:])
    ]
    assert told == [] and len(counted) == 11 * study.questions.count()


def test_a_lock_is_signed_and_says_why_it_is_incomplete() -> None:
    people = team()
    study = running_study(people)
    with pytest.raises(Conflict) as refused:
        lock(people, study)
    assert refused.value.code == "incomplete"
    with pytest.raises(Invalid):
        lock(people, study, reason="time is up", **WRONG)
    signature = lock(people, study, reason="time is up")
    assert (signature.name, signature.meaning) == (people.coordinator.name, closing.Meaning.COMPLETE.label)
    assert Event.objects.get(action="study.locked").data["open_items"] == 12
    assert study.deviations.get().text == "Locked with 12 items incomplete: time is up"


def test_the_report_has_every_answer_under_its_arm() -> None:
    people = team()
    study = running_study(people, cases=4)
    truth = {line[2]: line[3:] for line in lines(study)}
    for item in Item.objects.filter(rater__study=study).order_by("rater", "position"):
        number, arm = truth[item.pk]
        # X-rays one point above CT, raters who always know.
        rate(item, value=1 + number % 3 + (arm == "xray"), guess=1 if arm == "ct" else 2)
    lock(people, study)
    study.refresh_from_db()
    figures = report.analysis(person=people.coordinator, study=unblind(people, study))
    shape = figures["questions"]["shape"]
    assert shape["xray"]["mean"] - shape["ct"]["mean"] == pytest.approx(1)
    assert shape["wilcoxon"]["estimate"] == -1 and shape["wilcoxon"]["p"] == 0.125
    assert not shape["equivalence"]["equivalent"]
    assert shape["agreement"]["weighted_kappa"] == pytest.approx(1)
    assert figures["blinding"]["bang_ct"]["value"] == figures["blinding"]["bang_xray"]["value"] == 1


def test_training_comes_first_and_counts_for_nothing() -> None:
    people = team()
    study = draft_study(people)
    setup.add_case(
        person=people.coordinator, study=study, training=True, **case_with_versions(people, study.kind)
    )
    study = start(people, study)
    for rater in study.raters.all():
        assert list(rater.items.values_list("training", flat=True)) == [True] * 2 + [False] * 6
    rate_everything(study)
    lock(people, study)
    study.refresh_from_db()
    counted = report.rows(person=people.coordinator, study=unblind(people, study))
    assert {row.case_number for row in counted} == {1, 2, 3}
