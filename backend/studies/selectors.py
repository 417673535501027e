"""Reading studies: what raters may see, and how far they are. No score of anybody leaves this module."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, QuerySet

from backend.accounts.models import Person
from backend.cases.models import Case
from backend.studies.models import (
    Commitment,
    Item,
    QuestionKind,
    Rater,
    Study,
    StudyKind,
    StudyState,
    TimeEvent,
    TimeEventKind,
)
from backend.studies.readiness import MADE_FROM_CT


@dataclass(frozen=True)
class Run:
    """The stop-watch of one item, from its last placement.

    Attributes:
        running: whether time goes by now.
        duration: without pauses; null before the cut is complete.
        pauses, corrections: how often.
    """

    running: bool
    duration: timedelta | None
    pauses: int
    corrections: int


def run_of(events: list[TimeEvent]) -> Run:
    """What the presses of an item's stop-watch, in order, come to."""
    spent, since, done, pauses, corrections = timedelta(), None, False, 0, 0
    for event in events:
        if event.kind == TimeEventKind.CORRECTED:
            spent, since, done, pauses = timedelta(), None, False, 0
            corrections += 1
        elif event.kind in (TimeEventKind.PLACED, TimeEventKind.RESUMED):
            since = event.at
        elif since is not None:
            spent, since = spent + (event.at - since), None
            pauses += event.kind == TimeEventKind.PAUSED
            done = event.kind == TimeEventKind.COMPLETED
    return Run(since is not None, spent if done else None, pauses, corrections)


def is_complete(item: Item) -> bool:
    """Whether every question of the study has its answer, and the time was taken where one is."""
    asked = item.rater.study.questions
    timed = asked.filter(kind=QuestionKind.DURATION).exists()
    if timed and run_of(list(item.times.all())).duration is None:
        return False
    answered = item.ratings.values("question")
    return not asked.exclude(kind=QuestionKind.DURATION).exclude(pk__in=answered).exists()


def answers(item: Item) -> dict[str, int]:
    """The rater's own answers to an item, by question: the last revision of each."""
    return dict(item.ratings.order_by("revision").values_list("question__key", "value"))


def rater_items(person: Person, study: Study) -> QuerySet[Item]:
    """A rater's own list, in order."""
    return Item.objects.visible_to(person).filter(rater__study=study).order_by("position")


def studies_to_rate(person: Person) -> QuerySet[Study]:
    """The running studies that wait for this person."""
    return Study.objects.filter(
        state=StudyState.RUNNING, raters__person=person, raters__withdrawn_at__isnull=True
    ).distinct()


@dataclass(frozen=True)
class Progress:
    """How far one rater is; nothing of what was answered."""

    rater: Rater
    items: int
    completed: int
    opened: int


def progress(study: Study) -> list[Progress]:
    """Completeness of each rater, withdrawn ones too, without withdrawn items."""
    live = Q(items__withdrawn_at__isnull=True)
    raters = study.raters.select_related("person").annotate(
        all=Count("items", filter=live),
        done=Count("items", filter=live & Q(items__completed_at__isnull=False)),
        seen=Count("items", filter=live & Q(items__opened_at__isnull=False)),
    )
    return [Progress(rater, rater.all, rater.done, rater.seen) for rater in raters]  # type: ignore[attr-defined]


def commitments(study: Study) -> QuerySet[Commitment]:
    """What was published of the sealed allocation."""
    return study.commitments.all()


@dataclass(frozen=True)
class Candidate:
    """A case that a coordinator may take: its pseudonym and its versions by identity, nothing medical."""

    case: str
    pseudonym: str
    side: str
    ct: list[str]
    xray: list[str]


def candidates(study: Study) -> list[Candidate]:
    """The cases of the study's site that have both versions and are not in the study yet."""
    cases = Case.objects.filter(site=study.site).exclude(pk__in=study.cases.values("case"))
    found = []
    for case in cases.select_related("patient").order_by("patient__pseudonym"):
        versions: dict[bool, list[str]] = {True: [], False: []}
        for key, origin in _versions(study, case):
            versions[origin in MADE_FROM_CT].append(str(key))
        if versions[True] and versions[False]:
            found.append(
                Candidate(str(case.pk), case.patient.pseudonym, case.side, versions[True], versions[False])
            )
    return found


def _versions(study: Study, case: Case) -> list[tuple[object, str]]:
    if study.kind == StudyKind.MODEL_RATING:
        return list(case.bone_sets.values_list("pk", "origin"))
    return list(case.guides.values_list("pk", "plan__bone_set__origin"))
