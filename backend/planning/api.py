"""Plans over HTTP."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.services import address_of
from backend.cases.api import visible_case
from backend.core.api import validated
from backend.planning import services
from backend.planning.models import Plan
from backend.planning.serializers import (
    ApproveSerializer,
    CorrectionSerializer,
    PlanCreateSerializer,
    PlanPreviewSerializer,
    PlanSerializer,
)


def visible_plan(request: Request, id: UUID) -> Plan:
    """The plan, or 404 when it is not there for this person."""
    plans = Plan.objects.visible_to(request.user).select_related("case__site", "author", "approved_by")
    return get_object_or_404(plans, pk=id)


class PlanPreviewView(APIView):
    @extend_schema(
        operation_id="plans_preview", request=CorrectionSerializer, responses=PlanPreviewSerializer
    )
    def post(self, request: Request, id: UUID) -> Response:
        case = visible_case(request, id)
        document = services.preview(
            person=request.user, case=case, **validated(CorrectionSerializer, request)
        )
        return Response({"document": document})


class CasePlansView(APIView):
    @extend_schema(operation_id="plans_create", request=PlanCreateSerializer, responses={201: PlanSerializer})
    def post(self, request: Request, id: UUID) -> Response:
        case = visible_case(request, id)
        plan = services.save_plan(person=request.user, case=case, **validated(PlanCreateSerializer, request))
        return Response(PlanSerializer(plan).data, status=201)


class PlanView(APIView):
    @extend_schema(operation_id="plans_get", responses=PlanSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(PlanSerializer(visible_plan(request, id)).data)


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
