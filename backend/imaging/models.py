"""X-rays and the bones made from them."""

from __future__ import annotations

import uuid

from django.db import models

from backend.accounts.models import Person
from backend.cases.models import Case
from backend.core import storage


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
    CT_NETWORK = "ct_network"
    IMPORTED = "imported"


class Frame(models.TextChoices):
    """Whose coordinates bones are in: those of the case's X-rays, or others."""

    RIG = "rig"
    OWN = "own"


class Units(models.TextChoices):
    """Lengths that mesh files are written in."""

    MM = "mm", "millimetres"
    CM = "cm", "centimetres"
    M = "m", "metres"
    IN = "in", "inches"


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


class LegFilmQuerySet(models.QuerySet["LegFilm"]):
    def visible_to(self, person: Person) -> LegFilmQuerySet:
        return self.filter(case__in=Case.objects.visible_to(person))


class LegFilm(models.Model):
    """The weight-bearing long-leg film of a case, de-identified, to measure angles on.

    Attributes:
        file: storage key of the DICOM or PNG file.
        pixels: of what a browser shows: means of ``reduction`` x ``reduction`` pixels of the film.
        pixel_spacing: distance of rows, then of columns; in millimetres where ``calibrated``.
        mirrored: as the file's orientation says; null where it says nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.OneToOneField(Case, models.CASCADE, related_name="leg_film")
    file = models.CharField(max_length=100)
    pixels = models.CharField(max_length=100)
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    shown_rows = models.PositiveIntegerField()
    shown_columns = models.PositiveIntegerField()
    reduction = models.PositiveIntegerField()
    window_center = models.FloatField()
    window_width = models.FloatField()
    pixel_spacing = models.JSONField()
    calibrated = models.BooleanField()
    mirrored = models.BooleanField(null=True)
    uploaded_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LegFilmQuerySet.as_manager()

    def __str__(self) -> str:
        return f"long-leg film of {self.case}"

    @property
    def sha256(self) -> str:
        """The hash of the kept file."""
        return storage.sha256_of(self.file)


class BoneSetQuerySet(models.QuerySet["BoneSet"]):
    def visible_to(self, person: Person) -> BoneSetQuerySet:
        return self.filter(case__in=Case.objects.visible_to(person))


class BoneSet(models.Model):
    """The bones of one knee in one frame, made once and never changed.

    Attributes:
        model: the network, or the software that imported meshes come from.
        author: who asked for it; null where that was not yet kept.
        frame: "rig" where outlines over the X-rays make sense.
        aligned_to: the set whose frame this one was moved into.
        alignment: the motion and what remains after it, as of ``recon.alignment.Alignment.report``.
        outlines: a storage key, empty outside the rig's frame.
        landmarks: filled when the first plan needs them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="bone_sets")
    number = models.PositiveIntegerField()
    origin = models.CharField(max_length=20, choices=Origin.choices)
    model = models.CharField(max_length=80)
    author = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    frame = models.CharField(max_length=5, choices=Frame.choices, default=Frame.RIG)
    aligned_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    alignment = models.JSONField(null=True)
    report = models.JSONField()
    outlines = models.CharField(max_length=100, blank=True)
    landmarks = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BoneSetQuerySet.as_manager()

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("case", "number"), name="one_bone_set_a_number"),)

    def __str__(self) -> str:
        return f"bones {self.number} of {self.case}"

    @property
    def coordinates(self) -> str:
        """Sets with the same word lie in one frame and can be shown over one another."""
        return Frame.RIG.value if self.frame == Frame.RIG else str(self.aligned_to_id or self.pk)


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


class CtScanQuerySet(models.QuerySet["CtScan"]):
    def visible_to(self, person: Person) -> CtScanQuerySet:
        return self.filter(case__in=Case.objects.visible_to(person))


class CtScan(models.Model):
    """One CT, written anew as NIfTI from its Hounsfield units and geometry; ``file`` is a storage key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="ct_scans")
    file = models.CharField(max_length=100)
    voxels = models.JSONField()
    spacing_mm = models.JSONField()
    source = models.CharField(max_length=20)
    warnings = models.JSONField(default=list)
    uploaded_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CtScanQuerySet.as_manager()

    class Meta:
        ordering = ("created_at",)

    def __str__(self) -> str:
        return f"CT of {self.case}"


class ComparisonQuerySet(models.QuerySet["Comparison"]):
    def visible_to(self, person: Person) -> ComparisonQuerySet:
        return self.filter(case__in=Case.objects.visible_to(person))


class Comparison(models.Model):
    """Distances between two bone sets, computed once: both never change.

    ``distances`` holds, for "first" and "second" and each bone, the storage key of a float32 a vertex of the
    display mesh: millimetres to the other set's surface, NaN where only one source saw.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="comparisons")
    first = models.ForeignKey(BoneSet, models.CASCADE, related_name="+")
    second = models.ForeignKey(BoneSet, models.CASCADE, related_name="+")
    report = models.JSONField()
    distances = models.JSONField()
    author = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        ordering = ("created_at",)
        constraints = (models.UniqueConstraint(fields=("first", "second"), name="one_comparison_a_pair"),)

    def __str__(self) -> str:
        return f"{self.first} against {self.second}"
