"""A database in a file, shared by threads and processes as in real life; storage in a temporary folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections
from django.db.models.signals import post_migrate
from rest_framework.test import APIClient

# Without this the ORM refuses the event loop that pytest-asyncio leaves running in the main thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    default = connections["default"].settings_dict
    if default["ENGINE"].endswith("sqlite3"):
        default["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        default["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Triggers would keep the flush between tests from deleting; their own test installs them."""
    from backend.core import triggers

    post_migrate.disconnect(dispatch_uid="triggers")
    with django_db_blocker.unblock():
        triggers.remove(connections["default"])


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STORAGES = {
        "default": {
            "BACKEND": "backend.core.storage.AtomicFileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        }
    }
    settings.WORKSPACES = tmp_path / "work"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Tests run jobs when they want to.
    settings.WORKER = "none"
    cache.clear()
    yield


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def log_in() -> Any:
    """A client of a person."""

    def client_of(person: Any) -> APIClient:
        client = APIClient()
        client.force_login(person)
        return client

    return client_of
