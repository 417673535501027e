"""The sealed list."""

from __future__ import annotations

from django.db import models

from backend.studies.models import Arm, Item, Study, StudyCase
from backend.studies.models.records import Record


class Seal(Record):
    """The secret that a study's list follows from, and how."""

    study = models.OneToOneField(Study, models.PROTECT, related_name="+")
    seed = models.BinaryField(max_length=32)
    algorithm = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"seal of {self.study}"


class Assignment(Record):
    """What one item shows.

    Attributes:
        extension: the number of the first commitment that covers it.
    """

    item = models.OneToOneField(Item, models.PROTECT, related_name="+")
    study_case = models.ForeignKey(StudyCase, models.PROTECT, related_name="+")
    arm = models.CharField(max_length=5, choices=Arm.choices)
    extension = models.PositiveIntegerField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"assignment of {self.item}"
