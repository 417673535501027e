"""Cases over HTTP."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.models import CLINICAL_ROLES, Role
from backend.accounts.selectors import require_role_somewhere
from backend.cases import selectors, services
from backend.cases.models import Case, CaseState
from backend.cases.serializers import (
    CaseChangeSerializer,
    CaseCreateSerializer,
    CaseDetailSerializer,
    CaseSummarySerializer,
)
from backend.core.api import Pages, validated

_orderings = [sign + name for name in selectors.ORDERINGS for sign in ("", "-")]


class CasesView(GenericAPIView):
    pagination_class = Pages
    serializer_class = CaseSummarySerializer
    queryset = Case.objects.none()

    @extend_schema(
        operation_id="cases_list",
        parameters=[
            OpenApiParameter(
                "state", str, description=f"One or more of {', '.join(CaseState.values)}, parted by commas"
            ),
            OpenApiParameter("search", str, description="Words in the pseudonym or the surgeon's name"),
            OpenApiParameter(
                "ordering", str, enum=_orderings, description="Default: urgent first, then newest"
            ),
        ],
        responses=CaseSummarySerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        require_role_somewhere(request.user, *CLINICAL_ROLES)
        words = {key: request.query_params.get(key, "") for key in ("state", "search", "ordering")}
        page = self.paginate_queryset(selectors.worklist(person=request.user, **words))
        return self.get_paginated_response(CaseSummarySerializer(page, many=True).data)

    @extend_schema(
        operation_id="cases_create", request=CaseCreateSerializer, responses={201: CaseDetailSerializer}
    )
    def post(self, request: Request) -> Response:
        require_role_somewhere(request.user, Role.SURGEON)
        case = services.create_case(person=request.user, **validated(CaseCreateSerializer, request))
        return Response(_shown(request, case), status=201)


class CaseView(APIView):
    @extend_schema(operation_id="cases_get", responses=CaseDetailSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(_shown(request, visible_case(request, id)))

    @extend_schema(operation_id="cases_change", request=CaseChangeSerializer, responses=CaseDetailSerializer)
    def patch(self, request: Request, id: UUID) -> Response:
        case = visible_case(request, id)
        services.set_urgent(person=request.user, case=case, **validated(CaseChangeSerializer, request))
        return Response(_shown(request, case))


def visible_case(request: Request, id: UUID) -> Case:
    """The case, or 404 when it is not there for this person."""
    return get_object_or_404(Case.objects.visible_to(request.user).select_related("site", "patient"), pk=id)


def _shown(request: Request, case: Case) -> dict[str, object]:
    return dict(CaseDetailSerializer(selectors.detailed(person=request.user, case=case)).data)
