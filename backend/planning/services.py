"""What changes plans: check, execute, log."""

from __future__ import annotations

from collections.abc import Iterable
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
from backend.core.errors import Conflict
from backend.imaging.models import BoneSet
from backend.planning import film_readings
from backend.planning.engine import TARGETS, plan_alternatives, plan_document, plan_hash
from backend.planning.models import Plan, Status
from backend.planning.solids import queue_solids


def preview(
    *,
    person: Person,
    case: Case,
    bone_set: UUID | None = None,
    film_reading: UUID | None = None,
    **request: Any,
) -> dict[str, Any]:
    """The plan document for a request on the case's current bones; nothing is stored but their landmarks.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``no_bones``, or ``bones_changed``: ``bone_set`` is not the current one.
        Invalid: the engine refuses, with its code; ``unknown_reading``.
    """
    require_role(person, case.site, Role.SURGEON, Role.ENGINEER)
    reading = film_readings.reading_for(case, film_reading)
    return plan_document(current_bone_set(case, expected=bone_set), request | {"film_reading": reading})


def alternatives(
    *,
    person: Person,
    case: Case,
    bone_set: UUID | None = None,
    film_reading: UUID | None = None,
    **request: Any,
) -> list[dict[str, Any]]:
    """Several plans for the case's current bones, each with the request that previews it; nothing is stored.

    Raises:
        As ``preview``.
    """
    require_role(person, case.site, Role.SURGEON, Role.ENGINEER)
    bones = current_bone_set(case, expected=bone_set)
    reading = film_readings.reading_for(case, film_reading)
    rows = []
    for row in plan_alternatives(bones, request | {"film_reading": reading}):
        plan = row.get("plan") or {"osteotomy": {}, "measures": {}, "warnings": []}
        technique = {name: value for name, value in request.items() if name not in TARGETS}
        rows.append(
            {
                "title": row["name"],
                "source": row["source"],
                "kind": request["kind"],
                **{x: plan["osteotomy"].get(x) for x in ("correction_deg", "gap_mm", "wedge_volume_mm3")},
                "bands": plan["osteotomy"].get("bands", {}),
                "measures": plan["measures"],
                "warnings": plan["warnings"],
                "refused": row.get("refused"),
                "request": {
                    **technique,
                    **row["target"],
                    "bone_set": bones.pk,
                    "film_reading": film_reading,
                },
            }
        )
    return rows


def save_plan(
    *,
    person: Person,
    case: Case,
    reason: str = "",
    bone_set: UUID | None = None,
    film_reading: UUID | None = None,
    **request: Any,
) -> Plan:
    """Keep a plan as the next revision, with the bones that it stands on.

    Earlier drafts on the same bones are superseded; a plan on other bones is a different plan and stays. An
    approved plan stands until another one is approved. Its exact fragments are made afterwards, by a job.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``no_bones``, or ``bones_changed``: ``bone_set`` is not the current one.
        Invalid: the engine refuses, with its code; ``unknown_reading``.
    """
    require_role(person, case.site, Role.SURGEON)
    bones = current_bone_set(case, expected=bone_set)
    reading = film_readings.reading_for(case, film_reading)
    document = plan_document(bones, request | {"film_reading": reading})
    correction_deg = document["osteotomy"]["correction_deg"]
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
            request=request | ({"film_reading": str(film_reading)} if film_reading else {}),
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
        queue_solids(person=person, plan=plan)
    return plan


def approve_plan(*, person: Person, plan: Plan, password: str, address: str) -> Plan:
    """Sign a draft: guides can be designed from it, and the plan approved before is superseded.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``not_a_draft``; ``other_bones``: the case is planned on other bones now; ``film_gone``.
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
        film_readings.check_film_there(plan)
        before = plan.case.plans.filter(status=Status.APPROVED)
        guides = [guide for old in before for guide in old.guides.order_by("version")]
        before.update(status=Status.SUPERSEDED)
        plan.status, plan.approved_by, plan.approved_at = Status.APPROVED, person, timezone.now()
        plan.save(update_fields=["status", "approved_by", "approved_at"])
        log(
            case=plan.case,
            person=person,
            action="plan.approved",
            text=f"Plan {plan.revision} approved by {person.name}"
            + (f"; superseded with the plan before: {_names(guides)}" if guides else ""),
            data={
                "plan": str(plan.pk),
                "sha256": plan.sha256,
                "superseded_guides": [str(guide.pk) for guide in guides],
                "meaning": "approval",
            },
        )
    return plan


def withdraw_plan(*, person: Person, plan: Plan, password: str, reason: str, address: str) -> Plan:
    """Void an approval, and with it every guide that was designed from the plan.

    A plan that a later approval has superseded can be withdrawn too: guides from it may still lie about.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``not_approved``: it never was, or it is withdrawn already.
        Invalid: ``wrong_password``.
        Throttled: too many wrong passwords.
    """
    require_role(person, plan.case.site, Role.SURGEON)
    _check_was_approved(plan)
    confirm_password(person=person, password=password, address=address)
    with transaction.atomic():
        Case.objects.select_for_update(of=("self",)).get(pk=plan.case_id)
        plan = Plan.objects.select_related("case__site", "author", "approved_by").get(pk=plan.pk)
        _check_was_approved(plan)
        plan.status, plan.withdrawn_reason = Status.WITHDRAWN, reason
        plan.withdrawn_by, plan.withdrawn_at = person, timezone.now()
        plan.save(update_fields=["status", "withdrawn_by", "withdrawn_at", "withdrawn_reason"])
        guides = list(plan.guides.order_by("version"))
        void = f"; void with it: {_names(guides)}" if guides else ""
        log(
            case=plan.case,
            person=person,
            action="plan.withdrawn",
            text=f"Approval of plan {plan.revision} withdrawn by {person.name} ({reason}){void}",
            data={
                "plan": str(plan.pk),
                "sha256": plan.sha256,
                "reason": reason,
                "guides": [str(guide.pk) for guide in guides],
                "meaning": "withdrawal of approval",
            },
        )
    return plan


def _names(guides: Iterable[Any]) -> str:
    return ", ".join(f"guide {guide.version}" for guide in guides)


def _check_was_approved(plan: Plan) -> None:
    if plan.status != Status.APPROVED and (plan.status == Status.WITHDRAWN or plan.approved_at is None):
        standing = "withdrawn already" if plan.status == Status.WITHDRAWN else "not approved"
        raise Conflict(
            "not_approved",
            f"Plan {plan.revision} is {standing}, so that there is no approval to withdraw.",
            remedy="Go back to the case and look at its plans.",
        )


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
    bone_set.case = case  # a preview need not ask for it again
    return bone_set
