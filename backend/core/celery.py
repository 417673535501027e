"""Celery, for installations with workers of their own.

``celery -A backend.core.celery worker -Q recon,guides`` starts one; ``-Q recon`` is for machines with a GPU.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.core.settings")

application = Celery("knee")
application.config_from_object("django.conf:settings", namespace="CELERY")
application.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    task_serializer="json",
    accept_content=["json"],
    broker_connection_retry_on_startup=True,
    # A worker that takes longer than this would see its message again; the claim refuses the second one.
    broker_transport_options={"visibility_timeout": 3600},
    imports=["backend.jobs.tasks"],
    worker_hijack_root_logger=False,
)


@worker_ready.connect
def start_sweeping(**kwargs: Any) -> None:
    """Every worker looks for the jobs of dead ones."""
    from backend.jobs.dispatch import Sweeper

    Sweeper().start()
