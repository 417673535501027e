"""Work on bones and views side by side."""

import threading

import pytest
import torch

from recon.parallel import in_parallel


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
