"""Shapes of guides as the API speaks them."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.exports.models import CheckStatus, Guide


class CheckSerializer(serializers.Serializer):
    """One check of the exported file, with the place in LPS millimetres where it speaks of one."""

    name = serializers.CharField()
    status = serializers.ChoiceField(CheckStatus.choices)
    value = serializers.FloatField(allow_null=True)
    limit = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    message = serializers.CharField()
    place = serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3, allow_null=True)


@extend_schema_field(CheckSerializer(many=True))
class ChecksField(serializers.JSONField):
    """Passed on as the engine wrote them."""


@extend_schema_field({"type": "object", "additionalProperties": {}})
class DesignReportField(serializers.JSONField):
    """The engine's own report on one design."""


@extend_schema_field(serializers.DictField(child=serializers.FloatField()))
class ParametersField(serializers.JSONField):
    """Names of ``/api/guide-presets/`` and values in their units."""


class GuideFilesSerializer(serializers.Serializer):
    stl = serializers.CharField()
    report = serializers.CharField()
    package = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field]:
        # "3mf" is no Python name, so it cannot be declared like its neighbours.
        return {**super().get_fields(), "3mf": serializers.CharField()}


class GuideSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    plan = serializers.UUIDField(source="plan_id")
    parameters = ParametersField()
    report = DesignReportField()
    checks = ChecksField()
    files = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    exportable = serializers.BooleanField()
    # The approval of its plan was withdrawn: it must not be printed any more.
    void = serializers.BooleanField()

    @extend_schema_field(GuideFilesSerializer)
    def get_files(self, guide: Guide) -> dict[str, str]:
        return {
            "stl": reverse("guide-stl", args=[guide.id]),
            "3mf": reverse("guide-3mf", args=[guide.id]),
            "report": reverse("guide-report", args=[guide.id]),
            "package": reverse("guide-package", args=[guide.id]),
        }


class GuideCreateSerializer(serializers.Serializer):
    parameters = serializers.DictField(child=serializers.FloatField(), required=False)


class GuideParameterSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()
    min = serializers.FloatField()
    max = serializers.FloatField()
    default = serializers.FloatField()  # type: ignore[assignment]
    definition = serializers.CharField()


class GuidePresetsSerializer(serializers.Serializer):
    parameters = GuideParameterSerializer(many=True)
