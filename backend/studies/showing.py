"""What an item shows, without a word about its arm.

Only the sealed list knows it. The application that keeps the list registers itself here when it is ready,
so that items can be served without anybody importing it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.studies.models import Item, StudyCase


@dataclass(frozen=True)
class Shown:
    """One item from inside the server.

    Attributes:
        study_case: the case that it is of.
        content: storage key of its blinded content; empty before that was prepared.
    """

    study_case: StudyCase
    content: str


_look_up: list[Callable[[Item], Shown]] = []


def register(look_up: Callable[[Item], Shown]) -> None:
    """Called once, by the keeper of the sealed list."""
    _look_up[:] = [look_up]


def shown(item: Item) -> Shown:
    """What an item shows."""
    return _look_up[0](item)
