"""What changes plans: check, execute, log.

The guide engine plans in this process: that takes no booleans, only milliseconds once landmarks are known.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

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


def preview(
    *, person: Person, case: Case, correction_deg: float, bone_set: UUID | None = None
) -> dict[str, Any]:
    """The plan document for a correction on the case's current bones; nothing is stored but their landmarks.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``no_bones``, or ``bones_changed``: ``bone_set`` is not the current one.
        Invalid: the engine refuses, with its code.
    """
    require_role(person, case.site, Role.SURGEON, Role.ENGINEER)
    return _document(current_bone_set(case, expected=bone_set), correction_deg)


def save_plan(
    *,
    person: Person,
    case: Case,
    correction_deg: float,
    reason: str = "",
    bone_set: UUID | None = None,
) -> Plan:
    """Keep a plan as the next revision, with the bones that it stands on.

    Earlier drafts on the same bones are superseded; a plan on other bones is a different plan and stays. An
    approved plan stands until another one is approved.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``no_bones``, or ``bones_changed``: ``bone_set`` is not the current one.
        Invalid: the engine refuses, with its code.
    """
    require_role(person, case.site, Role.SURGEON)
    bones = current_bone_set(case, expected=bone_set)
    document = _document(bones, correction_deg)
    # Imported late: the engine brings numpy and trimesh, which most processes of the backend do without.
    from guides.plan import plan_hash

    with transaction.atomic():
        # Locked and asked again: somebody may have chosen other bones while the plan was worked out.
        case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        current_bone_set(case, expected=bones.pk)
        revision = (case.plans.aggregate(last=Max("revision"))["last"] or 0) + 1
        case.plans.filter(status=Status.DRAFT, bone_set=bones).update(status=Status.SUPERSEDED)
        plan = Plan.objects.create(
            case=case,
            bone_set=bones,
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
            text=f"Plan {revision} saved on bones {bones.number}: {correction_deg:g}°"
            f"{f' ({reason})' if reason else ''}",
            data={"plan": str(plan.pk), "sha256": plan.sha256, "bone_set": str(bones.pk)},
        )
    return plan


def approve_plan(*, person: Person, plan: Plan, password: str, address: str) -> Plan:
    """Sign a draft: guides can be designed from it, and the plan approved before is superseded.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``not_a_draft``, or ``other_bones``: the case is planned on other bones now.
        Invalid: ``wrong_password``.
        Throttled: too many wrong passwords.
    """
    require_role(person, plan.case.site, Role.SURGEON)
    _check_draft(plan)
    confirm_password(person=person, password=password, address=address)
    with transaction.atomic():
        Case.objects.select_for_update(of=("self",)).get(pk=plan.case_id)
        plan = Plan.objects.select_related("case__site", "bone_set").get(pk=plan.pk)
        _check_draft(plan)
        bones = current_bone_set(plan.case)
        if plan.bone_set_id != bones.pk:
            raise Conflict(
                "other_bones",
                f"This plan stands on bones {plan.bone_set.number}, and the case is planned on bones "
                f"{bones.number} now.",
                remedy="Choose the bones of this plan again, or plan on those of now.",
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


def current_bone_set(case: Case, *, expected: UUID | None = None) -> BoneSet:
    """The bones that a case is planned on.

    Args:
        case: read just now.
        expected: the bones that the person has before their eyes, if they said.

    Raises:
        Conflict: ``no_bones``, or ``bones_changed``: it is not the expected set.
    """
    bone_set = case.current_bone_set
    if bone_set is None:
        raise Conflict("no_bones", "The case has no bones yet.", remedy="Reconstruct the bones first.")
    if expected is not None and bone_set.pk != expected:
        raise Conflict(
            "bones_changed",
            f"The case is planned on other bones now: bones {bone_set.number}.",
            remedy="Reload the page and look at these bones first.",
        )
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
