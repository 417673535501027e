"""Reading cases: where each stands, what comes next, and who may do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Case as Switch
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When

from backend.accounts.models import Person, Role
from backend.accounts.selectors import roles_at
from backend.audit import selectors as audit
from backend.cases.models import Case, CaseAction, CaseState, NextStepCode
from backend.exports.models import Guide
from backend.imaging.models import BoneSet, Comparison, CtScan, Frame, Image, LegFilm, View
from backend.jobs.models import ACTIVE, BONE_KINDS, Job, Kind, State
from backend.planning.models import FilmReading, Plan, Status

ORDERINGS = {
    "updated_at": "updated_at",
    "pseudonym": "patient__pseudonym",
    "state": "state",
    "surgeon": "surgeon__name",
    "urgent": "urgent",
    "created_at": "created_at",
}


def with_state(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Adds ``state`` and ``progress`` (of the running job, or null) and what they follow from.

    The state is worked out in the database from images, jobs, bones, plans and guides, so that it can neither
    drift from them nor need a repair after a crash.
    """
    here = OuterRef("pk")
    active = Job.objects.active().foremost().filter(case=here)
    reconstructions = Job.objects.filter(case=here, kind=Kind.RECONSTRUCT).order_by("-created_at")
    newest_image = Image.objects.filter(case=here).order_by("-created_at")
    plans = Plan.objects.filter(bone_set=OuterRef("current_bone_set")).exclude(
        status__in=(Status.SUPERSEDED, Status.WITHDRAWN)
    )
    return cases.annotate(
        active_kind=Subquery(active.values("kind")[:1]),
        progress=Subquery(active.values("fraction")[:1]),
        has_ap=Exists(Image.objects.filter(case=here, view=View.AP)),
        has_lateral=Exists(Image.objects.filter(case=here, view=View.LATERAL)),
        newest_image_at=Subquery(newest_image.values("created_at")[:1]),
        last_reconstruction_state=Subquery(reconstructions.values("state")[:1]),
        last_reconstruction_at=Subquery(reconstructions.values("created_at")[:1]),
        current_plan=Subquery(plans.order_by("-revision").values("pk")[:1]),
        current_plan_status=Subquery(plans.order_by("-revision").values("status")[:1]),
        has_rig_bones=Exists(BoneSet.objects.filter(case=here, frame=Frame.RIG)),
        bone_sets_count=Subquery(BoneSet.objects.filter(case=here).order_by("-number").values("number")[:1]),
        has_guide=Exists(Guide.objects.filter(plan=OuterRef("current_plan"))),
    ).annotate(
        state=Switch(
            When(active_kind=Kind.RECONSTRUCT, then=Value(CaseState.RECONSTRUCTING)),
            # Bones beside those that there are change nothing of where the case stands.
            When(
                active_kind__in=BONE_KINDS,
                current_bone_set__isnull=True,
                then=Value(CaseState.RECONSTRUCTING),
            ),
            When(active_kind=Kind.DESIGN_GUIDE, then=Value(CaseState.DESIGNING)),
            When(
                Q(current_bone_set__isnull=True) & (Q(has_ap=False) | Q(has_lateral=False)),
                then=Value(CaseState.WAITING_FOR_IMAGES),
            ),
            When(
                Q(current_bone_set__isnull=True, last_reconstruction_state=State.FAILED)
                & Q(last_reconstruction_at__gt=F("newest_image_at")),
                then=Value(CaseState.RECONSTRUCTION_FAILED),
            ),
            When(current_bone_set__isnull=True, then=Value(CaseState.READY_TO_RECONSTRUCT)),
            When(current_plan__isnull=True, then=Value(CaseState.TO_PLAN)),
            When(current_plan_status=Status.DRAFT, then=Value(CaseState.TO_APPROVE)),
            When(has_guide=True, then=Value(CaseState.GUIDE_READY)),
            default=Value(CaseState.TO_DESIGN),
            output_field=CharField(),
        )
    )


def worklist(*, person: Person, state: str = "", search: str = "", ordering: str = "") -> QuerySet[Case]:
    """The cases of a person's sites: urgent first, then the newest, unless ordered otherwise."""
    cases = with_state(Case.objects.visible_to(person)).select_related("patient", "surgeon")
    if state:
        cases = cases.filter(state__in=[part for part in state.split(",") if part])
    for word in search.split():
        cases = cases.filter(Q(patient__pseudonym__icontains=word) | Q(surgeon__name__icontains=word))
    field = ORDERINGS.get(ordering.removeprefix("-"))
    if field is None:
        return cases.order_by("-urgent", "-updated_at", "pk")
    sign = "-" if ordering.startswith("-") else ""
    return cases.order_by(f"{sign}{field}", "-updated_at", "pk")


@dataclass(frozen=True)
class CaseDetail:
    """Everything that the page of one case shows."""

    images: dict[str, Image | None]
    bone_sets: list[BoneSet]
    ct_scans: list[CtScan]
    leg_film: LegFilm | None
    film_reading: FilmReading | None
    comparisons: list[Comparison]
    plans: list[Plan]
    guides: list[Guide]
    active_job: Job | None
    last_job: Job | None
    timeline: list[dict[str, object]]
    next_step: dict[str, str]
    allowed: list[CaseAction]


