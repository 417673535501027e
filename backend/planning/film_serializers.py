"""Shapes of readings of a long-leg film as the API speaks them."""

from __future__ import annotations

from rest_framework import serializers

from backend.planning.document_serializers import FilmAnglesSerializer, film_points


class FilmReadingRequestSerializer(serializers.Serializer):
    """Marks on a film by name, column and row in its own pixels; does a person say that it is mirrored?"""

    points = film_points()
    mirrored = serializers.BooleanField(default=False)


class FilmReadingSerializer(FilmReadingRequestSerializer):
    id = serializers.UUIDField()
    mirrored = serializers.BooleanField()
    film_sha256 = serializers.CharField()
    angles = FilmAnglesSerializer()
    person = serializers.CharField(source="person.name")
    created_at = serializers.DateTimeField()
