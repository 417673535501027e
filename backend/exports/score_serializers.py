"""The simulated surgeon's verdict as the API speaks it: the engine's document, named for the page."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


def _vector() -> serializers.ListField:
    """x, y, z in LPS millimetres, or a direction."""
    return serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3)


class SpreadSerializer(serializers.Serializer):
    """Of the errors of all placements."""

    mean = serializers.FloatField()
    median = serializers.FloatField()
    p95 = serializers.FloatField()
    max = serializers.FloatField()


class FittingScoreSerializer(serializers.Serializer):
    score = serializers.IntegerField()
    reason = serializers.CharField()
    contact_percent = serializers.FloatField()
    contact_area_mm2 = serializers.FloatField()
    gap_error_p95_mm = serializers.FloatField()


class HoldSerializer(serializers.Serializer):
    """What the worst of the pushes does."""

    lost_percent = serializers.FloatField()
    slide_mm = serializers.FloatField()
    lift_mm = serializers.FloatField()
    worst_push = _vector()


class StabilityScoreSerializer(serializers.Serializer):
    score = serializers.IntegerField()
    score_without_wires = serializers.IntegerField()
    reason = serializers.CharField()
    with_wires = HoldSerializer()
    without_wires = HoldSerializer()


class AccuracyScoreSerializer(serializers.Serializer):
    score = serializers.IntegerField()
    reason = serializers.CharField()
    within_tolerance_percent = serializers.FloatField()
    placements = serializers.IntegerField()
    surface_noise_mm = serializers.FloatField()
    cut_angle_deg = SpreadSerializer()
    cut_distance_mm = SpreadSerializer()
    hinge_distance_mm = SpreadSerializer()


class WeakestMotionSerializer(serializers.Serializer):
    """The motion that the contact resists least: an arrow on the guide."""

    kind = serializers.ChoiceField(["slide", "turn"])
    point = _vector()
    direction = _vector()
    reason = serializers.CharField()


class ScoresSerializer(serializers.Serializer):
    """Scores 1 to 6 by the paper's bands; ``simulated`` says that no person gave them."""

    simulated = serializers.BooleanField()
    fitting = FittingScoreSerializer()
    stability = StabilityScoreSerializer()
    accuracy = AccuracyScoreSerializer()
    weakest = WeakestMotionSerializer(allow_null=True)


@extend_schema_field(ScoresSerializer)
class ScoresField(serializers.JSONField):
    """Passed on as the engine wrote it."""
