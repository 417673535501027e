"""A server of its own for the browser tests: free port, own folder, people and cases of the demo."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.data import ROOT

START_S = 60


@dataclass(frozen=True)
class Server:
    """Where the application runs and how to get in."""

    url: str
    password: str
    var: Path


def built() -> bool:
    """Whether there are pages to serve."""
    return (ROOT / "frontend" / "dist" / "index.html").is_file()


@contextmanager
def running(var: Path, *, demo_resolution: int) -> Iterator[Server]:
    """Serve from ``var``, with the demo's people and cases, until the block ends.

    Args:
        var: folder for database and files, empty or not yet there.
        demo_resolution: of the demo's bones, voxels a side; fewer are there sooner.
    """
    shutil.copytree(_installed(demo_resolution).name, var, dirs_exist_ok=True)
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with (var / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            env=_environment(var),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(url, process, var / "server.log")
            yield Server(url, json.loads((var / "demo.json").read_text())["password"], var)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@cache
def _installed(demo_resolution: int) -> tempfile.TemporaryDirectory[str]:
    """The folder of an installation with the demo in it, which every server gets a copy of."""
    folder = tempfile.TemporaryDirectory(prefix="knee-demo-")
    environment = _environment(Path(folder.name))
    _manage(environment, "migrate", "--verbosity", "0")
    _manage({**environment, "KNEE_RECONSTRUCTION_RESOLUTION": str(demo_resolution)}, "demo")
    return folder


def _environment(var: Path) -> dict[str, str]:
    return {**os.environ, "KNEE_VAR": str(var)}


def _manage(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at its start:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"no answer from {url} after {START_S} s:\n{log.read_text()}")
