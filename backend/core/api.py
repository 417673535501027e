"""What all views share: validated input, files with an ETag, pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.utils.http import parse_etags, quote_etag
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from backend.core import storage


def validated(serializer: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    """The checked body of a request; what is wrong becomes the 400 of ``exception_handler``."""
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def stored_file(request: Request, key: str, content_type: str, *, name: str | None = None) -> HttpResponse:
    """A stored file that a browser may keep but must ask about: what is asked again is authorised again.

    Args:
        key: where it lies; its hash is the ETag.
        name: offer it as a download of this name.
    """
    return made_file(request, key, lambda: storage.get(key), content_type, name=name)


def made_file(
    request: Request, key: str, make: Callable[[], bytes], content_type: str, *, name: str | None = None
) -> HttpResponse:
    """The same for a file that is made when somebody asks; equal keys stand for equal bytes."""
    etag = quote_etag(hashlib.sha256(key.encode()).hexdigest()[:32])
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(make(), content_type=content_type)
        if name is not None:
            response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
