"""Studies of both kinds, small but whole, and people for every part in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from backend.accounts.models import Person, Role, Site
from backend.cases.models import Case
from backend.core import storage
from backend.jobs.models import Job, Kind
from backend.studies import closing, course, questions, rating, setup
from backend.studies.models import (
    Item,
    QuestionKind,
    Rater,
    Signature,
    Study,
    StudyArm,
    StudyKind,
    TimeEventKind,
)
from tests.backend import factories

SIGNATURE = {"password": factories.PASSWORD, "address": "127.0.0.1"}
PRESSES = (TimeEventKind.PLACED, TimeEventKind.COMPLETED)


@dataclass
class Team:
    """One site with everybody that a study needs."""

    site: Site
    coordinator: Person
    administrator: Person
    surgeon: Person
    raters: list[Person]


def team(raters: int = 2) -> Team:
    site = factories.SiteFactory()
    return Team(
        site=site,
        coordinator=factories.person_with(site, Role.COORDINATOR),
        administrator=factories.person_with(site, Role.ADMINISTRATOR),
        surgeon=factories.person_with(site, Role.SURGEON),
        # Raters have no other role at the site: they reach nothing but what they rate.
        raters=[factories.person_with(site, Role.RATER) for _ in range(raters)],
    )


def case_with_versions(people: Team, kind: StudyKind) -> dict[str, Any]:
    """A case with both X-rays and both versions, as the arguments of ``add_case``."""
    case: Case = factories.CaseFactory(site=people.site, surgeon=people.surgeon)
    for view in ("ap", "lateral"):
        factories.ImageFactory(case=case, view=view)
    ct, xray = (
        factories.BoneSetFactory(case=case, origin=origin) for origin in ("ct_network", "xray_network")
    )
    if kind == StudyKind.MODEL_RATING:
        return {"case": case.pk, "ct": ct.pk, "xray": xray.pk}
    guides = [factories.GuideFactory(plan__bone_set=bones) for bones in (ct, xray)]
    return {"case": case.pk, "ct": guides[0].pk, "xray": guides[1].pk}


def draft_study(
    people: Team, kind: StudyKind = StudyKind.MODEL_RATING, cases: int = 3, distance: int = 2, **options: Any
) -> Study:
    """A draft in which nothing is missing."""
    study = setup.create_study(
        person=people.coordinator, site=people.site, title="A study", kind=kind, distance=distance, **options
    )
    for question in study.questions.filter(kind=QuestionKind.SCALE):
        questions.set_margin(person=people.coordinator, study=study, question=question, margin=0.5)
    for _ in range(cases):
        setup.add_case(person=people.coordinator, study=study, **case_with_versions(people, kind))
    for person in people.raters:
        setup.add_rater(person=people.coordinator, study=study, rater=person)
    return study


def start(people: Team, study: Study) -> Study:
    """From a draft to running, as if the jobs had blinded every case."""
    course.mark_ready(person=people.coordinator, study=study)
    pretend_blinded(study)
    return course.start(person=people.coordinator, study=study)


def pretend_blinded(study: Study) -> None:
    """What the jobs of the study would leave, and no job."""
    Job.objects.filter(kind=Kind.BLIND_VERSIONS).delete()
    for arm in StudyArm.objects.filter(study_case__study=study):
        content = storage.put(f"blinded {arm.pk:08}".encode(), ".bin")
        StudyArm.objects.filter(pk=arm.pk).update(content=content)


def running_study(people: Team, **options: Any) -> Study:
    return start(people, draft_study(people, **options))


def rate(item: Item, value: int = 2, guess: int = 0) -> None:
    """Open an item and answer everything."""
    person = item.rater.person
    rating.open_item(person=person, item=item)
    for question in item.rater.study.questions.all():
        if question.kind == QuestionKind.DURATION:
            for kind in PRESSES:
                rating.press(person=person, item=item, kind=kind, client_token=uuid4())
            continue
        answer = guess if question.kind == QuestionKind.SOURCE_GUESS else value
        rating.save_rating(person=person, item=item, question=question, value=answer, client_token=uuid4())


def rate_everything(study: Study, beside: Item | None = None) -> None:
    """Every item of every rater, but for one that is rated already."""
    for item in Item.objects.filter(rater__study=study).order_by("rater", "position"):
        if item != beside:
            rate(item, value=1 + item.position % 4)


def lock(people: Team, study: Study, **options: Any) -> Signature:
    return closing.lock(
        person=people.coordinator, study=study, name=people.coordinator.name, **SIGNATURE | options
    )


def rater_of(study: Study, person: Person) -> Rater:
    return study.raters.get(person=person)
