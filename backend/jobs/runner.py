"""Doing one job: claim it, call the engine in a child process, store what came out."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from backend.core.errors import Refusal, error_body
from backend.jobs import child, transitions
from backend.jobs.handlers import Handler, handler_of
from backend.jobs.models import Job, State

logger = logging.getLogger(__name__)


class Stopping(Exception):
    """The worker is asked to stop; the job goes back to the queue."""


class _Cancelled(Exception):
    """Somebody asked for an end of this job."""


def run(job_id: UUID, *, worker: str, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Do a job if it still waits.

    Args:
        worker: name of the one who does it.
        stopping: asked several times a second; when true, the job goes back to the queue.

    Returns:
        Whether this call did it; false when somebody else has it.
    """
    job = transitions.claim(job_id, worker)
    if job is None or job.lease is None:
        return False
    handler = handler_of(job.kind)
    try:
        with _workspace(job_id) as folder:
            _do(job, job.lease, handler, folder, worker, stopping)
    except transitions.LeaseLost:
        logger.warning("job %s was given to another worker", job_id)
    except _Cancelled:
        _end(job_id, job.lease, State.CANCELLED, None)
    except Stopping:
        with _lease_may_be_lost(job_id):
            transitions.release(job_id, job.lease, message="The server restarts; the work starts again")
    except Exception as error:
        _end(job_id, job.lease, State.FAILED, _explained(error, handler))
    return True


def _do(
    job: Job, lease: UUID, handler: Handler, folder: Path, worker: str, stopping: Callable[[], bool]
) -> None:
    work = handler.prepare(job, folder)
    pulse = _Pulse(job.pk, lease, worker, stopping)
    result = child.run(
        work.function,
        work.arguments,
        time_limit_s=handler.time_limit_s,
        on_progress=pulse.on_progress,
        tick=pulse.tick,
    )
    store = handler.collect(job, folder, result)
    with transaction.atomic():
        transitions.heartbeat(job.pk, lease)
        message = store()
        transitions.finish(job.pk, lease, State.SUCCEEDED, message=message)


class _Pulse:
    """Progress and signs of life, often enough to be live and seldom enough to be cheap."""

    def __init__(self, job_id: UUID, lease: UUID, worker: str, stopping: Callable[[], bool]) -> None:
        self.job_id, self.lease, self.worker, self.stopping = job_id, lease, worker, stopping
        self.began = time.monotonic()
        self.written = self.beaten = self.asked = 0.0
        self.stage = ""

    def on_progress(self, stage: str, fraction: float) -> None:
        now = time.monotonic()
        if stage == self.stage and now - self.written < settings.JOB_PROGRESS_S:
            return
        elapsed = now - self.began
        remaining = elapsed * (1 - fraction) / fraction if fraction > 0.05 else None
        transitions.progress(self.job_id, self.lease, stage=stage, fraction=fraction, remaining_s=remaining)
        self.stage, self.written = stage, now

    def tick(self) -> None:
        if self.stopping():
            raise Stopping
        now = time.monotonic()
        if now - self.asked >= 0.25:
            self.asked = now
            if transitions.is_cancelled(self.job_id, self.lease):
                raise _Cancelled
        if now - self.beaten >= settings.JOB_HEARTBEAT_S:
            self.beaten = now
            transitions.heartbeat(self.job_id, self.lease)
            transitions.beat(self.worker)


def _end(job_id: UUID, lease: UUID, state: State, error: dict[str, object] | None) -> None:
    with _lease_may_be_lost(job_id):
        transitions.finish(job_id, lease, state, error=error)


@contextmanager
def _lease_may_be_lost(job_id: UUID) -> Iterator[None]:
    try:
        yield
    except transitions.LeaseLost:
        logger.warning("job %s was given to another worker", job_id)


def _explained(error: Exception, handler: Handler) -> dict[str, object]:
    """Why a job failed, what was kept and what to do, for the person who waits."""
    if isinstance(error, child.Refused):
        return error_body(
            error.code, _sentence(error.message), kept=handler.kept, remedy=_sentence(error.remedy)
        )
    if isinstance(error, Refusal):
        return {**error.body, "kept": handler.kept}
    if isinstance(error, child.TimeLimit):
        return error_body(
            "time_limit",
            f"It took longer than {handler.time_limit_s:g} s and was stopped.",
            kept=handler.kept,
            remedy="Try again when the server is less busy.",
        )
    if isinstance(error, child.MemoryLimit):
        return error_body(
            "memory_limit",
            "It needed more memory than the server has.",
            kept=handler.kept,
            remedy="Tell your administrator.",
        )
    logger.error("job failed", exc_info=error)
    return error_body(
        "engine_failed" if isinstance(error, child.Crashed) else "internal",
        "The program that does this step failed.",
        kept=handler.kept,
        remedy="Try again; if it comes back, tell your administrator.",
    )


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?" else f"{text}."


@contextmanager
def _workspace(job_id: UUID) -> Iterator[Path]:
    """An empty folder that is gone afterwards."""
    settings.WORKSPACES.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"job-{job_id}-", dir=settings.WORKSPACES))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
