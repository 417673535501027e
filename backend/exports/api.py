"""Guides over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.models import CLINICAL_ROLES
from backend.accounts.selectors import require_role_somewhere
from backend.core.api import stored_file, validated
from backend.exports import services
from backend.exports.models import Guide
from backend.exports.presets import presets
from backend.exports.serializers import GuideCreateSerializer, GuidePresetsSerializer, GuideSerializer
from backend.imaging.api import BytesRenderer
from backend.jobs.serializers import JobSerializer
from backend.planning.api import visible_plan


class PlanGuidesView(APIView):
    @extend_schema(
        operation_id="guides_create", request=GuideCreateSerializer, responses={202: JobSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        plan = visible_plan(request, id)
        job = services.request_design(
            person=request.user, plan=plan, **validated(GuideCreateSerializer, request)
        )
        return Response(JobSerializer(job).data, status=202)


def visible_guide(request: Request, id: UUID) -> Guide:
    """The guide, or 404 when it is not there for this person."""
    guides = Guide.objects.visible_to(request.user).select_related("case__patient", "case__site")
    return get_object_or_404(guides, pk=id)


class GuideView(APIView):
    @extend_schema(operation_id="guides_get", responses=GuideSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(GuideSerializer(visible_guide(request, id)).data)


class _FileView(APIView):
    """A file to print, as a download whose name says whose it is."""

    renderer_classes = (BytesRenderer, JSONRenderer)
    field = file = content_type = ""

    def get(self, request: Request, id: UUID) -> HttpResponse:
        guide = visible_guide(request, id)
        services.record_download(person=request.user, guide=guide, file=self.file)
        stem, _, suffix = self.file.partition(".")
        name = f"{guide.case.patient.pseudonym}-{guide.case.side}-v{guide.version}-{stem}.{suffix}"
        return stored_file(request, getattr(guide, self.field), self.content_type, name=name)


def _documented(operation_id: str, description: str, content_type: str) -> Any:
    answers = {(200, content_type): OpenApiTypes.BINARY}
    return extend_schema_view(
        get=extend_schema(operation_id=operation_id, description=description, responses=answers)
    )


@_documented("guides_stl", "Binary STL, millimetres.", "model/stl")
class GuideStlView(_FileView):
    field, file, content_type = "stl", "guide.stl", "model/stl"


@_documented("guides_3mf", "3MF, millimetres.", "model/3mf")
class Guide3mfView(_FileView):
    field, file, content_type = "threemf", "guide.3mf", "model/3mf"


@_documented("guides_report", "The report of the design and its checks.", "application/json")
class GuideReportView(_FileView):
    field, file, content_type = "report_file", "report.json", "application/json"


class GuidePresetsView(APIView):
    @extend_schema(operation_id="guide_presets", responses=GuidePresetsSerializer)
    def get(self, request: Request) -> Response:
        require_role_somewhere(request.user, *CLINICAL_ROLES)
        return Response(GuidePresetsSerializer({"parameters": presets()}).data)
