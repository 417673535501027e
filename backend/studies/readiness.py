"""Why a study cannot start yet, all at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from backend.accounts.models import Person, Role
from backend.accounts.selectors import roles_at
from backend.cases.models import Case
from backend.imaging.models import Image, Origin
from backend.studies.models import Arm, QuestionKind, Study, StudyArm, StudyCase, StudyKind

MADE_FROM_CT = (Origin.CT_NETWORK, Origin.IMPORTED)


@dataclass(frozen=True)
class Reason:
    """One thing that is missing, as a stable word and for people."""

    code: str
    text: str


def reasons(study: Study) -> list[Reason]:
    """What keeps a study from being ready; empty when nothing does."""
    return [*_questions(study), *_cases(study), *_raters(study)]


def _questions(study: Study) -> Iterator[Reason]:
    questions = list(study.questions.prefetch_related("points"))
    if not questions:
        yield Reason("no_questions", "Nothing is asked.")
    for question in questions:
        if question.kind == QuestionKind.SCALE and len(question.points.all()) < 2:
            yield Reason("no_scale", f"{question.title} has a scale of fewer than two points.")
    if all(question.margin is None for question in questions):
        yield Reason(
            "no_margin", "No question has a margin of equivalence; it must be registered beforehand."
        )


def _cases(study: Study) -> Iterator[Reason]:
    live = study.cases.filter(withdrawn_at__isnull=True)
    cases = list(live.prefetch_related("arms__guide", "arms__bone_set"))
    rated = [case for case in cases if not case.training]
    if not rated:
        yield Reason("no_cases", "There are no cases.")
    elif len(rated) < study.distance:
        yield Reason(
            "too_few_cases",
            f"{len(rated)} cases cannot keep two versions {study.distance} items apart: "
            "add cases or shorten the distance.",
        )
    images = Image.objects.filter(case__in=live.values("case"))
    views = Counter(images.values_list("case", flat=True))
    for case in cases:
        yield from _versions(study, case)
        if study.kind == StudyKind.MODEL_RATING and views[case.case_id] < 2:
            yield Reason("no_xrays", f"Case {case.number} lacks an X-ray to rate the bones by.")


def _versions(study: Study, case: StudyCase) -> Iterator[Reason]:
    arms = {arm.arm: arm for arm in case.arms.all()}
    for arm in Arm:
        version = arms.get(arm)
        if version is None:
            yield Reason("no_version", f"Case {case.number} has no {arm.label} version.")
        elif version.guide is not None and not version.guide.exportable:
            yield Reason("blocked_guide", f"A check blocks the {arm.label} guide of case {case.number}.")
    if len({_source(version) for version in arms.values()}) < len(arms):
        yield Reason("same_version", f"Both versions of case {case.number} are the same.")
    bones = [version.bone_set for version in arms.values() if version.bone_set is not None]
    if len({bone_set.coordinates for bone_set in bones}) > 1:
        yield Reason(
            "unlike_frames",
            f"The bones of case {case.number} lie in two frames, which their views would tell: import the "
            "CT-based ones aligned to the others.",
        )


def _source(version: StudyArm) -> object:
    return version.bone_set_id or version.guide_id


def not_blinded(study: Study) -> list[Reason]:
    """Cases whose content for raters is not prepared (yet)."""
    waiting = study.cases.filter(withdrawn_at__isnull=True, arms__content="").distinct()
    return [Reason("not_blinded", f"Case {case.number} is not blinded yet.") for case in waiting]


def _raters(study: Study) -> Iterator[Reason]:
    raters = list(study.raters.filter(withdrawn_at__isnull=True).select_related("person"))
    if not raters:
        yield Reason("no_raters", "There are no raters.")
    for rater in raters:
        yield from rater_reasons(study, rater.person)


def rater_reasons(study: Study, person: Person) -> Iterator[Reason]:
    """Why this person cannot rate, or not blind."""
    if not person.is_active:
        yield Reason("inactive_rater", f"{person.name} cannot log in.")
    roles = roles_at(person, study.site)
    if Role.RATER not in roles:
        yield Reason("no_rater", f"{person.name} has not the role of a rater at this site.")
    if roles & {Role.COORDINATOR, Role.ADMINISTRATOR}:
        yield Reason(
            "knowing_rater", f"{person.name} runs studies at this site and could learn what is what."
        )
    cases = StudyCase.objects.filter(study=study).values("case")
    if Case.objects.visible_to(person).filter(pk__in=cases).exists():
        yield Reason(
            "seeing_rater", f"{person.name} can open cases of this study, with their CTs and reconstructions."
        )
