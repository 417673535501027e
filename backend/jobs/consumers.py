"""Live jobs over a WebSocket: replay by number from the database, then go on as wake-ups come."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from backend.accounts.models import CLINICAL_ROLES, Person
from backend.accounts.selectors import sites_with_role
from backend.accounts.sessions import person_of_session
from backend.core import wakeups
from backend.jobs import selectors
from backend.jobs.serializers import JobEventSerializer

NOT_LOGGED_IN = 4401
NOT_FOUND = 4404
# Wake-ups may get lost (a full channel, a Redis that is away), so the consumer also looks by itself.
LOOK_EVERY_S = 2.0


class _Consumer(AsyncJsonWebsocketConsumer):
    """A socket of a person. A page may stay open for days, so who they are is asked again each time."""

    async def connect(self) -> None:
        await self.accept()
        if await database_sync_to_async(self.person)() is None:
            await self.close(NOT_LOGGED_IN)
            return
        wakeups.serve_on(asyncio.get_running_loop())
        await self.joined()

    async def joined(self) -> None:
        """Begin, now that the person is known."""
        raise NotImplementedError

    def person(self) -> Person | None:
        return person_of_session(self.scope["session"].session_key)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Nothing that a browser says here matters."""


class JobConsumer(_Consumer):
    """The events of one job after ``?after=N``, each once and in order."""

    follower: asyncio.Task[None] | None = None

    async def joined(self) -> None:
        self.job_id: UUID = self.scope["url_route"]["kwargs"]["id"]
        self.sequence = _after(self.scope["query_string"])
        self.woken = asyncio.Event()
        # Joined before the first look, so that nothing falls between the two.
        await self.channel_layer.group_add(wakeups.job_group(self.job_id), self.channel_name)
        self.follower = asyncio.create_task(self._follow())

    async def disconnect(self, code: int) -> None:
        if self.follower:
            self.follower.cancel()
            await self.channel_layer.group_discard(wakeups.job_group(self.job_id), self.channel_name)

    async def job_changed(self, message: dict[str, Any]) -> None:
        self.woken.set()

    async def _follow(self) -> None:
        while True:
            self.woken.clear()
            events = await self._missed()
            if isinstance(events, int):
                await self.close(events)
                return
            for event in events:
                await self.send_json(event)
                self.sequence = event["sequence"]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), LOOK_EVERY_S)

    @database_sync_to_async
    def _missed(self) -> list[dict[str, Any]] | int:
        """The events that are due, or why the socket is to be closed."""
        person = self.person()
        if person is None:
            return NOT_LOGGED_IN
        events = selectors.events_after(person=person, job_id=self.job_id, sequence=self.sequence)
        return NOT_FOUND if events is None else [dict(JobEventSerializer(event).data) for event in events]


class WorklistConsumer(_Consumer):
    """``{"case": id}`` whenever a case of the person's sites changed; the browser fetches it again."""

    sites: tuple[UUID, ...] = ()

    async def joined(self) -> None:
        self.sites = await self._sites()
        if not self.sites:
            await self.close(NOT_FOUND)
        for site in self.sites:
            await self.channel_layer.group_add(wakeups.worklist_group(site), self.channel_name)

    async def disconnect(self, code: int) -> None:
        for site in self.sites:
            await self.channel_layer.group_discard(wakeups.worklist_group(site), self.channel_name)

    async def case_changed(self, message: dict[str, Any]) -> None:
        # Whoever lost a role or the session hears no more; the browser connects again and learns why.
        if set(self.sites) <= set(await self._sites()):
            await self.send_json({"case": message["case"]})
        else:
            await self.close(NOT_LOGGED_IN)

    @database_sync_to_async
    def _sites(self) -> tuple[UUID, ...]:
        person = self.person()
        sites = sites_with_role(person, *CLINICAL_ROLES) if person else []
        return tuple(site.pk for site in sites)


class UnknownConsumer(AsyncJsonWebsocketConsumer):
    """Any other address: closed with a word instead of a stack trace."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(NOT_FOUND)


def _after(query: bytes) -> int:
    value = parse_qs(query.decode("latin-1")).get("after", ["0"])[0]
    return int(value) if value.isdecimal() and len(value) < 10 else 0
