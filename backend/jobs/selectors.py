"""Reading jobs and replaying their events."""

from __future__ import annotations

from uuid import UUID

from backend.accounts.models import Person
from backend.jobs.models import Job, JobEvent


def events_after(*, person: Person, job_id: UUID, sequence: int) -> list[JobEvent] | None:
    """The events of a job after a number, in order; ``None`` when the job is not there for this person."""
    if not Job.objects.visible_to(person).filter(pk=job_id).exists():
        return None
    return list(JobEvent.objects.filter(job_id=job_id, sequence__gt=sequence))
