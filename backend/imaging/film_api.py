"""Long-leg films over HTTP."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.cases.api import visible_case
from backend.core.api import stored_file, validated
from backend.imaging import leg_films
from backend.imaging.api import BytesRenderer
from backend.imaging.film_serializers import LegFilmSerializer, LegFilmUploadSerializer
from backend.imaging.models import LegFilm


def visible_film(request: Request, id: UUID) -> LegFilm:
    """The film, or 404 when it is not there for this person."""
    films = LegFilm.objects.visible_to(request.user).select_related("case__site", "uploaded_by")
    return get_object_or_404(films, pk=id)


class CaseLegFilmsView(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="leg_films_upload",
        description="A weight-bearing long-leg film: DICOM, PNG or JPEG. It replaces the one before.",
        request=LegFilmUploadSerializer,
        responses={201: LegFilmSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        case = visible_case(request, id)
        film = leg_films.upload_film(
            person=request.user, case=case, **validated(LegFilmUploadSerializer, request)
        )
        return Response(LegFilmSerializer(film).data, status=201)


class LegFilmView(APIView):
    @extend_schema(operation_id="leg_films_delete", responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        leg_films.delete_film(person=request.user, film=visible_film(request, id))
        return Response(status=204)


class LegFilmPixelsView(APIView):
    renderer_classes = (BytesRenderer, JSONRenderer)

    @extend_schema(
        operation_id="leg_films_pixels",
        description="Little-endian uint16, shown_rows x shown_columns, bright where bone is.",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        return stored_file(request, visible_film(request, id).pixels, "application/octet-stream")
