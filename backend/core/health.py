"""Whether the parts are there: for probes and load balancers, without a word about patients."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.jobs.models import WorkerBeat

logger = logging.getLogger(__name__)

WORKER_SILENCE = timedelta(seconds=60)


class PartStatus(models.TextChoices):
    OK = "ok"
    DOWN = "down"


class HealthStatus(models.TextChoices):
    """Degraded: cases can be read and changed, jobs wait."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "down"


class HealthSerializer(serializers.Serializer):
    status = serializers.ChoiceField(HealthStatus.choices)
    database = serializers.ChoiceField(PartStatus.choices)
    worker = serializers.ChoiceField(PartStatus.choices)
    storage = serializers.ChoiceField(PartStatus.choices)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _worker() -> None:
    if not WorkerBeat.objects.filter(at__gt=timezone.now() - WORKER_SILENCE).exists():
        raise RuntimeError("no worker was heard")


def _storage() -> None:
    key = default_storage.save(f"health/{secrets.token_hex(8)}", ContentFile(b"ok"))
    default_storage.delete(key)


def _state(probe: Callable[[], None]) -> PartStatus:
    try:
        probe()
    except Exception as error:  # whatever it is, the part does not answer
        logger.warning("health: %s: %s", probe.__name__, error)
        return PartStatus.DOWN
    return PartStatus.OK


class HealthView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="health", responses={200: HealthSerializer, 503: HealthSerializer})
    def get(self, request: Request) -> Response:
        parts = {"database": _state(_database), "worker": _state(_worker), "storage": _state(_storage)}
        if PartStatus.DOWN in (parts["database"], parts["storage"]):
            status = HealthStatus.FAILING
        elif parts["worker"] is PartStatus.DOWN:
            status = HealthStatus.DEGRADED
        else:
            status = HealthStatus.OK
        body = HealthSerializer({"status": status, **parts}).data
        return Response(body, status=503 if status is HealthStatus.FAILING else 200)
