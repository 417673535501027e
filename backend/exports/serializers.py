"""Shapes of guides as the API speaks them."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.exports.models import CheckStatus, Guide, GuideState, GuideTrial, PresetGroup
from backend.exports.score_serializers import ScoresField


class CheckSerializer(serializers.Serializer):
    """One check of the exported file, with the place in LPS millimetres where it speaks of one."""

    name = serializers.CharField()
    status = serializers.ChoiceField(CheckStatus.choices)
    value = serializers.FloatField(allow_null=True)
    limit = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    message = serializers.CharField()
    place = serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3, allow_null=True)
    # What would mend it; older designs do not say.
    remedy = serializers.CharField(required=False, allow_null=True)


@extend_schema_field(CheckSerializer(many=True))
class ChecksField(serializers.JSONField):
    """Passed on as the engine wrote them."""


@extend_schema_field({"type": "object", "additionalProperties": {}})
class DesignReportField(serializers.JSONField):
    """The engine's own report on one design."""


@extend_schema_field(serializers.DictField(child=serializers.FloatField()))
class ParametersField(serializers.JSONField):
    """Names of ``/api/guide-presets/`` and values in their units."""


class ChosenPresetSerializer(serializers.Serializer):
    """A preset that a design was made with, as it was called then."""

    id = serializers.CharField()
    group = serializers.ChoiceField(PresetGroup.choices)
    label = serializers.CharField()  # type: ignore[assignment]


@extend_schema_field(ChosenPresetSerializer(many=True))
class ChosenPresetsField(serializers.JSONField):
    """Passed on as they were kept."""


class GuideSignatureSerializer(serializers.Serializer):
    """Who said that it may be printed."""

    person = serializers.CharField(source="person.name")
    signed_at = serializers.DateTimeField()
    sha256 = serializers.CharField()


class GuideFilesSerializer(serializers.Serializer):
    """Addresses; ``preview`` and ``contact`` are for the screen and need no signature."""

    preview = serializers.CharField()
    contact = serializers.CharField(allow_null=True)
    stl = serializers.CharField()
    report = serializers.CharField()
    package = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field]:
        # "3mf" is no Python name, so it cannot be declared like its neighbours.
        return {**super().get_fields(), "3mf": serializers.CharField()}


class GuideTrialSerializer(serializers.Serializer):
    """A design put on other bones of its case; ``contact`` shows the gaps there, where it was designed."""

    id = serializers.UUIDField()
    bone_set = serializers.UUIDField(source="bone_set_id")
    author = serializers.CharField(source="job.requested_by.name")
    created_at = serializers.DateTimeField()
    scores = ScoresField()
    contact = serializers.SerializerMethodField()

    def get_contact(self, trial: GuideTrial) -> str:
        return reverse("guide-trial-contact", args=[trial.id])


class GuideTrialCreateSerializer(serializers.Serializer):
    bone_set = serializers.UUIDField()


class GuideSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    case = serializers.UUIDField(source="case_id")
    version = serializers.IntegerField()
    plan = serializers.UUIDField(source="plan_id")
    plan_sha256 = serializers.CharField(source="plan.sha256")
    sha256 = serializers.CharField()
    author = serializers.CharField(source="job.requested_by.name")
    reason = serializers.CharField()
    state = serializers.ChoiceField(GuideState.choices)
    signature = GuideSignatureSerializer(source="signed", allow_null=True)
    parameters = ParametersField()
    presets = ChosenPresetsField()
    report = DesignReportField()
    checks = ChecksField()
    scores = ScoresField(allow_null=True)
    # What the simulated surgeon found on other bones of the case.
    trials = GuideTrialSerializer(source="trials.all", many=True)
    files = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    exportable = serializers.BooleanField()
    # The approval of its plan was withdrawn: it must not be printed any more.
    void = serializers.BooleanField()
    # Another plan was approved since: what is printed of this one belongs to a correction nobody wants now.
    superseded_by = serializers.IntegerField(allow_null=True)

    @extend_schema_field(GuideFilesSerializer)
    def get_files(self, guide: Guide) -> dict[str, str | None]:
        return {
            "preview": reverse("guide-preview", args=[guide.id]),
            "contact": reverse("guide-contact", args=[guide.id]) if guide.contact else None,
            "stl": reverse("guide-stl", args=[guide.id]),
            "3mf": reverse("guide-3mf", args=[guide.id]),
            "report": reverse("guide-report", args=[guide.id]),
            "package": reverse("guide-package", args=[guide.id]),
        }


class StrokeSerializer(serializers.Serializer):
    """One touch of the brush: contact is added or taken away where the bone lies inside a ball, LPS mm."""

    centre = serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3)
    radius_mm = serializers.FloatField()
    add = serializers.BooleanField()


class GuideCreateSerializer(serializers.Serializer):
    parameters = serializers.DictField(child=serializers.FloatField(), required=False)
    # Ids of presets; a later one goes over an earlier one, parameters over all of them.
    presets = serializers.ListField(child=serializers.CharField(max_length=64), default=list, max_length=12)
    # In the order in which they were painted; a later one goes over an earlier one.
    painting = StrokeSerializer(many=True, required=False)
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class GuideSignSerializer(serializers.Serializer):
    password = serializers.CharField(max_length=256, trim_whitespace=False)
