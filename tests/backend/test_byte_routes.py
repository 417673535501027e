"""Routes that answer with bytes, PDF or pictures say in JSON what they are when they are asked by OPTIONS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIRequestFactory, force_authenticate

from backend.imaging.api import BytesRenderer
from tests.backend import factories

pytestmark = pytest.mark.django_db


def byte_views(resolver: URLResolver) -> Iterator[tuple[str, Any]]:
    """Name and view of every route that may answer with something else than JSON."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from byte_views(entry)
        elif isinstance(entry, URLPattern):
            renderers = getattr(getattr(entry.callback, "cls", None), "renderer_classes", ())
            if any(issubclass(renderer, BytesRenderer) for renderer in renderers):
                yield str(entry.name), entry.callback


def test_options_of_every_byte_route_are_json() -> None:
    person = factories.PersonFactory()
    views = dict(byte_views(get_resolver()))
    assert {"image-pixels", "rating-item-bones", "study-report-pdf", "plan-report"} <= views.keys()
    for name, view in views.items():
        request = APIRequestFactory().options("/")
        force_authenticate(request, person)
        answer = view(request).render()
        assert answer.status_code == 200, name
        assert answer["Content-Type"] == "application/json", name
        assert b'"renders"' in answer.content, name
