"""The killable child process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from backend.jobs import child


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie that nobody has waited for yet counts as gone.
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def wait_for(condition: object, seconds: float = 20.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_it_returns_what_the_function_returns() -> None:
    assert child.run("tests.backend.work:add", {"a": 2, "b": 3}, time_limit_s=30) == {"sum": 5}


def test_it_passes_paths_and_progress(tmp_path: Path) -> None:
    heard: list[tuple[str, float]] = []
    result = child.run(
        "tests.backend.work:write",
        {"path": tmp_path / "file", "text": "knee"},
        time_limit_s=30,
        on_progress=lambda stage, fraction: heard.append((stage, fraction)),
    )
    assert result == str(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "knee"
    assert heard == [("writing", 0.5), ("done", 1.0)]


def test_it_hands_on_what_would_mend_the_input() -> None:
    with pytest.raises(child.Refused) as caught:
        child.run("tests.backend.work:refuse", {}, time_limit_s=30)
    assert (caught.value.code, caught.value.remedy) == ("no_knee", "Take another image")


@pytest.mark.parametrize("function", ["crash", "die", "not_there"])
def test_it_survives_a_child_that_fails(function: str) -> None:
    with pytest.raises(child.Crashed):
        child.run(f"tests.backend.work:{function}", {}, time_limit_s=30)


def test_it_limits_memory() -> None:
    with pytest.raises(child.MemoryLimit):
        child.run("tests.backend.work:hog", {}, time_limit_s=30, memory_bytes=1 << 30)


def test_it_kills_at_the_time_limit(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(child.TimeLimit):
        child.run("tests.backend.work:linger", {"pid_file": pid_file}, time_limit_s=3)
    assert not alive(int(pid_file.read_text()))


def test_what_the_tick_raises_kills_the_child(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    def tick() -> None:
        if pid_file.exists() and pid_file.read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        child.run("tests.backend.work:linger", {"pid_file": pid_file}, time_limit_s=30, tick=tick)
    assert not alive(int(pid_file.read_text()))


def test_the_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNEE_SECRET_KEY", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgres://someone:secret@nowhere/knee")
    seen = child.run("tests.backend.work:environment", {}, time_limit_s=30)
    assert "secret" not in " ".join(seen.values())
    assert child.run("tests.backend.work:loaded", {}, time_limit_s=30) == []


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    """Even kill -9 of the server leaves no engine running behind it."""
    pid_file = tmp_path / "pid"
    program = textwrap.dedent(
        f"""
        from pathlib import Path
        from backend.jobs import child
        child.run("tests.backend.work:linger", {{"pid_file": Path({str(pid_file)!r})}}, time_limit_s=60)
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=child.ROOT)
    try:
        wait_for(lambda: pid_file.exists() and pid_file.read_text())
        pid = int(pid_file.read_text())
        assert alive(pid)
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not alive(pid))
