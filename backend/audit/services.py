"""Appending to the audit trail, and proving that nothing in it was changed."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from backend.audit.models import ChainHead, Event

if TYPE_CHECKING:
    from backend.accounts.models import Person, Site
    from backend.cases.models import Case


@transaction.atomic
def record(
    *,
    person: Person | None,
    action: str,
    text: str,
    site: Site | None = None,
    case: Case | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Append one event.

    Call it inside the transaction of what it speaks of, so that both happen or neither.

    Args:
        person: who did it; ``None`` is the system itself.
        action: stable word, ``thing.done``.
        text: the same for people, as shown on the timeline of the case.
        case: gives the site as well.
        data: JSON with what else belongs on record, old and new values for example.
    """
    head, _ = ChainHead.objects.select_for_update().get_or_create(pk=1)
    event = Event(
        position=head.position + 1,
        at=timezone.now(),
        person=person,
        person_name=person.name if person else "System",
        action=action,
        text=text[:300],
        site_id=case.site_id if case else site.id if site else None,
        case_id=case.id if case else None,
        data=data or {},
        previous_hash=head.hash,
    )
    event.hash = event_hash(event)
    event.save()
    ChainHead.objects.filter(pk=1).update(position=event.position, hash=event.hash)
    return event


def event_hash(event: Event) -> str:
    """SHA-256 over the canonical JSON of everything an event says and the hash before it."""
    at = event.at.astimezone(UTC) if isinstance(event.at, datetime) else event.at
    content = [
        event.position,
        at.isoformat(timespec="microseconds"),
        str(event.person_id),
        event.person_name,
        event.action,
        event.text,
        str(event.site_id),
        str(event.case_id),
        event.data,
        event.previous_hash,
    ]
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def verify() -> int | None:
    """Walk the whole chain.

    Returns:
        ``None`` when it is whole, else the position where it first breaks: an event changed, missing or
        added, or the end cut off.
    """
    position, previous = 0, "0" * 64
    for event in Event.objects.order_by("position").iterator():
        position += 1
        if event.position != position or event.previous_hash != previous or event.hash != event_hash(event):
            return position
        previous = event.hash
    head = ChainHead.objects.filter(pk=1).first()
    end = (head.position, head.hash) if head else (0, "0" * 64)
    return None if end == (position, previous) else position + 1
