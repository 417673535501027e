"""X-rays and the bones made from them."""

from __future__ import annotations

import uuid

from django.db import models

from backend.accounts.models import Person
from backend.cases.models import Case


class View(models.TextChoices):
    AP = "ap"
    LATERAL = "lateral"


class BoneName(models.TextChoices):
    PATELLA = "patella"
    FEMUR = "femur"
    FIBULA = "fibula"
    TIBIA = "tibia"


class Origin(models.TextChoices):
    """How a bone set came to be."""

    XRAY_NETWORK = "xray_network"


class ImageQuerySet(models.QuerySet["Image"]):
    def visible_to(self, person: Person) -> ImageQuerySet:
        return self.filter(case__in=Case.objects.visible_to(person))


class Image(models.Model):
    """One de-identified X-ray. ``file`` and ``pixels`` are storage keys, that is content hashes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="images")
    view = models.CharField(max_length=10, choices=View.choices)
    file = models.CharField(max_length=100)
    pixels = models.CharField(max_length=100)
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    window_center = models.FloatField()
    window_width = models.FloatField()
    projection = models.JSONField()
    provenance = models.CharField(max_length=40)
    acquired_note = models.CharField(max_length=200)
    uploaded_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("case", "view"), name="one_image_a_view"),)

    def __str__(self) -> str:
        return f"{self.view} of {self.case}"


class BoneSetQuerySet(models.QuerySet["BoneSet"]):
    def visible_to(self, person: Person) -> BoneSetQuerySet:
        return self.filter(case__in=Case.objects.visible_to(person))


class BoneSet(models.Model):
    """The bones of one knee in one frame, made once and never changed.

    ``outlines`` is a storage key; ``landmarks`` are filled when the first plan needs them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="bone_sets")
    number = models.PositiveIntegerField()
    origin = models.CharField(max_length=20, choices=Origin.choices)
    model = models.CharField(max_length=80)
    report = models.JSONField()
    outlines = models.CharField(max_length=100)
    landmarks = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BoneSetQuerySet.as_manager()

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("case", "number"), name="one_bone_set_a_number"),)

    def __str__(self) -> str:
        return f"bones {self.number} of {self.case}"


class BoneMesh(models.Model):
    """One bone of a set: the mesh as made, and a lighter one to look at. Both are storage keys."""

    bone_set = models.ForeignKey(BoneSet, models.CASCADE, related_name="meshes")
    bone = models.CharField(max_length=10, choices=BoneName.choices)
    mesh = models.CharField(max_length=100)
    display = models.CharField(max_length=100)
    vertices = models.PositiveIntegerField()
    faces = models.PositiveIntegerField()

    class Meta:
        ordering = ("bone",)
        constraints = (models.UniqueConstraint(fields=("bone_set", "bone"), name="one_mesh_a_bone"),)

    def __str__(self) -> str:
        return f"{self.bone} of {self.bone_set}"
