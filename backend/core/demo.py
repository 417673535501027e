"""The people of the demo, and where their password is written down."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from backend.accounts.models import Membership, Person, Role, Site

SITE = "Demo hospital"
PEOPLE = {
    "surgeon": ("Sam Surgeon", Role.SURGEON),
    "engineer": ("Erin Engineer", Role.ENGINEER),
    "coordinator": ("Cora Coordinator", Role.COORDINATOR),
    "rater": ("Robin Rater", Role.RATER),
    "administrator": ("Alex Administrator", Role.ADMINISTRATOR),
}


def _file() -> Path:
    return Path(settings.VAR / "demo.json")


def read_credentials() -> dict[str, Any] | None:
    """User names and password of the demo, when it was set up here."""
    try:
        return dict(json.loads(_file().read_text()))
    except (OSError, ValueError):
        return None


def ensure_people() -> tuple[Site, str]:
    """The demo's site and people, made once; their password is drawn once and kept beside the database.

    Returns:
        The site and the password.
    """
    known = read_credentials()
    password = known["password"] if known else "-".join(secrets.token_hex(2) for _ in range(4))
    with transaction.atomic():
        site, _ = Site.objects.get_or_create(name=SITE)
        for username, (name, role) in PEOPLE.items():
            person = Person.objects.filter(username=username).first() or Person(username=username, name=name)
            if not person.has_usable_password() or not person.check_password(password):
                person.set_password(password)
                person.save()
            Membership.objects.get_or_create(person=person, site=site, role=role)
    if not known or known["usernames"] != list(PEOPLE):
        _write({"usernames": list(PEOPLE), "password": password})
    return site, password


def _write(credentials: dict[str, Any]) -> None:
    file = _file()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(credentials, stream)
