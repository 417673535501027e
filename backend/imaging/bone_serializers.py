"""Shapes of bone sets, CTs and comparisons as the API speaks them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.imaging.bone_sets import cameras_of
from backend.imaging.ct import digest_of
from backend.imaging.models import BoneName, BoneSet, Comparison, CtScan, Frame, Origin, Units
from backend.imaging.serializers import CameraSerializer


class ReportBoneSerializer(serializers.Serializer):
    vertices = serializers.IntegerField()
    faces = serializers.IntegerField()
    volume_mm3 = serializers.FloatField()
    watertight = serializers.BooleanField()


class ReportModelSerializer(serializers.Serializer):
    name = serializers.CharField()
    sha256 = serializers.CharField()


class ReportFileSerializer(serializers.Serializer):
    file = serializers.CharField()
    sha256 = serializers.CharField()


class ReportCameraSerializer(serializers.Serializer):
    projection = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))


class ReportImageSerializer(serializers.Serializer):
    file = serializers.CharField()
    sha256 = serializers.CharField()
    camera = ReportCameraSerializer()


class ReportUncertaintySerializer(serializers.Serializer):
    """Expected distance of a bone to the true surface, mm."""

    mean_mm = serializers.FloatField()
    p95_mm = serializers.FloatField()


class ReportTrustSerializer(serializers.Serializer):
    """Whether what was reconstructed looks like a knee that the network knows, and what speaks against it."""

    trusted = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())


class BoneReportSerializer(serializers.Serializer):
    """The engine's own report on how bones were made; what only some ways to bones have may be absent."""

    model = ReportModelSerializer()
    seconds = serializers.DictField(child=serializers.FloatField(), required=False)
    resolution = serializers.IntegerField(required=False)
    units = serializers.ChoiceField(Units.choices, required=False)
    field_of_view = serializers.DictField(child=serializers.JSONField())
    bones = serializers.DictField(child=ReportBoneSerializer())
    uncertainty = serializers.DictField(child=ReportUncertaintySerializer(), required=False)
    trust = ReportTrustSerializer(required=False)
    images = ReportImageSerializer(many=True, required=False)
    files = ReportFileSerializer(many=True, required=False)
    warnings = serializers.ListField(child=serializers.CharField())


@extend_schema_field(BoneReportSerializer)
class BoneReportField(serializers.JSONField):
    """Passed on as the engine wrote it, which may hold more than the schema names."""


class AlignmentSerializer(serializers.Serializer):
    """A rigid motion of bones onto others, and the mean distance in mm that remains, a bone."""

    transform = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4),
        min_length=4,
        max_length=4,
    )
    rotation_deg = serializers.FloatField()
    shift_mm = serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3)
    bones = serializers.ListField(child=serializers.ChoiceField(BoneName.choices))
    mean_mm = serializers.FloatField()
    residual_mm = serializers.DictField(child=serializers.FloatField())


@extend_schema_field(AlignmentSerializer(allow_null=True))
class AlignmentField(serializers.JSONField):
    """Passed on as the engine wrote it."""


class BoneMeshSerializer(serializers.Serializer):
    mesh_url = serializers.CharField()
    display_url = serializers.CharField()
    vertices = serializers.IntegerField()
    faces = serializers.IntegerField()


class BoneSetSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    origin = serializers.ChoiceField(Origin.choices)
    model = serializers.CharField()
    author = serializers.CharField(source="author.name", default=None, allow_null=True)
    frame = serializers.ChoiceField(Frame.choices)
    # Sets with the same word lie in one frame and can be shown over one another.
    coordinates = serializers.CharField()
    aligned_to = serializers.UUIDField(source="aligned_to_id", allow_null=True)
    alignment = AlignmentField(allow_null=True)
    report = BoneReportField()
    created_at = serializers.DateTimeField()
    # By view: what these bones are seen by over the X-rays, which may be corrected; empty in other frames.
    cameras = serializers.SerializerMethodField()
    bones = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField(child=CameraSerializer()))
    def get_cameras(self, bone_set: BoneSet) -> dict[str, dict[str, Any]]:
        return cameras_of(bone_set)

    @extend_schema_field(serializers.DictField(child=BoneMeshSerializer()))
    def get_bones(self, bone_set: BoneSet) -> dict[str, dict[str, Any]]:
        return {
            mesh.bone: {
                "mesh_url": reverse("bone-mesh", args=[bone_set.id, mesh.bone]),
                "display_url": reverse("bone-display", args=[bone_set.id, mesh.bone]),
                "vertices": mesh.vertices,
                "faces": mesh.faces,
            }
            for mesh in bone_set.meshes.all()
        }


class CtScanSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    voxels = serializers.ListField(child=serializers.IntegerField(), min_length=3, max_length=3)
    spacing_mm = serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3)
    source = serializers.CharField()  # type: ignore[assignment]
    warnings = serializers.ListField(child=serializers.CharField())
    sha256 = serializers.SerializerMethodField()
    uploaded_by = serializers.CharField(source="uploaded_by.name")
    created_at = serializers.DateTimeField()

    def get_sha256(self, scan: CtScan) -> str:
        return digest_of(scan)


class CtUploadSerializer(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=True)


class BoneImportSerializer(serializers.Serializer):
    """Meshes, which bone each holds (in the same order), and what their numbers mean."""

    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), min_length=1, max_length=4
    )
    bones = serializers.ListField(
        child=serializers.ChoiceField(BoneName.choices, allow_blank=True), max_length=4, default=list
    )
    units = serializers.ChoiceField(Units.choices)
    frame = serializers.ChoiceField(Frame.choices)
    align_on = serializers.ListField(
        child=serializers.ChoiceField(BoneName.choices), max_length=4, default=list
    )
    software = serializers.CharField(max_length=80, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["bones"] and len(attrs["bones"]) != len(attrs["files"]):
            raise serializers.ValidationError({"bones": "Name one bone a file."})
        return attrs


class ComparisonRequestSerializer(serializers.Serializer):
    other = serializers.UUIDField()


class ComparedBoneSerializer(serializers.Serializer):
    """Figures of one bone in the common field of view, in mm (``dsc_percent`` in per cent)."""

    p2s_assd_mm = serializers.FloatField()
    p2s_hd95_mm = serializers.FloatField()
    p2s_hd_mm = serializers.FloatField()
    assd_16k_mm = serializers.FloatField()
    floor_16k_mm = serializers.FloatField()
    hd_16k_mm = serializers.FloatField()
    hd_floor_16k_mm = serializers.FloatField()
    dsc_percent = serializers.FloatField(allow_null=True)


class ComparisonReportSerializer(serializers.Serializer):
    bones = serializers.DictField(child=ComparedBoneSerializer())
    not_compared = serializers.DictField(child=serializers.CharField())
    # How the second set was moved onto the first, where they lie in two frames.
    alignment = AlignmentField(allow_null=True)
    scale_mm = serializers.FloatField()
    samples = serializers.IntegerField()
    margin_mm = serializers.FloatField()


@extend_schema_field(ComparisonReportSerializer)
class ComparisonReportField(serializers.JSONField):
    """Passed on as the engine wrote it."""


class ComparisonSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    first = serializers.UUIDField(source="first_id")
    second = serializers.UUIDField(source="second_id")
    report = ComparisonReportField()
    distances = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.DictField(child=serializers.DictField(child=serializers.CharField())))
    def get_distances(self, comparison: Comparison) -> dict[str, dict[str, str]]:
        """For "first" and "second", the address of each bone's distances."""
        return {
            which: {bone: reverse("distances", args=[comparison.id, which, bone]) for bone in bones}
            for which, bones in comparison.distances.items()
        }
