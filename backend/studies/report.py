"""The figures of an unblinded study. Nothing here answers before the study is unblinded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import OuterRef, Subquery
from numpy.typing import NDArray

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.studies.allocation.models import Assignment
from backend.studies.guard import in_state
from backend.studies.models import Arm, Question, QuestionKind, Rating, Study, StudyState, TimeEvent
from backend.studies.selectors import run_of
from backend.studies.statistics.analysis import analyse, blinding_of


@dataclass(frozen=True)
class Row:
    """One answer, unblinded."""

    case_number: int
    arm: Arm
    rater_code: str
    question: str
    value: float


def rows(*, person: Person, study: Study) -> list[Row]:
    """Every answer that counts: the last revisions of items neither training, withdrawn nor unblinded early.

    Times are in seconds.

    Raises:
        WrongRole: neither coordinator nor administrator of the site.
        Conflict: ``wrong_state``.
    """
    require_role(person, study.site, Role.COORDINATOR, Role.ADMINISTRATOR)
    study.refresh_from_db(fields=["state"])
    in_state(study, StudyState.UNBLINDED)
    assignments = {
        assignment.item_id: assignment
        for assignment in Assignment.objects.filter(
            item__rater__study=study,
            item__training=False,
            item__withdrawn_at__isnull=True,
            item__unblinded_at__isnull=True,
        ).select_related("item__rater", "study_case")
    }
    newest = Rating.objects.filter(item=OuterRef("item"), question=OuterRef("question")).order_by("-revision")
    ratings = Rating.objects.filter(item__in=assignments, pk=Subquery(newest.values("pk")[:1]))
    said = [
        (assignments[item], key, float(value))
        for item, key, value in ratings.values_list("item", "question__key", "value")
    ]
    for question in study.questions.filter(kind=QuestionKind.DURATION):
        said += [
            (assignments[item], question.key, seconds) for item, seconds in _durations(list(assignments))
        ]
    return [
        Row(one.study_case.number, Arm(one.arm), one.item.rater.code, key, value)
        for one, key, value in sorted(
            said,
            key=lambda line: (line[1], line[0].item.rater.ordinal, line[0].study_case.number, line[0].arm),
        )
    ]


def _durations(items: list[str]) -> list[tuple[str, float]]:
    events: dict[str, list[TimeEvent]] = {}
    for event in TimeEvent.objects.filter(item__in=items).order_by("item", "sequence"):
        events.setdefault(event.item_id, []).append(event)
    runs = {item: run_of(pressed).duration for item, pressed in events.items()}
    return [(item, duration.total_seconds()) for item, duration in runs.items() if duration is not None]


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
    """All figures by question, and whether the blinding held.

    Raises:
        WrongRole: neither coordinator nor administrator of the site.
        Conflict: ``wrong_state``.
    """
    answers = rows(person=person, study=study)
    result: dict[str, Any] = {"questions": {}, "blinding": None}
    for question in study.questions.prefetch_related("points"):
        arms = tables(answers, question.key)
        if question.kind == QuestionKind.SOURCE_GUESS:
            result["blinding"] = blinding_of(arms[Arm.CT], arms[Arm.XRAY])
        elif np.isfinite(arms[Arm.CT]).any() and np.isfinite(arms[Arm.XRAY]).any():
            result["questions"][question.key] = analyse(
                arms[Arm.CT], arms[Arm.XRAY], categories=_scale(question), margin=question.margin
            )
    return result


def _scale(question: Question) -> list[float]:
    return [float(point.value) for point in question.points.all()]
