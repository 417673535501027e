"""What comes about while a study runs: items, ratings, times, signatures. Nothing here names an arm."""

from __future__ import annotations

import uuid
from typing import Any, NoReturn

from django.db import models

from backend.accounts.models import Membership, Person, Role
from backend.studies.models.study import Question, Rater, Study, StudyState


class AppendOnlyError(TypeError):
    """Somebody tried to change or delete what was recorded."""


class RecordQuerySet(models.QuerySet[Any]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("what was recorded is never changed")

    def delete(self) -> NoReturn:
        raise AppendOnlyError("what was recorded is never deleted")


class Record(models.Model):
    """A row that is written once."""

    objects = RecordQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("what was recorded is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("what was recorded is never deleted")


class ItemQuerySet(models.QuerySet["Item"]):
    def visible_to(self, person: Person) -> ItemQuerySet:
        """A rater's own items, while the study runs, rater and item are in it, and the rater is blind.

        Who got another role at the site could look up the cases, and rates no more.
        """
        here = Membership.objects.filter(person=person)
        return self.exclude(rater__study__site__in=here.exclude(role=Role.RATER).values("site")).filter(
            rater__study__site__in=here.filter(role=Role.RATER).values("site"),
            rater__person=person,
            rater__withdrawn_at__isnull=True,
            rater__study__state=StudyState.RUNNING,
            withdrawn_at__isnull=True,
        )


class Item(models.Model):
    """One thing for one rater to rate: which one, only the sealed allocation knows.

    Attributes:
        token: names it in addresses.
        code: names it to people, and on printed labels.
        position: its place in the rater's list, from 0.
        training: comes before the others and counts for nothing.
        completed_at: when the last answer came for the first time.
        unblinded_at: when somebody was told what it is; it is left out of the analysis.
    """

    token = models.CharField(primary_key=True, max_length=32)
    code = models.CharField(max_length=8)
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    training = models.BooleanField(default=False)
    opened_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawal_reason = models.CharField(max_length=300, blank=True)
    unblinded_at = models.DateTimeField(null=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("rater", "position"), name="one_item_a_position"),
            models.UniqueConstraint(fields=("rater", "code"), name="one_item_a_code"),
        )

    def __str__(self) -> str:
        return self.code


class Rating(Record):
    """One answer to one question; a change of mind is the next revision.

    Attributes:
        client_token: made by the browser for this answer: the same again is the same answer, not another.
        at: by the server's clock; without a connection, as long before it came as the browser says.
        device_at: what the clock of the device said: evidence, by which nothing is ordered.
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="ratings")
    question = models.ForeignKey(Question, models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField()
    value = models.IntegerField()
    client_token = models.UUIDField()
    at = models.DateTimeField()
    device_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("item", "question", "revision")
        constraints = (
            models.UniqueConstraint(fields=("item", "question", "revision"), name="one_rating_a_revision"),
            models.UniqueConstraint(fields=("item", "client_token"), name="one_rating_a_client_token"),
        )

    def __str__(self) -> str:
        return f"{self.question_id} of {self.item} = {self.value}"


class TimeEventKind(models.TextChoices):
    """From "guide placed" to "cut complete"; a correction voids what went before and starts anew."""

    PLACED = "placed"
    PAUSED = "paused"
    RESUMED = "resumed"
    COMPLETED = "completed"
    CORRECTED = "corrected"


class TimeEvent(Record):
    """One press of the stop-watch, by the server's clock.

    Attributes:
        late_s: how long before it arrived it was pressed, by the browser's clock; 0 with a connection.
        device_at: what the clock of the device said: evidence, see ``clocks``.
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="times")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=TimeEventKind.choices)
    note = models.CharField(max_length=300, blank=True)
    client_token = models.UUIDField()
    late_s = models.FloatField(default=0.0)
    at = models.DateTimeField()
    device_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("item", "sequence")
        constraints = (
            models.UniqueConstraint(fields=("item", "sequence"), name="one_time_a_sequence"),
            models.UniqueConstraint(fields=("item", "client_token"), name="one_time_a_client_token"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.item}"


class Commitment(Record):
    """The published SHA-256 of the sealed list; each covers all lines so far and the commitment before it."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="commitments")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    items = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("study", "number"), name="one_commitment_a_number"),)

    def __str__(self) -> str:
        return self.sha256


class Signature(Record):
    """Name, time and meaning (21 CFR 11.50), and the SHA-256 of what was signed."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="signatures")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    meaning = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at",)

    def __str__(self) -> str:
        return f"{self.meaning}, {self.name}"


class Deviation(Record):
    """Something that did not go as planned; ``rater`` and ``item_code`` say where, if anywhere."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="deviations")
    rater = models.ForeignKey(Rater, models.PROTECT, null=True, related_name="+")
    item_code = models.CharField(max_length=8, blank=True)
    text = models.CharField(max_length=1000)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("at",)

    def __str__(self) -> str:
        return self.text


class Reminder(Record):
    """A word to a rater, shown when they next come."""

    rater = models.ForeignKey(Rater, models.PROTECT, related_name="reminders")
    text = models.CharField(max_length=300)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("at",)

    def __str__(self) -> str:
        return f"reminder of {self.rater}"


class Unblinding(models.Model):
    """A request to be told, and its answer by a second person; or one item in an emergency, by one.

    Attributes:
        item: the one item, or null for the whole study.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, models.PROTECT, related_name="unblindings")
    item = models.ForeignKey(Item, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300)
    requested_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("requested_at",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(approved_by__isnull=True)
                | models.Q(item__isnull=False)
                | ~models.Q(approved_by=models.F("requested_by")),
                name="two_people_unblind",
            ),
        )

    def __str__(self) -> str:
        return f"unblinding of {self.item or self.study}"
