"""What a rater does: opens items in order, answers, changes an answer, presses the stop-watch.

Every act carries a token that the browser made for it. The same token again, after a lost connection or a
crash, is the same act and answers the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from backend.accounts.models import Person
from backend.core.errors import Conflict, Invalid
from backend.studies.clocks import DOUBT, doubtful
from backend.studies.models import (
    Deviation,
    Item,
    Question,
    QuestionKind,
    Rating,
    TimeEvent,
    TimeEventKind,
)
from backend.studies.selectors import is_complete

# What may follow what; a correction voids the run, after which only a new placement may come.
_TIMED: dict[str | None, frozenset[str]] = {
    None: frozenset({TimeEventKind.PLACED}),
    TimeEventKind.PLACED: frozenset({TimeEventKind.PAUSED, TimeEventKind.COMPLETED, TimeEventKind.CORRECTED}),
    TimeEventKind.PAUSED: frozenset({TimeEventKind.RESUMED, TimeEventKind.CORRECTED}),
    TimeEventKind.RESUMED: frozenset(
        {TimeEventKind.PAUSED, TimeEventKind.COMPLETED, TimeEventKind.CORRECTED}
    ),
    TimeEventKind.COMPLETED: frozenset({TimeEventKind.CORRECTED}),
    TimeEventKind.CORRECTED: frozenset({TimeEventKind.PLACED}),
}
# Where no time is an answer, it is still known how long an item was looked at without the pauses.
_UNTIMED: dict[str | None, frozenset[str]] = {
    None: frozenset({TimeEventKind.PAUSED}),
    TimeEventKind.PAUSED: frozenset({TimeEventKind.RESUMED}),
    TimeEventKind.RESUMED: frozenset({TimeEventKind.PAUSED}),
}
# A browser that was offline for longer has another clock, or was put aside.
LATEST = timedelta(days=7)


def _own(person: Person, item: Item) -> Item:
    """The rater's own item, its row and its study's locked: no answer slips in while a study is closed.

    Raises:
        Item.DoesNotExist: it is not this person's, was withdrawn, or the study does not run (any more).
    """
    return (
        Item.objects.visible_to(person)
        .select_for_update(of=("self", "rater__study"))
        .select_related("rater__study")
        .get(pk=item.pk)
    )


def open_item(*, person: Person, item: Item, at: datetime | None = None) -> Item:
    """Show an item: the next one, or an earlier one where the study lets raters go back.

    Args:
        at: when it was opened without a connection; now if not given.

    Raises:
        Item.DoesNotExist: it is not theirs (now).
        Conflict: ``not_next``: items before it are not complete; ``no_way_back``.
    """
    with transaction.atomic():
        item = _own(person, item)
        before = item.rater.items.filter(
            position__lt=item.position, completed_at__isnull=True, withdrawn_at__isnull=True
        )
        if before.exists():
            raise Conflict("not_next", "Items before this one are not complete.", remedy="Rate them first.")
        if item.completed_at is not None and not item.rater.study.may_go_back:
            raise Conflict(
                "no_way_back", "This study lets nobody return to an item.", remedy="Rate the next one."
            )
        if item.opened_at is None:
            item.opened_at = at or timezone.now()
            item.save(update_fields=["opened_at"])
    return item


def question_of(item: Item, key: str) -> Question:
    """The question of the item's study with this key.

    Raises:
        Invalid: ``not_this_question``.
    """
    question = Question.objects.filter(study=item.rater.study_id, key=key).first()
    if question is None:
        raise Invalid("not_this_question", "This is not asked here.", remedy="Reload the page.")
    return question


def save_rating(
    *,
    person: Person,
    item: Item,
    question: Question,
    value: int,
    client_token: UUID,
    at: datetime | None = None,
    device_at: datetime | None = None,
) -> Rating:
    """Keep an answer; a different one later is the next revision.

    Args:
        at: when it was given without a connection; now if not given.
        device_at: what the clock of the device said then, kept as evidence.

    Raises:
        Item.DoesNotExist: the item is not theirs (now).
        Invalid: ``not_this_question``, or ``not_on_the_scale``.
        Conflict: ``not_open``; ``no_way_back``: it was complete and may not change; ``token_reused``: this
            token named another answer.
    """
    with transaction.atomic():
        item = _own(person, item)
        said = item.ratings.filter(client_token=client_token).first()
        if said is not None:
            if (said.question_id, said.value) != (question.pk, value):
                raise _token_reused()
            return said
        if question.study_id != item.rater.study_id or question.kind == QuestionKind.DURATION:
            raise Invalid("not_this_question", "This is not asked here.", remedy="Reload the page.")
        if not question.points.filter(value=value).exists():
            raise Invalid(
                "not_on_the_scale",
                f"{value} is no point of the scale of {question.title}.",
                remedy="Choose a point of the scale.",
                fields={"value": ["No point of the scale."]},
            )
        refuse_unless_open(item)
        last: Any = item.ratings.filter(question=question).order_by("revision").last()
        given = at or timezone.now()
        rating = Rating.objects.create(
            item=item,
            question=question,
            revision=last.revision + 1 if last else 1,
            value=value,
            client_token=client_token,
            at=max(given, last.at) if last else given,
            device_at=device_at,
        )
        _complete(item, rating.at)
    return rating


def press(
    *,
    person: Person,
    item: Item,
    kind: TimeEventKind,
    client_token: UUID,
    note: str = "",
    late: timedelta = timedelta(0),
    received: datetime | None = None,
    device_at: datetime | None = None,
) -> TimeEvent:
    """The stop-watch of a guide, or the pause of a rating, by the server's clock (see ``clocks``).

    Args:
        late: how long before it was received it was pressed, where there was no connection; such a press is
            marked as late.
        received: now, if not given; one moment for all that came at once.
        device_at: what the clock of the device said at the press, kept as evidence.

    Raises:
        Item.DoesNotExist: the item is not theirs (now).
        Invalid: ``not_timed``; ``no_note``: a correction says why; ``too_late``: pressed in the future, or
            longer ago than anybody is offline.
        Conflict: ``not_open``, ``no_way_back``, ``token_reused``; ``not_now``: not after the last press.
    """
    with transaction.atomic():
        item = _own(person, item)
        said = item.times.filter(client_token=client_token).first()
        if said is not None:
            if said.kind != kind:
                raise _token_reused()
            return said
        timed = item.rater.study.questions.filter(kind=QuestionKind.DURATION).exists()
        if not timed and kind not in _UNTIMED:
            raise Invalid("not_timed", "No time is taken in this study.", remedy="Reload the page.")
        if kind == TimeEventKind.CORRECTED and not note.strip():
            raise Invalid("no_note", "A correction needs a reason.", remedy="Say what went wrong.")
        if not timedelta(0) <= late <= LATEST:
            raise Invalid("too_late", "The time of this press cannot be right.", remedy="Check the clock.")
        refuse_unless_open(item)
        last: Any = item.times.order_by("sequence").last()
        if kind not in (_TIMED if timed else _UNTIMED)[last.kind if last else None]:
            raise Conflict(
                "not_now",
                f"After {last.kind if last else 'nothing'} comes no {kind.value}.",
                remedy="Reload the page to see where the time stands.",
            )
        pressed = (received or timezone.now()) - late
        event = TimeEvent.objects.create(
            item=item,
            sequence=last.sequence + 1 if last else 1,
            kind=kind,
            note=note,
            client_token=client_token,
            late_s=late.total_seconds(),
            # Not before the press before it, whatever the browser's clock did in between.
            at=max(pressed, last.at) if last else pressed,
            device_at=device_at,
        )
        _complete(item, event.at)
        if kind == TimeEventKind.COMPLETED and doubtful(list(item.times.order_by("sequence"))):
            Deviation.objects.create(
                study=item.rater.study,
                rater=item.rater,
                item_code=item.code,
                text=DOUBT,
                person=person,
                at=timezone.now(),
            )
    return event


def refuse_unless_open(item: Item) -> None:
    """An item that was not opened is neither shown nor rated, nor one that was left for good.

    Raises:
        Conflict: ``not_open``, ``no_way_back``.
    """
    if item.opened_at is None:
        raise Conflict("not_open", "This item was not opened yet.", remedy="Open it first.")
    if item.completed_at is not None and not item.rater.study.may_go_back:
        raise Conflict(
            "no_way_back", "This item is complete and final in this study.", remedy="Rate the next one."
        )


def _complete(item: Item, at: datetime) -> None:
    """Note when the last answer has come, or that a correction took the time away again."""
    whole = is_complete(item)
    if whole == (item.completed_at is not None):
        return
    item.completed_at = at if whole else None
    item.save(update_fields=["completed_at"])


def _token_reused() -> Conflict:
    return Conflict(
        "token_reused", "This token was used for another answer.", remedy="Make a new token for each answer."
    )
