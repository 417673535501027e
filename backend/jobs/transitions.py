"""The only place where jobs change: every move checked, numbered, kept as an event, told to browsers."""

from __future__ import annotations

import os
import socket
import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from backend.cases.models import Case
from backend.core.errors import error_body
from backend.core.wakeups import wake_job, wake_worklist
from backend.jobs.models import EventKind, Job, JobEvent, State, WorkerBeat

FINAL_EVENT = {
    State.SUCCEEDED: EventKind.SUCCEEDED,
    State.FAILED: EventKind.FAILED,
    State.CANCELLED: EventKind.CANCELLED,
}


class LeaseLost(Exception):
    """The job was given to another worker, or has ended: what this one has done does not count."""


def _locked(job_id: UUID) -> Job:
    return Job.objects.select_for_update(of=("self",)).select_related("case").get(pk=job_id)


def _held(job_id: UUID, lease: UUID) -> Job:
    job = _locked(job_id)
    if job.state != State.RUNNING or job.lease != lease:
        raise LeaseLost(str(job_id))
    return job


def append_event(job: Job, kind: EventKind, message: str = "") -> None:
    """Add the next event with the job's present stage and fraction. The job's row must be locked."""
    sequence = job.last_sequence + 1
    JobEvent.objects.create(
        job=job,
        sequence=sequence,
        kind=kind,
        stage=job.stage,
        fraction=job.fraction,
        remaining_s=job.remaining_s,
        message=message[:400],
    )
    Job.objects.filter(pk=job.pk).update(last_sequence=sequence)
    job.last_sequence = sequence
    wake_job(job.pk)
    wake_worklist(site_id=job.case.site_id, case_id=job.case_id)


@transaction.atomic
def claim(job_id: UUID, worker: str) -> Job | None:
    """Take a queued job for a worker; ``None`` when somebody else has it or it was cancelled."""
    now = timezone.now()
    lease = uuid.uuid4()
    job = Job.objects.select_for_update(of=("self",)).select_related("case").filter(pk=job_id).first()
    if job is None or not Job.objects.filter(pk=job_id).move(
        State.QUEUED,
        State.RUNNING,
        lease=lease,
        worker=worker,
        heartbeat_at=now,
        started_at=now,
        attempts=job.attempts + 1,
        stage="",
        fraction=0.0,
        remaining_s=None,
    ):
        return None
    job = _locked(job_id)
    append_event(job, EventKind.STARTED)
    return job


@transaction.atomic
def progress(job_id: UUID, lease: UUID, *, stage: str, fraction: float, remaining_s: float | None) -> None:
    """Write how far it is; also a sign of life.

    Raises:
        LeaseLost: the job is no longer this worker's.
    """
    job = _held(job_id, lease)
    job.stage, job.fraction, job.remaining_s = stage[:60], min(max(fraction, job.fraction), 1.0), remaining_s
    Job.objects.filter(pk=job_id).update(
        stage=job.stage, fraction=job.fraction, remaining_s=job.remaining_s, heartbeat_at=timezone.now()
    )
    append_event(job, EventKind.PROGRESS)


def heartbeat(job_id: UUID, lease: UUID) -> None:
    """A sign of life.

    Raises:
        LeaseLost: the job is no longer this worker's.
    """
    held = Job.objects.filter(pk=job_id, state=State.RUNNING, lease=lease)
    if not held.update(heartbeat_at=timezone.now()):
        raise LeaseLost(str(job_id))


def is_cancelled(job_id: UUID, lease: UUID) -> bool:
    """Whether somebody asked for an end.

    Raises:
        LeaseLost: the job is no longer this worker's.
    """
    row = (
        Job.objects.filter(pk=job_id, state=State.RUNNING, lease=lease)
        .values_list("cancel_requested")
        .first()
    )
    if row is None:
        raise LeaseLost(str(job_id))
    return bool(row[0])


