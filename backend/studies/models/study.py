"""What a coordinator puts together: questions, cases with two versions each, and raters."""

from __future__ import annotations

import uuid

from django.db import models

from backend.accounts.models import Membership, Person, Role, Site
from backend.cases.models import Case
from backend.core.states import StateQuerySet
from backend.exports.models import Guide
from backend.imaging.models import BoneSet


class StudyKind(models.TextChoices):
    """The paper's two evaluations."""

    MODEL_RATING = "model_rating"
    HTO_SIMULATION = "hto_simulation"


class StudyState(models.TextChoices):
    DRAFT = "draft"
    READY = "ready"
    RUNNING = "running"
    LOCKED = "locked"
    UNBLINDED = "unblinded"


# The only moves there are. Ready to draft: somebody wants to change it after all.
TRANSITIONS: dict[str, frozenset[str]] = {
    StudyState.DRAFT: frozenset({StudyState.READY}),
    StudyState.READY: frozenset({StudyState.DRAFT, StudyState.RUNNING}),
    StudyState.RUNNING: frozenset({StudyState.LOCKED}),
    StudyState.LOCKED: frozenset({StudyState.UNBLINDED}),
    StudyState.UNBLINDED: frozenset(),
}


class Arm(models.TextChoices):
    """Where a version of a case comes from."""

    CT = "ct", "CT-based"
    XRAY = "xray", "X-ray-based"


class QuestionKind(models.TextChoices):
    """What an answer is: a point of a scale, a guess of the source, or a time by the server's clock."""

    SCALE = "scale"
    SOURCE_GUESS = "source_guess"
    DURATION = "duration"


class StudyQuerySet(StateQuerySet["Study"]):
    transitions = TRANSITIONS

    def visible_to(self, person: Person) -> StudyQuerySet:
        """The studies of the sites where this person coordinates or administers; raters see items instead."""
        roles = (Role.COORDINATOR, Role.ADMINISTRATOR)
        sites = Membership.objects.filter(person=person, role__in=roles).values("site")
        return self.filter(site__in=sites)


class Study(models.Model):
    """One blinded evaluation.

    Attributes:
        distance: the two versions of a case are at least so many items apart in every rater's list.
        may_go_back: whether raters may open items again that they have completed.
        batches: how many batches of cases there are; those added while the study runs are later ones.
        analysis: storage key of the figures, once somebody asked for them after the unblinding.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="studies")
    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=StudyKind.choices)
    state = models.CharField(
        max_length=10, choices=StudyState.choices, default=StudyState.DRAFT, editable=False
    )
    distance = models.PositiveIntegerField()
    may_go_back = models.BooleanField(default=True)
    batches = models.PositiveIntegerField(default=1)
    coordinator = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    locked_at = models.DateTimeField(null=True)
    unblinded_at = models.DateTimeField(null=True)
    analysis = models.CharField(max_length=100, blank=True, editable=False)

    objects = StudyQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.title


class Question(models.Model):
    """What is asked of every item.

    Attributes:
        margin: a difference between the arms below this does not matter; registered before the start.
    """

    study = models.ForeignKey(Study, models.CASCADE, related_name="questions")
    key = models.SlugField(max_length=40)
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=15, choices=QuestionKind.choices, default=QuestionKind.SCALE)
    title = models.CharField(max_length=80)
    text = models.TextField(max_length=1000)
    margin = models.FloatField(null=True)

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("study", "key"), name="one_question_a_key"),)

    def __str__(self) -> str:
        return f"{self.title} in {self.study}"


class ScalePoint(models.Model):
    """One point of a scale, with the words that stand beside it."""

    question = models.ForeignKey(Question, models.CASCADE, related_name="points")
    value = models.IntegerField()
    label = models.CharField(max_length=40)
    description = models.CharField(max_length=300)

    class Meta:
        ordering = ("value",)
        constraints = (models.UniqueConstraint(fields=("question", "value"), name="one_point_a_value"),)

    def __str__(self) -> str:
        return f"{self.value} {self.label}"


class StudyCase(models.Model):
    """A case in a study, under a number of the study.

    Attributes:
        batch: cases of one batch are ordered together; later batches come behind.
        training: rated before all others and left out of the analysis.
        bone_model: storage key of the CT-based tibia to print, on which both guides are tried; empty where
            nothing is printed, or before the case was blinded.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, models.CASCADE, related_name="cases")
    case = models.ForeignKey(Case, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    batch = models.PositiveIntegerField(default=0)
    training = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawal_reason = models.CharField(max_length=300, blank=True)
    bone_model = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("study", "case"), name="one_place_a_case"),
            models.UniqueConstraint(fields=("study", "number"), name="one_case_a_number"),
        )

    def __str__(self) -> str:
        return f"case {self.number} of {self.study}"


class StudyArm(models.Model):
    """One version of a case: bones to look at, or a guide to print.

    Attributes:
        content: storage key of what raters get of it, scrubbed of its source; empty until a job made it.
        simulated: scores that the guide engine gives the guide; null for bones.
    """

    study_case = models.ForeignKey(StudyCase, models.CASCADE, related_name="arms")
    arm = models.CharField(max_length=5, choices=Arm.choices)
    bone_set = models.ForeignKey(BoneSet, models.PROTECT, null=True, related_name="+")
    guide = models.ForeignKey(Guide, models.PROTECT, null=True, related_name="+")
    content = models.CharField(max_length=100, blank=True)
    simulated = models.JSONField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("study_case", "arm"), name="one_version_an_arm"),
            models.CheckConstraint(
                condition=models.Q(bone_set__isnull=True) ^ models.Q(guide__isnull=True),
                name="bones_or_a_guide",
            ),
        )

    def __str__(self) -> str:
        return f"{self.arm} of {self.study_case}"


class Rater(models.Model):
    """Somebody who rates in a study.

    Attributes:
        ordinal: which rater of the study, from 0; raters 2 k and 2 k + 1 see opposite versions first.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, models.CASCADE, related_name="raters")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    ordinal = models.PositiveIntegerField()
    joined_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawal_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("ordinal",)
        constraints = (
            models.UniqueConstraint(fields=("study", "person"), name="one_rater_a_person"),
            models.UniqueConstraint(fields=("study", "ordinal"), name="one_rater_an_ordinal"),
        )

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """What reports call the rater."""
        return f"R{self.ordinal + 1:02}"
