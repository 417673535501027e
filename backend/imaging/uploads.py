"""What every upload shares: a folder that goes afterwards, a child with limits, refusals in plain words."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from backend.cases.models import Case
from backend.core.errors import Conflict, Invalid, TooLarge
from backend.jobs import child
from backend.jobs.models import Job

NOTHING_STORED = "Nothing was stored; the case is unchanged."


@contextmanager
def workplace() -> Iterator[Path]:
    """An empty folder that is gone afterwards."""
    settings.WORKSPACES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="upload-", dir=settings.WORKSPACES) as name:
        yield Path(name)


def save(file: UploadedFile, path: Path) -> Path:
    """Write an upload to disk."""
    with path.open("wb") as stream:
        for chunk in file.chunks():
            stream.write(chunk)
    return path


def check_idle(case: Case) -> None:
    """Refuse while a task of the case runs.

    Raises:
        Conflict: ``job_active``.
    """
    if Job.objects.active().foremost().filter(case=case).exists():
        raise Conflict(
            "job_active", "A task of this case has not ended yet.", remedy="Wait for it, or cancel it."
        )


def upload_too_large(limit_bytes: int, remedy: str) -> TooLarge:
    """The refusal of more bytes than are taken."""
    return TooLarge(
        "upload_too_large",
        f"The file is larger than {limit_bytes / 2**20:g} MB.",
        kept=NOTHING_STORED,
        remedy=remedy,
    )


def checked(
    function: str,
    arguments: dict[str, Any],
    *,
    names: Mapping[str, str],
    remedy: str,
    time_limit_s: float,
    memory_bytes: int,
) -> dict[str, Any]:
    """Call a check in a child process.

    Args:
        function, arguments, time_limit_s, memory_bytes: as of ``child.run``.
        names: what the person calls each working file.
        remedy: what to do when the check itself breaks down.

    Raises:
        Invalid: with the code of the check that refused, or ``unreadable``.
    """
    try:
        return dict(child.run(function, arguments, time_limit_s=time_limit_s, memory_bytes=memory_bytes))
    except child.Refused as refused:
        message = refused.message
        for working, given in names.items():
            message = message.replace(working, given)
        raise Invalid(
            refused.code,
            f"{message.rstrip('.')}.",
            kept=NOTHING_STORED,
            remedy=f"{refused.remedy.rstrip('.')}.",
        ) from refused
    except child.ChildError as error:
        raise Invalid(
            "unreadable",
            "The file could not be read within the limits of time and memory.",
            kept=NOTHING_STORED,
            remedy=remedy,
        ) from error
