"""The server: HTTP, WebSockets, and the life of the embedded worker."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.core.settings")

# Django has to be set up before its models are imported.
import django

django.setup(set_prefix=False)

from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponseBase
from django.urls import path

from backend.core import wakeups
from backend.imaging.limits import upload_limit
from backend.imaging.uploads import upload_too_large
from backend.jobs.consumers import JobConsumer, UnknownConsumer, WorklistConsumer
from backend.jobs.dispatch import Sweeper
from backend.jobs.worker import EmbeddedWorker, sweep_workspaces

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Room for the borders and the other fields of a multipart body.
_MULTIPART_BYTES = 64 * 1024


class SynchronousChain(ASGIHandler):
    """Django whose middleware and views are all synchronous: one change of threads a request.

    Its own handler goes to another thread and back for every one of its middlewares.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)


class BodyLimit:
    """Refuses bodies that are too large before they are stored, whether they say their length or not."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed, remedy = upload_limit(scope["path"])
        limit = allowed + _MULTIPART_BYTES
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > limit:
            await self._refuse(send, allowed, remedy)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _TooMuch
            return message

        try:
            await self.application(scope, counted, send)
        except _TooMuch:
            await self._refuse(send, allowed, remedy)

    async def _refuse(self, send: Send, allowed: int, remedy: str) -> None:
        refusal = upload_too_large(allowed, remedy)
        body = json.dumps({"error": refusal.body}).encode()
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class _TooMuch(Exception):
    pass


class Lifespan:
    """Starts what runs beside the requests, and stops it so that its jobs go back to the queue."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.application(scope, receive, send)
            return
        companion: EmbeddedWorker | Sweeper | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                wakeups.serve_on(asyncio.get_running_loop())
                threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
                companion = _companion()
                if companion:
                    companion.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if companion:
                    await asyncio.to_thread(companion.stop)
                await send({"type": "lifespan.shutdown.complete"})
                return


def _warm_up() -> None:
    """Load the guide engine, so that the first preview is as fast as the others."""
    importlib.import_module("guides.design.presets")
    importlib.import_module("guides.plan")
    # What is loaded stays: a collection that looks at all of it again takes 60 ms of whoever is served.
    gc.collect()
    gc.freeze()


def _companion() -> EmbeddedWorker | Sweeper | None:
    if settings.WORKER == "embedded":
        sweep_workspaces()
        return EmbeddedWorker()
    return Sweeper() if settings.WORKER == "celery" else None


websockets = URLRouter(
    [
        path("ws/jobs/<uuid:id>/", JobConsumer.as_asgi()),
        path("ws/worklist/", WorklistConsumer.as_asgi()),
        path("ws/<path:rest>", UnknownConsumer.as_asgi()),
    ]
)

application = Lifespan(
    ProtocolTypeRouter(
        {
            "http": BodyLimit(SynchronousChain()),
            "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(websockets)),
        }
    )
)
