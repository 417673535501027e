"""Files of guides over HTTP: what the screen shows, and what leaves the house."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from backend.core.api import made_file, stored_file
from backend.exports import services
from backend.exports.api import visible_guide
from backend.exports.models import Guide, GuideTrial
from backend.exports.package import released
from backend.exports.queue_serializers import FluoroscopyQuerySerializer, ReleaseQuerySerializer
from backend.imaging.api import BytesRenderer


class _FileView(APIView):
    """A file that leaves the house, as a download whose name says whose it is."""

    renderer_classes = (BytesRenderer, JSONRenderer)
    field = file = content_type = ""
    signature = True

    def get(self, request: Request, id: UUID) -> HttpResponse:
        guide = visible_guide(request, id)
        query = ReleaseQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        known = query.validated_data["superseded_by"]
        services.release_file(
            person=request.user, guide=guide, file=self.file, signature=self.signature, known=known
        )
        return self.answer(request, guide, _download_name(guide, self.file))

    def answer(self, request: Request, guide: Guide, name: str) -> HttpResponse:
        return stored_file(request, getattr(guide, self.field), self.content_type, name=name)


def _download_name(guide: Guide, file: str) -> str:
    mark = "-SUPERSEDED" if guide.superseded else ""
    return f"{guide.case.patient.pseudonym}-{guide.case.side}-v{guide.version}{mark}-{file}"


def _documented(operation_id: str, description: str, *content_types: str, **options: Any) -> Any:
    answers = {(200, content_type): OpenApiTypes.BINARY for content_type in content_types}
    return extend_schema_view(
        get=extend_schema(operation_id=operation_id, description=description, responses=answers, **options)
    )


@_documented("guides_stl", "Binary STL, millimetres.", "model/stl", parameters=[ReleaseQuerySerializer])
class GuideStlView(_FileView):
    field, file, content_type = "stl", "guide.stl", "model/stl"


@_documented("guides_3mf", "3MF, millimetres.", "model/3mf", parameters=[ReleaseQuerySerializer])
class Guide3mfView(_FileView):
    field, file, content_type = "threemf", "guide.3mf", "model/3mf"


@_documented(
    "guides_report",
    "The report of the design and its checks.",
    "application/json",
    parameters=[ReleaseQuerySerializer],
)
class GuideReportView(_FileView):
    field, file, content_type = "report_file", "report.json", "application/json"
    signature = False


@_documented(
    "guides_package",
    "Print package with its manifest, and who signed.",
    "application/zip",
    parameters=[ReleaseQuerySerializer],
)
class GuidePackageView(_FileView):
    file, content_type = "package.zip", "application/zip"

    def answer(self, request: Request, guide: Guide, name: str) -> HttpResponse:
        services.check_packed(guide)
        # What the package says of its plan changes when another one is approved.
        key = f"package of {guide.pk}, superseded by {guide.superseded_by}"
        return made_file(request, key, lambda: released(guide), self.content_type, name=name)


@_documented("guides_preview", "Binary STL to look at, of any design, also one that is blocked.", "model/stl")
class GuidePreviewView(APIView):
    renderer_classes = (BytesRenderer, JSONRenderer)

    def get(self, request: Request, id: UUID) -> HttpResponse:
        return stored_file(request, visible_guide(request, id).stl, "model/stl")


@_documented(
    "guides_contact",
    "Contact face with its gaps where the simulated surgeon put it: binary PLY with ``gap_mm`` and colours.",
    "model/ply",
)
class GuideContactView(APIView):
    renderer_classes = (BytesRenderer, JSONRenderer)

    def get(self, request: Request, id: UUID) -> HttpResponse:
        guide = visible_guide(request, id)
        if not guide.contact:
            raise Http404
        return stored_file(request, guide.contact, "model/ply")


@_documented(
    "guide_trials_contact",
    "Contact face of a design with its gaps on other bones than its own, as of ``guides_contact``.",
    "model/ply",
)
class GuideTrialContactView(APIView):
    renderer_classes = (BytesRenderer, JSONRenderer)

    def get(self, request: Request, id: UUID) -> HttpResponse:
        trial = get_object_or_404(GuideTrial.objects.visible_to(request.user), pk=id)
        return stored_file(request, trial.contact, "model/ply")


@_documented(
    "guides_fluoroscopy",
    "Simulated radiograph of bones, guide and wires from any angle of the C-arm, without soft tissue.",
    "image/png",
    "application/octet-stream",
    parameters=[FluoroscopyQuerySerializer],
)
class GuideFluoroscopyView(APIView):
    renderer_classes = (BytesRenderer, JSONRenderer)

    def get(self, request: Request, id: UUID) -> HttpResponse:
        # Imported late: both engines with numba, which most requests do without.
        from backend.exports import fluoroscopy

        guide = visible_guide(request, id)
        query = FluoroscopyQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = dict(query.validated_data)
        encoding = asked.pop("encoding")
        fluoroscopy.check_located(guide)

        def make() -> bytes:
            pixels = fluoroscopy.radiograph(guide, fluoroscopy.View(**asked))
            return fluoroscopy.png(pixels) if encoding == "png" else pixels.astype("<u2").tobytes()

        key = f"fluoroscopy of {guide.pk}: {sorted(asked.items())} {encoding}"
        content_type = "image/png" if encoding == "png" else "application/octet-stream"
        return made_file(request, key, make, content_type)
