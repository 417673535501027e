"""What a rater reads: their own studies, list and item. It never depends on what an item shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from backend.accounts.models import Person
from backend.imaging.models import Image
from backend.studies.models import Item, Question, Rater, Reminder, Study, StudyKind, StudyState
from backend.studies.selectors import answers, rater_items, run_of
from backend.studies.showing import shown


@dataclass(frozen=True)
class MyStudy:
    """A running study of a rater."""

    study: Study
    items: int
    completed: int
    next: str | None
    reminders: list[Reminder]
    list: list[dict[str, Any]]
    questions: QuerySet[Question]


def my_studies(person: Person) -> list[MyStudy]:
    """The running studies that wait for this person."""
    mine = Rater.objects.filter(
        person=person, withdrawn_at__isnull=True, study__state=StudyState.RUNNING
    ).select_related("study")
    # Somebody who is not blind (any more) has no items there.
    return [told for rater in mine if (told := my_study(rater)).items]


def my_study(rater: Rater) -> MyStudy:
    """One of them, with the list of its items."""
    items = list(rater_items(rater.person, rater.study))
    waiting = next((item.token for item in items if item.completed_at is None), None)
    done = [item.completed_at for item in items if item.completed_at is not None]
    reminders = rater.reminders.filter(at__gt=max(done)) if done else rater.reminders.all()
    return MyStudy(
        study=rater.study,
        items=len(items),
        completed=len(done),
        next=waiting,
        reminders=list(reminders),
        list=[item_line(item) for item in items],
        questions=rater.study.questions.prefetch_related("points"),
    )


def item_line(item: Item) -> dict[str, Any]:
    """An item as it stands in the list."""
    return {
        "token": item.token,
        "code": item.code,
        "position": item.position,
        "training": item.training,
        "opened": item.opened_at is not None,
        "completed": item.completed_at is not None,
    }


def saved(item: Item) -> dict[str, Any]:
    """Where an item stands: the rater's own answers, and the stop-watch."""
    item.refresh_from_db()
    return {"completed": item.completed_at is not None, "answers": answers(item), "clock": clock(item)}


def clock(item: Item) -> dict[str, Any]:
    """The stop-watch of an item."""
    run = run_of(list(item.times.order_by("sequence")), timezone.now())
    return {
        "last": run.last,
        "running": run.running,
        "elapsed_s": round(run.spent.total_seconds(), 3),
        "duration_s": run.duration.total_seconds() if run.duration is not None else None,
        "pauses": run.pauses,
        "corrections": run.corrections,
    }


def item_page(item: Item) -> dict[str, Any]:
    """Everything that the page of one item shows, but pixels and triangles."""
    study = item.rater.study
    neighbours = rater_items(item.rater.person, study)
    before = neighbours.filter(position__lt=item.position).last()
    after = neighbours.filter(position__gt=item.position).first()
    rates_bones = study.kind == StudyKind.MODEL_RATING
    return {
        **item_line(item),
        **saved(item),
        "xrays": xrays(item) if rates_bones else [],
        "has_bones": rates_bones,
        "previous": before.token if before else None,
        "following": after.token if after else None,
    }


def xrays(item: Item) -> QuerySet[Image]:
    """The X-rays of the case that an item shows, in a fixed order."""
    return Image.objects.filter(case=shown(item).study_case.case_id).order_by("view")
