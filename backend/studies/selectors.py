"""Reading studies: what raters may see, and how far they are. No score of anybody leaves this module."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from backend.accounts.models import Person, Role, Site
from backend.cases.models import Case
from backend.exports.models import Guide
from backend.imaging.models import BoneSet
from backend.studies.models import (
    Commitment,
    Item,
    QuestionKind,
    Rater,
    Rating,
    Reminder,
    Study,
    StudyKind,
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
        spent: without pauses, up to now or the end.
        last: the last press.
    """

    running: bool
    duration: timedelta | None
    pauses: int
    corrections: int
    spent: timedelta = timedelta(0)
    last: str | None = None


def run_of(events: list[TimeEvent], now: datetime | None = None) -> Run:
    """What the presses of an item's stop-watch, in order, come to.

    Args:
        now: counts the time since the last press where the watch still runs.
    """
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
        else:  # a rating that nobody timed was paused
            pauses += event.kind == TimeEventKind.PAUSED
    current = spent + (now - since) if now and since else spent
    last = events[-1].kind if events else None
    return Run(since is not None, spent if done else None, pauses, corrections, current, last)


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


@dataclass(frozen=True)
class Progress:
    """How far one rater is; nothing of what was answered."""

    rater: Rater
    items: int
    completed: int
    opened: int
    last_seen_at: datetime | None
    last_reminded_at: datetime | None


def progress(study: Study) -> list[Progress]:
    """Completeness of each rater, withdrawn ones too, without withdrawn items."""
    live = Q(items__withdrawn_at__isnull=True)
    rated = Rating.objects.filter(item__rater=OuterRef("pk")).order_by("-at")
    pressed = TimeEvent.objects.filter(item__rater=OuterRef("pk")).order_by("-at")
    reminded = Reminder.objects.filter(rater=OuterRef("pk")).order_by("-at")
    raters = study.raters.select_related("person").annotate(
        all=Count("items", filter=live),
        done=Count("items", filter=live & Q(items__completed_at__isnull=False)),
        seen=Count("items", filter=live & Q(items__opened_at__isnull=False)),
        last_opened=Max("items__opened_at"),
        last_rated=Subquery(rated.values("at")[:1]),
        last_pressed=Subquery(pressed.values("at")[:1]),
        last_reminded=Subquery(reminded.values("at")[:1]),
    )
    told = []
    for rater in cast(Any, raters):
        seen = [at for at in (rater.last_opened, rater.last_rated, rater.last_pressed) if at is not None]
        told.append(
            Progress(rater, rater.all, rater.done, rater.seen, max(seen, default=None), rater.last_reminded)
        )
    return told


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


def candidates(site: Site, kind: str, *, beside: Study | None = None) -> list[Candidate]:
    """The cases of a site that have both versions and are not in a study yet, if one is named."""
    cases = Case.objects.filter(site=site).select_related("patient").order_by("patient__pseudonym")
    if beside is not None:
        cases = cases.exclude(pk__in=beside.cases.values("case"))
    if kind == StudyKind.MODEL_RATING:
        rows = BoneSet.objects.filter(case__in=cases).values_list("case", "pk", "origin")
    else:
        rows = Guide.objects.filter(case__in=cases).values_list("case", "pk", "plan__bone_set__origin")
    versions: dict[object, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for case_id, key, origin in rows:
        versions[case_id][0 if origin in MADE_FROM_CT else 1].append(str(key))
    return [
        Candidate(str(case.pk), case.patient.pseudonym, case.side, *versions[case.pk])
        for case in cases
        if all(versions[case.pk])
    ]


def rater_candidates(site: Site, *, beside: Study | None = None) -> QuerySet[Person]:
    """The raters of a site who are not in a study yet, if one is named."""
    raters = Person.objects.filter(memberships__site=site, memberships__role=Role.RATER, is_active=True)
    if beside is not None:
        raters = raters.exclude(pk__in=beside.raters.values("person"))
    return raters
