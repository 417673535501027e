"""The one Celery task: do a job. State lies in the job's row, none in Celery."""

from __future__ import annotations

from uuid import UUID

from backend.core.celery import application
from backend.jobs import runner, transitions

_name: list[str] = []


@application.task(name="jobs.run", acks_late=True, reject_on_worker_lost=True)
def run_job(job_id: str) -> None:
    """Do a job if it still waits; a message that comes twice does no harm."""
    if not _name:
        _name.append(transitions.worker_name())
    runner.run(UUID(job_id), worker=_name[0])
