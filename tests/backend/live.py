"""The real server in processes of its own, and a browser's view of it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from websockets.sync.client import connect

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(var: Path, **settings: str) -> dict[str, str]:
    """That of an installation in ``var``, whatever the one who tests has set."""
    names = re.compile(r"KNEE_|DATABASE_URL|REDIS_URL|CELERY_|DJANGO_")
    own = {key: value for key, value in os.environ.items() if not names.match(key)}
    # Half the resolution is a quarter of the time; the surfaces are made in the same way.
    return (
        own
        | {"KNEE_VAR": str(var), "KNEE_RECONSTRUCTION_RESOLUTION": "128", "OMP_NUM_THREADS": "1"}
        | settings
    )


def manage(env: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Process:
    """A program that runs until it is stopped, its words kept in a file."""

    def __init__(self, arguments: list[str], env: Mapping[str, str], log: Path, cwd: Path = ROOT) -> None:
        self.log = log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                arguments, cwd=cwd, env=dict(env), stdout=stream, stderr=stream, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """As when the machine loses power."""
        self._process.kill()
        self._process.wait()

    def kill_group(self) -> None:
        """With whatever it forked."""
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if not self.ended:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


def engine_under(server: int) -> int | None:
    """The process of an engine that a server has started."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = re.search(r"PPid:\s+(\d+)", status.read_text())
            command = (status.parent / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        if parent and int(parent[1]) == server and b"backend.jobs.child" in command:
            return int(status.parent.name)
    return None


class Browser:
    """Cookies, the token, JSON, uploads and WebSockets."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self._token = ""

    def ask(
        self, method: str, address: str, body: Any = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"X-CSRFToken": self._token, "Content-Type": kind}
        request = urllib.request.Request(f"http://{self.host}{address}", body, headers, method=method)
        try:
            answer = self._opener.open(request, timeout=60)
        except HTTPError as error:
            answer = error
        with answer:
            content = answer.read()
        is_json = "application/json" in answer.headers.get("Content-Type", "")
        return answer.status, json.loads(content) if is_json and content else content

    def get(self, address: str) -> Any:
        status, content = self.ask("GET", address)
        assert status == 200, (address, status, content)
        return content

    def post(self, address: str, body: Any = None, *, status: int = 200) -> Any:
        got, content = self.ask("POST", address, body if body is not None else {})
        assert got == status, (address, got, content)
        return content

    def log_in(self, username: str, password: str) -> None:
        self._token = self.get("/api/session/")["csrf_token"]
        session = self.post("/api/session/", {"username": username, "password": password})
        self._token = session["csrf_token"]

    def upload(self, case: str, view: str, file: Path) -> Any:
        border = uuid.uuid4().hex
        part = f"--{border}\r\nContent-Disposition: form-data; name="
        head = f'{part}"view"\r\n\r\n{view}\r\n{part}"file"; filename="{file.name}"\r\n\r\n'
        body = head.encode() + file.read_bytes() + f"\r\n--{border}--\r\n".encode()
        status, answer = self.ask(
            "POST", f"/api/cases/{case}/images/", body, f"multipart/form-data; boundary={border}"
        )
        assert status == 201, answer
        return answer

    def socket(self, address: str) -> Any:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)
        return connect(
            f"ws://{self.host}{address}", additional_headers={"Cookie": cookies}, origin=f"http://{self.host}"
        )

    def events(self, job: str, after: int = 0) -> Iterator[dict[str, Any]]:
        """The events of a job as they come, to its end."""
        with self.socket(f"/ws/jobs/{job}/?after={after}") as stream:
            while True:
                event = json.loads(stream.recv(timeout=240))
                yield event
                if event["kind"] in {"succeeded", "failed", "cancelled"}:
                    return

    def until_ended(self, job: str) -> list[dict[str, Any]]:
        events = list(self.events(job))
        assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
        return events


def wait_until_healthy(browser: Browser, process: Process, seconds: float = 90) -> None:
    """Until the server and its worker answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not process.ended:
        try:
            if browser.get("/health/")["status"] == "ok":
                return
        except (OSError, AssertionError):
            pass
        time.sleep(0.2)
    raise AssertionError(f"the server is not there:\n{process.log.read_text()[-3000:]}")
