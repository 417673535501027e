"""Shapes of jobs and their events as the API and the WebSocket speak them."""

from __future__ import annotations

from rest_framework import serializers

from backend.core.errors import ErrorBodySerializer
from backend.jobs.models import EventKind, Kind, State


class JobSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Kind.choices)
    state = serializers.ChoiceField(State.choices)
    stage = serializers.CharField()
    fraction = serializers.FloatField()
    remaining_s = serializers.FloatField(allow_null=True)
    error = ErrorBodySerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    last_sequence = serializers.IntegerField()


class JobEventSerializer(serializers.Serializer):
    sequence = serializers.IntegerField()
    kind = serializers.ChoiceField(EventKind.choices)
    stage = serializers.CharField()
    fraction = serializers.FloatField()
    remaining_s = serializers.FloatField(allow_null=True)
    message = serializers.CharField()
    at = serializers.DateTimeField()


class JobEventsSerializer(serializers.Serializer):
    results = JobEventSerializer(many=True)
