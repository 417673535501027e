"""Reading settings from the environment, with errors that name the variable."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """A variable as it is."""
    return os.environ.get(name, default)


def flag(name: str, default: bool) -> bool:
    """A variable that says yes or no."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def number(name: str, default: float) -> float:
    """A variable that is a number."""
    try:
        return float(os.environ.get(name, default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a number, not {os.environ[name]!r}") from error


def names(name: str, default: str = "") -> list[str]:
    """A variable that lists names, parted by commas."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def secret(name: str, file: Path) -> str:
    """A secret from the environment, else from a file that is made once, readable by its owner only."""
    if value := os.environ.get(name):
        return value
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        pass
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(48))
    try:
        # A link fails where another process was first, so that two that start at once agree on one secret.
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return file.read_text().strip()


def database(url: str, sqlite_file: Path) -> dict[str, Any]:
    """Django's database settings from a URL; without one, SQLite in ``sqlite_file``.

    Raises:
        ImproperlyConfigured: the URL's scheme is neither sqlite nor postgres.
    """
    parts = urlsplit(url)
    if not url or parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path or str(sqlite_file),
            "OPTIONS": {
                # A deferred transaction that starts to write fails at once when another one is
                # writing; an immediate one waits its turn.
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
            },
        }
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL speaks {parts.scheme!r}; use postgres:// or sqlite://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
