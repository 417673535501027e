"""The embedded worker: a thread of the server that takes waiting jobs from the database.

The table of jobs is the queue, so nothing has to be sent that could get lost: a bell in memory makes it look
at once, and it looks every second in any case.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time

from django.conf import settings
from django.db import close_old_connections

from backend.jobs import runner, transitions
from backend.jobs.models import Job, State

logger = logging.getLogger(__name__)

_bell = threading.Event()


def ring() -> None:
    """There is work."""
    _bell.set()


class EmbeddedWorker:
    """One thread that does one job after the other. The engines use all cores by themselves."""

    def __init__(self) -> None:
        self.name = transitions.worker_name()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10) -> None:
        """Give a running job back to the queue and end."""
        self._stop.set()
        ring()
        self._thread.join(timeout_s)

    def _serve(self) -> None:
        swept = 0.0
        while not self._stop.is_set():
            try:
                if time.monotonic() - swept >= settings.JOB_SWEEP_S or not swept:
                    swept = time.monotonic()
                    transitions.beat(self.name)
                    transitions.recover(here=self.name)
                if not self._next():
                    _bell.wait(1.0)
                    _bell.clear()
            except Exception:  # the database may be away; the thread must be there when it is back
                logger.exception("the worker goes on after an error")
                self._stop.wait(1.0)
            finally:
                close_old_connections()

    def _next(self) -> bool:
        waiting = Job.objects.filter(state=State.QUEUED).order_by("-case__urgent", "created_at")
        job_id = waiting.values_list("pk", flat=True).first()
        return job_id is not None and runner.run(job_id, worker=self.name, stopping=self._stop.is_set)


def sweep_workspaces() -> None:
    """Remove what killed processes left; only at start-up, when nothing of this server runs yet."""
    if settings.WORKSPACES.is_dir():
        for folder in settings.WORKSPACES.glob("job-*"):
            if time.time() - folder.stat().st_mtime > 3600:
                shutil.rmtree(folder, ignore_errors=True)
