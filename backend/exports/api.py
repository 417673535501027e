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
from backend.core.api import made_file, stored_file, validated
from backend.exports import services
from backend.exports.models import Guide
from backend.exports.package import print_package
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
    guides = Guide.objects.visible_to(request.user).select_related(
        "case__patient", "case__site", "plan__approved_by"
    )
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
        services.release_file(person=request.user, guide=guide, file=self.file)
        return self.answer(request, guide, _download_name(guide, self.file))

    def answer(self, request: Request, guide: Guide, name: str) -> HttpResponse:
        return stored_file(request, getattr(guide, self.field), self.content_type, name=name)


def _download_name(guide: Guide, file: str) -> str:
    return f"{guide.case.patient.pseudonym}-{guide.case.side}-v{guide.version}-{file}"


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


@_documented("guides_package", "Print package: STL, 3MF, report, plan and a read-me.", "application/zip")
class GuidePackageView(_FileView):
    file, content_type = "package.zip", "application/zip"

    def answer(self, request: Request, guide: Guide, name: str) -> HttpResponse:
        key = f"package of {guide.pk}"
        return made_file(request, key, lambda: print_package(guide), self.content_type, name=name)


class GuidePresetsView(APIView):
    @extend_schema(operation_id="guide_presets", responses=GuidePresetsSerializer)
    def get(self, request: Request) -> Response:
        require_role_somewhere(request.user, *CLINICAL_ROLES)
        return Response(GuidePresetsSerializer({"parameters": presets()}).data)
