"""Shapes of cases as the API speaks them."""

from __future__ import annotations

from rest_framework import serializers

from backend.cases.models import PSEUDONYM, CaseAction, CaseState, NextStepCode, Side
from backend.exports.serializers import GuideSerializer
from backend.imaging.bone_serializers import BoneSetSerializer, ComparisonSerializer, CtScanSerializer
from backend.imaging.film_serializers import LegFilmSerializer
from backend.imaging.serializers import ImagesSerializer
from backend.jobs.serializers import JobSerializer
from backend.planning.film_serializers import FilmReadingSerializer
from backend.planning.serializers import PlanSummarySerializer


class CaseSummarySerializer(serializers.Serializer):
    id = serializers.UUIDField()
    pseudonym = serializers.CharField(source="patient.pseudonym")
    side = serializers.ChoiceField(Side.choices)
    state = serializers.ChoiceField(CaseState.choices)
    progress = serializers.FloatField(allow_null=True)
    urgent = serializers.BooleanField()
    updated_at = serializers.DateTimeField()
    surgeon = serializers.CharField(source="surgeon.name")


class TimelineEntrySerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    person = serializers.CharField()
    action = serializers.CharField()
    text = serializers.CharField()


class NextStepSerializer(serializers.Serializer):
    code = serializers.ChoiceField(NextStepCode.choices)
    text = serializers.CharField()


class CaseDetailSerializer(CaseSummarySerializer):
    created_at = serializers.DateTimeField()
    images = ImagesSerializer(source="detail.images")
    bone_sets = BoneSetSerializer(many=True, source="detail.bone_sets")
    # The set that is planned on; others are chosen by a surgeon.
    current_bone_set = serializers.UUIDField(source="current_bone_set_id", allow_null=True)
    ct_scans = CtScanSerializer(many=True, source="detail.ct_scans")
    leg_film = LegFilmSerializer(allow_null=True, source="detail.leg_film")
    # The newest reading of that film.
    film_reading = FilmReadingSerializer(allow_null=True, source="detail.film_reading")
    comparisons = ComparisonSerializer(many=True, source="detail.comparisons")
    plans = PlanSummarySerializer(many=True, source="detail.plans")
    guides = GuideSerializer(many=True, source="detail.guides")
    active_job = JobSerializer(allow_null=True, source="detail.active_job")
    last_job = JobSerializer(allow_null=True, source="detail.last_job")
    timeline = TimelineEntrySerializer(many=True, source="detail.timeline")
    next_step = NextStepSerializer(source="detail.next_step")
    allowed = serializers.ListField(
        child=serializers.ChoiceField(CaseAction.choices), source="detail.allowed"
    )


class CaseCreateSerializer(serializers.Serializer):
    pseudonym = serializers.CharField(validators=[PSEUDONYM])
    side = serializers.ChoiceField(Side.choices)
    urgent = serializers.BooleanField(default=False)
    # Needed only of a surgeon who works at several sites.
    site = serializers.UUIDField(required=False)


class CaseChangeSerializer(serializers.Serializer):
    urgent = serializers.BooleanField()
