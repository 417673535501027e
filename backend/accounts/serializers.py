"""Shapes of people and sessions as the API speaks them."""

from __future__ import annotations

from rest_framework import serializers

from backend.accounts.models import USERNAME, Role


class SessionPersonSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(Role.choices))


class SessionSerializer(serializers.Serializer):
    person = SessionPersonSerializer(allow_null=True)
    csrf_token = serializers.CharField()


class LoginSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=256, trim_whitespace=False)


class PersonSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(Role.choices))
    is_active = serializers.BooleanField()


class PersonCreateSerializer(serializers.Serializer):
    username = serializers.CharField(validators=[USERNAME])
    name = serializers.CharField(max_length=120)
    password = serializers.CharField(max_length=256, trim_whitespace=False)
    roles = serializers.ListField(child=serializers.ChoiceField(Role.choices), allow_empty=False)


class PersonChangeSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=120, required=False)
    password = serializers.CharField(max_length=256, trim_whitespace=False, required=False)
    roles = serializers.ListField(
        child=serializers.ChoiceField(Role.choices), allow_empty=True, required=False
    )
    is_active = serializers.BooleanField(required=False)
