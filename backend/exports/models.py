"""Designed guides and the files that are printed."""

from __future__ import annotations

import uuid

from django.db import models

from backend.accounts.models import Person
from backend.cases.models import Case
from backend.jobs.models import Job
from backend.planning.models import Plan, Status


class CheckStatus(models.TextChoices):
    PASS = "pass"
    WARN = "warn"
    BLOCK = "block"


class GuideQuerySet(models.QuerySet["Guide"]):
    def visible_to(self, person: Person) -> GuideQuerySet:
        return self.filter(case__in=Case.objects.visible_to(person))


class Guide(models.Model):
    """One design, made once from one approved plan; ``stl`` and its neighbours are storage keys."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="guides")
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="guides")
    job = models.OneToOneField(Job, models.PROTECT, related_name="guide")
    version = models.PositiveIntegerField()
    parameters = models.JSONField(default=dict)
    report = models.JSONField()
    checks = models.JSONField()
    stl = models.CharField(max_length=100)
    threemf = models.CharField(max_length=100)
    report_file = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GuideQuerySet.as_manager()

    class Meta:
        ordering = ("version",)
        constraints = (models.UniqueConstraint(fields=("case", "version"), name="one_guide_a_version"),)

    def __str__(self) -> str:
        return f"guide {self.version} of {self.case}"

    @property
    def void(self) -> bool:
        """Whether the approval that it stands on was withdrawn."""
        return self.plan.status == Status.WITHDRAWN

    @property
    def exportable(self) -> bool:
        """Whether no check blocks it and its plan's approval stands."""
        return not self.void and all(check["status"] != CheckStatus.BLOCK for check in self.checks)
