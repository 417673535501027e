"""What a coordinator does before a study starts: check, execute, log."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from backend.accounts.models import Person, Role, Site
from backend.accounts.selectors import require_role
from backend.cases.models import Case
from backend.core.errors import Conflict, Invalid
from backend.exports.models import Guide
from backend.imaging.models import BoneSet, Origin
from backend.studies.guard import draft, log
from backend.studies.models import (
    Arm,
    Rater,
    Study,
    StudyArm,
    StudyCase,
    StudyKind,
)
from backend.studies.questions import insert_question
from backend.studies.readiness import MADE_FROM_CT, rater_reasons
from backend.studies.templates import BLINDING, TEMPLATES


def create_study(
    *,
    person: Person,
    site: Site,
    title: str,
    kind: StudyKind,
    distance: int,
    ask_source: bool = True,
    may_go_back: bool = True,
) -> Study:
    """Open a study with the paper's questions of its kind.

    Args:
        distance: both versions of a case are at least so many items apart.
        ask_source: also ask which source a rater thinks an item has, to test the blinding.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Invalid: ``distance``: below one.
    """
    require_role(person, site, Role.COORDINATOR)
    _check_distance(distance)
    with transaction.atomic():
        study = Study.objects.create(
            site=site, title=title, kind=kind, distance=distance, may_go_back=may_go_back, coordinator=person
        )
        for template in (*TEMPLATES[kind], *(BLINDING if ask_source else ())):
            insert_question(study, template)
        log(study, person, "study.created", f"Study {title} created", {"kind": kind, "distance": distance})
    return study


def set_distance(*, person: Person, study: Study, distance: int) -> Study:
    """Say how many items apart the two versions of a case are kept.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``.
        Invalid: ``distance``: below one.
    """
    _check_distance(distance)
    with transaction.atomic():
        study = draft(person, study)
        before, study.distance = study.distance, distance
        study.save(update_fields=["distance"])
        log(study, person, "study.distance_set", f"Distance {distance}", {"distance": [before, distance]})
    return study


def add_case(
    *, person: Person, study: Study, case: UUID, ct: UUID, xray: UUID, training: bool = False
) -> StudyCase:
    """Take a case into a study, with its two versions by their identities.

    Bone sets for a model rating, guides for an HTO simulation. The coordinator names them, and sees neither.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``, ``case_taken``.
        Invalid: ``no_such_case``, ``no_such_version``.
    """
    with transaction.atomic():
        study = draft(person, study)
        added = insert_case(study=study, case=case, ct=ct, xray=xray, training=training, batch=0)
        log(study, person, "study.case_added", f"Case {added.number} added", {"study_case": str(added.pk)})
    return added


def insert_case(*, study: Study, case: UUID, ct: UUID, xray: UUID, training: bool, batch: int) -> StudyCase:
    """The rows of one more case; whoever calls it has checked the state and logs it.

    Raises:
        Conflict: ``case_taken``.
        Invalid: ``no_such_case``, ``no_such_version``.
    """
    found = Case.objects.filter(pk=case, site=study.site_id).first()
    if found is None:
        raise Invalid("no_such_case", "There is no such case at this site.", remedy="Choose another one.")
    number = (study.cases.aggregate(last=Max("number"))["last"] or 0) + 1
    try:
        with transaction.atomic():
            added = StudyCase.objects.create(
                study=study, case=found, number=number, training=training, batch=batch
            )
    except IntegrityError as error:
        raise Conflict("case_taken", "This case is in the study already.") from error
    for arm, version in ((Arm.CT, ct), (Arm.XRAY, xray)):
        StudyArm.objects.create(study_case=added, arm=arm, **_version(study, found, arm, version))
    return added


def _version(study: Study, case: Case, arm: Arm, version: UUID) -> dict[str, object]:
    """The bones or the guide of this case that are of this source."""
    origins = MADE_FROM_CT if arm == Arm.CT else (Origin.XRAY_NETWORK,)
    found: object
    if study.kind == StudyKind.MODEL_RATING:
        found = BoneSet.objects.filter(pk=version, case=case, origin__in=origins).first()
        name = "bone_set"
    else:
        found = Guide.objects.filter(pk=version, case=case, plan__bone_set__origin__in=origins).first()
        name = "guide"
    if found is None:
        raise Invalid(
            "no_such_version",
            f"The case has no such {arm.label} {name.replace('_', ' ')}.",
            remedy="Choose one of this case and this source.",
        )
    return {name: found}


def remove_case(*, person: Person, study: Study, study_case: StudyCase) -> None:
    """Take a case out again, before anything is sealed.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``.
    """
    with transaction.atomic():
        study = draft(person, study)
        number = study_case.number
        study.cases.filter(pk=study_case.pk).delete()
        log(study, person, "study.case_removed", f"Case {number} removed", {})


def add_rater(*, person: Person, study: Study, rater: Person) -> Rater:
    """Ask somebody to rate.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``, ``rater_taken``, or ``not_blind``: they can see what the study hides.
    """
    with transaction.atomic():
        study = draft(person, study)
        added = insert_rater(study=study, rater=rater)
        log(study, person, "study.rater_added", f"Rater {added.code} added", {"rater": str(rater.pk)})
    return added


def remove_rater(*, person: Person, study: Study, rater: Rater) -> None:
    """Take a rater off a draft.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``.
    """
    with transaction.atomic():
        study = draft(person, study)
        study.raters.filter(pk=rater.pk).delete()
        log(
            study,
            person,
            "study.rater_removed",
            f"Rater {rater.code} removed",
            {"rater": str(rater.person_id)},
        )


def insert_rater(*, study: Study, rater: Person) -> Rater:
    """The row of one more rater; whoever calls it has checked the state and logs it.

    Raises:
        Conflict: ``rater_taken``, ``not_blind``.
    """
    if study.raters.filter(person=rater).exists():
        raise Conflict("rater_taken", f"{rater.name} rates in this study already.")
    reason = next(rater_reasons(study, rater), None)
    if reason is not None:
        raise Conflict("not_blind", reason.text, remedy="Choose somebody else, or take the role away first.")
    last = study.raters.aggregate(last=Max("ordinal"))["last"]
    return Rater.objects.create(study=study, person=rater, ordinal=0 if last is None else last + 1)


def _check_distance(distance: int) -> None:
    if distance < 1:
        raise Invalid("distance", "The distance is at least one.", remedy="Choose a larger one.")
