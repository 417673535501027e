"""What each kind of job does, registered by the app whose matter it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from backend.jobs.models import Job


@dataclass(frozen=True)
class Work:
    """A call of an engine, made in a child process with a ``progress`` argument added."""

    function: str
    arguments: dict[str, Any]


class Handler(Protocol):
    """How one kind of job is prepared and how its results are kept."""

    @property
    def queue(self) -> str:
        """The Celery queue whose machines can do it."""

    @property
    def time_limit_s(self) -> float: ...

    @property
    def kept(self) -> str:
        """What a failure leaves untouched, in words for the person who asked."""

    def prepare(self, job: Job, folder: Path) -> Work:
        """Lay out the input in an empty folder.

        Raises:
            Refusal: it cannot be done any more.
        """

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        """Put the files of the result into storage.

        Returns:
            What stores the rows; it is called in the transaction that ends the job and returns the closing
            words.
        """


_handlers: dict[str, Handler] = {}


def register(kind: str, handler: Handler) -> None:
    """Called once a kind, when its app is ready."""
    _handlers[kind] = handler


def handler_of(kind: str) -> Handler:
    """The handler that was registered for a kind."""
    return _handlers[kind]
