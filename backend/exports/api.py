"""Guides over HTTP: queue, designs, their comparison and signature, presets."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.models import CLINICAL_ROLES
from backend.accounts.selectors import require_role_somewhere, sites_with_role
from backend.accounts.services import address_of
from backend.core.api import validated
from backend.exports import presets, selectors, services
from backend.exports.comparison import compared
from backend.exports.models import Guide, GuidePreset
from backend.exports.preset_serializers import (
    GuidePresetCreateSerializer,
    GuidePresetSerializer,
    GuidePresetsSerializer,
)
from backend.exports.queue_serializers import (
    ComparedGuidesSerializer,
    CompareQuerySerializer,
    GuideQueueSerializer,
)
from backend.exports.serializers import (
    CheckSerializer,
    GuideCreateSerializer,
    GuideSerializer,
    GuideSignSerializer,
    GuideTrialCreateSerializer,
)
from backend.exports.trial_job import request_trial
from backend.imaging.models import BoneSet
from backend.jobs.serializers import JobSerializer
from backend.planning.api import visible_plan


def visible_guide(request: Request, id: UUID) -> Guide:
    """The guide, or 404 when it is not there for this person."""
    guides = Guide.objects.visible_to(request.user).whole()
    return get_object_or_404(
        guides.select_related("case__patient", "case__site", "plan__approved_by", "plan__bone_set"), pk=id
    )


class GuideQueueView(APIView):
    @extend_schema(operation_id="guides_queue", responses=GuideQueueSerializer)
    def get(self, request: Request) -> Response:
        require_role_somewhere(request.user, *CLINICAL_ROLES)
        return Response(GuideQueueSerializer(selectors.queue(person=request.user)).data)


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


class GuideView(APIView):
    @extend_schema(operation_id="guides_get", responses=GuideSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(GuideSerializer(visible_guide(request, id)).data)


class GuideChecksView(APIView):
    @extend_schema(operation_id="guides_checks", responses=CheckSerializer(many=True))
    def get(self, request: Request, id: UUID) -> Response:
        return Response(visible_guide(request, id).checks)


class GuideCompareView(APIView):
    @extend_schema(
        operation_id="guides_compare",
        description="What differs from the first design to the other one, both of one case.",
        parameters=[CompareQuerySerializer],
        responses=ComparedGuidesSerializer,
    )
    def get(self, request: Request, id: UUID, other: UUID) -> Response:
        query = CompareQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        guides = visible_guide(request, id), visible_guide(request, other)
        found = compared(*guides, query.validated_data["bones"])
        return Response(ComparedGuidesSerializer(found).data)


class GuideTrialsView(APIView):
    @extend_schema(
        operation_id="guide_trials_create",
        description="Put a design on other bones of its case by simulation; its scores there join the guide.",
        request=GuideTrialCreateSerializer,
        responses={202: JobSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        guide = visible_guide(request, id)
        asked = validated(GuideTrialCreateSerializer, request)
        bone_set = get_object_or_404(BoneSet.objects.visible_to(request.user), pk=asked["bone_set"])
        job = request_trial(person=request.user, guide=guide, bone_set=bone_set)
        return Response(JobSerializer(job).data, status=202)


class GuideSignView(APIView):
    @extend_schema(operation_id="guides_sign", request=GuideSignSerializer, responses=GuideSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        services.sign_off(
            person=request.user,
            guide=visible_guide(request, id),
            address=address_of(request._request),
            **validated(GuideSignSerializer, request),
        )
        return Response(GuideSerializer(visible_guide(request, id)).data)


class GuidePresetsView(APIView):
    @extend_schema(operation_id="guide_presets", responses=GuidePresetsSerializer)
    def get(self, request: Request) -> Response:
        require_role_somewhere(request.user, *CLINICAL_ROLES)
        found = {"parameters": presets.parameters_document(), "presets": presets.presets_of(request.user)}
        return Response(GuidePresetsSerializer(found).data)

    @extend_schema(
        operation_id="guide_presets_add",
        request=GuidePresetCreateSerializer,
        responses={201: GuidePresetSerializer},
    )
    def post(self, request: Request) -> Response:
        require_role_somewhere(request.user, *CLINICAL_ROLES)
        added = presets.add_preset(person=request.user, **validated(GuidePresetCreateSerializer, request))
        shown = {**added.document(), "site": added.site_id, "author": added.author.name}
        return Response(GuidePresetSerializer(shown).data, status=201)


class GuidePresetView(APIView):
    @extend_schema(operation_id="guide_presets_withdraw", responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        sites = sites_with_role(request.user, *CLINICAL_ROLES)
        preset = get_object_or_404(GuidePreset.objects.offered(*sites).select_related("site"), pk=id)
        presets.withdraw_preset(person=request.user, preset=preset)
        return Response(status=204)
