"""What a coordinator does with a study until it runs, and adds to it then: check, execute, log."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from backend.accounts.models import Person
from backend.core.errors import Conflict, Invalid
from backend.studies import signals
from backend.studies.blinding import request_blinding
from backend.studies.guard import draft, in_state, locked_row, log
from backend.studies.models import Study, StudyState
from backend.studies.readiness import not_blinded, reasons
from backend.studies.setup import insert_case, insert_rater


@dataclass(frozen=True)
class NewCase:
    """A case to add, with its two versions by their identities."""

    case: UUID
    ct: UUID
    xray: UUID


def mark_ready(*, person: Person, study: Study) -> Study:
    """Close the draft, and have what raters will get prepared.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``, or ``not_ready`` with all reasons as fields.
    """
    with transaction.atomic():
        study = draft(person, study)
        _refuse_unless_ready(study)
        Study.objects.filter(pk=study.pk).move(StudyState.DRAFT, StudyState.READY)
        log(study, person, "study.ready", f"{study.title} is ready")
        request_blinding(person=person, study=study)
    study.refresh_from_db()
    return study


def reopen(*, person: Person, study: Study) -> Study:
    """Make a ready study a draft again.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``.
    """
    with transaction.atomic():
        study = locked_row(person, study)
        in_state(study, StudyState.READY)
        Study.objects.filter(pk=study.pk).move(StudyState.READY, StudyState.DRAFT)
        log(study, person, "study.reopened", f"{study.title} is a draft again")
    study.refresh_from_db()
    return study


def start(*, person: Person, study: Study) -> Study:
    """Seal the allocation, publish its commitment and let raters begin.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``, or ``not_ready``: something changed since the draft was closed, or cases
            are not blinded yet.
    """
    with transaction.atomic():
        study = locked_row(person, study)
        in_state(study, StudyState.READY)
        _refuse_unless_ready(study, blinded=True)
        Study.objects.filter(pk=study.pk).move(
            StudyState.READY, StudyState.RUNNING, started_at=timezone.now()
        )
        _seal(study, person)
        log(study, person, "study.started", f"{study.title} started")
    study.refresh_from_db()
    return study


def extend(
    *, person: Person, study: Study, cases: Collection[NewCase] = (), raters: Collection[Person] = ()
) -> Study:
    """Add cases, raters or both while the study runs; nobody's list is reshuffled.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``, ``case_taken``, ``rater_taken``, ``not_blind``, ``not_ready``.
        Invalid: ``too_few_cases``: so few cannot be kept apart at the end of a list; ``no_such_case``,
            ``no_such_version``; ``nothing_to_add``.
    """
    if not cases and not raters:
        raise Invalid("nothing_to_add", "Nothing is to be added.", remedy="Name cases or raters.")
    with transaction.atomic():
        study = locked_row(person, study)
        in_state(study, StudyState.RUNNING)
        if 0 < len(cases) < study.distance:
            raise Invalid(
                "too_few_cases",
                f"Versions of a case are {study.distance} items apart, which takes as many cases at once.",
                remedy=f"Add at least {study.distance} cases at once.",
            )
        for new in cases:
            insert_case(
                study=study, case=new.case, ct=new.ct, xray=new.xray, training=False, batch=study.batches
            )
        if cases:
            study.batches += 1
            study.save(update_fields=["batches"])
        for rater in raters:
            insert_rater(study=study, rater=rater)
        _refuse_unless_ready(study)
        _seal(study, person)
        request_blinding(person=person, study=study)
        log(
            study,
            person,
            "study.extended",
            f"{len(cases)} cases and {len(raters)} raters added while running",
            {"cases": [str(new.case) for new in cases], "raters": [str(rater.pk) for rater in raters]},
        )
    return study


def _refuse_unless_ready(study: Study, *, blinded: bool = False) -> None:
    missing = [*reasons(study), *(not_blinded(study) if blinded else ())]
    if not missing:
        return
    fields: dict[str, list[str]] = {}
    for reason in missing:
        fields.setdefault(reason.code, []).append(reason.text)
    raise Conflict(
        "not_ready", missing[0].text, remedy="Mend everything on the list of what is missing.", fields=fields
    )


def _seal(study: Study, person: Person) -> None:
    before = study.commitments.count()
    signals.extended.send(sender=Study, study=study, person=person)
    if study.commitments.count() == before:
        raise RuntimeError("nothing sealed the allocation: the application backend.studies.allocation is off")
