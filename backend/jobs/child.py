"""One function in one process that can be killed: with a time limit, a memory limit and progress over a pipe.

The parent calls :func:`run`. The child is ``python -m backend.jobs.child``: it reads what to call from
standard input and writes JSON lines to a pipe of its own, so that whatever a library prints disturbs
nothing. It knows neither Django nor the database nor any secret, and it dies with its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import logging
import os
import resource
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_", "PYTHON", "VIRTUAL_ENV", "OMP_", "MKL_", "OPENBLAS_", "NUMBA_",
              "TMPDIR", "LD_LIBRARY_PATH", "CUDA_", "NVIDIA_", "TORCH")  # fmt: skip


class ChildError(Exception):
    """The function did not return."""


class Refused(ChildError):
    """The function refused its input, and says what would mend it.

    Attributes:
        code, message, remedy: as of the engines' ``InputError``.
    """

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code, self.message, self.remedy = code, message, remedy


class TimeLimit(ChildError):
    """It took too long and was killed."""


class MemoryLimit(ChildError):
    """It needed more memory than it was given."""


class Crashed(ChildError):
    """It ended in any other way; the log has the trace."""


def run(
    function: str,
    arguments: dict[str, Any],
    *,
    time_limit_s: float,
    memory_bytes: int | None = None,
    on_progress: Callable[[str, float], None] | None = None,
    tick: Callable[[], None] | None = None,
    tick_s: float = 0.25,
) -> Any:
    """Call a function in a process of its own and wait for it.

    Args:
        function: ``"module:name"``, importable from the project's root.
        arguments: keyword arguments of JSON types and ``Path``.
        time_limit_s: seconds after which it is killed.
        memory_bytes: limit of its address space.
        on_progress: if given, the function gets a ``progress`` argument whose calls arrive here.
        tick: called at least every ``tick_s`` seconds. Whatever it raises kills the child and is raised here.

    Returns:
        What the function returned, of JSON types.

    Raises:
        Refused, TimeLimit, MemoryLimit, Crashed: as they say.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as printed:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "backend.jobs.child", str(writing)],
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=printed,
                pass_fds=(writing,),
                start_new_session=True,
                cwd=ROOT,
                env={key: value for key, value in os.environ.items() if key.startswith(_PASSED_ON)},
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        try:
            _instruct(process, function, arguments, memory_bytes, on_progress is not None)
            deadline = time.monotonic() + time_limit_s
            for message in _messages(reading, deadline, tick, tick_s):
                if "progress" in message:
                    if on_progress:
                        on_progress(*message["progress"])
                elif "result" in message:
                    return message["result"]
                elif "refused" in message:
                    raise Refused(**message["refused"])
                else:
                    logger.error("%s failed:\n%s", function, message["crashed"])
                    raise (MemoryLimit if message.get("memory") else Crashed)(function)
            process.wait(timeout=5)
            printed.seek(0)
            tail = printed.read()[-2000:].decode(errors="replace")
            logger.error("%s ended with status %s:\n%s", function, process.returncode, tail)
            raise Crashed(f"{function} ended with status {process.returncode}")
        finally:
            os.close(reading)
            _kill(process)


def _instruct(
    process: subprocess.Popen[bytes],
    function: str,
    arguments: dict[str, Any],
    memory: int | None,
    progress: bool,
) -> None:
    assert process.stdin
    order = {
        "function": function,
        "arguments": arguments,
        "memory_bytes": memory,
        "progress": progress,
        "parent": os.getpid(),
    }
    try:
        with process.stdin as stream:
            stream.write(json.dumps(order, default=_encode).encode())
    except BrokenPipeError:
        pass  # it died at once; the end of the other pipe tells


def _messages(
    descriptor: int, deadline: float, tick: Callable[[], None] | None, tick_s: float
) -> Iterator[dict[str, Any]]:
    """The child's lines, until it ends."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeLimit("the time limit is over")
            if selector.select(min(left, tick_s)):
                chunk = os.read(descriptor, 1 << 16)
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield json.loads(line)
            if tick:
                tick()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _encode(value: Any) -> Any:
    if isinstance(value, Path):
        return {"$path": str(value)}
    raise TypeError(f"{type(value).__name__} cannot be sent to a child process")


def _decode(value: dict[str, Any]) -> Any:
    return Path(value["$path"]) if set(value) == {"$path"} else value


def _plain(value: Any) -> Any:
    """numpy scalars and arrays, and paths, as JSON types."""
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be returned from a child process")


def _die_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def main(descriptor: int) -> None:
    """The child: one order in, progress and one answer out."""
    order = json.loads(sys.stdin.buffer.read(), object_hook=_decode)
    _die_with_parent(order["parent"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if order["memory_bytes"]:
        resource.setrlimit(resource.RLIMIT_AS, (order["memory_bytes"], order["memory_bytes"]))

    with os.fdopen(descriptor, "w", buffering=1) as stream:

        def say(message: dict[str, Any]) -> None:
            stream.write(json.dumps(message, default=_plain) + "\n")

        arguments = order["arguments"]
        if order["progress"]:
            arguments["progress"] = lambda stage, fraction: say({"progress": [stage, float(fraction)]})
        try:
            module, _, name = order["function"].partition(":")
            result = getattr(importlib.import_module(module), name)(**arguments)
            say({"result": result})
        except Exception as error:
            parts = {name: getattr(error, name, None) for name in ("code", "message", "remedy")}
            if isinstance(error, ValueError) and all(isinstance(part, str) for part in parts.values()):
                say({"refused": parts})
            else:
                say({"crashed": traceback.format_exc(), "memory": isinstance(error, MemoryError)})


if __name__ == "__main__":
    main(int(sys.argv[1]))
