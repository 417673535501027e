"""Tasks that need each other, a few at a time, each in a process of its own with one thread."""

from __future__ import annotations

import multiprocessing
import os
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.queues import Queue
from typing import Any

_POLL_SECONDS = 0.5
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_outbox: Queue[tuple[str, float]] | None = None  # of a worker process


@dataclass(frozen=True)
class Task:
    """Something that takes long.

    Attributes:
        key: distinguishes it from others.
        title: what people see.
        seconds: about how long it takes.
        needs: keys of tasks that must end before.
        call: called with ``arguments`` and a progress callback ``(stage, fraction)``; must be importable.
        arguments: can be pickled.
    """

    key: str
    title: str
    seconds: float
    needs: tuple[str, ...]
    call: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class State:
    """How far the tasks are.

    Attributes:
        share: of the estimated work that is done, 0 to 1.
        remaining: seconds that are probably left; None before anything is known.
        running: titles of the tasks at work.
        ended: title of the task that has just ended, and the seconds that it took.
    """

    share: float
    remaining: float | None
    running: tuple[str, ...]
    ended: tuple[str, float] | None = None


def run_tasks(tasks: Sequence[Task], jobs: int, tell: Callable[[State], None]) -> None:
    """Run all tasks, at most ``jobs`` at a time.

    The first error of a task ends the others that wait, and is raised here when those at work have ended.
    """
    if not tasks:
        return
    context = multiprocessing.get_context("spawn")
    inbox: Queue[tuple[str, float]] = context.Queue()
    waiting = {task.key: task for task in tasks}
    fractions = {task.key: 0.0 for task in tasks}
    total = sum(task.seconds for task in tasks)
    at_work: dict[Future[None], tuple[Task, float]] = {}
    began = time.monotonic()

    def state(ended: tuple[str, float] | None = None) -> State:
        share = sum(task.seconds * fractions[task.key] for task in tasks) / total
        elapsed = time.monotonic() - began
        remaining = elapsed * (1 - share) / share if share > 0.01 else None
        return State(share, remaining, tuple(task.title for task, _ in at_work.values()), ended)

    with _single_threaded(), ProcessPoolExecutor(jobs, context, _begin, (inbox,)) as pool:
        try:
            while waiting or at_work:
                open_keys = {*waiting, *(task.key for task, _ in at_work.values())}
                for task in list(waiting.values()):
                    if len(at_work) < jobs and not open_keys.intersection(task.needs):
                        del waiting[task.key]
                        future = pool.submit(_work, task.key, task.call, task.arguments)
                        at_work[future] = task, time.monotonic()
                ended, _ = wait(at_work, _POLL_SECONDS, FIRST_COMPLETED)
                _drain(inbox, fractions)
                for future in ended:
                    task, since = at_work.pop(future)
                    future.result()
                    fractions[task.key] = 1.0
                    tell(state((task.title, time.monotonic() - since)))
                tell(state())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _single_threaded:  # noqa: N801 - a context manager reads like a function
    """Processes started inside get one thread each: several on few cores would only wait for each other."""

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _drain(inbox: Queue[tuple[str, float]], fractions: dict[str, float]) -> None:
    while True:
        try:
            key, fraction = inbox.get_nowait()
        except queue.Empty:
            return
        fractions[key] = max(fractions[key], min(fraction, 1.0))


def _begin(outbox: Queue[tuple[str, float]]) -> None:
    """First thing in a worker process."""
    global _outbox  # the only way into a pool's worker
    _outbox = outbox


def _work(key: str, call: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    last = 0.0

    def progress(_stage: str, fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if _outbox is not None and now - last > _POLL_SECONDS:
            last = now
            _outbox.put((key, fraction))

    call(*arguments, progress)
