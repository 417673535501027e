"""The figures of an unblinded study. Nothing here answers before the study is unblinded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import OuterRef, Subquery
from numpy.typing import NDArray

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.core import storage
from backend.studies.allocation import sealing
from backend.studies.allocation.models import Assignment
from backend.studies.clocks import doubtful
from backend.studies.guard import in_state
from backend.studies.models import (
    Arm,
    Question,
    QuestionKind,
    Rating,
    Study,
    StudyArm,
    StudyState,
    TimeEvent,
    TimeEventKind,
)
from backend.studies.selectors import Run, run_of
from backend.studies.statistics.analysis import analyse, blinding_of
from backend.studies.statistics.simulated import against_people


@dataclass(frozen=True)
class Row:
    """One answer, unblinded.

    Attributes:
        position: of the item in the rater's list, from 1.
        value: a point of the scale, or seconds.
        at: when it was given for the last time.
        revisions: how often it was given.
        looked_s: from opening the item to completing it, without pauses.
    """

    case_number: int
    arm: Arm
    rater_code: str
    question: str
    value: float
    item_code: str = ""
    position: int = 0
    at: datetime | None = None
    revisions: int = 1
    looked_s: float | None = None


def rows(*, person: Person, study: Study) -> list[Row]:
    """Every answer that counts: the last revisions of items neither training, withdrawn nor unblinded early.

    Times are in seconds; those that cannot be known (``clocks.doubtful``) are left out.

    Raises:
        WrongRole: neither coordinator nor administrator of the site.
        Conflict: ``wrong_state``.
    """
    _refuse_unless_unblinded(person, study)
    assignments = {
        assignment.item_id: assignment
        for assignment in Assignment.objects.filter(
            item__rater__study=study,
            item__training=False,
            item__withdrawn_at__isnull=True,
            item__unblinded_at__isnull=True,
        ).select_related("item__rater", "study_case")
    }
    events: dict[str, list[TimeEvent]] = {item: [] for item in assignments}
    for event in TimeEvent.objects.filter(item__in=assignments).order_by("item", "sequence"):
        events[event.item_id].append(event)
    newest = Rating.objects.filter(item=OuterRef("item"), question=OuterRef("question")).order_by("-revision")
    ratings = Rating.objects.filter(item__in=assignments, pk=Subquery(newest.values("pk")[:1]))
    found = [
        _row(assignments[item], key, float(value), at, revision, events[item])
        for item, key, value, at, revision in ratings.values_list(
            "item", "question__key", "value", "at", "revision"
        )
    ]
    for question in study.questions.filter(kind=QuestionKind.DURATION):
        for item, pressed in events.items():
            run: Run = run_of(pressed)
            if run.duration is not None and not doubtful(pressed):
                seconds = run.duration.total_seconds()
                found.append(
                    _row(
                        assignments[item],
                        question.key,
                        seconds,
                        pressed[-1].at,
                        1 + run.corrections,
                        pressed,
                    )
                )
    return sorted(found, key=lambda row: (row.question, row.rater_code, row.case_number, row.arm))


def _row(
    assignment: Assignment, key: str, value: float, at: datetime, revisions: int, events: list[TimeEvent]
) -> Row:
    item = assignment.item
    return Row(
        assignment.study_case.number,
        Arm(assignment.arm),
        item.rater.code,
        key,
        value,
        item.code,
        item.position + 1,
        at,
        revisions,
        _looked_s(item.opened_at, item.completed_at, events),
    )


def _looked_s(opened: datetime | None, completed: datetime | None, events: list[TimeEvent]) -> float | None:
    if opened is None or completed is None:
        return None
    paused, since = 0.0, None
    for event in events:
        if event.kind == TimeEventKind.PAUSED:
            since = event.at
        elif since is not None:
            # A pause after the last answer is no part of it.
            paused += max((min(event.at, completed) - since).total_seconds(), 0.0)
            since = None
    return max((completed - opened).total_seconds() - paused, 0.0)


def tables(answers: list[Row], question: str) -> dict[Arm, NDArray[np.float64]]:
    """(raters, cases) of each arm for one question, NaN where there is no answer; both in order."""
    mine = [row for row in answers if row.question == question]
    raters = sorted({row.rater_code for row in answers})
    cases = sorted({row.case_number for row in answers})
    made = {arm: np.full((len(raters), len(cases)), np.nan) for arm in Arm}
    for row in mine:
        made[row.arm][raters.index(row.rater_code), cases.index(row.case_number)] = row.value
    return made


def analysis(*, person: Person, study: Study) -> dict[str, Any]:
    """All figures by question, and whether the blinding held; computed once, since nothing changes any more.

    Raises:
        WrongRole: neither coordinator nor administrator of the site.
        Conflict: ``wrong_state``.
    """
    _refuse_unless_unblinded(person, study)
    if not study.analysis:
        made = json.dumps(_analysed(rows(person=person, study=study), study), sort_keys=True)
        study.analysis = storage.put(made.encode(), ".json")
        study.save(update_fields=["analysis"])
    return dict(json.loads(storage.get(study.analysis)))


@dataclass(frozen=True)
class Allocation:
    """The list that was sealed, opened.

    Attributes:
        algorithm: version of the one that made it.
        kept: it is what was committed to.
        lists: by the number of each commitment, the bytes that it is the SHA-256 of.
    """

    algorithm: int
    kept: bool
    lists: dict[int, bytes]


def allocation(*, person: Person, study: Study) -> Allocation:
    """What anybody needs who wants to check the commitments, the seed included.

    Raises:
        WrongRole: neither coordinator nor administrator of the site.
        Conflict: ``wrong_state``.
    """
    _refuse_unless_unblinded(person, study)
    algorithm, lists = sealing.opened(study)
    return Allocation(algorithm, not sealing.broken_commitments(study), lists)


def _analysed(answers: list[Row], study: Study) -> dict[str, Any]:
    result: dict[str, Any] = {
        "cases": sorted({row.case_number for row in answers}),
        "raters": sorted({row.rater_code for row in answers}),
        "questions": {},
        "by_case": {},
        "blinding": None,
        "simulated": None,
    }
    by_case: dict[str, dict[str, list[float | None]]] = result["by_case"]
    for question in study.questions.prefetch_related("points"):
        arms = tables(answers, question.key)
        if question.kind == QuestionKind.SOURCE_GUESS:
            result["blinding"] = blinding_of(arms[Arm.CT], arms[Arm.XRAY])
        elif np.isfinite(arms[Arm.CT]).any() and np.isfinite(arms[Arm.XRAY]).any():
            result["questions"][question.key] = analyse(
                arms[Arm.CT], arms[Arm.XRAY], categories=_scale(question), margin=question.margin
            )
            by_case[question.key] = {arm.value: _means(arms[arm]) for arm in Arm}
    versions = StudyArm.objects.filter(study_case__study=study, simulated__isnull=False)
    simulated = {
        (number, arm): scores
        for number, arm, scores in versions.values_list("study_case__number", "arm", "simulated")
    }
    if simulated:
        result["simulated"] = against_people(simulated, result["cases"], by_case)
    return result


def _means(table: NDArray[np.float64]) -> list[float | None]:
    """Mean over raters of each case, none where nobody answered."""
    return [float(case[np.isfinite(case)].mean()) if np.isfinite(case).any() else None for case in table.T]


def _refuse_unless_unblinded(person: Person, study: Study) -> None:
    require_role(person, study.site, Role.COORDINATOR, Role.ADMINISTRATOR)
    study.refresh_from_db(fields=["state", "analysis"])
    in_state(study, StudyState.UNBLINDED)


def _scale(question: Question) -> list[float]:
    return [float(point.value) for point in question.points.all()]
