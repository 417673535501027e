"""The server with its worker, in one process on one machine."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

from backend.core.demo import read_credentials


class Command(BaseCommand):
    help = "Run the web server and its worker; production uses uvicorn and Celery directly."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        self.stdout.write(f"\nOpen http://{host}:{port}")
        credentials = read_credentials()
        if credentials:
            names = ", ".join(credentials["usernames"])
            self.stdout.write(f"Log in as {names} with the password {credentials['password']}")
        self.stdout.write(f"Jobs are done by: {settings.WORKER}. Stop with Ctrl-C.\n\n")
        self.stdout.flush()
        uvicorn.run(
            "backend.core.asgi:application",
            host=host,
            port=port,
            lifespan="on",
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            ws_max_size=64 * 1024,
            timeout_graceful_shutdown=5,
        )
