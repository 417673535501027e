"""What happened, in an order and with words that cannot be changed afterwards."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models


class AppendOnlyError(TypeError):
    """Somebody tried to change or delete history."""


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("audit events are never changed")

    def delete(self) -> NoReturn:
        raise AppendOnlyError("audit events are never deleted")


class Event(models.Model):
    """One act of one person. Its hash covers its content and the hash of the event before it.

    ``case_id`` and ``site_id`` are no foreign keys: history outlives what it speaks of.
    """

    position = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    person_name = models.CharField(max_length=120)
    action = models.CharField(max_length=60)
    text = models.CharField(max_length=300)
    site_id = models.UUIDField(null=True)
    case_id = models.UUIDField(null=True, db_index=True)
    data = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ("position",)

    def __str__(self) -> str:
        return f"{self.position} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("audit events are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("audit events are never deleted")


class ChainHead(models.Model):
    """The end of the chain, one row: whoever appends locks it, so that the chain never forks."""

    position = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)
