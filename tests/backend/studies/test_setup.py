"""Putting a study together: who may, what is missing, and the paper's words."""

from __future__ import annotations

from uuid import uuid4

import pytest

from backend.accounts.models import Membership, Role
from backend.audit.models import Event
from backend.core.errors import Conflict, Invalid, WrongRole
from backend.core.states import IllegalTransition
from backend.studies import course, questions, readiness, selectors, setup
from backend.studies.models import QuestionKind, Study, StudyKind, StudyState
from backend.studies.templates import QuestionTemplate
from tests.backend import factories
from tests.backend.studies.factories import case_with_versions, draft_study, running_study, team

pytestmark = pytest.mark.django_db


def test_it_asks_in_the_words_of_the_paper() -> None:
    study = draft_study(team(), cases=0)
    shape = study.questions.get(key="shape")
    assert [point.label for point in shape.points.all()] == ["poor", "fair", "good", "perfect"]
    assert shape.points.get(value=3).description == "5% - 10% of shape are not correctly reconstructed"
    significance = study.questions.get(key="clinical_significance")
    assert significance.points.get(value=2).description == "can be used for only diagnosis"
    hto = draft_study(team(), kind=StudyKind.HTO_SIMULATION, cases=0)
    assert (
        hto.questions.get(key="stability").points.get(value=6).description == "less than 1% loss of contact"
    )
    assert (
        "provided a satisfactory guide" in hto.questions.get(key="accuracy").points.get(value=3).description
    )
    assert [question.kind for question in hto.questions.all()] == [
        *[QuestionKind.SCALE] * 3,
        QuestionKind.DURATION,
        QuestionKind.SOURCE_GUESS,
        QuestionKind.SCALE,
    ]


@pytest.mark.parametrize("role", [Role.SURGEON, Role.ENGINEER, Role.ADMINISTRATOR])
def test_only_coordinators_of_the_site_put_studies_together(role: Role) -> None:
    people = team()
    study = draft_study(people)
    elsewhere = factories.person_with(factories.SiteFactory(), Role.COORDINATOR)
    for person in (factories.person_with(people.site, role), elsewhere, people.raters[0]):
        with pytest.raises(WrongRole):
            setup.create_study(
                person=person, site=people.site, title="x", kind=StudyKind.MODEL_RATING, distance=2
            )
        for act in (
            lambda: setup.add_rater(person=person, study=study, rater=people.surgeon),  # noqa: B023
            lambda: setup.add_case(person=person, study=study, case=uuid4(), ct=uuid4(), xray=uuid4()),  # noqa: B023
            lambda: course.mark_ready(person=person, study=study),  # noqa: B023
        ):
            with pytest.raises(WrongRole):
                act()


def test_studies_are_visible_to_those_who_run_them_and_to_nobody_else() -> None:
    people = team()
    study = draft_study(people)
    for person, sees in (
        (people.coordinator, True),
        (people.administrator, True),
        (people.surgeon, False),
        (people.raters[0], False),
        (factories.person_with(factories.SiteFactory(), Role.COORDINATOR), False),
    ):
        assert Study.objects.visible_to(person).filter(pk=study.pk).exists() == sees


def test_it_says_everything_that_is_missing_at_once() -> None:
    people = team()
    study = setup.create_study(
        person=people.coordinator, site=people.site, title="x", kind=StudyKind.MODEL_RATING, distance=3
    )
    assert {reason.code for reason in readiness.reasons(study)} == {"no_margin", "no_cases", "no_raters"}
    setup.add_case(person=people.coordinator, study=study, **case_with_versions(people, study.kind))
    study.cases.get().case.images.filter(view="ap").delete()
    setup.add_rater(person=people.coordinator, study=study, rater=people.raters[0])
    Membership.objects.create(person=people.raters[0], site=people.site, role=Role.ENGINEER)
    assert {reason.code for reason in readiness.reasons(study)} == {
        "no_margin",
        "too_few_cases",
        "no_xrays",
        "seeing_rater",
    }
    with pytest.raises(Conflict) as refused:
        course.mark_ready(person=people.coordinator, study=study)
    assert refused.value.code == "not_ready" and set(refused.value.body["fields"]) == {
        "no_margin",
        "too_few_cases",
        "no_xrays",
        "seeing_rater",
    }


def test_a_blocked_guide_keeps_a_study_from_starting() -> None:
    people = team()
    study = draft_study(people, kind=StudyKind.HTO_SIMULATION)
    assert readiness.reasons(study) == []
    guide = study.cases.first().arms.first().guide
    type(guide).objects.filter(pk=guide.pk).update(checks=[{**guide.checks[0], "status": "block"}])
    assert [reason.code for reason in readiness.reasons(study)] == ["blocked_guide"]


