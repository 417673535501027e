"""Telling browsers that there is something to read. The database says what: a lost wake-up loses nothing.

``InMemoryChannelLayer`` does not reach a consumer from another thread (django/channels #1876): the message
waits until the consumer's loop turns for another reason. So wake-ups run on the loop of the server, which it
names at start-up.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction

logger = logging.getLogger(__name__)
_loops: list[asyncio.AbstractEventLoop] = []


def serve_on(loop: asyncio.AbstractEventLoop) -> None:
    """Called on the loop that consumers live on."""
    if loop not in _loops:
        _loops[:] = [known for known in _loops if not known.is_closed()] + [loop]


def job_group(job_id: UUID) -> str:
    """The group of those who watch a job."""
    return f"job.{job_id}"


def worklist_group(site_id: UUID) -> str:
    """The group of those who watch the worklist of a site."""
    return f"worklist.{site_id}"


def wake_job(job_id: UUID) -> None:
    """After commit: this job has a new event."""
    transaction.on_commit(lambda: _send(job_group(job_id), {"type": "job.changed"}))


def wake_worklist(*, site_id: UUID, case_id: UUID) -> None:
    """After commit: this case of this site changed."""
    transaction.on_commit(
        lambda: _send(worklist_group(site_id), {"type": "case.changed", "case": str(case_id)})
    )


def _send(group: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    try:
        if isinstance(layer, InMemoryChannelLayer):
            for loop in _loops:
                if loop.is_running():
                    asyncio.run_coroutine_threadsafe(layer.group_send(group, message), loop)
        else:
            async_to_sync(layer.group_send)(group, message)
    except Exception:  # what was done is committed; the consumer looks by itself every few seconds
        logger.warning("wake-up for %s was not sent", group, exc_info=True)
