"""Reports over HTTP, of unblinded studies only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.imaging.api import BytesRenderer
from backend.studies import printing, report
from backend.studies.api.access import visible_study
from backend.studies.models import Study
from backend.studies.reporting.document import document
from backend.studies.reporting.html import html
from backend.studies.reporting.pdf import report_pdf
from backend.studies.reporting.tables import allocation_zip, codebook_csv, ratings_csv


class ReportView(APIView):
    @extend_schema(
        operation_id="study_report",
        description="Everything, as JSON; the first time it may take some seconds to compute.",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(document(person=request.user, study=visible_study(request, id)))


class _FileView(APIView):
    """A download of a study."""

    renderer_classes = (BytesRenderer, JSONRenderer)
    content_type = name = ""

    def content(self, request: Request, study: Study) -> bytes:
        raise NotImplementedError

    def get(self, request: Request, id: UUID) -> HttpResponse:
        response = HttpResponse(
            self.content(request, visible_study(request, id)), content_type=self.content_type
        )
        response["Content-Disposition"] = f'attachment; filename="{self.name}"'
        return response


def _file(operation_id: str, content_type: str, description: str = "") -> Any:
    answers = {(200, content_type): OpenApiTypes.BINARY}
    return extend_schema_view(
        get=extend_schema(operation_id=operation_id, description=description, responses=answers)
    )


@_file("study_report_html", "text/html")
class ReportHtmlView(_FileView):
    content_type, name = "text/html; charset=utf-8", "study-report.html"

    def content(self, request: Request, study: Study) -> bytes:
        return html(document(person=request.user, study=study))


@_file("study_report_pdf", "application/pdf")
class ReportPdfView(_FileView):
    content_type, name = "application/pdf", "study-report.pdf"

    def content(self, request: Request, study: Study) -> bytes:
        return report_pdf(document(person=request.user, study=study))


@_file("study_ratings_csv", "text/csv", "Every answer that counts, one a line.")
class RatingsCsvView(_FileView):
    content_type, name = "text/csv; charset=utf-8", "ratings.csv"

    def content(self, request: Request, study: Study) -> bytes:
        return ratings_csv(report.rows(person=request.user, study=study))


@_file("study_codebook_csv", "text/csv", "What the columns and questions of ratings.csv mean.")
class CodebookView(_FileView):
    content_type, name = "text/csv; charset=utf-8", "codebook.csv"

    def content(self, request: Request, study: Study) -> bytes:
        return codebook_csv(study)


@_file(
    "study_allocation",
    "application/zip",
    "The sealed list, opened: the bytes that each published commitment is the SHA-256 of.",
)
class AllocationView(_FileView):
    content_type, name = "application/zip", "allocation.zip"

    def content(self, request: Request, study: Study) -> bytes:
        return allocation_zip(report.allocation(person=request.user, study=study).lists)


@_file(
    "study_print_package",
    "application/zip",
    "Guides under neutral names, CT-based tibias, and who gets which label (CSV and PDF).",
)
class PrintPackageView(_FileView):
    content_type, name = "application/zip", "print-package.zip"

    def content(self, request: Request, study: Study) -> bytes:
        return printing.print_package(person=request.user, study=study)
