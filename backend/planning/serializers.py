"""Shapes of plans as the API speaks them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.imaging.serializers import CameraSerializer
from backend.planning.document_serializers import (
    CutSerializer,
    MeasureSerializer,
    PlanDocumentField,
    PlanWarningSerializer,
    interval,
    vector,
)
from backend.planning.models import Kind, Plan, Status, TuberositySide
from backend.planning.solids import SolidsState, state_of, why_missing


class PlanRequestSerializer(serializers.Serializer):
    """What a person asks of a plan: exactly one target, and how to reach it."""

    correction_deg = serializers.FloatField(required=False, allow_null=True)
    target_wbl = serializers.FloatField(required=False, allow_null=True)
    target_hka = serializers.FloatField(required=False, allow_null=True)
    target_mpta = serializers.FloatField(required=False, allow_null=True)
    kind = serializers.ChoiceField(Kind.choices, default=Kind.OPENING.value)
    tuberosity = serializers.ChoiceField(TuberositySide.choices, default=TuberositySide.DISTAL.value)
    slope_change_deg = serializers.FloatField(default=0.0)
    jlca_compensation = serializers.BooleanField(default=False)
    # Read on a weight-bearing long-leg film, degrees.
    long_film_hka = serializers.FloatField(required=False, allow_null=True)
    long_film_jlca = serializers.FloatField(required=False, allow_null=True)
    # What both were measured by; null where they were typed.
    film_reading = serializers.UUIDField(required=False, allow_null=True)
    # Where a person has put landmarks, LPS millimetres; the others stay where they were found.
    landmarks = serializers.DictField(child=vector(), default=dict)
    cut = CutSerializer(required=False, allow_null=True)
    # The bones that the person sees; refused when the case is planned on others by now.
    bone_set = serializers.UUIDField(required=False, allow_null=True)


class PlanCreateSerializer(PlanRequestSerializer):
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class RefusedSerializer(serializers.Serializer):
    """Why an alternative cannot be planned on this leg."""

    code = serializers.CharField()
    message = serializers.CharField()
    remedy = serializers.CharField()


class AlternativeSerializer(serializers.Serializer):
    """One of several plans for the same leg; ``request`` previews it."""

    title = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.ChoiceField(Kind.choices)
    correction_deg = serializers.FloatField(allow_null=True)
    gap_mm = serializers.FloatField(allow_null=True)
    wedge_volume_mm3 = serializers.FloatField(allow_null=True)
    bands = serializers.DictField(child=interval(allow_null=True))
    measures = serializers.DictField(child=MeasureSerializer())
    warnings = PlanWarningSerializer(many=True)
    refused = RefusedSerializer(allow_null=True)
    request = PlanRequestSerializer()


class AlternativesSerializer(serializers.Serializer):
    rows = AlternativeSerializer(many=True)


class ChangeSerializer(serializers.Serializer):
    """One difference of two plans; null where one of them has no such thing."""

    path = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)


class DiffSerializer(serializers.Serializer):
    changes = ChangeSerializer(many=True)


class CorrectedXraySerializer(CameraSerializer):
    """A simulated X-ray and the camera that it is seen by, LPS millimetres to (column, row)."""

    url = serializers.CharField()


class CorrectedXraysSerializer(serializers.Serializer):
    ap = CorrectedXraySerializer()
    lateral = CorrectedXraySerializer()


class WithdrawSerializer(serializers.Serializer):
    password = serializers.CharField(max_length=256, trim_whitespace=False)
    reason = serializers.CharField(max_length=300)


class PlanSolidsFilesSerializer(serializers.Serializer):
    """Addresses of binary PLY files, patient LPS millimetres; ``removed`` is of a closing wedge."""

    proximal = serializers.CharField()
    distal = serializers.CharField()
    removed = serializers.CharField(required=False)


class PlanSolidsSerializer(serializers.Serializer):
    """The exact fragments of a plan: where they stand, why they are missing, what they are."""

    state = serializers.ChoiceField(SolidsState.choices)
    # In words; empty where they are there.
    missing = serializers.CharField(allow_blank=True)
    files = PlanSolidsFilesSerializer(allow_null=True)
    sha256 = serializers.DictField(child=serializers.CharField(), allow_null=True)
    # Volumes by name.
    report = serializers.DictField(child=serializers.FloatField(), allow_null=True)


class PlanSummarySerializer(serializers.Serializer):
    id = serializers.UUIDField()
    revision = serializers.IntegerField()
    status = serializers.ChoiceField(Status.choices)
    correction_deg = serializers.FloatField()
    author = serializers.CharField(source="author.name")
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    approved_by = serializers.CharField(source="approved_by.name", default=None, allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    withdrawn_by = serializers.CharField(source="withdrawn_by.name", default=None, allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_reason = serializers.CharField()
    sha256 = serializers.CharField()
    bone_set = serializers.UUIDField(source="bone_set_id")
    solids = serializers.SerializerMethodField()

    @extend_schema_field(PlanSolidsSerializer)
    def get_solids(self, plan: Plan) -> dict[str, Any]:
        made = plan.made_solids
        hashes = made.sha256 if made else {}
        files = {part: reverse("plan-solid", args=[plan.pk, part]) for part in hashes}
        return {
            "state": state_of(plan),
            "missing": why_missing(plan),
            "files": files or None,
            "sha256": hashes or None,
            "report": made.report if made else None,
        }


@extend_schema_field(PlanRequestSerializer)
class PlanRequestField(serializers.JSONField):
    """Passed on as it was stored; empty in plans that are older than the field."""


class PlanSerializer(PlanSummarySerializer):
    request = PlanRequestField()
    document = PlanDocumentField()


class PlanPreviewSerializer(serializers.Serializer):
    document = PlanDocumentField()


class ApproveSerializer(serializers.Serializer):
    password = serializers.CharField(max_length=256, trim_whitespace=False)
