"""What browsers are told: where code may come from, and that patient data is not theirs to keep."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.request import HttpHeaders

Handler = Callable[[HttpRequest], HttpResponse]


def content_security_policy(host: str) -> str:
    """Own code only. Mantine sets inline styles; three.js makes blob images and workers.

    Some browsers do not count a WebSocket of the same host as ``'self'``, so it is named.
    """
    return "; ".join(
        [
            "default-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' blob: data:",
            "font-src 'self' data:",
            f"connect-src 'self' blob: ws://{host} wss://{host}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


class BrowserPolicyMiddleware:
    """Adds the policy to every answer, and ``no-store`` to answers of the API that set no cache rule."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        headers["Content-Security-Policy"] = content_security_policy(_host(request.headers))
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if request.path.startswith("/api/") and "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
        return response


def _host(headers: HttpHeaders) -> str:
    # Before ALLOWED_HOSTS has been checked the header may hold anything, so only a plain host gets in.
    host = headers.get("Host", "")
    return host if all(c.isalnum() or c in ".-:[]" for c in host) else "localhost"
