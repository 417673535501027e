"""Shapes of X-rays and outlines over them as the API speaks them."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.core.storage import sha256_of
from backend.imaging.models import Image, View


def _matrix() -> serializers.ListField:
    """A 3 x 4 projection."""
    row = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4)
    return serializers.ListField(child=row, min_length=3, max_length=3)


class WindowSerializer(serializers.Serializer):
    """Where grey begins and ends, in the 16-bit units of the pixels."""

    center = serializers.FloatField()
    width = serializers.FloatField()


class CameraSerializer(serializers.Serializer):
    """What an X-ray is seen by: LPS millimetres to (column, row), the centre of the first pixel at (0, 0)."""

    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    projection = _matrix()


class ImageSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    view = serializers.ChoiceField(View.choices)
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    window = serializers.SerializerMethodField()
    projection = _matrix()
    provenance = serializers.CharField()
    acquired_note = serializers.CharField()
    sha256 = serializers.SerializerMethodField()
    pixels_url = serializers.SerializerMethodField()

    @extend_schema_field(WindowSerializer)
    def get_window(self, image: Image) -> dict[str, float]:
        return {"center": image.window_center, "width": image.window_width}

    def get_sha256(self, image: Image) -> str:
        return sha256_of(image.file)

    def get_pixels_url(self, image: Image) -> str:
        return reverse("image-pixels", args=[image.id])


class ImageUploadSerializer(serializers.Serializer):
    view = serializers.ChoiceField(View.choices)
    file = serializers.FileField(allow_empty_file=True)


class ImagesSerializer(serializers.Serializer):
    ap = ImageSerializer(allow_null=True)
    lateral = ImageSerializer(allow_null=True)


class PolylinesField(serializers.ListField):
    """Lines of (column, row) points."""

    child = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    )


class OutlinesSerializer(serializers.Serializer):
    """Closed or open outlines a bone, as (column, row) pixels of each view."""

    ap = serializers.DictField(child=PolylinesField())
    lateral = serializers.DictField(child=PolylinesField())
