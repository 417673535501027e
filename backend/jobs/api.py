"""Jobs over HTTP."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.jobs import selectors, services
from backend.jobs.models import Job
from backend.jobs.serializers import JobEventsSerializer, JobSerializer


def visible_job(request: Request, id: UUID) -> Job:
    """The job, or 404 when it is not there for this person."""
    return get_object_or_404(Job.objects.visible_to(request.user).select_related("case__site"), pk=id)


class JobView(APIView):
    @extend_schema(operation_id="jobs_get", responses=JobSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(JobSerializer(visible_job(request, id)).data)


class JobEventsView(APIView):
    @extend_schema(
        operation_id="jobs_events",
        parameters=[OpenApiParameter("after", int, description="Only events with a higher number")],
        responses=JobEventsSerializer,
    )
    def get(self, request: Request, id: UUID) -> Response:
        after = serializers.IntegerField(min_value=0).run_validation(request.query_params.get("after", 0))
        job = visible_job(request, id)
        events = selectors.events_after(person=request.user, job_id=job.pk, sequence=after)
        return Response(JobEventsSerializer({"results": events}).data)


class JobCancelView(APIView):
    @extend_schema(operation_id="jobs_cancel", request=None, responses=JobSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        job = services.cancel_job(person=request.user, job=visible_job(request, id))
        return Response(JobSerializer(Job.objects.get(pk=job.pk)).data)


class JobRetryView(APIView):
    @extend_schema(operation_id="jobs_retry", request=None, responses={202: JobSerializer})
    def post(self, request: Request, id: UUID) -> Response:
        job = services.retry_job(person=request.user, job=visible_job(request, id))
        return Response(JobSerializer(job).data, status=202)
