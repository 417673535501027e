"""Shapes of plan documents; the document itself is the guide engine's."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.cases.models import Side
from backend.planning.models import Kind, LandmarkProvenance, TuberositySide


def vector(**options: Any) -> serializers.ListField:
    """A point or a direction, LPS."""
    return serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3, **options)


def interval(**options: Any) -> serializers.ListField:
    """Both ends of what holds 90 %."""
    return serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2, **options)


class NormalRangeSerializer(serializers.Serializer):
    """What is usual in healthy adults, and who says so."""

    low = serializers.FloatField()
    high = serializers.FloatField()
    source = serializers.CharField()  # type: ignore[assignment]


class MeasureSerializer(serializers.Serializer):
    """One measure now, before and after the correction; bands hold 90 %, null where none is stated."""

    value = serializers.FloatField()
    before = serializers.FloatField()
    after = serializers.FloatField()
    unit = serializers.CharField()
    band = interval(allow_null=True)
    band_after = interval(allow_null=True, required=False)
    provenance = serializers.CharField()
    change = serializers.FloatField(required=False)
    definition = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    normal = NormalRangeSerializer(allow_null=True, required=False)


class LandmarkSerializer(serializers.Serializer):
    position = vector()
    provenance = serializers.ChoiceField(LandmarkProvenance.choices)


class SecondCutSerializer(serializers.Serializer):
    """The retrotubercular cut of a biplanar osteotomy; the normal points to the tuberosity."""

    plane_point = vector()
    plane_normal = vector()
    angle_deg = serializers.FloatField()
    tuberosity_thickness_mm = serializers.FloatField()


class OsteotomySerializer(serializers.Serializer):
    """The cut, in patient LPS millimetres; the normal points to the proximal side."""

    kind = serializers.ChoiceField(Kind.choices)
    plane_point = vector()
    plane_normal = vector()
    hinge_point = vector()
    hinge_axis = vector()
    correction_deg = serializers.FloatField()
    gap_mm = serializers.FloatField()
    gap_anterior_mm = serializers.FloatField()
    gap_posterior_mm = serializers.FloatField()
    cut_depth_mm = serializers.FloatField()
    medial_direction = vector()
    start_point = vector()
    lateral_cortex_mm = serializers.FloatField()
    wedge_volume_mm3 = serializers.FloatField(required=False)
    hinge_below_joint_mm = serializers.FloatField(required=False)
    bands = serializers.DictField(child=interval(allow_null=True), required=False)
    # Of a closing wedge.
    distal_plane_normal = vector(required=False)
    medial_cortex_mm = serializers.FloatField(required=False)
    wedge_base_mm = serializers.FloatField(required=False)
    # Of an opening wedge: the second cut, up or down.
    ascending = SecondCutSerializer(required=False)
    descending = SecondCutSerializer(required=False)
    miniaci_deg = serializers.FloatField(allow_null=True, required=False)
    dugdale_deg = serializers.FloatField(allow_null=True, required=False)


class PlanWarningSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    value = serializers.FloatField(required=False)
    limit = serializers.FloatField(required=False)


class TechniqueSerializer(serializers.Serializer):
    """What was chosen besides the amount; ``tuberosity`` is the fragment that keeps it."""

    kind = serializers.ChoiceField(Kind.choices)
    tuberosity = serializers.ChoiceField(TuberositySide.choices)
    slope_change_deg = serializers.FloatField()
    jlca_compensation = serializers.BooleanField()


class TargetSerializer(serializers.Serializer):
    measure = serializers.ChoiceField(["HKA", "WBL", "mMPTA"])
    value = serializers.FloatField()


class JlcaCompensationSerializer(serializers.Serializer):
    applied = serializers.BooleanField()
    jlca = serializers.FloatField()
    deg = serializers.FloatField()


class CutSerializer(serializers.Serializer):
    """Start and hinge of the cut where a person places them, LPS millimetres; what is absent is found."""

    start_point = vector(required=False, allow_null=True)
    hinge_point = vector(required=False, allow_null=True)


def film_points() -> serializers.DictField:
    """Marks on a long-leg film by name: column and row in pixels of the film."""
    pair = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    return serializers.DictField(child=pair)


class FilmAnglesSerializer(serializers.Serializer):
    """Degrees that were measured on a long-leg film."""

    HKA = serializers.FloatField()
    JLCA = serializers.FloatField()
    mLDFA = serializers.FloatField()  # noqa: N815
    mMPTA = serializers.FloatField()  # noqa: N815


class KeptReadingSerializer(serializers.Serializer):
    """What both angles were measured on, and by whom."""

    film_sha256 = serializers.CharField()
    points = film_points()
    pixel_spacing = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    mirrored = serializers.BooleanField()
    angles = FilmAnglesSerializer()
    read_by = serializers.CharField(required=False)
    read_at = serializers.CharField(required=False)


class LongFilmSerializer(serializers.Serializer):
    """Angles of a long-leg film, and where they put femoral landmarks; typed where there is no reading."""

    HKA = serializers.FloatField(allow_null=True)
    JLCA = serializers.FloatField(allow_null=True)
    landmarks = serializers.DictField(child=LandmarkSerializer())
    reading = KeptReadingSerializer(required=False)


class UncertaintySerializer(serializers.Serializer):
    """Expected error of the tibia's surface in mm where the plan needs it, as far as the bones say."""

    plateau = serializers.FloatField(required=False)
    cut = serializers.FloatField(required=False)
    hinge = serializers.FloatField(required=False)


class PlanDocumentSerializer(serializers.Serializer):
    schema = serializers.CharField()
    side = serializers.ChoiceField(Side.choices)
    technique = TechniqueSerializer(required=False)
    target = TargetSerializer(required=False)
    jlca_compensation = JlcaCompensationSerializer(required=False)
    long_film = LongFilmSerializer(required=False)
    cut = CutSerializer(required=False)
    uncertainty_mm = UncertaintySerializer(required=False)
    measures = serializers.DictField(child=MeasureSerializer())
    landmarks = serializers.DictField(child=LandmarkSerializer())
    osteotomy = OsteotomySerializer()
    warnings = PlanWarningSerializer(many=True)
    bones_sha256 = serializers.DictField(child=serializers.CharField())


@extend_schema_field(PlanDocumentSerializer)
class PlanDocumentField(serializers.JSONField):
    """Passed on as the engine wrote it."""
