"""Rating over HTTP: one item at a time, and nothing that tells what it is.

Everything that a browser gets of an item has the same headers and the same size for both versions of a case.
"""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.models import Role
from backend.accounts.selectors import require_role_somewhere
from backend.core import storage
from backend.core.api import validated
from backend.core.errors import Conflict
from backend.imaging.api import BytesRenderer
from backend.studies import my_items, rating, replay, showing
from backend.studies.api.access import gone_is_not_found, own_item
from backend.studies.models import Item, Rater, StudyKind, StudyState, TimeEventKind
from backend.studies.serializers.rating import (
    ItemSerializer,
    MyStudyDetailSerializer,
    MyStudySerializer,
    PressSerializer,
    RatingCreateSerializer,
    ReplayedSerializer,
    ReplaySerializer,
    SavedSerializer,
)


class MyStudiesView(APIView):
    @extend_schema(operation_id="rating_studies_list", responses=MyStudySerializer(many=True))
    def get(self, request: Request) -> Response:
        require_role_somewhere(request.user, Role.RATER)
        return Response(MyStudySerializer(my_items.my_studies(request.user), many=True).data)


class MyStudyView(APIView):
    @extend_schema(operation_id="rating_studies_get", responses=MyStudyDetailSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        raters = Rater.objects.filter(
            person=request.user, withdrawn_at__isnull=True, study__state=StudyState.RUNNING
        )
        study = my_items.my_study(get_object_or_404(raters.select_related("study", "person"), study=id))
        if not study.items:
            raise Http404
        return Response(MyStudyDetailSerializer(study).data)


class ItemView(APIView):
    @extend_schema(operation_id="rating_items_get", responses=ItemSerializer)
    def get(self, request: Request, token: str) -> Response:
        item = own_item(request, token)
        rating.refuse_unless_open(item)
        return Response(ItemSerializer(my_items.item_page(item)).data)


class ItemOpenView(APIView):
    @extend_schema(
        operation_id="rating_items_open",
        description="The next item, or an earlier one where the study lets raters go back.",
        request=None,
        responses=ItemSerializer,
    )
    def post(self, request: Request, token: str) -> Response:
        item = own_item(request, token)
        with gone_is_not_found():
            item = rating.open_item(person=request.user, item=item)
        return Response(ItemSerializer(my_items.item_page(item)).data)


class _BytesView(APIView):
    renderer_classes = (BytesRenderer, JSONRenderer)

    def answer(self, key: str) -> HttpResponse:
        """A stored file under one name for all, which nobody may keep, compress or compare."""
        if not key:
            raise Conflict("not_prepared", "This item is being prepared.", remedy="Try again in a minute.")
        response = HttpResponse(storage.get(key), content_type="application/octet-stream")
        response["Cache-Control"] = "no-store, no-transform"
        return response


class ItemBonesView(_BytesView):
    @extend_schema(
        operation_id="rating_items_bones",
        description=(
            "Patella, femur, fibula, tibia, one after the other, little-endian: the number of triangles, "
            "uint32, 16,000 or 0 where there is no such bone; 9,216 vertices (x, y, z), float32, "
            "mm, the unused ones zero; 16,000 triangles, uint16 indices. Patient LPS axes, the middle of "
            "the knee at the origin."
        ),
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, token: str) -> HttpResponse:
        item = _open(request, token)
        return self.answer(showing.shown(item).content)


class ItemXrayView(_BytesView):
    @extend_schema(
        operation_id="rating_items_xray",
        description="Little-endian uint16, rows x columns, bright where bone is.",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, token: str, view: str) -> HttpResponse:
        item = _open(request, token)
        return self.answer(get_object_or_404(my_items.xrays(item), view=view).pixels)


def _open(request: Request, token: str) -> Item:
    """An own item of bones that is open now."""
    item = own_item(request, token)
    if item.rater.study.kind != StudyKind.MODEL_RATING:
        raise Http404
    rating.refuse_unless_open(item)
    return item


class ItemRatingsView(APIView):
    @extend_schema(
        operation_id="rating_items_rate", request=RatingCreateSerializer, responses=SavedSerializer
    )
    def post(self, request: Request, token: str) -> Response:
        item = own_item(request, token)
        sent = validated(RatingCreateSerializer, request)
        question = rating.question_of(item, sent.pop("question"))
        with gone_is_not_found():
            rating.save_rating(person=request.user, item=item, question=question, **sent)
        return Response(SavedSerializer(my_items.saved(item)).data)


class ItemTimesView(APIView):
    @extend_schema(
        operation_id="rating_items_press",
        description=(
            "placed: the guide is on the bone; completed: the cut is; paused, resumed; corrected: void what "
            "was timed and begin anew. Without an operation time to take, paused and resumed only."
        ),
        request=PressSerializer,
        responses=SavedSerializer,
    )
    def post(self, request: Request, token: str) -> Response:
        item = own_item(request, token)
        sent = validated(PressSerializer, request)
        kind = TimeEventKind(sent.pop("kind"))
        with gone_is_not_found():
            rating.press(person=request.user, item=item, kind=kind, **sent)
        return Response(SavedSerializer(my_items.saved(item)).data)


class ReplayView(APIView):
    @extend_schema(
        operation_id="rating_replay",
        description=(
            "What was done without a connection, in order. Sending it again changes nothing: each act "
            "is known by its client_token."
        ),
        request=ReplaySerializer,
        responses=ReplayedSerializer,
    )
    def post(self, request: Request) -> Response:
        require_role_somewhere(request.user, Role.RATER)
        sent = validated(ReplaySerializer, request)
        acts = [
            replay.Act(
                kind=replay.ActKind(act["kind"]),
                press=TimeEventKind(act["press"]),
                **{name: act[name] for name in ("item", "client_token", "at", "question", "value", "note")},
            )
            for act in sent["acts"]
        ]
        outcomes = replay.replay(person=request.user, sent_at=sent["sent_at"], acts=acts)
        return Response(ReplayedSerializer({"outcomes": outcomes}).data)