@transaction.atomic
def finish(
    job_id: UUID, lease: UUID, state: State, *, error: dict[str, Any] | None = None, message: str = ""
) -> Job:
    """End a running job. Call it in the transaction that stores its results, so that both happen or neither.

    Raises:
        LeaseLost: the job is no longer this worker's; the transaction must not go on.
    """
    job = _held(job_id, lease)
    changes: dict[str, Any] = {
        "finished_at": timezone.now(),
        "error": error,
        "remaining_s": None,
        "lease": None,
    }
    if state == State.SUCCEEDED:
        changes |= {"fraction": 1.0, "remaining_s": 0.0}
    Job.objects.filter(pk=job_id).move(State.RUNNING, state, **changes)
    job = _locked(job_id)
    append_event(job, FINAL_EVENT[state], message or (error or {}).get("message", ""))
    Case.objects.filter(pk=job.case_id).update(updated_at=timezone.now())
    return job


@transaction.atomic
def request_cancel(job_id: UUID) -> Job:
    """End a queued job now; ask a running one to end. An ended one stays as it is."""
    job = _locked(job_id)
    if Job.objects.filter(pk=job_id).move(
        State.QUEUED, State.CANCELLED, finished_at=timezone.now(), cancel_requested=True
    ):
        job = _locked(job_id)
        append_event(job, EventKind.CANCELLED)
    elif job.state == State.RUNNING and not job.cancel_requested:
        Job.objects.filter(pk=job_id).update(cancel_requested=True)
        append_event(job, EventKind.CANCEL_REQUESTED)
    return job


@transaction.atomic
def release(job_id: UUID, lease: UUID, *, message: str) -> None:
    """Give a running job back to the queue, because its worker stops or died; too often, and it fails.

    Raises:
        LeaseLost: it is no longer held under this lease.
    """
    job = _held(job_id, lease)
    if job.cancel_requested:
        finish(job_id, lease, State.CANCELLED)
    elif job.attempts >= settings.JOB_ATTEMPTS:
        error = error_body(
            "worker_died",
            f"The computer that did this work stopped {job.attempts} times.",
            kept="Everything before this step was kept.",
            remedy="Try again; if it comes back, tell your administrator.",
        )
        finish(job_id, lease, State.FAILED, error=error)
    else:
        Job.objects.filter(pk=job_id).move(
            State.RUNNING, State.QUEUED, lease=None, worker="", stage="", fraction=0.0, remaining_s=None
        )
        append_event(_locked(job_id), EventKind.RESTARTED, message)


def worker_name() -> str:
    """Host, process and a token: enough to see later that the process is gone."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


def beat(worker: str) -> None:
    """A sign of life of a worker."""
    WorkerBeat.objects.update_or_create(name=worker, defaults={"at": timezone.now()})


def recover(*, here: str = "") -> list[UUID]:
    """Put the jobs of dead workers back into the queue.

    A worker is dead when its job had no sign of life for the length of a lease, or at once when it was a
    process of this machine that is gone.

    Args:
        here: name of the worker that asks; a former process with the same number is not taken for it.

    Returns:
        The jobs that wait again.
    """
    stale = timezone.now() - timedelta(seconds=settings.JOB_LEASE_S)
    recovered = []
    for job in Job.objects.filter(state=State.RUNNING):
        if job.lease and (job.heartbeat_at is None or job.heartbeat_at < stale or _is_gone(job.worker, here)):
            try:
                release(job.pk, job.lease, message="Its worker stopped; the work starts again")
                recovered.append(job.pk)
            except LeaseLost:
                continue
    WorkerBeat.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
    return recovered


def _is_gone(worker: str, here: str) -> bool:
    host, _, rest = worker.partition("/")
    pid, _, _ = rest.partition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return bool(here) and worker != here
    return not _runs(int(pid))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def queued_before(seconds: float) -> QuerySet[Job]:
    """Jobs that have waited longer than this, oldest first."""
    before = timezone.now() - timedelta(seconds=seconds)
    return Job.objects.filter(state=State.QUEUED, created_at__lt=before).order_by("created_at")
