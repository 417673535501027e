"""Shapes of what a coordinator sends."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from backend.studies.closing import Meaning
from backend.studies.models import QuestionKind, StudyKind
from backend.studies.templates import Point, QuestionTemplate


class ScalePointSerializer(serializers.Serializer):
    value = serializers.IntegerField()
    label = serializers.CharField(max_length=40)  # type: ignore[assignment]
    description = serializers.CharField(max_length=300)


class NewQuestionSerializer(serializers.Serializer):
    """A question with its scale; asked after those that there are."""

    key = serializers.SlugField(max_length=40)
    title = serializers.CharField(max_length=80)
    text = serializers.CharField(max_length=1000)
    points = ScalePointSerializer(many=True)

    def validate_points(self, points: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(points) < 2 or len({point["value"] for point in points}) < len(points):
            raise serializers.ValidationError("A scale has two points or more, each with a value of its own.")
        return points


def question_template(sent: dict[str, Any]) -> QuestionTemplate:
    """What the services take, from a checked ``NewQuestionSerializer``."""
    points = tuple(Point(**point) for point in sent["points"])
    return QuestionTemplate(sent["key"], sent["title"], sent["text"], points, QuestionKind.SCALE)


class NewCaseSerializer(serializers.Serializer):
    """A case and its two versions: bone sets for a model rating, guides for an HTO simulation."""

    case = serializers.UUIDField()
    ct = serializers.UUIDField()
    xray = serializers.UUIDField()


class NewTrainingCaseSerializer(NewCaseSerializer):
    training = serializers.BooleanField(default=False)


class StudyCreateSerializer(serializers.Serializer):
    """Everything of the wizard at once; what is left out can be added to the draft."""

    site = serializers.UUIDField(required=False)
    title = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(StudyKind.choices)
    distance = serializers.IntegerField(min_value=1, max_value=1000, default=10)
    ask_source = serializers.BooleanField(default=True)
    may_go_back = serializers.BooleanField(default=True)
    # Of equivalence, by the key of the question: points of its scale, or seconds.
    margins = serializers.DictField(child=serializers.FloatField(min_value=0), default=dict)
    questions = NewQuestionSerializer(many=True, required=False, default=list)
    cases = NewTrainingCaseSerializer(many=True, required=False, default=list)
    raters = serializers.ListField(child=serializers.UUIDField(), default=list)


class StudyChangeSerializer(serializers.Serializer):
    distance = serializers.IntegerField(min_value=1, max_value=1000)


class MarginSerializer(serializers.Serializer):
    margin = serializers.FloatField(min_value=0, allow_null=True)


class NewCasesSerializer(serializers.Serializer):
    cases = NewTrainingCaseSerializer(many=True, allow_empty=False)


class NewRatersSerializer(serializers.Serializer):
    raters = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)


class ReasonGivenSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=300)


class _PasswordSerializer(serializers.Serializer):
    password = serializers.CharField(max_length=256, trim_whitespace=False)


class LockSerializer(_PasswordSerializer):
    """``reason``: why it ends although answers are missing."""

    name = serializers.CharField(max_length=120)
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class SignSerializer(_PasswordSerializer):
    name = serializers.CharField(max_length=120)
    meaning = serializers.ChoiceField(Meaning.choices)


class UnblindSerializer(_PasswordSerializer):
    reason = serializers.CharField(max_length=300)


class AgreeSerializer(_PasswordSerializer):
    pass


class DeviationCreateSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=1000)
    rater = serializers.UUIDField(required=False, allow_null=True, default=None)
    item_code = serializers.CharField(max_length=8, allow_blank=True, default="")


class ReminderCreateSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=300, allow_blank=True, default="")
