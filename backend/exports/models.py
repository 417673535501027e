"""Designed guides, who signed them off, and the presets of sites."""

from __future__ import annotations

import hashlib
import json
import uuid

from django.db import models

from backend.accounts.models import Person, Site
from backend.cases.models import Case
from backend.core import storage
from backend.imaging.models import BoneSet
from backend.jobs.models import Job
from backend.planning.models import Plan, Status


class CheckStatus(models.TextChoices):
    PASS = "pass"
    WARN = "warn"
    BLOCK = "block"


class GuideState(models.TextChoices):
    """Where a design stands; worked out from its checks, its signature and its plan, never stored."""

    BLOCKED = "blocked"
    TO_SIGN = "to_sign"
    SIGNED = "signed"
    VOID = "void"


class PresetGroup(models.TextChoices):
    """What a preset speaks of, in the engine's words."""

    SAW_BLADE = "saw_blade"
    WIRE = "wire"
    PRINTER = "printer"
    MATERIAL = "material"
    STERILISATION = "sterilisation"
    PLATE = "plate"


class GuideQuerySet(models.QuerySet["Guide"]):
    def visible_to(self, person: Person) -> GuideQuerySet:
        return self.filter(case__in=Case.objects.visible_to(person))

    def listed(self) -> GuideQuerySet:
        """With what a list says of each, in one query."""
        later = Plan.objects.filter(
            case=models.OuterRef("case"), approved_at__gt=models.OuterRef("plan__approved_at")
        )
        return self.select_related("plan", "job__requested_by", "signature__person").annotate(
            later_revision=models.Subquery(later.order_by("-approved_at").values("revision")[:1])
        )

    def whole(self) -> GuideQuerySet:
        """With everything that a guide says of itself, in two queries."""
        trials = GuideTrial.objects.select_related("job__requested_by")
        return self.listed().prefetch_related(models.Prefetch("trials", trials))


class Guide(models.Model):
    """One design, made once from one approved plan; ``stl`` and its neighbours are storage keys.

    Attributes:
        version: number of the design in its case.
        reason: why it was designed again, in the engineer's words.
        scores: the simulated surgeon's verdict, null in designs that are older than it.
        contact: storage key of the contact face with its gaps (PLY), empty in older designs.
        package: storage key of the print package (ZIP), empty where a check blocks or the design is older.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="guides")
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="guides")
    job = models.OneToOneField(Job, models.PROTECT, related_name="guide")
    version = models.PositiveIntegerField()
    reason = models.CharField(max_length=300, blank=True)
    parameters = models.JSONField(default=dict)
    presets = models.JSONField(default=list)
    report = models.JSONField()
    checks = models.JSONField()
    scores = models.JSONField(null=True)
    stl = models.CharField(max_length=100)
    threemf = models.CharField(max_length=100)
    report_file = models.CharField(max_length=100)
    contact = models.CharField(max_length=100, blank=True)
    package = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GuideQuerySet.as_manager()

    # Of the plan that was approved last after its own; set by ``GuideQuerySet.listed``.
    later_revision: int | None

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
    def superseded(self) -> bool:
        """Whether another plan was approved in place of the one that it stands on."""
        return self.plan.status == Status.SUPERSEDED

    @property
    def superseded_by(self) -> int | None:
        """The revision that counts instead of its plan; None where its own plan counts or was withdrawn."""
        return self.later_revision if self.superseded else None

    @property
    def blocking(self) -> list[dict[str, object]]:
        """The checks that forbid to print it."""
        return [check for check in self.checks if check["status"] == CheckStatus.BLOCK]

    @property
    def exportable(self) -> bool:
        """Whether no check blocks it and its plan's approval stands."""
        return not self.void and not self.blocking

    @property
    def signed(self) -> GuideSignature | None:
        """The signature of an engineer, if there is one."""
        return getattr(self, "signature", None)

    @property
    def state(self) -> GuideState:
        """Where it stands: void and blocked before anything that somebody signed."""
        if self.void:
            return GuideState.VOID
        if self.blocking:
            return GuideState.BLOCKED
        return GuideState.SIGNED if self.signed else GuideState.TO_SIGN

    @property
    def files_sha256(self) -> dict[str, str]:
        """The hash of each file of the design."""
        keys = {
            "guide.stl": self.stl,
            "guide.3mf": self.threemf,
            "report.json": self.report_file,
            "contact.ply": self.contact,
            "package.zip": self.package,
        }
        return {name: storage.sha256_of(key) for name, key in keys.items() if key}

    @property
    def sha256(self) -> str:
        """The hash of the design: of its plan's hash and its files' hashes in canonical JSON.

        Worked out from columns that never change, so that it cannot drift from them.
        """
        content = {"plan": self.plan.sha256, "files": self.files_sha256}
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class GuideSignature(models.Model):
    """An engineer's word that a design may be printed; the database lets nobody change or remove it."""

    guide = models.OneToOneField(Guide, models.PROTECT, related_name="signature")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    signed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.guide} signed by {self.person}"


class GuideTrialQuerySet(models.QuerySet["GuideTrial"]):
    def visible_to(self, person: Person) -> GuideTrialQuerySet:
        return self.filter(guide__in=Guide.objects.visible_to(person))


class GuideTrial(models.Model):
    """A design put on other bones than its own by the simulated surgeon; done once, and never changed.

    Attributes:
        bone_set: the bones that it was judged on.
        scores: the verdict there; ``design_to_bones`` and ``seat`` in it say how the bones were laid over one
            another and where the guide came to rest.
        contact: storage key of the contact face with its gaps there (PLY), where the guide was designed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    guide = models.ForeignKey(Guide, models.CASCADE, related_name="trials")
    bone_set = models.ForeignKey(BoneSet, models.PROTECT, related_name="+")
    job = models.OneToOneField(Job, models.PROTECT, related_name="guide_trial")
    scores = models.JSONField()
    contact = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GuideTrialQuerySet.as_manager()

    class Meta:
        ordering = ("created_at",)
        constraints = (
            models.UniqueConstraint(fields=("guide", "bone_set"), name="one_trial_a_guide_and_bones"),
        )

    def __str__(self) -> str:
        return f"{self.guide} on {self.bone_set}"


class PresetQuerySet(models.QuerySet["GuidePreset"]):
    def offered(self, *sites: Site) -> PresetQuerySet:
        """Those of the sites that were not withdrawn, oldest first."""
        return self.filter(site__in=sites, withdrawn_at=None).order_by("created_at")


class GuidePreset(models.Model):
    """A preset of a site, in the shape of the engine's catalogue; its content stays as it was added."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, models.CASCADE, related_name="guide_presets")
    group = models.CharField(max_length=20, choices=PresetGroup.choices)
    label = models.CharField(max_length=80)
    source = models.CharField(max_length=300)
    content = models.JSONField(default=dict)
    author = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = PresetQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.group}: {self.label}"

    def document(self) -> dict[str, object]:
        """As the engine's catalogue holds it."""
        own = {"id": str(self.pk), "group": self.group, "label": self.label, "source": self.source}
        return {**own, **self.content}
