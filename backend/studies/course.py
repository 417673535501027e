"""What a coordinator does with a study from ready to locked: check, execute, log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.accounts.services import confirm_password
from backend.core.errors import Conflict, Invalid
from backend.studies import signals
from backend.studies.guard import draft, in_state, locked_row, log
from backend.studies.models import Item, Rater, Rating, Signature, Study, StudyCase, StudyState, TimeEvent
from backend.studies.readiness import reasons
from backend.studies.setup import insert_case, insert_rater

LOCK_MEANING = "The ratings are complete and final"


@dataclass(frozen=True)
class NewCase:
    """A case to add, with its two versions by their identities."""

    case: UUID
    ct: UUID
    xray: UUID


def mark_ready(*, person: Person, study: Study) -> Study:
    """Close the draft.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``, or ``not_ready`` with all reasons as fields.
    """
    with transaction.atomic():
        study = draft(person, study)
        _refuse_unless_ready(study)
        Study.objects.filter(pk=study.pk).move(StudyState.DRAFT, StudyState.READY)
        log(study, person, "study.ready", f"{study.title} is ready")
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
        Conflict: ``wrong_state``, or ``not_ready``: something changed since the draft was closed.
    """
    with transaction.atomic():
        study = locked_row(person, study)
        in_state(study, StudyState.READY)
        _refuse_unless_ready(study)
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
        log(
            study,
            person,
            "study.extended",
            f"{len(cases)} cases and {len(raters)} raters added while running",
            {"cases": [str(new.case) for new in cases], "raters": [str(rater.pk) for rater in raters]},
        )
    return study


def withdraw_rater(*, person: Person, study: Study, rater: Rater, reason: str) -> None:
    """A rater leaves: nothing more can be rated, what was rated stays and is told.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``.
    """
    with transaction.atomic():
        study = locked_row(person, study)
        in_state(study, StudyState.RUNNING)
        study.raters.filter(pk=rater.pk, withdrawn_at__isnull=True).update(
            withdrawn_at=timezone.now(), withdrawal_reason=reason
        )
        log(
            study,
            person,
            "study.rater_withdrawn",
            f"Rater {rater.code} withdrawn: {reason}",
            {"rater": str(rater.pk), "reason": reason},
        )


def withdraw_case(*, person: Person, study: Study, study_case: StudyCase, reason: str) -> None:
    """A case leaves, with both versions for every rater.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``.
    """
    with transaction.atomic():
        study = locked_row(person, study)
        in_state(study, StudyState.RUNNING)
        study.cases.filter(pk=study_case.pk, withdrawn_at__isnull=True).update(
            withdrawn_at=timezone.now(), withdrawal_reason=reason
        )
        # Which items show the case is sealed; whoever knows it takes them away.
        signals.case_withdrawn.send(sender=Study, study_case=study_case)
        log(
            study,
            person,
            "study.case_withdrawn",
            f"Case {study_case.number} withdrawn: {reason}",
            {"study_case": str(study_case.pk), "reason": reason},
        )


def lock(*, person: Person, study: Study, password: str, address: str, reason: str = "") -> Signature:
    """End the rating for good, with a signature over every answer.

    Args:
        reason: why it ends although answers are missing; needed only then.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``, or ``incomplete``: items are open and no reason is given.
        Invalid: ``wrong_password``.
        Throttled: too many wrong passwords.
    """
    require_role(person, study.site, Role.COORDINATOR)
    in_state(study, StudyState.RUNNING)
    # Outside the transaction: a wrong password is written down, not rolled back.
    confirm_password(person=person, password=password, address=address)
    with transaction.atomic():
        study = locked_row(person, study)
        in_state(study, StudyState.RUNNING)
        missing = open_items(study)
        if missing and not reason:
            raise Conflict(
                "incomplete",
                f"{missing} items are not complete.",
                remedy="Wait for them, withdraw raters or items, or say why it ends now.",
            )
        Study.objects.filter(pk=study.pk).move(
            StudyState.RUNNING, StudyState.LOCKED, locked_at=timezone.now()
        )
        signature = Signature.objects.create(
            study=study,
            person=person,
            name=person.name,
            meaning=LOCK_MEANING,
            sha256=answers_digest(study),
            at=timezone.now(),
        )
        log(
            study,
            person,
            "study.locked",
            f"{study.title} locked by {person.name}",
            {
                "sha256": signature.sha256,
                "meaning": LOCK_MEANING,
                "open_items": missing,
                "reason": reason,
            },
        )
    return signature


def open_items(study: Study) -> int:
    """How many items wait for an answer from raters who are still in the study."""
    return Item.objects.filter(
        rater__study=study,
        rater__withdrawn_at__isnull=True,
        withdrawn_at__isnull=True,
        completed_at__isnull=True,
    ).count()


def answers_digest(study: Study) -> str:
    """SHA-256 over every revision of every answer and every time, in one canonical form."""
    ratings = Rating.objects.filter(item__rater__study=study).order_by("item", "question", "revision")
    times = TimeEvent.objects.filter(item__rater__study=study).order_by("item", "sequence")
    content = {
        "ratings": [
            [item, key, revision, value, at.isoformat()]
            for item, key, revision, value, at in ratings.values_list(
                "item", "question__key", "revision", "value", "at"
            )
        ],
        "times": [
            [item, sequence, kind, note, at.isoformat()]
            for item, sequence, kind, note, at in times.values_list("item", "sequence", "kind", "note", "at")
        ],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _refuse_unless_ready(study: Study) -> None:
    missing = reasons(study)
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
