"""Shapes of what a coordinator reads. None has a score in it, and none says what an item shows."""

from __future__ import annotations

from rest_framework import serializers

from backend.cases.models import Side
from backend.studies.models import Arm, QuestionKind, StudyKind, StudyState
from backend.studies.serializers.setup import ScalePointSerializer


class QuestionSerializer(serializers.Serializer):
    key = serializers.CharField()
    kind = serializers.ChoiceField(QuestionKind.choices)
    title = serializers.CharField()
    text = serializers.CharField()
    margin = serializers.FloatField(allow_null=True)
    points = ScalePointSerializer(many=True)


class StudySummarySerializer(serializers.Serializer):
    id = serializers.UUIDField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(StudyKind.choices)
    state = serializers.ChoiceField(StudyState.choices)
    coordinator = serializers.CharField(source="coordinator.name")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    locked_at = serializers.DateTimeField(allow_null=True)
    unblinded_at = serializers.DateTimeField(allow_null=True)


class StudyCaseSerializer(serializers.Serializer):
    """``blinded``: both versions are prepared for raters."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    pseudonym = serializers.CharField(source="case.patient.pseudonym")
    side = serializers.ChoiceField(Side.choices, source="case.side")
    training = serializers.BooleanField()
    blinded = serializers.BooleanField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawal_reason = serializers.CharField()


class RaterSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField(source="person.name")
    joined_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawal_reason = serializers.CharField()


class CommitmentSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    sha256 = serializers.CharField()
    items = serializers.IntegerField()
    at = serializers.DateTimeField()


class SignatureSerializer(serializers.Serializer):
    name = serializers.CharField()
    meaning = serializers.CharField()
    sha256 = serializers.CharField()
    at = serializers.DateTimeField()


class UnblindingSerializer(serializers.Serializer):
    """``item_code`` and ``rater_code`` where it was one item in an emergency."""

    id = serializers.UUIDField()
    item_code = serializers.CharField(source="item.code", default=None, allow_null=True)
    rater_code = serializers.CharField(source="item.rater.code", default=None, allow_null=True)
    reason = serializers.CharField()
    requested_by = serializers.CharField(source="requested_by.name")
    requested_at = serializers.DateTimeField()
    approved_by = serializers.CharField(source="approved_by.name", default=None, allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)


class MissingSerializer(serializers.Serializer):
    """One thing that keeps a study from starting."""

    code = serializers.CharField()
    text = serializers.CharField()


class ReadinessSerializer(serializers.Serializer):
    """``missing``: before the draft can be closed; ``not_blinded``: before it can start, too."""

    missing = MissingSerializer(many=True)
    not_blinded = MissingSerializer(many=True)


class StudySerializer(StudySummarySerializer):
    distance = serializers.IntegerField()
    may_go_back = serializers.BooleanField()
    lock_meaning = serializers.CharField()
    questions = QuestionSerializer(many=True)
    cases = StudyCaseSerializer(many=True)
    raters = RaterSerializer(many=True)
    commitments = CommitmentSerializer(many=True)
    signatures = SignatureSerializer(many=True)
    unblindings = UnblindingSerializer(many=True)


class ProgressSerializer(serializers.Serializer):
    """How far one rater is; nothing of what was answered."""

    rater = RaterSerializer()
    items = serializers.IntegerField()
    opened = serializers.IntegerField()
    completed = serializers.IntegerField()
    last_seen_at = serializers.DateTimeField(allow_null=True)
    last_reminded_at = serializers.DateTimeField(allow_null=True)


class RaterItemSerializer(serializers.Serializer):
    code = serializers.CharField()
    position = serializers.IntegerField()
    training = serializers.BooleanField()
    opened_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawal_reason = serializers.CharField()
    unblinded_at = serializers.DateTimeField(allow_null=True)


class DeviationSerializer(serializers.Serializer):
    text = serializers.CharField()
    rater_code = serializers.CharField(source="rater.code", default=None, allow_null=True)
    item_code = serializers.CharField()
    person = serializers.CharField(source="person.name")
    at = serializers.DateTimeField()


class ReminderSerializer(serializers.Serializer):
    text = serializers.CharField()
    at = serializers.DateTimeField()


class ShownSerializer(serializers.Serializer):
    """What one item shows, told in an emergency."""

    case_number = serializers.IntegerField()
    arm = serializers.ChoiceField(Arm.choices)


class CandidateSerializer(serializers.Serializer):
    """A case with both versions, by identity; nothing medical."""

    case = serializers.UUIDField()
    pseudonym = serializers.CharField()
    side = serializers.ChoiceField(Side.choices)
    ct = serializers.ListField(child=serializers.UUIDField())
    xray = serializers.ListField(child=serializers.UUIDField())


class RaterCandidateSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class SiteSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class StudyOptionsSerializer(serializers.Serializer):
    """What the wizard offers at one site for one kind of study."""

    sites = SiteSerializer(many=True)
    questions = QuestionSerializer(many=True)
    blinding_questions = QuestionSerializer(many=True)
    cases = CandidateSerializer(many=True)
    raters = RaterCandidateSerializer(many=True)
