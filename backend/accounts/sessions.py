"""Session log in, as DRF and open WebSockets see it."""

from __future__ import annotations

from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from rest_framework import authentication
from rest_framework.request import Request

from backend.accounts.models import Person


class SessionAuthentication(authentication.SessionAuthentication):
    """Django's session; whoever has none is told 401, not 403."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"


def person_of_session(key: str | None) -> Person | None:
    """Whom a session belongs to now; nobody once it expired, was ended, or its person was locked out."""
    request = HttpRequest()
    request.session = SessionStore(key)
    person = get_user(request)
    return person if isinstance(person, Person) else None
