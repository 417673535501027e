"""Learning what was what: two people, a reason and two passwords; or one item in an emergency."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.accounts.services import confirm_password
from backend.core.errors import Conflict, Invalid, WrongRole
from backend.studies.allocation import sealing
from backend.studies.allocation.models import Assignment
from backend.studies.closing import signatures_hold
from backend.studies.guard import in_state, log
from backend.studies.models import Arm, Item, Study, StudyState, Unblinding

MAY_UNBLIND = (Role.COORDINATOR, Role.ADMINISTRATOR)


@dataclass(frozen=True)
class Shown:
    """What one item shows."""

    case_number: int
    arm: Arm


def request_unblinding(
    *, person: Person, study: Study, reason: str, password: str, address: str
) -> Unblinding:
    """Ask to be told the allocation of a locked study; a second person has to agree.

    Raises:
        WrongRole: neither coordinator nor administrator of the site, or a rater of the study.
        Conflict: ``wrong_state``, or ``already_requested``.
        Invalid: ``no_reason``, ``wrong_password``.
        Throttled: too many wrong passwords.
    """
    _check(person, study, reason)
    in_state(study, StudyState.LOCKED)
    confirm_password(person=person, password=password, address=address)
    with transaction.atomic():
        study = Study.objects.select_for_update(of=("self",)).select_related("site").get(pk=study.pk)
        in_state(study, StudyState.LOCKED)
        if study.unblindings.filter(item__isnull=True, approved_at__isnull=True).exists():
            raise Conflict(
                "already_requested", "Somebody has asked already.", remedy="Agree to that request."
            )
        request = Unblinding.objects.create(study=study, reason=reason, requested_by=person)
        log(
            study, person, "study.unblinding_requested", f"Unblinding requested: {reason}", {"reason": reason}
        )
    return request


def approve_unblinding(*, person: Person, request: Unblinding, password: str, address: str) -> Study:
    """Agree, as the second person: commitments and the signature are checked, then the study is unblinded.

    Raises:
        WrongRole: as for the request, or the person is the one who asked.
        Conflict: ``wrong_state``, ``already_approved``, ``commitment_broken``: the list is not what was
            published; ``answers_changed``: the answers are not those that were signed. Both go on record.
        Invalid: ``wrong_password``.
        Throttled: too many wrong passwords.
    """
    study = request.study
    _check(person, study, request.reason)
    if person == request.requested_by:
        raise WrongRole(
            "second_person", "Unblinding needs a second person.", remedy="Ask somebody else to agree."
        )
    in_state(study, StudyState.LOCKED)
    confirm_password(person=person, password=password, address=address)
    _refuse_if_broken(person, study)
    with transaction.atomic():
        study = Study.objects.select_for_update(of=("self",)).select_related("site").get(pk=study.pk)
        in_state(study, StudyState.LOCKED)
        now = timezone.now()
        agreed = Unblinding.objects.filter(pk=request.pk, item__isnull=True, approved_at__isnull=True)
        if not agreed.update(approved_by=person, approved_at=now):
            raise Conflict("already_approved", "This was answered already.", remedy="Reload the page.")
        Study.objects.filter(pk=study.pk).move(StudyState.LOCKED, StudyState.UNBLINDED, unblinded_at=now)
        log(
            study,
            person,
            "study.unblinded",
            f"{study.title} unblinded by {request.requested_by.name} and {person.name}: {request.reason}",
            {
                "reason": request.reason,
                "people": [str(request.requested_by_id), str(person.pk)],
                "commitments": [commitment.sha256 for commitment in study.commitments.all()],
            },
        )
    study.refresh_from_db()
    return study


def unblind_item(*, person: Person, item: Item, reason: str, password: str, address: str) -> Shown:
    """In an emergency, tell one person what one item shows; the item is left out of the analysis.

    Raises:
        WrongRole: neither coordinator nor administrator of the site, or a rater of the study.
        Conflict: ``wrong_state``.
        Invalid: ``no_reason``, ``wrong_password``.
        Throttled: too many wrong passwords.
    """
    study = item.rater.study
    _check(person, study, reason)
    in_state(study, StudyState.RUNNING, StudyState.LOCKED)
    confirm_password(person=person, password=password, address=address)
    with transaction.atomic():
        now = timezone.now()
        Item.objects.filter(pk=item.pk, unblinded_at__isnull=True).update(unblinded_at=now)
        Unblinding.objects.create(
            study=study, item=item, reason=reason, requested_by=person, approved_by=person, approved_at=now
        )
        log(
            study,
            person,
            "study.item_unblinded",
            f"Item {item.code} unblinded by {person.name}: {reason}",
            {"item": item.code, "reason": reason},
        )
        shown = Assignment.objects.select_related("study_case").get(item=item)
    return Shown(shown.study_case.number, Arm(shown.arm))


def _check(person: Person, study: Study, reason: str) -> None:
    require_role(person, study.site, *MAY_UNBLIND)
    if study.raters.filter(person=person).exists():
        raise WrongRole("rater", "Raters of a study cannot unblind it.", remedy="Ask somebody else.")
    if not reason.strip():
        raise Invalid("no_reason", "Unblinding needs a reason.", remedy="Say why.")


def _refuse_if_broken(person: Person, study: Study) -> None:
    broken = sealing.broken_commitments(study)
    changed = not signatures_hold(study)
    if not broken and not changed:
        return
    log(
        study,
        person,
        "study.integrity_broken",
        f"{study.title} is not what was committed to and signed",
        {"commitments": broken, "answers_changed": changed},
    )
    if broken:
        raise Conflict(
            "commitment_broken",
            "The allocation is not the one that was published.",
            remedy="Keep everything as it is and call whoever oversees the study.",
        )
    raise Conflict(
        "answers_changed",
        "The answers are not those that were signed.",
        remedy="Keep everything as it is and call whoever oversees the study.",
    )
