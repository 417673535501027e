"""Bone sets, CTs and comparisons over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.cases.api import visible_case
from backend.core.api import stored_file, validated
from backend.imaging import bone_sets, comparison, ct, imports
from backend.imaging.api import BytesRenderer
from backend.imaging.bone_serializers import (
    BoneImportSerializer,
    BoneSetSerializer,
    ComparisonRequestSerializer,
    ComparisonSerializer,
    CtScanSerializer,
    CtUploadSerializer,
)
from backend.imaging.models import BoneMesh, BoneSet, Comparison, CtScan
from backend.imaging.serializers import OutlinesSerializer
from backend.jobs.serializers import JobSerializer


class PlyRenderer(BytesRenderer):
    media_type = "model/ply"
    format = "ply"


def visible_bone_set(request: Request, id: UUID) -> BoneSet:
    """The bone set, or 404 when it is not there for this person."""
    sets = BoneSet.objects.visible_to(request.user).select_related("case__site", "author")
    return get_object_or_404(sets.prefetch_related("meshes"), pk=id)


class BoneSetView(APIView):
    @extend_schema(operation_id="bone_sets_get", responses=BoneSetSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(BoneSetSerializer(visible_bone_set(request, id)).data)


class _MeshView(APIView):
    renderer_classes = (PlyRenderer, JSONRenderer)
    quality = "mesh"

    def get(self, request: Request, id: UUID, bone: str) -> HttpResponse:
        visible = BoneSet.objects.visible_to(request.user)
        mesh = get_object_or_404(BoneMesh, bone_set__in=visible, bone_set_id=id, bone=bone)
        return stored_file(request, getattr(mesh, self.quality), "model/ply")


def _documented(operation_id: str, description: str) -> Any:
    answers = {(200, "model/ply"): OpenApiTypes.BINARY}
    return extend_schema_view(
        get=extend_schema(operation_id=operation_id, description=description, responses=answers)
    )


@_documented("bone_sets_mesh", "Binary PLY, patient LPS millimetres.")
class BoneMeshView(_MeshView):
    quality = "mesh"


@_documented("bone_sets_display", "The same, at most 16,000 faces.")
class BoneDisplayView(_MeshView):
    quality = "display"


class OutlinesView(APIView):
    @extend_schema(
        operation_id="bone_sets_outlines",
        description="Only bones in the frame of the X-rays have any.",
        responses=OutlinesSerializer,
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        bone_set = get_object_or_404(BoneSet.objects.visible_to(request.user), pk=id)
        if not bone_set.outlines:
            raise Http404
        return stored_file(request, bone_set.outlines, "application/json")


class BoneSetChooseView(APIView):
    @extend_schema(operation_id="bone_sets_choose", request=None, responses=BoneSetSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        bone_set = visible_bone_set(request, id)
        bone_sets.choose_bone_set(person=request.user, bone_set=bone_set)
        return Response(BoneSetSerializer(bone_set).data)


class CaseBoneImportsView(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="bone_imports_create", request=BoneImportSerializer, responses={202: JobSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        case = visible_case(request, id)
        job = imports.request_import(
            person=request.user, case=case, **validated(BoneImportSerializer, request)
        )
        return Response(JobSerializer(job).data, status=202)


class CaseCtScansView(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="ct_scans_upload", request=CtUploadSerializer, responses={201: CtScanSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        case = visible_case(request, id)
        scan = ct.upload_ct(person=request.user, case=case, **validated(CtUploadSerializer, request))
        return Response(CtScanSerializer(scan).data, status=201)


def visible_ct(request: Request, id: UUID) -> CtScan:
    """The CT, or 404 when it is not there for this person."""
    return get_object_or_404(CtScan.objects.visible_to(request.user).select_related("case__site"), pk=id)


class CtScanView(APIView):
    @extend_schema(operation_id="ct_scans_delete", responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        ct.delete_ct(person=request.user, scan=visible_ct(request, id))
        return Response(status=204)


class CtReconstructionsView(APIView):
    @extend_schema(operation_id="ct_reconstructions_create", request=None, responses={202: JobSerializer})
    def post(self, request: Request, id: UUID) -> Response:
        job = ct.request_ct_reconstruction(person=request.user, scan=visible_ct(request, id))
        return Response(JobSerializer(job).data, status=202)


class BoneSetComparisonsView(APIView):
    @extend_schema(
        operation_id="comparisons_create", request=ComparisonRequestSerializer, responses={202: JobSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        first = visible_bone_set(request, id)
        second = visible_bone_set(request, validated(ComparisonRequestSerializer, request)["other"])
        job = comparison.request_comparison(person=request.user, first=first, second=second)
        return Response(JobSerializer(job).data, status=202)


class ComparisonView(APIView):
    @extend_schema(operation_id="comparisons_get", responses=ComparisonSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        made = get_object_or_404(Comparison.objects.visible_to(request.user), pk=id)
        return Response(ComparisonSerializer(made).data)


class DistancesView(APIView):
    renderer_classes = (BytesRenderer, JSONRenderer)

    @extend_schema(
        operation_id="comparisons_distances",
        description=(
            "Little-endian float32 a vertex of the display mesh: mm to the other set, "
            "NaN where only one source saw."
        ),
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: UUID, which: str, bone: str) -> HttpResponse:
        made = get_object_or_404(Comparison.objects.visible_to(request.user), pk=id)
        key = made.distances[which].get(bone)
        if key is None:
            raise Http404
        return stored_file(request, key, "application/octet-stream")
