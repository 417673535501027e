"""HTO plans: every save is a revision that stays as it is."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from backend.accounts.models import Person
from backend.cases.models import Case
from backend.core import storage
from backend.imaging.models import BoneSet
from backend.jobs.models import Job


class Status(models.TextChoices):
    DRAFT = "draft"
    APPROVED = "approved"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Kind(models.TextChoices):
    """Of the osteotomy, in the engine's words."""

    OPENING = "medial_opening_wedge"
    CLOSING = "lateral_closing_wedge"


class TuberositySide(models.TextChoices):
    """The fragment that keeps the tuberosity."""

    DISTAL = "distal"
    PROXIMAL = "proximal"


class LandmarkProvenance(models.TextChoices):
    """How a landmark was obtained."""

    AUTO = "auto"
    EDITED = "edited"
    IMPUTED = "imputed"
    MEASURED = "measured"


# A revision's content is fixed when it is made; only its standing may change, and who makes its solids.
MUTABLE = frozenset(
    {"status", "approved_by", "approved_at", "withdrawn_by", "withdrawn_at", "withdrawn_reason", "solids_job"}
)


class ImmutableError(TypeError):
    """Somebody tried to change the content of a revision."""


class PlanQuerySet(models.QuerySet["Plan"]):
    def visible_to(self, person: Person) -> PlanQuerySet:
        return self.filter(case__in=Case.objects.visible_to(person))

    def told(self) -> PlanQuerySet:
        """With what a list says of each, in one query."""
        return self.select_related("author", "approved_by", "withdrawn_by", "solids", "solids_job")

    def update(self, **kwargs: Any) -> int:
        if not MUTABLE.issuperset(kwargs):
            raise ImmutableError(f"a plan's {sorted(set(kwargs) - MUTABLE)} cannot be changed")
        return super().update(**kwargs)


class Plan(models.Model):
    """One revision of a plan: what was asked, the document that the engine answered, and its hash.

    Attributes:
        solids_job: the newest task that makes its exact fragments; null in plans that are older than these.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="plans")
    bone_set = models.ForeignKey(BoneSet, models.PROTECT, related_name="plans")
    revision = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    correction_deg = models.FloatField()
    request = models.JSONField(default=dict)
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)
    author = models.ForeignKey(Person, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)
    solids_job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+")

    objects = PlanQuerySet.as_manager()

    class Meta:
        ordering = ("revision",)
        constraints = (models.UniqueConstraint(fields=("case", "revision"), name="one_plan_a_revision"),)

    def __str__(self) -> str:
        return f"plan {self.revision} of {self.case}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding and not MUTABLE.issuperset(kwargs.get("update_fields") or {"everything"}):
            raise ImmutableError("a plan's content cannot be changed; save a new revision")
        super().save(*args, **kwargs)

    @property
    def made_solids(self) -> PlanSolids | None:
        """Its exact fragments, once they are made."""
        return getattr(self, "solids", None)


class FilmReading(models.Model):
    """What a person measured on the long-leg film of a case; it outlives the film and never changes.

    Attributes:
        film_sha256: of the film that the marks are on.
        points: (column, row) in pixels of the film, by the names of ``guides.measures.FILM_POINTS``.
        pixel_spacing: as the film has it.
        mirrored: whether the film shows the leg as by a mirror.
        angles: degrees, as of ``guides.measures.measure_film``.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="film_readings")
    film_sha256 = models.CharField(max_length=64)
    points = models.JSONField()
    pixel_spacing = models.JSONField()
    mirrored = models.BooleanField()
    angles = models.JSONField()
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created_at",)

    def __str__(self) -> str:
        return f"reading of the long-leg film of {self.case}"

    def to_engine(self) -> dict[str, Any]:
        """As ``guides.measures.read_film`` takes it."""
        return {
            "film_sha256": self.film_sha256,
            "points": self.points,
            "pixel_spacing": self.pixel_spacing,
            "mirrored": self.mirrored,
            "read_by": self.person.name,
            "read_at": self.created_at.isoformat(timespec="seconds"),
        }


class PlanSolids(models.Model):
    """The tibia as a plan cuts and turns it, made once; the database lets nobody change it.

    Attributes:
        proximal: storage key of the fragment that stays (binary PLY, patient LPS mm).
        distal: of the one that has turned.
        removed: of the wedge that is taken out, empty where a wedge opens.
        report: volumes in mm3, as of ``guides.osteotomy.solid_files``.
    """

    PARTS = ("proximal", "distal", "removed")

    plan = models.OneToOneField(Plan, models.CASCADE, related_name="solids")
    job = models.OneToOneField(Job, models.PROTECT, related_name="plan_solids")
    proximal = models.CharField(max_length=100)
    distal = models.CharField(max_length=100)
    removed = models.CharField(max_length=100, blank=True)
    report = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"fragments of {self.plan}"

    @property
    def sha256(self) -> dict[str, str]:
        """The hash of each file."""
        return {part: storage.sha256_of(getattr(self, part)) for part in self.PARTS if getattr(self, part)}
