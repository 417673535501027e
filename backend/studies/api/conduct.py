"""Running a study over HTTP: start, watch, withdraw, lock, sign, unblind."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.services import address_of
from backend.core.api import validated
from backend.studies import blinding, closing, course, monitoring, selectors, unblinding, withdrawal
from backend.studies.api.access import (
    item_by_code,
    study_case,
    study_rater,
    study_unblinding,
    visible_study,
)
from backend.studies.api.setup import whole
from backend.studies.serializers import setup as sent
from backend.studies.serializers.studies import (
    DeviationSerializer,
    ProgressSerializer,
    RaterItemSerializer,
    ReminderSerializer,
    ShownSerializer,
    SignatureSerializer,
    StudySerializer,
    UnblindingSerializer,
)


class StudyReadyView(APIView):
    @extend_schema(
        operation_id="studies_ready",
        description="Close the draft and have both versions of every case made alike.",
        request=None,
        responses=StudySerializer,
    )
    def post(self, request: Request, id: UUID) -> Response:
        return whole(course.mark_ready(person=request.user, study=visible_study(request, id)))


class StudyReopenView(APIView):
    @extend_schema(operation_id="studies_reopen", request=None, responses=StudySerializer)
    def post(self, request: Request, id: UUID) -> Response:
        return whole(course.reopen(person=request.user, study=visible_study(request, id)))


class StudyBlindView(APIView):
    @extend_schema(
        operation_id="studies_blind",
        description="Send the jobs again for cases that are not blinded yet and have no task.",
        request=None,
        responses=StudySerializer,
    )
    def post(self, request: Request, id: UUID) -> Response:
        study = visible_study(request, id)
        blinding.blind_again(person=request.user, study=study)
        return whole(study)


class StudyStartView(APIView):
    @extend_schema(
        operation_id="studies_start",
        description="Seal the allocation, publish its commitment, let raters begin.",
        request=None,
        responses=StudySerializer,
    )
    def post(self, request: Request, id: UUID) -> Response:
        return whole(course.start(person=request.user, study=visible_study(request, id)))


class StudyProgressView(APIView):
    @extend_schema(operation_id="studies_progress", responses=ProgressSerializer(many=True))
    def get(self, request: Request, id: UUID) -> Response:
        study = visible_study(request, id)
        return Response(ProgressSerializer(selectors.progress(study), many=True).data)


class CaseWithdrawView(APIView):
    @extend_schema(
        operation_id="study_cases_withdraw", request=sent.ReasonGivenSerializer, responses=StudySerializer
    )
    def post(self, request: Request, id: UUID, case: UUID) -> Response:
        study = visible_study(request, id)
        withdrawal.withdraw_case(
            person=request.user,
            study=study,
            study_case=study_case(study, case),
            **validated(sent.ReasonGivenSerializer, request),
        )
        return whole(study)


class RaterWithdrawView(APIView):
    @extend_schema(
        operation_id="study_raters_withdraw", request=sent.ReasonGivenSerializer, responses=StudySerializer
    )
    def post(self, request: Request, id: UUID, rater: UUID) -> Response:
        study = visible_study(request, id)
        withdrawal.withdraw_rater(
            person=request.user,
            study=study,
            rater=study_rater(study, rater),
            **validated(sent.ReasonGivenSerializer, request),
        )
        return whole(study)


class RemindersView(APIView):
    @extend_schema(
        operation_id="study_reminders_create",
        description="Shown to the rater with the list of their studies, until they complete an item.",
        request=sent.ReminderCreateSerializer,
        responses={201: ReminderSerializer},
    )
    def post(self, request: Request, id: UUID, rater: UUID) -> Response:
        study = visible_study(request, id)
        reminder = monitoring.remind(
            person=request.user,
            rater=study_rater(study, rater),
            **validated(sent.ReminderCreateSerializer, request),
        )
        return Response(ReminderSerializer(reminder).data, status=201)


class RaterItemsView(APIView):
    @extend_schema(operation_id="study_rater_items", responses=RaterItemSerializer(many=True))
    def get(self, request: Request, id: UUID, rater: UUID) -> Response:
        items = study_rater(visible_study(request, id), rater).items.all()
        return Response(RaterItemSerializer(items, many=True).data)


class ItemWithdrawView(APIView):
    @extend_schema(
        operation_id="study_items_withdraw", request=sent.ReasonGivenSerializer, responses=RaterItemSerializer
    )
    def post(self, request: Request, id: UUID, rater: UUID, code: str) -> Response:
        item = item_by_code(visible_study(request, id), rater, code)
        withdrawal.withdraw_item(
            person=request.user, item=item, **validated(sent.ReasonGivenSerializer, request)
        )
        item.refresh_from_db()
        return Response(RaterItemSerializer(item).data)


class ItemUnblindView(APIView):
    @extend_schema(
        operation_id="study_items_unblind",
        description="In an emergency; the item is left out of the analysis.",
        request=sent.UnblindSerializer,
        responses=ShownSerializer,
    )
    def post(self, request: Request, id: UUID, rater: UUID, code: str) -> Response:
        shown = unblinding.unblind_item(
            person=request.user,
            item=item_by_code(visible_study(request, id), rater, code),
            address=address_of(request._request),
            **validated(sent.UnblindSerializer, request),
        )
        return Response(ShownSerializer(shown).data)


class DeviationsView(APIView):
    @extend_schema(operation_id="study_deviations_list", responses=DeviationSerializer(many=True))
    def get(self, request: Request, id: UUID) -> Response:
        noted = visible_study(request, id).deviations.select_related("rater", "person")
        return Response(DeviationSerializer(noted, many=True).data)

    @extend_schema(
        operation_id="study_deviations_create",
        request=sent.DeviationCreateSerializer,
        responses={201: DeviationSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        study = visible_study(request, id)
        wanted = validated(sent.DeviationCreateSerializer, request)
        rater = wanted.pop("rater")
        noted = monitoring.note_deviation(
            person=request.user, study=study, rater=study_rater(study, rater) if rater else None, **wanted
        )
        return Response(DeviationSerializer(noted).data, status=201)


class StudyLockView(APIView):
    @extend_schema(
        operation_id="studies_lock",
        description="End the rating with a signature: name, time, ``lock_meaning``.",
        request=sent.LockSerializer,
        responses=StudySerializer,
    )
    def post(self, request: Request, id: UUID) -> Response:
        study = visible_study(request, id)
        closing.lock(
            person=request.user,
            study=study,
            address=address_of(request._request),
            **validated(sent.LockSerializer, request),
        )
        return whole(study)


class SignaturesView(APIView):
    @extend_schema(
        operation_id="study_signatures_create",
        request=sent.SignSerializer,
        responses={201: SignatureSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        wanted = validated(sent.SignSerializer, request)
        signature = closing.sign(
            person=request.user,
            study=visible_study(request, id),
            meaning=closing.Meaning(wanted.pop("meaning")),
            address=address_of(request._request),
            **wanted,
        )
        return Response(SignatureSerializer(signature).data, status=201)


class UnblindingsView(APIView):
    @extend_schema(
        operation_id="study_unblindings_create",
        request=sent.UnblindSerializer,
        responses={201: UnblindingSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        asked = unblinding.request_unblinding(
            person=request.user,
            study=visible_study(request, id),
            address=address_of(request._request),
            **validated(sent.UnblindSerializer, request),
        )
        return Response(UnblindingSerializer(asked).data, status=201)


class UnblindingApproveView(APIView):
    @extend_schema(
        operation_id="study_unblindings_approve", request=sent.AgreeSerializer, responses=StudySerializer
    )
    def post(self, request: Request, id: UUID, unblinding_id: UUID) -> Response:
        asked = study_unblinding(visible_study(request, id), unblinding_id)
        study = unblinding.approve_unblinding(
            person=request.user,
            request=asked,
            address=address_of(request._request),
            **validated(sent.AgreeSerializer, request),
        )
        return whole(study)
