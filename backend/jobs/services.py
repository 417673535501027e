"""What people do to jobs: check, execute, log."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.cases.models import Case
from backend.cases.services import log
from backend.core.errors import Conflict
from backend.jobs import transitions
from backend.jobs.dispatch import dispatch
from backend.jobs.models import ACTIVE, EventKind, Job, Kind, State

WORDS = {
    Kind.RECONSTRUCT: "Reconstruction",
    Kind.RECONSTRUCT_CT: "Reconstruction from CT",
    Kind.IMPORT_BONES: "Import of bones",
    Kind.COMPARE_BONES: "Comparison of bones",
    Kind.DESIGN_GUIDE: "Guide design",
    Kind.SCORE_GUIDE: "Trial of a guide on other bones",
    Kind.BLIND_VERSIONS: "Blinding for a study",
    Kind.PLAN_SOLIDS: "Exact fragments of a plan",
}


def request_job(
    *, person: Person, case: Case, kind: Kind, input: dict[str, Any], retry_of: Job | None = None
) -> Job:
    """Queue a job and send it.

    Raises:
        Conflict: ``job_active``: the case has one that has not ended.
    """
    try:
        with transaction.atomic():
            job = queue(person=person, case=case, kind=kind, input=input, retry_of=retry_of)
            log(
                case=case,
                person=person,
                action=f"job.{kind}.requested",
                text=f"{WORDS[kind]} {'tried again' if retry_of else 'started'}",
                data={"job": str(job.pk), "input": input},
            )
    except IntegrityError as error:
        raise Conflict(
            "job_active",
            "Another task of this case has not ended yet.",
            remedy="Wait for it, or cancel it.",
        ) from error
    return job


@transaction.atomic
def queue(
    *, person: Person, case: Case, kind: Kind, input: dict[str, Any], retry_of: Job | None = None
) -> Job:
    """Queue a job that belongs to what is logged already, and send it after the commit.

    Raises:
        IntegrityError: the case has one that has not ended, and this kind does not run beside it.
    """
    job = Job.objects.create(case=case, kind=kind, input=input, requested_by=person, retry_of=retry_of)
    transitions.append_event(job, EventKind.QUEUED)
    dispatch(job)
    return job


def cancel_job(*, person: Person, job: Job) -> Job:
    """Ask for an end; an ended job stays as it is.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``job_ended``.
    """
    require_role(person, job.case.site, Role.SURGEON, Role.ENGINEER)
    with transaction.atomic():
        before = Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if before.state not in ACTIVE:
            raise Conflict(
                "job_ended", f"This task has {before.state} already.", remedy="Reload the page to see it."
            )
        job = transitions.request_cancel(job.pk)
        log(
            case=job.case,
            person=person,
            action=f"job.{job.kind}.cancelled",
            text=f"{WORDS[Kind(job.kind)]} cancelled",
            data={"job": str(job.pk)},
        )
    return job


def retry_job(*, person: Person, job: Job) -> Job:
    """Start a failed or cancelled job anew, as a new job with the same input.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``not_retryable``: it has not failed; ``job_active``.
    """
    require_role(person, job.case.site, Role.SURGEON, Role.ENGINEER)
    if job.state not in (State.FAILED, State.CANCELLED):
        raise Conflict(
            "not_retryable",
            "Only a task that failed or was cancelled can be tried again.",
            remedy="Reload the page to see where it stands.",
        )
    return request_job(person=person, case=job.case, kind=Kind(job.kind), input=job.input, retry_of=job)
