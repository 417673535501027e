"""Shapes of the engineer's queue and of two compared designs as the API speaks them."""

from __future__ import annotations

from rest_framework import serializers

from backend.cases.models import Side
from backend.exports.models import CheckStatus, GuideState
from backend.exports.score_serializers import ScoresField
from backend.exports.serializers import GuideSerializer, GuideSignatureSerializer
from backend.jobs.serializers import JobSerializer


class QueuedPlanSerializer(serializers.Serializer):
    """An approved plan that awaits a guide."""

    plan = serializers.UUIDField(source="plan.id")
    case = serializers.UUIDField(source="plan.case_id")
    pseudonym = serializers.CharField(source="plan.case.patient.pseudonym")
    side = serializers.ChoiceField(Side.choices, source="plan.case.side")
    urgent = serializers.BooleanField(source="plan.case.urgent")
    surgeon = serializers.CharField(source="plan.case.surgeon.name")
    revision = serializers.IntegerField(source="plan.revision")
    correction_deg = serializers.FloatField(source="plan.correction_deg")
    approved_by = serializers.CharField(source="plan.approved_by.name", default=None, allow_null=True)
    approved_at = serializers.DateTimeField(source="plan.approved_at", allow_null=True)
    # Designs from it so far, all of them blocked; the newest of them.
    designs = serializers.IntegerField()
    latest = serializers.UUIDField(source="latest.id", default=None, allow_null=True)
    # The design that is under way, or the last one if it failed.
    job = JobSerializer(allow_null=True)


class QueuedGuideSerializer(serializers.Serializer):
    """A design in the engineer's list."""

    id = serializers.UUIDField()
    plan = serializers.UUIDField(source="plan_id")
    case = serializers.UUIDField(source="case_id")
    pseudonym = serializers.CharField(source="case.patient.pseudonym")
    side = serializers.ChoiceField(Side.choices, source="case.side")
    urgent = serializers.BooleanField(source="case.urgent")
    version = serializers.IntegerField()
    revision = serializers.IntegerField(source="plan.revision")
    correction_deg = serializers.FloatField(source="plan.correction_deg")
    author = serializers.CharField(source="job.requested_by.name")
    reason = serializers.CharField()
    state = serializers.ChoiceField(GuideState.choices)
    # The revision of the plan that was approved in place of its own.
    superseded_by = serializers.IntegerField(allow_null=True)
    signature = GuideSignatureSerializer(source="signed", allow_null=True)
    scores = ScoresField(allow_null=True)
    created_at = serializers.DateTimeField()


class GuideQueueSerializer(serializers.Serializer):
    waiting = QueuedPlanSerializer(many=True)
    designs = QueuedGuideSerializer(many=True)


class ComparedFigureSerializer(serializers.Serializer):
    """One number of both; null where one of them has none."""

    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()
    first = serializers.FloatField(allow_null=True)
    second = serializers.FloatField(allow_null=True)


class ComparedParameterSerializer(ComparedFigureSerializer):
    name = serializers.CharField()


class ComparedCheckSerializer(serializers.Serializer):
    """A check whose verdict differs; null where one of them was not checked for it."""

    name = serializers.CharField()
    message = serializers.CharField()
    first = serializers.ChoiceField(CheckStatus.choices, allow_null=True)
    second = serializers.ChoiceField(CheckStatus.choices, allow_null=True)


class ComparedCutSerializer(serializers.Serializer):
    """How far the slot of the second is from that of the first."""

    angle_deg = serializers.FloatField()
    distance_mm = serializers.FloatField()


class ComparedGuidesSerializer(serializers.Serializer):
    """Two designs of one case: only what differs, and the scores of both."""

    first = GuideSerializer()
    second = GuideSerializer()
    # The bone set that both were judged on; null where each was on the bones of its own plan.
    bones = serializers.UUIDField(allow_null=True)
    # Bone sets that both were judged on.
    common_bones = serializers.ListField(child=serializers.UUIDField())
    parameters = ComparedParameterSerializer(many=True)
    scores = ComparedFigureSerializer(many=True)
    checks = ComparedCheckSerializer(many=True)
    # As planned, null where their bones lie in different frames; at rest where both are on one bone set.
    cut = ComparedCutSerializer(allow_null=True)


class CompareQuerySerializer(serializers.Serializer):
    """On which bones both are judged; each on its own where nothing is said."""

    bones = serializers.UUIDField(required=False, allow_null=True, default=None)


class ReleaseQuerySerializer(serializers.Serializer):
    """The revision that superseded the plan of a guide, by whoever takes the guide all the same."""

    superseded_by = serializers.IntegerField(required=False, allow_null=True, default=None)


class FluoroscopyQuerySerializer(serializers.Serializer):
    """How the C-arm stands, in DICOM's angles: 0 in front of the patient, +90 at the left; + is cranial."""

    primary = serializers.FloatField(min_value=-180, max_value=180, default=0.0)
    secondary = serializers.FloatField(min_value=-45, max_value=45, default=0.0)
    pixels = serializers.IntegerField(min_value=128, max_value=1024, default=512)
    guide = serializers.BooleanField(default=True)
    wires = serializers.BooleanField(default=True)
    # An 8-bit picture, or the 16-bit pixels row by row, little-endian.
    encoding = serializers.ChoiceField(["png", "u16"], default="png")
