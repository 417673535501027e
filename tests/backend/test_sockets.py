"""Live progress over WebSockets, through the whole of the server's stack."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from backend.accounts.models import Membership, Role
from backend.cases import services
from backend.core.asgi import application
from backend.jobs import transitions
from backend.jobs.consumers import NOT_FOUND, NOT_LOGGED_IN
from backend.jobs.models import Job, State
from tests.backend import factories

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = (b"origin", b"http://localhost")


class Socket(ApplicationCommunicator):
    """A browser's end of a WebSocket (that of ``channels.testing`` needs a server that is not installed)."""

    def __init__(self, address: str, headers: list[tuple[bytes, bytes]]) -> None:
        path, _, query = address.partition("?")
        scope = {"type": "websocket", "path": path, "query_string": query.encode(), "headers": headers}
        super().__init__(application, {**scope, "subprotocols": []})

    async def opened(self) -> bool:
        await self.send_input({"type": "websocket.connect"})
        return bool((await self.receive_output(timeout=10))["type"] == "websocket.accept")

    async def event(self) -> dict[str, Any]:
        message = await self.receive_output(timeout=10)
        assert message["type"] == "websocket.send", message
        return dict(json.loads(message["text"]))

    async def events(self, number: int) -> list[dict[str, Any]]:
        return [await self.event() for _ in range(number)]

    async def closing_code(self) -> int:
        message = await self.receive_output(timeout=10)
        assert message["type"] == "websocket.close", message
        return int(message["code"])


def cookie_of(person: Any) -> tuple[bytes, bytes]:
    client = Client()
    client.force_login(person)
    return (b"cookie", f"knee_session={client.cookies['knee_session'].value}".encode())


@asynccontextmanager
async def socket(address: str, person: Any = None) -> AsyncIterator[Socket]:
    communicator = Socket(address, [ORIGIN, cookie_of(person)] if person else [ORIGIN])
    assert await communicator.opened()
    try:
        yield communicator
    finally:
        await communicator.send_input({"type": "websocket.disconnect", "code": 1000})
        await communicator.wait(timeout=10)


async def test_a_browser_that_comes_back_gets_exactly_what_it_missed() -> None:
    job = factories.ended_job()
    async with socket(f"/ws/jobs/{job.pk}/", job.requested_by) as whole:
        everything = await whole.events(3)
        assert [event["kind"] for event in everything] == ["queued", "started", "succeeded"]
    for after in range(4):
        async with socket(f"/ws/jobs/{job.pk}/?after={after}", job.requested_by) as rest:
            assert await rest.events(3 - after) == everything[after:]
            assert await rest.receive_nothing(timeout=0.2)


@pytest.mark.parametrize("after", ["", "-1", "x", "9" * 30])
async def test_a_number_that_is_none_begins_at_the_beginning(after: str) -> None:
    job = factories.ended_job()
    async with socket(f"/ws/jobs/{job.pk}/?after={after}", job.requested_by) as communicator:
        assert (await communicator.event())["sequence"] == 1


async def test_news_come_at_once_and_each_once() -> None:
    job = factories.JobFactory()
    async with socket(f"/ws/jobs/{job.pk}/", job.requested_by) as communicator:
        assert (await communicator.event())["kind"] == "queued"
        await asyncio.sleep(0.3)  # it waits for a wake-up now, not on its first look
        began = asyncio.get_running_loop().time()
        # From another thread, as the embedded worker does.
        await asyncio.to_thread(_run_through, job)
        events = await communicator.events(3)
        assert [(e["sequence"], e["kind"]) for e in events] == [
            (2, "started"),
            (3, "progress"),
            (4, "succeeded"),
        ]
        assert asyncio.get_running_loop().time() - began < 1.5  # sooner than the look every two seconds


def _run_through(job: Job) -> None:
    claimed = transitions.claim(job.pk, "test")
    assert claimed and claimed.lease
    transitions.progress(job.pk, claimed.lease, stage="Finding the bones", fraction=0.5, remaining_s=3.0)
    transitions.finish(job.pk, claimed.lease, State.SUCCEEDED)


@pytest.mark.parametrize("address", ["/ws/jobs/{job}/", "/ws/worklist/"])
async def test_who_is_not_logged_in_hears_nothing(address: str) -> None:
    job = factories.ended_job()
    async with socket(address.format(job=job.pk)) as communicator:
        assert await communicator.closing_code() == NOT_LOGGED_IN


async def test_other_peoples_jobs_are_not_there() -> None:
    job = factories.ended_job()
    strangers = [
        factories.person_with(factories.SiteFactory(), *Role),
        factories.person_with(job.case.site, Role.COORDINATOR),
        factories.person_with(job.case.site, Role.ADMINISTRATOR),
    ]
    for person in strangers:
        async with socket(f"/ws/jobs/{job.pk}/", person) as communicator:
            assert await communicator.closing_code() == NOT_FOUND
    async with socket("/ws/elsewhere/", job.requested_by) as communicator:
        assert await communicator.closing_code() == NOT_FOUND


async def test_pages_of_other_origins_are_refused() -> None:
    job = factories.ended_job()
    headers = [(b"origin", b"https://evil.example"), cookie_of(job.requested_by)]
    assert not await Socket(f"/ws/jobs/{job.pk}/", headers).opened()


def _end_session(person: Any) -> None:
    Session.objects.update(expire_date=timezone.now())


def _take_role(person: Any) -> None:
    Membership.objects.filter(person=person).delete()


def _lock_out(person: Any) -> None:
    type(person).objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize(
    ("act", "code"), [(_end_session, NOT_LOGGED_IN), (_take_role, NOT_FOUND), (_lock_out, NOT_LOGGED_IN)]
)
async def test_an_open_socket_ends_with_the_right_to_it(act: Callable[[Any], None], code: int) -> None:
    job = factories.JobFactory()
    async with socket(f"/ws/jobs/{job.pk}/", job.requested_by) as communicator:
        await communicator.event()
        await asyncio.to_thread(act, job.requested_by)
        await asyncio.to_thread(_run_through, job)
        assert await communicator.closing_code() == code


async def test_the_worklist_hears_of_its_own_site_only() -> None:
    case, foreign = factories.CaseFactory(), factories.CaseFactory()
    async with socket("/ws/worklist/", case.surgeon) as communicator:
        await asyncio.sleep(0.3)
        for changed in (foreign, case):
            await asyncio.to_thread(services.set_urgent, person=changed.surgeon, case=changed, urgent=True)
        assert await communicator.event() == {"case": str(case.pk)}
        await asyncio.to_thread(_end_session, case.surgeon)
        await asyncio.to_thread(case.refresh_from_db)
        await asyncio.to_thread(services.set_urgent, person=case.surgeon, case=case, urgent=False)
        assert await communicator.closing_code() == NOT_LOGGED_IN
