"""What changes cases: check, execute, log."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role, sites_with_role
from backend.audit.services import record
from backend.cases.models import Case, Patient
from backend.core.errors import Invalid, WrongRole
from backend.core.wakeups import wake_worklist


def create_case(
    *, person: Person, pseudonym: str, side: str, urgent: bool = False, site: UUID | None = None
) -> Case:
    """Open a case of a new patient at the surgeon's site.

    Raises:
        WrongRole: the person is no surgeon (of that site).
        Invalid: ``which_site``: a surgeon of several sites has to say; ``pseudonym_taken``.
    """
    sites = sites_with_role(person, Role.SURGEON)
    if site is not None:
        sites = [candidate for candidate in sites if candidate.pk == site]
    if not sites:
        raise WrongRole(
            "wrong_role", "Only a surgeon may do this.", remedy="Ask an administrator of your site."
        )
    if len(sites) > 1:
        raise Invalid(
            "which_site",
            "You work at several sites.",
            remedy="Choose the site of the case.",
            fields={"site": [f"{candidate.pk}: {candidate.name}" for candidate in sites]},
        )
    try:
        with transaction.atomic():
            patient = Patient.objects.create(site=sites[0], pseudonym=pseudonym)
            case = Case.objects.create(
                site=sites[0], patient=patient, side=side, surgeon=person, urgent=urgent
            )
            log(case=case, person=person, action="case.opened", text=f"Case {pseudonym} {side} opened")
    except IntegrityError as error:
        raise Invalid(
            "pseudonym_taken",
            f"There is a case {pseudonym} already.",
            remedy="Choose another pseudonym, or open that case.",
            fields={"pseudonym": ["This pseudonym is taken."]},
        ) from error
    return case


def set_urgent(*, person: Person, case: Case, urgent: bool) -> None:
    """Move a case up or down the worklist.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
    """
    require_role(person, case.site, Role.SURGEON, Role.ENGINEER)
    if case.urgent == urgent:
        return
    with transaction.atomic():
        Case.objects.filter(pk=case.pk).update(urgent=urgent)
        log(
            case=case,
            person=person,
            action="case.urgency_changed",
            text="Marked urgent" if urgent else "No longer urgent",
            data={"before": not urgent, "after": urgent},
        )


def log(
    *, case: Case, person: Person | None, action: str, text: str, data: dict[str, object] | None = None
) -> None:
    """Write to the timeline of a case, mark it as changed and wake the worklists that show it.

    Call it inside the transaction of what it speaks of.
    """
    record(person=person, action=action, text=text, case=case, data=data)
    Case.objects.filter(pk=case.pk).update(updated_at=timezone.now())
    wake_worklist(site_id=case.site_id, case_id=case.pk)
