"""The page of the single-page application, for every address that is its own matter."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_safe

MISSING = (
    "<!doctype html><title>Knee guides</title><p>The pages have not been built yet. "
    "Run <code>make demo</code>, or <code>npm run build</code> in <code>frontend/</code>."
)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """``frontend/dist/index.html``; it names hashed files, so it is asked for each time."""
    get_token(request)
    index = settings.FRONTEND / "index.html"
    found = index.is_file()
    response = HttpResponse(index.read_bytes() if found else MISSING, status=200 if found else 503)
    response["Cache-Control"] = "no-cache"
    return response
