"""The thing that an address names, or 404 when it is not there for this person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework.request import Request

from backend.studies.models import Item, Question, Rater, Study, StudyCase, Unblinding


def visible_study(request: Request, id: UUID) -> Study:
    """A study of a site where the person coordinates or administers."""
    studies = Study.objects.visible_to(request.user).select_related("site", "coordinator")
    return get_object_or_404(studies, pk=id)


def study_case(study: Study, id: UUID) -> StudyCase:
    """A case of the study."""
    return get_object_or_404(study.cases, pk=id)


def study_rater(study: Study, id: UUID) -> Rater:
    """A rater of the study."""
    return get_object_or_404(study.raters.select_related("person", "study__site"), pk=id)


def study_question(study: Study, key: str) -> Question:
    """A question of the study."""
    return get_object_or_404(study.questions, key=key)


def study_unblinding(study: Study, id: UUID) -> Unblinding:
    """A request to unblind the whole study."""
    requests = study.unblindings.filter(item__isnull=True)
    return get_object_or_404(requests.select_related("study__site", "requested_by"), pk=id)


def item_by_code(study: Study, rater: UUID, code: str) -> Item:
    """An item by the code that people see; coordinators never learn its token."""
    items = Item.objects.filter(rater__study=study, rater=rater).select_related("rater__study__site")
    return get_object_or_404(items, code=code)


def own_item(request: Request, token: str) -> Item:
    """A rater's own item, while they may rate it."""
    items = Item.objects.visible_to(request.user).select_related("rater__study", "rater__person")
    return get_object_or_404(items, pk=token)


@contextmanager
def gone_is_not_found() -> Iterator[None]:
    """404 where an item was withdrawn, or its study locked, a moment ago."""
    try:
        yield
    except Item.DoesNotExist as error:
        raise Http404 from error
