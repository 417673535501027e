"""Putting a study together over HTTP."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.models import Role
from backend.accounts.selectors import require_role_somewhere, sites_with_role
from backend.core.api import validated
from backend.studies import questions, readiness, selectors, setup, wizard
from backend.studies.api.access import study_case, study_question, study_rater, visible_study
from backend.studies.closing import Meaning
from backend.studies.models import Study, StudyKind
from backend.studies.serializers import setup as sent
from backend.studies.serializers.studies import (
    QuestionSerializer,
    ReadinessSerializer,
    StudyOptionsSerializer,
    StudySerializer,
    StudySummarySerializer,
)
from backend.studies.templates import BLINDING, TEMPLATES, QuestionTemplate

RUNS_STUDIES = (Role.COORDINATOR, Role.ADMINISTRATOR)


def whole(study: Study) -> Response:
    """The study as coordinators see it."""
    study = Study.objects.select_related("site", "coordinator").get(pk=study.pk)
    cases = study.cases.select_related("case__patient").annotate(
        blinded=Count("arms", filter=~Q(arms__content="")) / 2
    )
    shown = {
        "lock_meaning": Meaning.COMPLETE.label,
        "questions": study.questions.prefetch_related("points"),
        "cases": cases,
        "raters": study.raters.select_related("person"),
        "commitments": selectors.commitments(study),
        "signatures": study.signatures.all(),
        "unblindings": study.unblindings.select_related("item__rater", "requested_by", "approved_by"),
    }
    told = SimpleNamespace(**{name: getattr(study, name) for name in _PLAIN}, **shown)
    return Response(StudySerializer(told).data)


_PLAIN = (
    *("id", "title", "kind", "state", "coordinator", "created_at", "started_at", "locked_at"),
    *("unblinded_at", "distance", "may_go_back"),
)


def _template(template: QuestionTemplate) -> dict[str, Any]:
    return {
        "key": template.key,
        "kind": template.kind,
        "title": template.title,
        "text": template.text,
        "margin": None,
        "points": template.points,
    }


class StudyOptionsView(APIView):
    @extend_schema(
        operation_id="study_options",
        description="The paper's questions, the cases that hold both versions, and the raters of a site.",
        parameters=[
            OpenApiParameter("kind", str, enum=StudyKind.values, required=True),
            OpenApiParameter("site", UUID, description="Default: the coordinator's first"),
            OpenApiParameter("study", UUID, description="Leave out what is in this study already"),
        ],
        responses=StudyOptionsSerializer,
    )
    def get(self, request: Request) -> Response:
        require_role_somewhere(request.user, Role.COORDINATOR)
        asked = _OptionsAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        site = wizard.site_of(request.user, wanted.get("site"))
        beside = visible_study(request, wanted["study"]) if "study" in wanted else None
        if beside is not None:
            site = beside.site
        options = {
            "sites": sites_with_role(request.user, Role.COORDINATOR),
            "questions": [_template(template) for template in TEMPLATES[wanted["kind"]]],
            "blinding_questions": [_template(template) for template in BLINDING],
            "cases": selectors.candidates(site, wanted["kind"], beside=beside),
            "raters": selectors.rater_candidates(site, beside=beside),
        }
        return Response(StudyOptionsSerializer(options).data)


class _OptionsAsked(serializers.Serializer):
    kind = serializers.ChoiceField(StudyKind.choices)
    site = serializers.UUIDField(required=False)
    study = serializers.UUIDField(required=False)


class StudiesView(APIView):
    @extend_schema(operation_id="studies_list", responses=StudySummarySerializer(many=True))
    def get(self, request: Request) -> Response:
        require_role_somewhere(request.user, *RUNS_STUDIES)
        studies = Study.objects.visible_to(request.user).select_related("coordinator")
        return Response(StudySummarySerializer(studies, many=True).data)

    @extend_schema(
        operation_id="studies_create", request=sent.StudyCreateSerializer, responses={201: StudySerializer}
    )
    def post(self, request: Request) -> Response:
        require_role_somewhere(request.user, Role.COORDINATOR)
        wanted = validated(sent.StudyCreateSerializer, request)
        study = wizard.put_together(
            person=request.user,
            site=wizard.site_of(request.user, wanted.pop("site", None)),
            extra=[sent.question_template(question) for question in wanted.pop("questions")],
            **wanted,
        )
        response = whole(study)
        response.status_code = 201
        return response


class StudyView(APIView):
    @extend_schema(operation_id="studies_get", responses=StudySerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return whole(visible_study(request, id))

    @extend_schema(
        operation_id="studies_change", request=sent.StudyChangeSerializer, responses=StudySerializer
    )
    def patch(self, request: Request, id: UUID) -> Response:
        study = visible_study(request, id)
        setup.set_distance(person=request.user, study=study, **validated(sent.StudyChangeSerializer, request))
        return whole(study)


class ReadinessView(APIView):
    @extend_schema(operation_id="studies_readiness", responses=ReadinessSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        study = visible_study(request, id)
        told = {"missing": readiness.reasons(study), "not_blinded": readiness.not_blinded(study)}
        return Response(ReadinessSerializer(told).data)


class StudyQuestionsView(APIView):
    @extend_schema(
        operation_id="study_questions_create",
        request=sent.NewQuestionSerializer,
        responses={201: QuestionSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        study = visible_study(request, id)
        template = sent.question_template(validated(sent.NewQuestionSerializer, request))
        question = questions.add_question(person=request.user, study=study, template=template)
        return Response(QuestionSerializer(question).data, status=201)


class StudyQuestionView(APIView):
    @extend_schema(
        operation_id="study_questions_change", request=sent.MarginSerializer, responses=QuestionSerializer
    )
    def patch(self, request: Request, id: UUID, key: str) -> Response:
        study = visible_study(request, id)
        question = questions.set_margin(
            person=request.user,
            study=study,
            question=study_question(study, key),
            **validated(sent.MarginSerializer, request),
        )
        return Response(QuestionSerializer(question).data)

    @extend_schema(operation_id="study_questions_delete", responses={204: None})
    def delete(self, request: Request, id: UUID, key: str) -> Response:
        study = visible_study(request, id)
        questions.remove_question(person=request.user, study=study, question=study_question(study, key))
        return Response(status=204)


class StudyCasesView(APIView):
    @extend_schema(
        operation_id="study_cases_create",
        description="Into a draft; or behind all others of a running study, at least ``distance`` at once.",
        request=sent.NewCasesSerializer,
        responses=StudySerializer,
    )
    def post(self, request: Request, id: UUID) -> Response:
        study = visible_study(request, id)
        wizard.add_cases(person=request.user, study=study, **validated(sent.NewCasesSerializer, request))
        return whole(study)


class StudyCaseView(APIView):
    @extend_schema(operation_id="study_cases_delete", responses={204: None})
    def delete(self, request: Request, id: UUID, case: UUID) -> Response:
        study = visible_study(request, id)
        setup.remove_case(person=request.user, study=study, study_case=study_case(study, case))
        return Response(status=204)


class StudyRatersView(APIView):
    @extend_schema(
        operation_id="study_raters_create", request=sent.NewRatersSerializer, responses=StudySerializer
    )
    def post(self, request: Request, id: UUID) -> Response:
        study = visible_study(request, id)
        wizard.add_raters(person=request.user, study=study, **validated(sent.NewRatersSerializer, request))
        return whole(study)


class StudyRaterView(APIView):
    @extend_schema(operation_id="study_raters_delete", responses={204: None})
    def delete(self, request: Request, id: UUID, rater: UUID) -> Response:
        study = visible_study(request, id)
        setup.remove_rater(person=request.user, study=study, rater=study_rater(study, rater))
        return Response(status=204)
