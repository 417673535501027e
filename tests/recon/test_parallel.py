"""Work on bones and views side by side."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from recon.parallel import in_parallel, in_pieces
from tests.data import ROOT


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_keep_the_order_of_the_items(two_threads):
    second_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_done.wait(10), "the second item never ran beside the first"
        else:
            second_done.set()
        return item * item

    assert in_parallel(work, range(4)) == [0, 1, 4, 9]


def test_error_of_an_item_is_raised(two_threads):
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda item: 1 // item, [1, 0])


def test_one_thread_works_in_the_caller():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        threads = set(in_parallel(lambda _: threading.current_thread(), range(3)))
    finally:
        torch.set_num_threads(before)
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize("count", [0, 1, 50_000])
def test_pieces_of_rows_are_joined_in_their_order(two_threads, count: int):
    rows = np.random.default_rng(0).normal(size=(count, 3))
    lengths = []

    def work(piece):
        lengths.append(len(piece))
        return piece.sum(axis=1)

    assert (in_pieces(work, rows) == rows.sum(axis=1)).all()
    assert sum(lengths) == count and (len(lengths) > 1) == (count == 50_000)


@pytest.mark.parametrize(
    "module", ["recon.images", "backend.imaging.ingest", "backend.studies.blinding_engine"]
)
def test_what_only_reads_does_not_wait_for_torch(module: str):
    """An upload starts a process of its own, and a second of a person's time is a second."""
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
