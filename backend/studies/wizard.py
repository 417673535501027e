"""A whole draft at once, or none of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from backend.accounts.models import Person, Role, Site
from backend.accounts.selectors import sites_with_role
from backend.core.errors import Invalid
from backend.studies import course, questions, setup
from backend.studies.models import Study, StudyKind, StudyState
from backend.studies.templates import QuestionTemplate


@transaction.atomic
def put_together(
    *,
    person: Person,
    site: Site,
    title: str,
    kind: StudyKind,
    distance: int,
    ask_source: bool,
    may_go_back: bool,
    margins: Mapping[str, float],
    extra: Sequence[QuestionTemplate],
    cases: Sequence[Mapping[str, Any]],
    raters: Sequence[UUID],
) -> Study:
    """Open a study with questions, margins, cases and raters.

    Args:
        margins: of equivalence, by the key of the question.
        extra: questions beside the paper's.
        cases: arguments of ``setup.add_case``.
        raters: people of the site with the role of a rater.

    Raises:
        WrongRole, Conflict, Invalid: as of the services of ``setup`` and ``questions``; nothing is kept.
        Invalid: ``no_such_question``: a margin of what is not asked; ``no_such_person``.
    """
    study = setup.create_study(
        person=person,
        site=site,
        title=title,
        kind=kind,
        distance=distance,
        ask_source=ask_source,
        may_go_back=may_go_back,
    )
    for template in extra:
        questions.add_question(person=person, study=study, template=template)
    for key, margin in margins.items():
        question = study.questions.filter(key=key).first()
        if question is None:
            raise Invalid("no_such_question", f"{key} is not asked.", remedy="Correct the margins.")
        questions.set_margin(person=person, study=study, question=question, margin=margin)
    for case in cases:
        setup.add_case(person=person, study=study, **case)
    for rater in people(site, raters):
        setup.add_rater(person=person, study=study, rater=rater)
    return study


@transaction.atomic
def add_cases(*, person: Person, study: Study, cases: Sequence[Mapping[str, Any]]) -> None:
    """Take cases into a draft, or behind all others into a running study; all or none.

    Args:
        cases: arguments of ``setup.add_case``; training has to be there from the start.

    Raises:
        WrongRole, Conflict, Invalid: as of ``setup.add_case`` and ``course.extend``.
        Invalid: ``late_training``.
    """
    if study.state != StudyState.RUNNING:
        for case in cases:
            setup.add_case(person=person, study=study, **case)
        return
    if any(case["training"] for case in cases):
        raise Invalid("late_training", "Training comes before everything.", remedy="Add it to a draft.")
    new = [course.NewCase(case["case"], case["ct"], case["xray"]) for case in cases]
    course.extend(person=person, study=study, cases=new)


@transaction.atomic
def add_raters(*, person: Person, study: Study, raters: Sequence[UUID]) -> None:
    """Ask people to rate in a draft or a running study; all or none.

    Raises:
        WrongRole, Conflict: as of ``setup.add_rater`` and ``course.extend``.
        Invalid: ``no_such_person``.
    """
    asked = people(study.site, raters)
    if study.state == StudyState.RUNNING:
        course.extend(person=person, study=study, raters=asked)
        return
    for rater in asked:
        setup.add_rater(person=person, study=study, rater=rater)


def people(site: Site, ids: Sequence[UUID]) -> list[Person]:
    """The people of a site with these identities, in this order.

    Raises:
        Invalid: ``no_such_person``.
    """
    found = {person.pk: person for person in Person.objects.filter(memberships__site=site, pk__in=ids)}
    for id in ids:
        if id not in found:
            raise Invalid("no_such_person", "There is no such person at this site.", remedy="Choose another.")
    return [found[id] for id in ids]


def site_of(person: Person, id: UUID | None) -> Site:
    """The site that a coordinator means: the one named, or else their first.

    Raises:
        Invalid: ``no_such_site``.
    """
    for site in sites_with_role(person, Role.COORDINATOR):
        if id is None or site.pk == id:
            return site
    raise Invalid("no_such_site", "There is no such site of yours.", remedy="Choose another one.")