def test_people_who_could_know_cannot_rate() -> None:
    people = team()
    study = draft_study(people)
    for person in (people.surgeon, people.coordinator, people.administrator):
        with pytest.raises(Conflict) as refused:
            setup.add_rater(person=people.coordinator, study=study, rater=person)
        assert refused.value.code == "not_blind"


def test_a_version_is_of_this_case_and_of_this_source() -> None:
    people = team()
    study = draft_study(people)
    whole = case_with_versions(people, study.kind)
    other = case_with_versions(people, study.kind)
    for wrong in (
        {**whole, "ct": whole["xray"]},
        {**whole, "xray": other["xray"]},
        {**whole, "ct": uuid4()},
        {**whole, "case": factories.CaseFactory().pk},
    ):
        before = study.cases.count()
        with pytest.raises(Invalid):
            setup.add_case(person=people.coordinator, study=study, **wrong)
        assert study.cases.count() == before
    setup.add_case(person=people.coordinator, study=study, **whole)
    with pytest.raises(Conflict):
        setup.add_case(person=people.coordinator, study=study, **whole)


def test_candidates_are_the_cases_with_both_versions() -> None:
    people = team()
    study = draft_study(people, cases=1)
    whole = case_with_versions(people, study.kind)
    factories.BoneSetFactory(case=factories.CaseFactory(site=people.site), origin="xray_network")
    found = selectors.candidates(study.site, study.kind, beside=study)
    assert [candidate.case for candidate in found] == [str(whole["case"])]
    assert (found[0].ct, found[0].xray) == ([str(whole["ct"])], [str(whole["xray"])])


def test_a_coordinator_may_ask_more_in_a_draft_only() -> None:
    people = team()
    study = draft_study(people)
    more = QuestionTemplate("use", "Use", "Would you use it?")
    questions.add_question(person=people.coordinator, study=study, template=more)
    assert "no_scale" in {reason.code for reason in readiness.reasons(study)}
    with pytest.raises(Invalid):
        questions.add_question(person=people.coordinator, study=study, template=more)
    running = running_study(team())
    with pytest.raises(Conflict):
        questions.add_question(person=running.coordinator, study=running, template=more)


def test_the_distance_is_changed_in_a_draft() -> None:
    people = team()
    study = setup.set_distance(person=people.coordinator, study=draft_study(people), distance=4)
    assert "too_few_cases" in {reason.code for reason in readiness.reasons(study)}
    with pytest.raises(Invalid):
        setup.set_distance(person=people.coordinator, study=study, distance=0)
    questions.remove_question(
        person=people.coordinator, study=study, question=study.questions.get(key="details")
    )
    assert not study.questions.filter(key="details").exists()


def test_states_change_in_one_way_only() -> None:
    study = draft_study(team())
    with pytest.raises(IllegalTransition):
        Study.objects.filter(pk=study.pk).update(state=StudyState.RUNNING)
    with pytest.raises(IllegalTransition):
        Study.objects.filter(pk=study.pk).move(StudyState.RUNNING, StudyState.DRAFT)
    ready = course.mark_ready(person=study.coordinator, study=study)
    assert course.reopen(person=study.coordinator, study=ready).state == StudyState.DRAFT


def test_every_change_is_in_the_audit_trail() -> None:
    study = running_study(team(raters=1), cases=2)
    actions = list(
        Event.objects.filter(action__startswith="study.", data__study=str(study.pk)).values_list(
            "action", flat=True
        )
    )
    assert actions == [
        "study.created",
        *["study.margin_registered"] * 4,
        *["study.case_added"] * 2,
        "study.rater_added",
        "study.ready",
        "study.committed",
        "study.started",
    ]


def test_versions_in_two_frames_would_tell_themselves_apart() -> None:
    people = team()
    study = draft_study(people)
    assert readiness.reasons(study) == []
    bones = study.cases.first().arms.get(arm="ct").bone_set
    type(bones).objects.filter(pk=bones.pk).update(frame="own")
    assert [reason.code for reason in readiness.reasons(study)] == ["unlike_frames"]


def test_only_raters_rate() -> None:
    people = team()
    study = draft_study(people)
    with pytest.raises(Conflict) as refused:
        setup.add_rater(person=people.coordinator, study=study, rater=factories.PersonFactory())
    assert "role of a rater" in str(refused.value)
