"""Plans over HTTP."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.services import address_of
from backend.cases.api import visible_case
from backend.core.api import made_file, stored_file, validated
from backend.imaging.api import BytesRenderer
from backend.imaging.film_api import visible_film
from backend.jobs.serializers import JobSerializer
from backend.planning import film_readings, services
from backend.planning.differences import changes
from backend.planning.film_serializers import FilmReadingRequestSerializer, FilmReadingSerializer
from backend.planning.models import Plan
from backend.planning.serializers import (
    AlternativesSerializer,
    ApproveSerializer,
    CorrectedXraysSerializer,
    DiffSerializer,
    PlanCreateSerializer,
    PlanPreviewSerializer,
    PlanRequestSerializer,
    PlanSerializer,
    WithdrawSerializer,
)
from backend.planning.simulation import corrected_cameras, corrected_xray, drawn_from, edition
from backend.planning.solids import make_solids


class PdfRenderer(BytesRenderer):
    media_type = "application/pdf"
    format = "pdf"


class PngRenderer(BytesRenderer):
    media_type = "image/png"
    format = "png"


def visible_plan(request: Request, id: UUID) -> Plan:
    """The plan, or 404 when it is not there for this person."""
    plans = (
        Plan.objects.visible_to(request.user)
        .told()
        .select_related("case__site", "case__patient", "bone_set__case")
    )
    return get_object_or_404(plans, pk=id)


class PlanPreviewView(APIView):
    @extend_schema(
        operation_id="plans_preview", request=PlanRequestSerializer, responses=PlanPreviewSerializer
    )
    def post(self, request: Request, id: UUID) -> Response:
        case = visible_case(request, id)
        document = services.preview(
            person=request.user, case=case, **validated(PlanRequestSerializer, request)
        )
        return Response({"document": document})


class PlanAlternativesView(APIView):
    @extend_schema(
        operation_id="plans_alternatives",
        description="Its target is not looked at: each alternative has its own.",
        request=PlanRequestSerializer,
        responses=AlternativesSerializer,
    )
    def post(self, request: Request, id: UUID) -> Response:
        case = visible_case(request, id)
        rows = services.alternatives(
            person=request.user, case=case, **validated(PlanRequestSerializer, request)
        )
        return Response(AlternativesSerializer({"rows": rows}).data)


class CasePlansView(APIView):
    @extend_schema(operation_id="plans_create", request=PlanCreateSerializer, responses={201: PlanSerializer})
    def post(self, request: Request, id: UUID) -> Response:
        case = visible_case(request, id)
        plan = services.save_plan(person=request.user, case=case, **validated(PlanCreateSerializer, request))
        return Response(PlanSerializer(plan).data, status=201)


class FilmReadingsView(APIView):
    @extend_schema(
        operation_id="film_readings_create",
        description="The angles that marks on a long-leg film give; a plan refers to them.",
        request=FilmReadingRequestSerializer,
        responses={201: FilmReadingSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        film = visible_film(request, id)
        reading = film_readings.read_film(
            person=request.user, film=film, **validated(FilmReadingRequestSerializer, request)
        )
        return Response(FilmReadingSerializer(reading).data, status=201)


class PlanView(APIView):
    @extend_schema(operation_id="plans_get", responses=PlanSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(PlanSerializer(visible_plan(request, id)).data)


class PlanDiffView(APIView):
    @extend_schema(
        operation_id="plans_diff",
        description="What changed from the first plan to the other one, both of one case.",
        responses=DiffSerializer,
    )
    def get(self, request: Request, id: UUID, other: UUID) -> Response:
        before, after = visible_plan(request, id), visible_plan(request, other)
        return Response({"changes": changes(before, after)})


class PlanWithdrawView(APIView):
    @extend_schema(operation_id="plans_withdraw", request=WithdrawSerializer, responses=PlanSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        plan = services.withdraw_plan(
            person=request.user,
            plan=visible_plan(request, id),
            address=address_of(request._request),
            **validated(WithdrawSerializer, request),
        )
        return Response(PlanSerializer(plan).data)


class PlanReportView(APIView):
    renderer_classes = (PdfRenderer, JSONRenderer)

    @extend_schema(
        operation_id="plans_report",
        description="The plan report: pictures, measures, warnings with sources, landmarks, hashes.",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        # Imported late, as engines are: the report brings the renderer of the bones.
        from backend.planning.report import plan_report

        plan = visible_plan(request, id)
        response = HttpResponse(plan_report(plan), content_type=PdfRenderer.media_type)
        name = f"{plan.case.patient.pseudonym}-{plan.case.side}-plan-{plan.revision}.pdf"
        response["Content-Disposition"] = f'inline; filename="{name}"'
        return response


class PlanSolidsView(APIView):
    @extend_schema(
        operation_id="plan_solids_make",
        description="Make the exact fragments of a plan that has none; a plan that is saved asks by itself.",
        request=None,
        responses={202: JobSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        job = make_solids(person=request.user, plan=visible_plan(request, id))
        return Response(JobSerializer(job).data, status=202)


class PlanSolidView(APIView):
    renderer_classes = (BytesRenderer, JSONRenderer)

    @extend_schema(
        operation_id="plan_solid",
        description="An exact fragment of the corrected tibia: binary PLY, patient LPS millimetres.",
        responses={(200, "model/ply"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: UUID, part: str) -> HttpResponse:
        plan = visible_plan(request, id)
        key = getattr(plan.made_solids, part, "")
        if not key:
            raise Http404
        name = f"{plan.case.patient.pseudonym}-{plan.case.side}-plan-{plan.revision}-{part}.ply"
        return stored_file(request, key, "model/ply", name=name)


class CorrectedXraysView(APIView):
    @extend_schema(
        operation_id="plans_corrected_xrays",
        description="Simulated X-rays of the knee as the plan leaves it, with their cameras.",
        responses=CorrectedXraysSerializer,
    )
    def get(self, request: Request, id: UUID) -> Response:
        plan = visible_plan(request, id)
        return Response(
            {
                view: {
                    "rows": camera.rows,
                    "columns": camera.columns,
                    "projection": camera.projection.tolist(),
                    # Another address once the exact fragments are there: it is another picture.
                    "url": f"{reverse('corrected-xray', args=[plan.pk, view])}?of={drawn_from(plan)}",
                }
                for view, camera in corrected_cameras(plan).items()
            }
        )


class CorrectedXrayView(APIView):
    renderer_classes = (PngRenderer, JSONRenderer)

    @extend_schema(
        operation_id="plans_corrected_xray",
        description="Eight-bit PNG, bright where bone is; it says in the picture that it is simulated.",
        responses={(200, "image/png"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: UUID, view: str) -> HttpResponse:
        plan = visible_plan(request, id)
        key = f"{view} of plan {edition(plan)}"
        return made_file(request, key, lambda: corrected_xray(plan, view), PngRenderer.media_type)


class PlanApproveView(APIView):
    @extend_schema(operation_id="plans_approve", request=ApproveSerializer, responses=PlanSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        plan = services.approve_plan(
            person=request.user,
            plan=visible_plan(request, id),
            address=address_of(request._request),
            **validated(ApproveSerializer, request),
        )
        return Response(PlanSerializer(plan).data)
