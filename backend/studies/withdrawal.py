"""Raters, cases and items that leave a running study: what was rated stays and is told."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from backend.accounts.models import Person
from backend.studies import signals
from backend.studies.guard import in_state, locked_row, log
from backend.studies.models import Item, Rater, Study, StudyCase, StudyState


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


def withdraw_item(*, person: Person, item: Item, reason: str) -> None:
    """One item leaves, of one rater.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``.
    """
    with transaction.atomic():
        study = locked_row(person, item.rater.study)
        in_state(study, StudyState.RUNNING)
        Item.objects.filter(pk=item.pk, withdrawn_at__isnull=True).update(
            withdrawn_at=timezone.now(), withdrawal_reason=reason
        )
        log(
            study,
            person,
            "study.item_withdrawn",
            f"Item {item.code} of {item.rater.code} withdrawn: {reason}",
            {"rater": str(item.rater_id), "item": item.code, "reason": reason},
        )
