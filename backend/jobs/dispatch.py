"""Sending waiting jobs to whoever does them."""

from __future__ import annotations

import logging
import threading
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, transaction

from backend.jobs import transitions, worker
from backend.jobs.handlers import handler_of
from backend.jobs.models import Job

logger = logging.getLogger(__name__)


def dispatch(job: Job) -> None:
    """After commit: send this job. A message that gets lost is sent again by the sweep."""
    transaction.on_commit(lambda: send(job.pk, job.kind))


def send(job_id: UUID, kind: str) -> None:
    """Tell a worker now: ring the bell of this process, or send a message to the queue of the kind."""
    if settings.WORKER == "celery":
        from backend.jobs.tasks import run_job

        try:
            run_job.apply_async([str(job_id)], queue=handler_of(kind).queue, ignore_result=True)
        except Exception:  # the broker is away; the row waits and the sweep sends it again
            logger.warning("job %s could not be sent yet", job_id, exc_info=True)
    else:
        worker.ring()


class Sweeper(threading.Thread):
    """Where Celery carries the work: brings back the jobs of dead workers and sends what was lost on the way.

    Sending twice does no harm, since a job can be claimed once.
    """

    def __init__(self) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._stop_asked = threading.Event()

    def stop(self) -> None:
        self._stop_asked.set()

    def run(self) -> None:
        while not self._stop_asked.wait(settings.JOB_SWEEP_S):
            try:
                sweep()
            except Exception:
                logger.exception("the sweep goes on after an error")
            finally:
                close_old_connections()


def sweep() -> None:
    """One round."""
    transitions.recover()
    for job in transitions.queued_before(settings.JOB_SWEEP_S):
        send(job.pk, job.kind)