def detailed(*, person: Person, case: Case) -> Case:
    """The case with its state and a ``detail`` as this person sees it."""
    # Bone sets ask for the images again.
    cases = with_state(Case.objects.filter(pk=case.pk)).prefetch_related("images")
    case = cases.select_related("patient", "surgeon", "site").get()
    images: dict[str, Image | None] = {View.AP.value: None, View.LATERAL.value: None}
    images |= {image.view: image for image in case.images.all()}
    jobs = list(case.jobs.foremost().order_by("-created_at")[:1])
    # The documents of plans are large, and the page of the case shows none of them.
    guides = list(case.guides.whole().defer("plan__document").order_by("version"))
    plans = list(case.plans.told().defer("document"))
    film = LegFilm.objects.filter(case=case).select_related("uploaded_by").first()
    readings = case.film_readings.filter(film_sha256=film.sha256 if film else "").select_related("person")
    state = CaseState(cast(Any, case).state)
    # An attribute of the instance, because it depends on who asks.
    cast(Any, case).detail = CaseDetail(
        images=images,
        bone_sets=list(case.bone_sets.select_related("author", "aligned_to").prefetch_related("meshes")),
        ct_scans=list(case.ct_scans.select_related("uploaded_by")),
        leg_film=film,
        film_reading=readings.last() if film else None,
        comparisons=list(case.comparisons.all()),
        plans=plans,
        guides=guides,
        active_job=next((job for job in jobs if job.state in ACTIVE), None),
        last_job=next((job for job in jobs if job.state not in ACTIVE), None)
        or case.jobs.foremost().exclude(state__in=ACTIVE).order_by("-created_at").first(),
        timeline=audit.timeline(case.pk),
        next_step=_next_step(state, images, guides),
        allowed=_allowed(case, state, roles_at(person, case.site), plans),
    )
    return case


def _next_step(state: CaseState, images: dict[str, Image | None], guides: list[Guide]) -> dict[str, str]:
    missing = [{"ap": "AP", "lateral": "lateral"}[view] for view, image in images.items() if image is None]
    code, text = {
        CaseState.WAITING_FOR_IMAGES: (
            NextStepCode.UPLOAD_IMAGES,
            f"Add the {' and the '.join(missing)} X-ray" if missing else "",
        ),
        CaseState.READY_TO_RECONSTRUCT: (NextStepCode.RECONSTRUCT, "Reconstruct the bones"),
        CaseState.RECONSTRUCTING: (NextStepCode.WAIT, "Bones are being made"),
        CaseState.RECONSTRUCTION_FAILED: (
            NextStepCode.RETRY,
            "Reconstruction failed: read why, then try again or replace an X-ray",
        ),
        CaseState.TO_PLAN: (NextStepCode.PLAN, "Plan the correction"),
        CaseState.TO_APPROVE: (NextStepCode.APPROVE, "Approve the plan"),
        CaseState.TO_DESIGN: (NextStepCode.DESIGN, "Design the guide"),
        CaseState.DESIGNING: (NextStepCode.WAIT, "The guide is being designed"),
        CaseState.GUIDE_READY: (NextStepCode.DOWNLOAD, "Download the guide"),
    }[state]
    if state is CaseState.GUIDE_READY and not guides[-1].exportable:
        code, text = (
            NextStepCode.REVIEW_CHECKS,
            "A check blocks the guide: look at the checks, then design again",
        )
    elif state is CaseState.GUIDE_READY and not guides[-1].signed:
        code, text = NextStepCode.SIGN_OFF, "An engineer signs the guide off"
    return {"code": code, "text": text}


def _allowed(case: Case, state: CaseState, roles: set[Role], plans: list[Plan]) -> list[CaseAction]:
    facts = cast(Any, case)
    idle = facts.active_kind is None
    surgeon = Role.SURGEON in roles
    bones = facts.current_bone_set_id is not None
    clinical = bool(roles & {Role.SURGEON, Role.ENGINEER})
    several = (facts.bone_sets_count or 0) > 1
    may = {
        CaseAction.UPLOAD: surgeon and idle and not facts.has_rig_bones,
        CaseAction.UPLOAD_CT: surgeon and idle,
        CaseAction.UPLOAD_FILM: surgeon,
        CaseAction.ADD_BONES: clinical and idle,
        CaseAction.CHOOSE_BONES: surgeon and several,
        CaseAction.COMPARE: clinical and idle and several,
        CaseAction.RECONSTRUCT: clinical and idle and facts.has_ap and facts.has_lateral,
        CaseAction.PLAN: surgeon and bones and facts.active_kind != Kind.RECONSTRUCT,
        CaseAction.APPROVE: surgeon and state is CaseState.TO_APPROVE,
        CaseAction.WITHDRAW: surgeon and any(plan.status == Status.APPROVED for plan in plans),
        CaseAction.DESIGN: clinical and state in {CaseState.TO_DESIGN, CaseState.GUIDE_READY},
    }
    return [action for action in CaseAction if may[action]]
