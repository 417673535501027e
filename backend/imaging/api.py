"""X-rays and bone sets over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.cases.api import visible_case
from backend.core.api import stored_file, validated
from backend.imaging import reconstruction, services
from backend.imaging.models import BoneMesh, BoneSet, Image, View
from backend.imaging.serializers import (
    BoneSetSerializer,
    ImageSerializer,
    ImageUploadSerializer,
    OutlinesSerializer,
)
from backend.jobs.serializers import JobSerializer


class BytesRenderer(BaseRenderer):
    """Stands for the type of raw pixels in the schema and in content negotiation."""

    media_type = "application/octet-stream"
    format = "bin"
    charset = None
    render_style = "binary"


class PlyRenderer(BytesRenderer):
    media_type = "model/ply"
    format = "ply"


class CaseImagesView(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="images_upload", request=ImageUploadSerializer, responses={201: ImageSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        case = visible_case(request, id)
        upload = validated(ImageUploadSerializer, request)
        image = services.upload_image(
            person=request.user, case=case, view=View(upload["view"]), file=upload["file"]
        )
        return Response(ImageSerializer(image).data, status=201)


class ImageView(APIView):
    @extend_schema(operation_id="images_delete", responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        image = get_object_or_404(Image.objects.visible_to(request.user).select_related("case__site"), pk=id)
        services.delete_image(person=request.user, image=image)
        return Response(status=204)


class ImagePixelsView(APIView):
    renderer_classes = (BytesRenderer, JSONRenderer)

    @extend_schema(
        operation_id="images_pixels",
        description="Little-endian uint16, rows x columns, bright where bone is.",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        image = get_object_or_404(Image.objects.visible_to(request.user), pk=id)
        return stored_file(request, image.pixels, "application/octet-stream")


class CaseReconstructionsView(APIView):
    @extend_schema(operation_id="reconstructions_create", request=None, responses={202: JobSerializer})
    def post(self, request: Request, id: UUID) -> Response:
        job = reconstruction.request_reconstruction(person=request.user, case=visible_case(request, id))
        return Response(JobSerializer(job).data, status=202)


class BoneSetView(APIView):
    @extend_schema(operation_id="bone_sets_get", responses=BoneSetSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        bone_sets = BoneSet.objects.visible_to(request.user).prefetch_related("meshes")
        return Response(BoneSetSerializer(get_object_or_404(bone_sets, pk=id)).data)


class _MeshView(APIView):
    renderer_classes = (PlyRenderer, JSONRenderer)
    quality = "mesh"

    def get(self, request: Request, id: UUID, bone: str) -> HttpResponse:
        bone_sets = BoneSet.objects.visible_to(request.user)
        mesh = get_object_or_404(BoneMesh, bone_set__in=bone_sets, bone_set_id=id, bone=bone)
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
    @extend_schema(operation_id="bone_sets_outlines", responses=OutlinesSerializer)
    def get(self, request: Request, id: UUID) -> HttpResponse:
        bone_set = get_object_or_404(BoneSet.objects.visible_to(request.user), pk=id)
        return stored_file(request, bone_set.outlines, "application/json")
