"""The parts of a knee side by side on the cores that torch may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The work on each item, in the order of the items.

    For bones and views: threads suffice, since numpy, scipy and numba let go of the interpreter's lock.

    Raises:
        Exception: what the work raises, of the first item that fails.
    """
    every, threads = list(items), torch.get_num_threads()
    if threads == 1 or len(every) < 2:
        return [work(item) for item in every]
    with ThreadPoolExecutor(min(threads, len(every))) as pool:
        return list(pool.map(work, every))
