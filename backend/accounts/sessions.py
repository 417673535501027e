"""Session log in, as DRF sees it."""

from __future__ import annotations

from rest_framework import authentication
from rest_framework.request import Request


class SessionAuthentication(authentication.SessionAuthentication):
    """Django's session; whoever has none is told 401, not 403."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"
