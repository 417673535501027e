"""Shapes of plans as the API speaks them; the plan document is the guide engine's."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.cases.models import Side
from backend.planning.models import LandmarkProvenance, Status


def _vector() -> serializers.ListField:
    return serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3)


class MeasureSerializer(serializers.Serializer):
    """One measure now, before and after the correction; bands hold 90 %, null where none is stated."""

    value = serializers.FloatField()
    before = serializers.FloatField()
    after = serializers.FloatField()
    unit = serializers.CharField()
    band = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2, allow_null=True)
    band_after = serializers.ListField(
        child=serializers.FloatField(), min_length=2, max_length=2, allow_null=True, required=False
    )
    provenance = serializers.CharField()
    definition = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]


class LandmarkSerializer(serializers.Serializer):
    position = _vector()
    provenance = serializers.ChoiceField(LandmarkProvenance.choices)


class OsteotomySerializer(serializers.Serializer):
    """The cut, in patient LPS millimetres; the normal points to the proximal side."""

    plane_point = _vector()
    plane_normal = _vector()
    hinge_point = _vector()
    hinge_axis = _vector()
    correction_deg = serializers.FloatField()
    gap_mm = serializers.FloatField()
    gap_anterior_mm = serializers.FloatField()
    gap_posterior_mm = serializers.FloatField()
    cut_depth_mm = serializers.FloatField()
    medial_direction = _vector()
    start_point = _vector()
    lateral_cortex_mm = serializers.FloatField()
    miniaci_deg = serializers.FloatField(allow_null=True, required=False)


class PlanWarningSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]


class PlanDocumentSerializer(serializers.Serializer):
    schema = serializers.CharField()
    side = serializers.ChoiceField(Side.choices)
    measures = serializers.DictField(child=MeasureSerializer())
    landmarks = serializers.DictField(child=LandmarkSerializer())
    osteotomy = OsteotomySerializer()
    warnings = PlanWarningSerializer(many=True)
    bones_sha256 = serializers.DictField(child=serializers.CharField())


@extend_schema_field(PlanDocumentSerializer)
class PlanDocumentField(serializers.JSONField):
    """Passed on as the engine wrote it."""


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
    sha256 = serializers.CharField()
    bone_set = serializers.UUIDField(source="bone_set_id")


class PlanSerializer(PlanSummarySerializer):
    document = PlanDocumentField()


class CorrectionSerializer(serializers.Serializer):
    correction_deg = serializers.FloatField(min_value=-90, max_value=90)
    # The bones that the person sees; refused when the case is planned on others by now.
    bone_set = serializers.UUIDField(required=False)


class PlanCreateSerializer(CorrectionSerializer):
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class PlanPreviewSerializer(serializers.Serializer):
    document = PlanDocumentField()


class ApproveSerializer(serializers.Serializer):
    password = serializers.CharField(max_length=256, trim_whitespace=False)
