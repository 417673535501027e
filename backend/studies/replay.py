"""What a rater did without a connection, told at once afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone

from backend.accounts.models import Person
from backend.core.errors import Refusal, error_body
from backend.studies import rating
from backend.studies.models import Item, TimeEventKind

# What is told afterwards is this late at least, however short ago it was.
AFTERWARDS = timedelta(milliseconds=1)


class ActKind(models.TextChoices):
    OPEN = "open"
    RATE = "rate"
    PRESS = "press"


@dataclass(frozen=True)
class Act:
    """One thing that a rater did offline.

    Attributes:
        at: when, by the browser's clock.
        question, value: of an answer.
        press, note: of the stop-watch.
    """

    kind: ActKind
    item: str
    client_token: UUID
    at: datetime
    question: str = ""
    value: int = 0
    press: TimeEventKind = TimeEventKind.PLACED
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one act: kept (or known already), or why it was refused."""

    client_token: UUID
    saved: bool
    error: dict[str, Any] | None = None


def replay(*, person: Person, sent_at: datetime, acts: Sequence[Act]) -> list[Outcome]:
    """Keep each act as if it had come in time; sending them again changes nothing.

    Only differences of the browser's own clock count: an act was as long ago as it was before ``sent_at``,
    reckoned back from one moment, the arrival of them all. Their order is that of the list, whatever their
    times say; what the device's clock said is kept beside. One that is refused keeps none of the others from
    being kept.

    Args:
        sent_at: the browser's clock when it sends them.
        acts: in the order in which they happened.
    """
    received = timezone.now()
    lates = latenesses([act.at for act in acts], sent_at)
    return [_outcome(person, act, late, received) for act, late in zip(acts, lates, strict=True)]


def latenesses(at: Sequence[datetime], sent_at: datetime) -> list[timedelta]:
    """How long before they were sent acts were done, in their order: none is later than the one after it.

    Where the clock was set back in between, what came last is believed, since it is nearest to the sending.
    All are above zero, as told afterwards: the server has not seen them.
    """
    least, told = AFTERWARDS, []
    for moment in reversed(at):
        least = max(sent_at - moment, least)
        told.append(least)
    return told[::-1]


def _outcome(person: Person, act: Act, late: timedelta, received: datetime) -> Outcome:
    try:
        _again(person, act, late, received)
    except Item.DoesNotExist:
        gone = error_body("not_found", "This item is not yours (any more).", remedy="Rate the next one.")
        return Outcome(act.client_token, saved=False, error=gone)
    except Refusal as refusal:
        return Outcome(act.client_token, saved=False, error=refusal.body)
    return Outcome(act.client_token, saved=True)


def _again(person: Person, act: Act, late: timedelta, received: datetime) -> None:
    item = Item.objects.visible_to(person).select_related("rater").get(pk=act.item)
    # A clock that cannot be right loses no answer, only its time.
    at = received - min(late, rating.LATEST)
    if act.kind == ActKind.OPEN:
        rating.open_item(person=person, item=item, at=at)
    elif act.kind == ActKind.RATE:
        rating.save_rating(
            person=person,
            item=item,
            question=rating.question_of(item, act.question),
            value=act.value,
            client_token=act.client_token,
            at=at,
            device_at=act.at,
        )
    else:
        rating.press(
            person=person,
            item=item,
            kind=act.press,
            client_token=act.client_token,
            note=act.note,
            late=late,
            received=received,
            device_at=act.at,
        )
