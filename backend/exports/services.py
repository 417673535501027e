"""What people do with guides: ask for a design, sign it off, take its files out of the house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.accounts.services import confirm_password
from backend.cases.services import log
from backend.core.errors import Conflict
from backend.exports.models import Guide, GuideSignature
from backend.exports.presets import check_parameters, chosen_site_presets
from backend.jobs.models import Job, Kind
from backend.jobs.services import request_job
from backend.planning.models import Plan, Status

MEANING = "fit to be printed"
"""What an engineer's signature says."""


def request_design(
    *,
    person: Person,
    plan: Plan,
    parameters: dict[str, float] | None = None,
    presets: Sequence[str] = (),
    painting: Sequence[Mapping[str, Any]] = (),
    reason: str = "",
) -> Job:
    """Queue the design of a guide.

    Args:
        person: surgeon or engineer of the site.
        plan: an approved one.
        parameters: those that differ from their defaults and presets.
        presets: ids of presets, a later one over an earlier one.
        painting: contact area added and taken away by hand, in the engine's form.
        reason: why it is designed (again).

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``plan_not_approved`` or ``job_active``.
        Invalid: the engine knows no such preset, parameter or value, or cannot use a stroke.
    """
    require_role(person, plan.case.site, Role.SURGEON, Role.ENGINEER)
    check_approved(plan)
    own = chosen_site_presets(plan.case.site, presets)
    check_parameters(parameters or {}, presets, own, painting)
    return request_job(
        person=person,
        case=plan.case,
        kind=Kind.DESIGN_GUIDE,
        input={
            "plan": str(plan.pk),
            "parameters": parameters or {},
            "presets": list(presets),
            # As they are now: a task that is tried again next week must do the same.
            "site_presets": own,
            "painting": [dict(stroke) for stroke in painting],
            "reason": reason,
        },
    )


def check_approved(plan: Plan) -> None:
    """Refuse a plan that nobody approves of now.

    Raises:
        Conflict: ``plan_not_approved``.
    """
    if plan.status != Status.APPROVED:
        raise Conflict(
            "plan_not_approved",
            f"Plan {plan.revision} is not approved.",
            remedy="A surgeon approves the plan first.",
        )


def sign_off(*, person: Person, guide: Guide, password: str, address: str) -> GuideSignature:
    """An engineer's word that a design may be printed.

    Raises:
        WrongRole: the person is no engineer of the site.
        Conflict: ``guide_blocked``, ``plan_withdrawn``, ``plan_not_approved`` (another revision is approved
            by now), ``no_package`` (an older design) or ``signed_already``.
        Invalid: ``wrong_password``.
        Throttled: too many wrong passwords.
    """
    require_role(person, guide.case.site, Role.ENGINEER)
    _check_signable(guide)
    confirm_password(person=person, password=password, address=address)
    try:
        with transaction.atomic():
            plan = Plan.objects.select_for_update(of=("self",)).get(pk=guide.plan_id)
            guide.plan = plan
            _check_signable(guide)
            signature = GuideSignature.objects.create(guide=guide, person=person, sha256=guide.sha256)
            log(
                case=guide.case,
                person=person,
                action="guide.signed",
                text=f"Guide {guide.version} signed off by {person.name}",
                data={
                    "guide": str(guide.pk),
                    "sha256": signature.sha256,
                    "plan_sha256": plan.sha256,
                    "meaning": MEANING,
                },
            )
    except IntegrityError as error:
        raise _signed_already(guide) from error
    return signature


def _check_signable(guide: Guide) -> None:
    check_exportable(guide)
    check_packed(guide)
    if guide.signed:
        raise _signed_already(guide)
    check_approved(guide.plan)


def _signed_already(guide: Guide) -> Conflict:
    return Conflict(
        "signed_already",
        f"Guide {guide.version} is signed off already.",
        remedy="Reload the page to see by whom.",
    )


def check_exportable(guide: Guide) -> None:
    """Refuse a design that must not be printed.

    Raises:
        Conflict: ``plan_withdrawn``, or ``guide_blocked``, with the checks that block it.
    """
    if guide.void:
        raise Conflict(
            "plan_withdrawn",
            f"Guide {guide.version} is void: the approval of plan {guide.plan.revision} was withdrawn"
            f" ({guide.plan.withdrawn_reason}).",
            kept="The guide and its plan were kept for the record.",
            remedy="Approve another revision of the plan and design a guide from that.",
        )
    if guide.blocking:
        reasons = "; ".join(str(check["message"]) for check in guide.blocking)
        raise Conflict(
            "guide_blocked",
            f"Guide {guide.version} cannot be printed: {reasons}",
            remedy="Change the parameters or the plan and design it again.",
        )


def check_packed(guide: Guide) -> None:
    """Refuse a design that is older than print packages.

    Raises:
        Conflict: ``no_package``.
    """
    if not guide.package:
        raise Conflict(
            "no_package",
            f"Guide {guide.version} is older than print packages and has none.",
            remedy="Design it again with the same parameters.",
        )


def check_known_superseded(guide: Guide, known: int | None) -> None:
    """Refuse a design of a superseded plan to whoever does not say that they know by which revision.

    It is no block: a guide may be wanted for the record, or to be told from the newer one. But nobody takes
    it unawares.

    Raises:
        Conflict: ``plan_superseded``.
    """
    if guide.superseded and known != guide.superseded_by:
        raise Conflict(
            "plan_superseded",
            f"Plan {guide.plan.revision}, from which guide {guide.version} was designed, was superseded by"
            f" revision {guide.superseded_by}.",
            kept="The guide was kept for the record.",
            remedy=f"Design a guide from revision {guide.superseded_by}, or confirm that you want this one.",
        )


def release_file(
    *, person: Person, guide: Guide, file: str, signature: bool = True, known: int | None = None
) -> None:
    """Check that a file of a guide may leave the house and write down that it did.

    Args:
        person: who takes it.
        guide: whose file it is.
        file: its name.
        signature: whether it is something to print, which an engineer has to sign off first.
        known: the revision of which the person knows that it supersedes the plan of the guide.

    Raises:
        Conflict: as ``check_exportable`` and ``check_known_superseded``, or ``guide_not_signed``.
    """
    check_exportable(guide)
    check_known_superseded(guide, known)
    if signature and not guide.signed:
        raise Conflict(
            "guide_not_signed",
            f"Guide {guide.version} is not signed off yet.",
            remedy="An engineer of the site looks at it and signs it off first.",
        )
    log(
        case=guide.case,
        person=person,
        action="guide.downloaded",
        text=f"Guide {guide.version} downloaded ({file})"
        + (f", although revision {known} supersedes its plan" if guide.superseded else ""),
        data={"guide": str(guide.pk), "file": file, "superseded_by": guide.superseded_by},
    )
