"""Reading guides: what an engineer has to do, and where each design stands."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from backend.accounts.models import Person
from backend.exports.models import Guide, GuideState
from backend.jobs.models import ACTIVE, Job, Kind, State
from backend.planning.models import Plan, Status

NEWEST = 100
"""So many designs are listed; older ones are reached through their cases."""


@dataclass(frozen=True)
class Waiting:
    """An approved plan without a design that could be signed or is.

    Attributes:
        plan: with its case, patient, surgeon and signer.
        designs: how many were designed from it, all of them blocked.
        latest: the newest of them.
        job: a design that is under way, or the last one if it failed.
    """

    plan: Plan
    designs: int
    latest: Guide | None
    job: Job | None


@dataclass(frozen=True)
class Queue:
    """What an engineer sees first."""

    waiting: list[Waiting]
    designs: list[Guide]


def queue(*, person: Person) -> Queue:
    """Approved plans that await a guide, urgent first and then the longest waiting; the newest designs."""
    plans = list(
        Plan.objects.visible_to(person)
        .filter(status=Status.APPROVED)
        .select_related("case__patient", "case__surgeon", "approved_by", "bone_set")
        .defer("document")
        .order_by("-case__urgent", "approved_at")
    )
    designs = list(
        Guide.objects.visible_to(person)
        .listed()
        .select_related("case__patient", "case__surgeon")
        # Of a withdrawn plan those that had been signed: they may lie in a theatre.
        .filter(~Q(plan__status=Status.WITHDRAWN) | Q(signature__isnull=False))
        .defer("plan__document", "report")
        .order_by("-created_at")[:NEWEST]
    )
    own = _guides_of(plans)
    jobs = _last_jobs(plans)
    waiting = [
        Waiting(
            plan, len(own.get(plan.pk, [])), next(iter(own.get(plan.pk, [])), None), jobs.get(plan.case_id)
        )
        for plan in plans
        if all(guide.state == GuideState.BLOCKED for guide in own.get(plan.pk, []))
    ]
    return Queue(waiting, designs)


def _guides_of(plans: list[Plan]) -> dict[UUID, list[Guide]]:
    """Designs by plan, newest first."""
    found: dict[UUID, list[Guide]] = {}
    guides = Guide.objects.filter(plan__in=plans).listed().defer("plan__document", "report")
    for guide in guides.order_by("-version"):
        found.setdefault(guide.plan_id, []).append(guide)
    return found


def _last_jobs(plans: list[Plan]) -> dict[UUID, Job]:
    """By case: the design that is under way or failed last, if nothing came after it."""
    cases = {plan.case_id for plan in plans}
    newest = Job.objects.filter(case=OuterRef("case"), kind=Kind.DESIGN_GUIDE).order_by("-created_at")
    jobs = Job.objects.filter(
        case__in=cases,
        kind=Kind.DESIGN_GUIDE,
        state__in=(*ACTIVE, State.FAILED),
        pk=Subquery(newest.values("pk")[:1]),
    )
    return {job.case_id: job for job in jobs.select_related("case")}
