"""The production parts for real: PostgreSQL, Redis, a Celery worker and the web server, each a process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.backend import live, xrays
from tests.backend.studies import load
from tests.backend.studies.test_frozen import TABLES


def _binary(name: str, pattern: str = "") -> str:
    found = shutil.which(name)
    if found is None and pattern:
        found = next((str(path) for path in sorted(Path("/").glob(pattern), reverse=True)), None)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: postgresql, redis-server)")
    return found


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return command
    return [_binary("runuser", "usr/sbin/runuser"), "-u", "postgres", "--", *command]


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen in {seconds:g} s"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of an empty database on a server of its own."""
    initdb = _binary("initdb", "usr/lib/postgresql/*/bin/initdb")
    server = Path(initdb).with_name("postgres")
    # Not under pytest's folder, which the user postgres may not enter.
    folder = Path(tempfile.mkdtemp(prefix="knee-postgres-"))
    port = live.free_port()
    process = None
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        making = [initdb, "-D", str(data), "-U", "knee", "--auth=trust", "-E", "UTF8", "--no-sync"]
        made = subprocess.run(_as_postgres(making), cwd="/", capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        options = ["-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        command = _as_postgres([str(server), "-D", str(data), "-p", str(port), *options])
        process = live.Process(command, os.environ, folder / "log", cwd=Path("/"))
        admin = f"postgresql://knee@127.0.0.1:{port}/postgres"
        wait_for(lambda: _answers(admin), "the start of PostgreSQL")
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("CREATE DATABASE knee")
        yield f"postgresql://knee@127.0.0.1:{port}/knee"
    finally:
        if process:
            process.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = live.free_port()
    folder = tmp_path_factory.mktemp("redis")
    command = [_binary("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    process = live.Process([*command, "--save", ""], os.environ, folder / "log")
    wait_for(lambda: "Ready to accept" in (folder / "log").read_text(), "the start of Redis")
    yield f"redis://127.0.0.1:{port}"
    process.stop()


@dataclass
class Hospital:
    """A whole installation as in production, but for the proxy."""

    env: dict[str, str]
    database: str
    browser: live.Browser
    folder: Path
    password: str = ""

    def worker(self) -> live.Process:
        command = [sys.executable, "-m", "celery", "-A", "backend.core.celery", "worker"]
        options = ["-Q", "recon,guides", "--pool", "prefork", "--concurrency", "1", "--loglevel", "INFO"]
        return live.Process(command + options, self.env, self.folder / "worker.log")


@pytest.fixture(scope="module")
def hospital(postgres: str, redis: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder = tmp_path_factory.mktemp("hospital")
    env = live.environment(
        folder / "var",
        DATABASE_URL=postgres,
        REDIS_URL=f"{redis}/0",
        CELERY_BROKER_URL=f"{redis}/1",
        KNEE_JOB_SWEEP_S="2",
        KNEE_JOB_LEASE_S="8",
    )
    live.manage(env, "migrate", "--verbosity", "0")
    people = "import django; django.setup(); from backend.core.demo import ensure_people as e; print(e()[1])"
    password = subprocess.run(
        [sys.executable, "-c", people],
        env=env | {"DJANGO_SETTINGS_MODULE": "backend.core.settings"},
        cwd=live.ROOT, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    port = live.free_port()
    made = Hospital(env, postgres, live.Browser(port), folder, password)
    web = [sys.executable, "-m", "uvicorn", "backend.core.asgi:application", "--port", str(port)]
    server = live.Process([*web, "--log-level", "warning"], env, folder / "web.log")
    try:
        wait_for(lambda: _status(made) == "degraded", "the start of the web server", 90)
        made.browser.log_in("surgeon", password)
        yield made
    finally:
        server.stop()


def _status(hospital: Hospital) -> str:
    try:
        return str(hospital.browser.get("/health/")["status"])
    except OSError:
        return "not there"


def test_no_migration_is_missing(hospital: Hospital) -> None:
    assert "No changes" in live.manage(hospital.env, "makemigrations", "--check")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET text = 'No'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "TRUNCATE audit_event CASCADE",
    ],
)
def test_postgres_refuses_to_change_history(hospital: Hospital, statement: str) -> None:
    with closing(psycopg.connect(hospital.database)) as connection:
        count = connection.execute("SELECT count(*) FROM audit_event").fetchone()
        assert count and count[0] > 0
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
            connection.execute(statement)
    assert "unbroken" in live.manage(hospital.env, "verify_audit")


def test_postgres_refuses_to_change_what_a_study_recorded(hospital: Hospital) -> None:
    load.inside(hospital.env | {"DJANGO_SETTINGS_MODULE": "backend.core.settings"}, "finish_one()")
    with closing(psycopg.connect(hospital.database, autocommit=True)) as connection:
        for table, column in TABLES.items():
            found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert found and found[0] > 0
            change = (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}")
            for statement in (*change, f"TRUNCATE {table} CASCADE"):
                with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
                    connection.execute(statement)


def test_a_job_goes_through_celery_and_survives_a_dead_worker(hospital: Hospital) -> None:
    browser = hospital.browser
    case = browser.post("/api/cases/", {"pseudonym": "REAL-1", "side": xrays.SIDE}, status=201)["id"]
    for view in ("ap", "lateral"):
        browser.upload(case, view, xrays.FOLDER / f"{view}.dcm")
    # Asked for while no worker is there: it waits, in the table and in Redis.
    job = browser.post(f"/api/cases/{case}/reconstructions/", status=202)["id"]
    assert browser.get(f"/api/jobs/{job}/")["state"] == "queued"
    worker = hospital.worker()
    try:
        with browser.socket("/ws/worklist/") as worklist:
            seen = 0
            for event in browser.events(job):
                seen = event["sequence"]
                if event["kind"] == "progress":
                    break
            # Nothing looks by itself behind this socket: what arrives came from the worker through Redis.
            assert json.loads(worklist.recv(timeout=30)) == {"case": case}
        assert _status(hospital) == "ok"
        worker.kill_group()
        worker = hospital.worker()
        rest = list(browser.events(job, after=seen))
        kinds = [event["kind"] for event in rest if event["kind"] != "progress"]
        assert kinds == ["restarted", "started", "succeeded"]
        assert [event["sequence"] for event in rest] == list(range(seen + 1, seen + 1 + len(rest)))
        detail = browser.get(f"/api/cases/{case}/")
        assert detail["state"] == "to_plan" and len(detail["bone_sets"]) == 1
    finally:
        worker.stop()


def test_a_plan_is_signed_and_frozen(hospital: Hospital) -> None:
    browser = hospital.browser
    (case,) = browser.get("/api/cases/?search=REAL-1")["results"]
    plan = browser.post(f"/api/cases/{case['id']}/plans/", {"correction_deg": 8}, status=201)
    approved = browser.post(f"/api/plans/{plan['id']}/approve/", {"password": hospital.password})
    assert (approved["status"], approved["document"]) == ("approved", plan["document"])
    refused = pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only")
    with closing(psycopg.connect(hospital.database)) as connection, refused:
        connection.execute("UPDATE planning_plan SET correction_deg = 3")
    # What PostgreSQL made of the JSON gives the same hashes as what was signed.
    assert "unbroken" in live.manage(hospital.env, "verify_audit")
