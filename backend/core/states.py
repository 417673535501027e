"""Rows that move between states, along the ways that there are and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class IllegalTransition(TypeError):
    """A row was asked to go where no row of its kind may go."""


class StateQuerySet(models.QuerySet[Row]):
    """A queryset of a model with a field ``state``.

    Attributes:
        transitions: for each state, those that may follow.
    """

    transitions: ClassVar[Mapping[str, frozenset[str]]]

    def update(self, **kwargs: Any) -> int:
        if "state" in kwargs:
            raise IllegalTransition("states change through move() only")
        return super().update(**kwargs)

    def move(self, before: str, after: str, **changes: Any) -> bool:
        """Take rows from one state to another.

        Returns:
            Whether any was in the state ``before``.

        Raises:
            IllegalTransition: none may go that way.
        """
        if after not in self.transitions[before]:
            raise IllegalTransition(f"a {self.model._meta.verbose_name} cannot go from {before} to {after}")
        return bool(super(StateQuerySet, self.filter(state=before)).update(state=after, **changes))
