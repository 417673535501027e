"""An empty installation of the web application for one benchmark, gone afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def installation() -> Iterator[Path]:
    """Sets Django up on an empty database in a folder of its own; jobs run when the benchmark runs them.

    Import what needs models inside. Only one a process.
    """
    with tempfile.TemporaryDirectory(prefix="knee-benchmark-") as temporary:
        folder = Path(temporary)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "backend.core.settings",
            "KNEE_VAR": str(folder),
            "KNEE_WORKER": "none",
            "KNEE_ALLOWED_HOSTS": "testserver,127.0.0.1",
            "KNEE_LOG_LEVEL": "WARNING",
        }
        for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "KNEE_STORAGE"):
            os.environ.pop(name, None)
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield folder
