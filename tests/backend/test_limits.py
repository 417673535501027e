"""Bodies that are too large end at the door, whether they say their length or not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from backend.core.asgi import application

CHUNK = b"x" * 65536


async def posted(
    chunks: int, headers: list[tuple[bytes, bytes]], path: str = "/api/session/"
) -> tuple[int, dict[str, Any], int]:
    """Status, body, and how many chunks were taken before the answer."""
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "http_version": "1.1",
        "headers": [(b"host", b"localhost"), (b"content-type", b"multipart/form-data; boundary=b"), *headers],
    }  # fmt: skip
    communicator = ApplicationCommunicator(application, scope)
    for number in range(chunks):
        await communicator.send_input(
            {"type": "http.request", "body": CHUNK, "more_body": number < chunks - 1}
        )
    start = await communicator.receive_output(timeout=20)
    body = (await communicator.receive_output(timeout=20))["body"]
    left = communicator.input_queue.qsize()
    await communicator.wait(timeout=20)
    return start["status"], json.loads(body), chunks - left


@pytest.fixture
def limit(settings: Any) -> int:
    settings.UPLOAD_LIMIT_BYTES = 4 * len(CHUNK)
    return 5  # chunks: the limit and the room for a form's own words


async def test_a_stated_length_is_refused_unread(limit: int) -> None:
    length = str(100 * len(CHUNK)).encode()
    status, body, taken = await posted(100, [(b"content-length", length)])
    assert (status, body["error"]["code"], taken) == (413, "upload_too_large", 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "setting", "word"),
    [
        ("/api/cases/1/ct-scans/", "CT_UPLOAD_LIMIT_BYTES", "CT"),
        ("/api/cases/1/bone-imports/", "MESH_UPLOAD_LIMIT_BYTES", "meshes"),
    ],
)
async def test_a_ct_and_meshes_have_limits_of_their_own(
    limit: int, settings: Any, path: str, setting: str, word: str
) -> None:
    setattr(settings, setting, 20 * len(CHUNK))
    length = [(b"content-length", str(30 * len(CHUNK)).encode())]
    status, body, taken = await posted(30, length, path)
    assert (status, body["error"]["code"], taken) == (413, "upload_too_large", 0)
    assert word in body["error"]["remedy"] and "1.25 MB" in body["error"]["message"]
    status, body, taken = await posted(10, [(b"transfer-encoding", b"chunked")], path)
    assert (status, body["error"]["code"]) == (403, "csrf")


async def test_an_unstated_length_is_counted(limit: int) -> None:
    status, body, taken = await posted(100, [(b"transfer-encoding", b"chunked")])
    assert (status, body["error"]["code"], taken) == (413, "upload_too_large", limit + 1)


@pytest.mark.django_db(transaction=True)
async def test_what_is_within_the_limit_reaches_the_application(limit: int) -> None:
    status, body, taken = await posted(limit, [])
    assert (status, taken) == (403, limit)
    assert body["error"]["code"] == "csrf"  # read in full, and refused by a view
