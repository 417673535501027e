"""Shapes of long-leg films as the API speaks them."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.imaging.models import LegFilm
from backend.imaging.serializers import WindowSerializer


class LegFilmSerializer(serializers.Serializer):
    """A long-leg film. A pixel that is shown stands for ``reduction`` x ``reduction`` of the film's own."""

    id = serializers.UUIDField()
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    shown_rows = serializers.IntegerField()
    shown_columns = serializers.IntegerField()
    reduction = serializers.IntegerField()
    window = serializers.SerializerMethodField()
    # Distance of rows, then of columns; millimetres where calibrated, else proportions.
    pixel_spacing = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    calibrated = serializers.BooleanField()
    mirrored = serializers.BooleanField(allow_null=True)
    sha256 = serializers.CharField()
    pixels_url = serializers.SerializerMethodField()
    uploaded_by = serializers.CharField(source="uploaded_by.name")
    created_at = serializers.DateTimeField()

    @extend_schema_field(WindowSerializer)
    def get_window(self, film: LegFilm) -> dict[str, float]:
        return {"center": film.window_center, "width": film.window_width}

    def get_pixels_url(self, film: LegFilm) -> str:
        return reverse("leg-film-pixels", args=[film.id])


class LegFilmUploadSerializer(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=True)
