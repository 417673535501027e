"""Shapes of guide parameters and presets as the API speaks them."""

from __future__ import annotations

from rest_framework import serializers

from backend.exports.models import PresetGroup


class GuideParameterSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()
    min = serializers.FloatField()
    max = serializers.FloatField()
    default = serializers.FloatField()  # type: ignore[assignment]
    definition = serializers.CharField()


class PresetContentSerializer(serializers.Serializer):
    """What a preset may hold, in the words of the engine's catalogue; lengths in mm."""

    # Values of ``GuideParameter`` names.
    parameters = serializers.DictField(child=serializers.FloatField(), required=False)
    # Of a material.
    thinnest_wall_mm = serializers.FloatField(required=False, min_value=0)
    smallest_hole_mm = serializers.FloatField(required=False, min_value=0)
    # Ids of the sterilisations that a material withstands.
    withstands = serializers.ListField(child=serializers.CharField(max_length=64), required=False)
    # Edges of a printer's room.
    build_mm = serializers.ListField(
        child=serializers.FloatField(min_value=1), min_length=3, max_length=3, required=False
    )


class GuidePresetSerializer(PresetContentSerializer):
    """A preset of the engine, or one that a site added."""

    id = serializers.CharField()
    group = serializers.ChoiceField(PresetGroup.choices)
    label = serializers.CharField()  # type: ignore[assignment]
    # Where its numbers come from.
    source = serializers.CharField()  # type: ignore[assignment]
    site = serializers.UUIDField(allow_null=True)
    author = serializers.CharField(allow_null=True)


class GuidePresetCreateSerializer(PresetContentSerializer):
    group = serializers.ChoiceField(PresetGroup.choices)
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    source = serializers.CharField(max_length=300)  # type: ignore[assignment]
    # Needed only of an engineer who works at several sites.
    site = serializers.UUIDField(required=False)


class GuidePresetsSerializer(serializers.Serializer):
    parameters = GuideParameterSerializer(many=True)
    presets = GuidePresetSerializer(many=True)
