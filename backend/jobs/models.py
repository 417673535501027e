"""Long tasks: the row is the truth, its events can be replayed by number."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from backend.accounts.models import Person
from backend.cases.models import Case
from backend.core.states import IllegalTransition, StateQuerySet


class Kind(models.TextChoices):
    RECONSTRUCT = "reconstruct"
    RECONSTRUCT_CT = "reconstruct_ct"
    IMPORT_BONES = "import_bones"
    COMPARE_BONES = "compare_bones"
    DESIGN_GUIDE = "design_guide"
    SCORE_GUIDE = "score_guide"
    BLIND_VERSIONS = "blind_versions"
    PLAN_SOLIDS = "plan_solids"


# What adds a bone set to a case.
BONE_KINDS = (Kind.RECONSTRUCT, Kind.RECONSTRUCT_CT, Kind.IMPORT_BONES)
# What may run beside the one task of a case, because it changes nothing that another one reads.
BESIDE = (Kind.PLAN_SOLIDS,)


class State(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = (State.QUEUED, State.RUNNING)

# The only moves there are. Running to queued: its worker died and the work starts again.
TRANSITIONS: dict[str, frozenset[str]] = {
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED, State.FAILED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.QUEUED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}


class EventKind(models.TextChoices):
    QUEUED = "queued"
    STARTED = "started"
    PROGRESS = "progress"
    RESTARTED = "restarted"
    CANCEL_REQUESTED = "cancel_requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobQuerySet(StateQuerySet["Job"]):
    transitions = TRANSITIONS

    def visible_to(self, person: Person) -> JobQuerySet:
        return self.filter(case__in=Case.objects.visible_to(person))

    def active(self) -> JobQuerySet:
        return self.filter(state__in=ACTIVE)

    def foremost(self) -> JobQuerySet:
        """Those of which a case has one at a time."""
        return self.exclude(kind__in=BESIDE)


class Job(models.Model):
    """One long task. Only ``backend.jobs.transitions`` changes its state."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    case = models.ForeignKey(Case, models.CASCADE, related_name="jobs")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED, editable=False)
    input = models.JSONField(default=dict)
    requested_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    retry_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="retries")
    stage = models.CharField(max_length=60, blank=True)
    fraction = models.FloatField(default=0.0)
    remaining_s = models.FloatField(null=True)
    error = models.JSONField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    # Whoever holds the lease may write; a worker that was thought dead finds another lease here.
    lease = models.UUIDField(null=True)
    worker = models.CharField(max_length=120, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    last_sequence = models.PositiveIntegerField(default=0)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("created_at",)
        indexes = (models.Index(fields=("state", "created_at"), name="jobs_by_state"),)
        constraints = (
            models.UniqueConstraint(
                fields=("case",),
                condition=models.Q(state__in=ACTIVE) & ~models.Q(kind__in=BESIDE),
                name="one_active_job_a_case",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.state} of {self.case}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise IllegalTransition("jobs change through backend.jobs.transitions only")
        super().save(*args, **kwargs)


class JobEvent(models.Model):
    """One thing that a browser is told about a job; numbers have no gaps."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="events")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=EventKind.choices)
    stage = models.CharField(max_length=60, blank=True)
    fraction = models.FloatField()
    remaining_s = models.FloatField(null=True)
    message = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("sequence",)
        constraints = (models.UniqueConstraint(fields=("job", "sequence"), name="one_event_a_number"),)

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"


class WorkerBeat(models.Model):
    """When each worker was last heard; health and recovery read it."""

    name = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField()
