"""Lock and sign: name, time and meaning (21 CFR 11.50) over every answer."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from django.db import models, transaction
from django.utils import timezone

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.accounts.services import confirm_password
from backend.core.errors import Conflict, Invalid
from backend.studies.guard import in_state, locked_row, log
from backend.studies.models import Item, Rating, Signature, Study, StudyState, TimeEvent
from backend.studies.monitoring import note_deviation


class Meaning(models.TextChoices):
    """What a signature says."""

    COMPLETE = "complete", "The ratings are complete and final"
    REVIEWED = "reviewed", "I reviewed the conduct of the study"
    APPROVED = "approved", "I approve the report"


def lock(
    *, person: Person, study: Study, name: str, password: str, address: str, reason: str = ""
) -> Signature:
    """End the rating for good, with a signature over every answer.

    Args:
        name: the signer's name as they wrote it under the meaning.
        reason: why it ends although answers are missing; needed only then.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``, or ``incomplete``: items are open and no reason is given.
        Invalid: ``wrong_password``, or ``wrong_name``: another one than the signer's.
        Throttled: too many wrong passwords.
    """
    require_role(person, study.site, Role.COORDINATOR)
    in_state(study, StudyState.RUNNING)
    _check_name(person, name)
    # Outside the transaction: a wrong password is written down, not rolled back.
    confirm_password(person=person, password=password, address=address)
    with transaction.atomic():
        study = locked_row(person, study)
        in_state(study, StudyState.RUNNING)
        missing = open_items(study)
        if missing and not reason:
            raise Conflict(
                "incomplete",
                f"{missing} {'item is' if missing == 1 else 'items are'} not complete.",
                remedy="Wait for them, withdraw raters or items, or say why it ends now.",
            )
        Study.objects.filter(pk=study.pk).move(
            StudyState.RUNNING, StudyState.LOCKED, locked_at=timezone.now()
        )
        signature = _signed(person, study, Meaning.COMPLETE)
        log(
            study,
            person,
            "study.locked",
            f"{study.title} locked by {person.name}",
            {
                "sha256": signature.sha256,
                "meaning": signature.meaning,
                "open_items": missing,
                "reason": reason,
            },
        )
        if missing:
            # Readers of the report have to know it, too.
            note_deviation(
                person=person, study=study, text=f"Locked with {missing} items incomplete: {reason}"[:1000]
            )
    return signature


def sign(
    *, person: Person, study: Study, meaning: Meaning, name: str, password: str, address: str
) -> Signature:
    """Sign a locked study, beside whoever locked it.

    Raises:
        WrongRole: neither coordinator nor administrator of the site.
        Conflict: ``wrong_state``, or ``answers_changed``: they are not those that were locked.
        Invalid: ``wrong_password``, ``wrong_name``; ``lock_meaning``: only the lock itself says that.
        Throttled: too many wrong passwords.
    """
    require_role(person, study.site, Role.COORDINATOR, Role.ADMINISTRATOR)
    in_state(study, StudyState.LOCKED, StudyState.UNBLINDED)
    if meaning == Meaning.COMPLETE:
        raise Invalid("lock_meaning", "Only the lock says this.", remedy="Choose another meaning.")
    _check_name(person, name)
    confirm_password(person=person, password=password, address=address)
    if not signatures_hold(study):
        raise Conflict(
            "answers_changed",
            "The answers are not those that were signed.",
            remedy="Keep everything as it is and call whoever oversees the study.",
        )
    with transaction.atomic():
        signature = _signed(person, study, meaning)
        log(
            study,
            person,
            "study.signed",
            f"{study.title} signed by {person.name}: {signature.meaning}",
            {"sha256": signature.sha256, "meaning": signature.meaning},
        )
    return signature


def signatures_hold(study: Study) -> bool:
    """Whether the answers are those that every signature was given over; false without any."""
    signed = set(study.signatures.values_list("sha256", flat=True))
    return signed == {answers_digest(study)}


def _signed(person: Person, study: Study, meaning: Meaning) -> Signature:
    return Signature.objects.create(
        study=study,
        person=person,
        name=person.name,
        meaning=meaning.label,
        sha256=answers_digest(study),
        at=timezone.now(),
    )


def _check_name(person: Person, name: str) -> None:
    if name.split() != person.name.split():
        raise Invalid(
            "wrong_name",
            "The name is not that of the person who signs.",
            remedy=f"Write {person.name}.",
            fields={"name": ["Not your name."]},
        )


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
            [item, key, revision, value, at.isoformat(), *_evidence(device_at)]
            for item, key, revision, value, at, device_at in ratings.values_list(
                "item", "question__key", "revision", "value", "at", "device_at"
            )
        ],
        "times": [
            [item, sequence, kind, note, at.isoformat(), *_evidence(device_at)]
            for item, sequence, kind, note, at, device_at in times.values_list(
                "item", "sequence", "kind", "note", "at", "device_at"
            )
        ],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _evidence(device_at: datetime | None) -> list[str]:
    """Nothing where there is none, so that what was signed before devices told their time stays signed."""
    return [device_at.isoformat()] if device_at else []
