"""Reading the audit trail."""

from __future__ import annotations

from uuid import UUID

from backend.audit.models import Event


def timeline(case_id: UUID) -> list[dict[str, object]]:
    """What happened to a case, oldest first."""
    return [
        {"at": event.at, "person": event.person_name, "action": event.action, "text": event.text}
        for event in Event.objects.filter(case_id=case_id)
    ]
