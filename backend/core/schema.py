"""What the OpenAPI schema says of every operation: how one is known, and how errors look."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from backend.core.errors import ErrorSerializer


class Schema(AutoSchema):
    """Adds the one error shape to every operation."""

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies = dict(super()._get_response_bodies(direction))
        bodies["default"] = self._get_response_for_code(ErrorSerializer(), "default", ["application/json"])
        return bodies


class SessionScheme(OpenApiAuthenticationExtension):
    """The session cookie; what changes something needs the header ``X-CSRFToken`` as well."""

    target_class = "backend.accounts.sessions.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "knee_session"}
