"""The parts of a knee side by side on the cores that torch may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[Any]
Item = TypeVar("Item")
Result = TypeVar("Result")
_PIECE = 8192  # rows: what a network makes of them stays in the processor's cache


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The work on each item, in the order of the items.

    For bones and views: threads suffice, since numpy, scipy and numba let go of the interpreter's lock.

    Raises:
        Exception: what the work raises, of the first item that fails.
    """
    every = list(items)
    if len(every) < 2:
        return [work(item) for item in every]
    # What reads X-rays need not wait a second for torch where there is nothing to share.
    import torch

    threads = torch.get_num_threads()
    if threads == 1:
        return [work(item) for item in every]
    with ThreadPoolExecutor(min(threads, len(every))) as pool:
        return list(pool.map(work, every))


def in_pieces(work: Callable[[Rows], Rows], rows: Rows) -> Rows:
    """The work on pieces of (N, ...) rows, side by side, joined in their order.

    Args:
        work: from (n, ...) rows to as many; what it makes of a row must not depend on the others.
        rows: in as many pieces as fit the cache, one where there are none.
    """
    pieces = np.array_split(rows, max(1, -(-len(rows) // _PIECE)))
    return np.concatenate(in_parallel(work, pieces))
