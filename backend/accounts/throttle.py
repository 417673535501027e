"""Counting wrong passwords, by person and by address."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.core.cache import cache

from backend.core.errors import Throttled


def _keys(username: str, address: str) -> list[tuple[str, int]]:
    # Hashed, so that the cache holds neither names nor whatever else was typed into the field.
    person = hashlib.sha256(username.lower().encode()).hexdigest()[:32]
    place = hashlib.sha256(address.encode()).hexdigest()[:32]
    return [
        (f"login-person-{person}-{place}", settings.LOGIN_FAILURES_PER_PERSON),
        (f"login-address-{place}", settings.LOGIN_FAILURES_PER_ADDRESS),
    ]


def check(username: str, address: str) -> None:
    """Refuse another try after too many wrong ones.

    Raises:
        Throttled: the limit of the last minutes is reached.
    """
    if any(cache.get(key, 0) >= limit for key, limit in _keys(username, address)):
        minutes = round(settings.LOGIN_FAILURES_WINDOW_S / 60)
        raise Throttled(
            "throttled",
            "Too many wrong passwords.",
            remedy=f"Wait {minutes} minutes and try again, or ask an administrator for a new password.",
        )


def count_failure(username: str, address: str) -> None:
    """Remember one wrong password."""
    for key, _ in _keys(username, address):
        cache.add(key, 0, settings.LOGIN_FAILURES_WINDOW_S)
        try:
            cache.incr(key)
        except ValueError:  # expired between the two calls
            cache.set(key, 1, settings.LOGIN_FAILURES_WINDOW_S)


def forget(username: str, address: str) -> None:
    """A right password clears what was counted against the person; the address keeps its count."""
    cache.delete(_keys(username, address)[0][0])
