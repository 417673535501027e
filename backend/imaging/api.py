"""X-rays over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.cases.api import visible_case
from backend.core.api import stored_file, validated
from backend.imaging import reconstruction, services
from backend.imaging.models import Image, View
from backend.imaging.serializers import ImageSerializer, ImageUploadSerializer
from backend.jobs.serializers import JobSerializer


class BytesRenderer(BaseRenderer):
    """Stands for the type of raw pixels in the schema and in content negotiation.

    Views answer with the bytes themselves; all that comes by here is what OPTIONS tells of them.
    """

    media_type = "application/octet-stream"
    format = "bin"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The data as JSON, and so marked."""
        if renderer_context is not None:
            renderer_context["response"]["Content-Type"] = JSONRenderer.media_type
        return bytes(JSONRenderer().render(data))


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
