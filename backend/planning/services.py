"""What changes plans: check, execute, log.

The guide engine plans in this process: that takes no booleans, only milliseconds once landmarks are known.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.accounts.services import confirm_password
from backend.cases.models import Case
from backend.cases.services import log
from backend.core.errors import Conflict, Invalid
from backend.imaging.folders import cached_folder
from backend.imaging.models import BoneSet
from backend.planning.models import Plan, Status


def preview(*, person: Person, case: Case, correction_deg: float) -> dict[str, Any]:
    """The plan document for a correction on the newest bones; nothing is stored but the landmarks it found.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``no_bones``.
        Invalid: the engine refuses, with its code.
    """
    require_role(person, case.site, Role.SURGEON, Role.ENGINEER)
    return _document(current_bone_set(case), correction_deg)


def save_plan(*, person: Person, case: Case, correction_deg: float, reason: str = "") -> Plan:
    """Keep a plan as the next revision.

    Earlier drafts are superseded; an approved plan stands until another one is approved.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``no_bones``.
        Invalid: the engine refuses, with its code.
    """
    require_role(person, case.site, Role.SURGEON)
    bone_set = current_bone_set(case)
    document = _document(bone_set, correction_deg)
    # Imported late: the engine brings numpy and trimesh, which most processes of the backend do without.
    from guides.plan import plan_hash

    with transaction.atomic():
        Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        revision = (case.plans.aggregate(last=Max("revision"))["last"] or 0) + 1
        case.plans.filter(status=Status.DRAFT).update(status=Status.SUPERSEDED)
        plan = Plan.objects.create(
            case=case,
            bone_set=bone_set,
            revision=revision,
            correction_deg=correction_deg,
            document=document,
            sha256=plan_hash(document),
            author=person,
            reason=reason,
        )
        log(
            case=case,
            person=person,
            action="plan.saved",
            text=f"Plan {revision} saved: {correction_deg:g}°{f' ({reason})' if reason else ''}",
            data={"plan": str(plan.pk), "sha256": plan.sha256, "bone_set": str(bone_set.pk)},
        )
    return plan


def approve_plan(*, person: Person, plan: Plan, password: str, address: str) -> Plan:
    """Sign a draft: guides can be designed from it, and the plan approved before is superseded.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``not_a_draft``, or ``old_bones``: newer bones were made since.
        Invalid: ``wrong_password``.
        Throttled: too many wrong passwords.
    """
    require_role(person, plan.case.site, Role.SURGEON)
    _check_draft(plan)
    confirm_password(person=person, password=password, address=address)
    with transaction.atomic():
        Case.objects.select_for_update(of=("self",)).get(pk=plan.case_id)
        plan = Plan.objects.select_related("case__site").get(pk=plan.pk)
        _check_draft(plan)
        if plan.bone_set_id != current_bone_set(plan.case).pk:
            raise Conflict(
                "old_bones", "Newer bones were made since this plan.", remedy="Plan on the newest bones."
            )
        plan.case.plans.filter(status=Status.APPROVED).update(status=Status.SUPERSEDED)
        plan.status, plan.approved_by, plan.approved_at = Status.APPROVED, person, timezone.now()
        plan.save(update_fields=["status", "approved_by", "approved_at"])
        log(
            case=plan.case,
            person=person,
            action="plan.approved",
            text=f"Plan {plan.revision} approved by {person.name}",
            data={"plan": str(plan.pk), "sha256": plan.sha256, "meaning": "approval"},
        )
    return plan


def _check_draft(plan: Plan) -> None:
    if plan.status != Status.DRAFT:
        raise Conflict(
            "not_a_draft",
            f"Plan {plan.revision} is {plan.get_status_display().lower()} and cannot be approved.",
            remedy="Save a new revision and approve that.",
        )


def current_bone_set(case: Case) -> BoneSet:
    """The newest bones of a case.

    Raises:
        Conflict: ``no_bones``.
    """
    bone_set = case.bone_sets.order_by("-number").first()
    if bone_set is None:
        raise Conflict("no_bones", "The case has no bones yet.", remedy="Reconstruct the bones first.")
    return bone_set


def _document(bone_set: BoneSet, correction_deg: float) -> dict[str, Any]:
    """Plan on a bone set with its cached landmarks, finding them the first time."""
    from guides.errors import InputError
    from guides.plan import plan_files

    side = "L" if bone_set.case.side == "L" else "R"
    try:
        document = plan_files(
            cached_folder(bone_set), side, correction_deg=correction_deg, landmarks=bone_set.landmarks
        )
    except InputError as error:
        raise Invalid(
            error.code, f"{error.message}.", kept="Nothing was stored.", remedy=f"{error.remedy}."
        ) from error
    if bone_set.landmarks is None:
        BoneSet.objects.filter(pk=bone_set.pk).update(landmarks=document["landmarks"])
    return document
