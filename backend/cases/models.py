"""Patients by pseudonym, and the cases that surgeons work on."""

from __future__ import annotations

import uuid

from django.core.validators import RegexValidator
from django.db import models

from backend.accounts.models import CLINICAL_ROLES, Membership, Person, Site

PSEUDONYM = RegexValidator(r"^[A-Za-z0-9-]{3,24}\Z", "3 to 24 letters, digits and dashes")


class Side(models.TextChoices):
    LEFT = "L"
    RIGHT = "R"


class CaseState(models.TextChoices):
    """Where a case stands; worked out from what it holds, never stored."""

    WAITING_FOR_IMAGES = "waiting_for_images"
    READY_TO_RECONSTRUCT = "ready_to_reconstruct"
    RECONSTRUCTING = "reconstructing"
    RECONSTRUCTION_FAILED = "reconstruction_failed"
    TO_PLAN = "to_plan"
    TO_APPROVE = "to_approve"
    TO_DESIGN = "to_design"
    DESIGNING = "designing"
    GUIDE_READY = "guide_ready"


class CaseAction(models.TextChoices):
    """What the person who asks may do to the case now."""

    UPLOAD = "upload"
    UPLOAD_CT = "upload_ct"
    UPLOAD_FILM = "upload_film"
    ADD_BONES = "add_bones"
    CHOOSE_BONES = "choose_bones"
    COMPARE = "compare"
    RECONSTRUCT = "reconstruct"
    PLAN = "plan"
    APPROVE = "approve"
    WITHDRAW = "withdraw"
    DESIGN = "design"


class NextStepCode(models.TextChoices):
    """The one obvious next step of a case, whoever takes it."""

    UPLOAD_IMAGES = "upload_images"
    RECONSTRUCT = "reconstruct"
    WAIT = "wait"
    RETRY = "retry"
    PLAN = "plan"
    APPROVE = "approve"
    DESIGN = "design"
    DOWNLOAD = "download"
    REVIEW_CHECKS = "review_checks"
    SIGN_OFF = "sign_off"


class Patient(models.Model):
    """A person under treatment, known here by a pseudonym of the site and nothing else."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="patients")
    pseudonym = models.CharField(max_length=24, validators=[PSEUDONYM])

    class Meta:
        constraints = (models.UniqueConstraint(fields=("site", "pseudonym"), name="one_pseudonym_a_site"),)

    def __str__(self) -> str:
        return self.pseudonym


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, person: Person) -> CaseQuerySet:
        """The cases of the sites where this person treats or engineers."""
        sites = Membership.objects.filter(person=person, role__in=CLINICAL_ROLES).values("site")
        return self.filter(site__in=sites)


class Case(models.Model):
    """One knee that a surgeon works on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="cases")
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="cases")
    side = models.CharField(max_length=1, choices=Side.choices)
    surgeon = models.ForeignKey(Person, models.PROTECT, related_name="cases")
    urgent = models.BooleanField(default=False)
    # The bones that it is planned on: the first ones, until a surgeon chooses others.
    current_bone_set = models.ForeignKey("imaging.BoneSet", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = CaseQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.patient} {self.side}"
