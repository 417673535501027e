"""What a study asks, while it is a draft: check, execute, log."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from backend.accounts.models import Person
from backend.core.errors import Invalid
from backend.studies.guard import draft, log
from backend.studies.models import Question, QuestionKind, ScalePoint, Study
from backend.studies.templates import QuestionTemplate


def add_question(*, person: Person, study: Study, template: QuestionTemplate) -> Question:
    """Ask one question more, last.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``.
        Invalid: ``question_taken``: there is one of this key.
    """
    with transaction.atomic():
        study = draft(person, study)
        if study.questions.filter(key=template.key).exists():
            raise Invalid("question_taken", f"{template.key} is asked already.", remedy="Choose another key.")
        question = insert_question(study, template)
        log(study, person, "study.question_added", f"{question.title} is asked", {"question": question.key})
    return question


def remove_question(*, person: Person, study: Study, question: Question) -> None:
    """Ask one question less.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``.
    """
    with transaction.atomic():
        study = draft(person, study)
        study.questions.filter(pk=question.pk).delete()
        log(
            study,
            person,
            "study.question_removed",
            f"{question.title} is not asked",
            {"question": question.key},
        )


def set_margin(*, person: Person, study: Study, question: Question, margin: float | None) -> Question:
    """Register how large a difference does not matter, in points of the scale (or seconds).

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``.
        Invalid: ``margin``: not above zero, or the question has no numbers to compare.
    """
    with transaction.atomic():
        study = draft(person, study)
        if question.kind == QuestionKind.SOURCE_GUESS or (margin is not None and margin <= 0):
            raise Invalid("margin", "A margin is above zero, of a scale or a time.", remedy="Correct it.")
        before, question.margin = question.margin, margin
        question.save(update_fields=["margin"])
        log(
            study,
            person,
            "study.margin_registered",
            f"Margin of {question.title}: {margin}",
            {"question": question.key, "margin": [before, margin]},
        )
    return question


def insert_question(study: Study, template: QuestionTemplate) -> Question:
    """The rows of one more question; whoever calls it has checked the state and logs it."""
    last = study.questions.aggregate(last=Max("position"))["last"] or 0
    question = Question.objects.create(
        study=study,
        key=template.key,
        position=last + 1,
        kind=template.kind,
        title=template.title,
        text=template.text,
    )
    ScalePoint.objects.bulk_create(
        ScalePoint(question=question, value=point.value, label=point.label, description=point.description)
        for point in template.points
    )
    return question
