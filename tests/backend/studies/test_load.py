"""Ten raters at once, the server killed twice: nothing lost, nothing doubled (longer as a benchmark)."""

from __future__ import annotations

from pathlib import Path

from tests.backend.studies.load import rate_under_fire


def test_ten_raters_lose_nothing_when_the_server_dies_twice(tmp_path: Path) -> None:
    found = rate_under_fire(tmp_path, raters=10, answers=8, pause_s=0.05, kills=2)
    assert (found.lost, found.doubled, found.out_of_order, found.kills) == (0, 0, 0, 2)
    # Some were sent again, on purpose and because nobody answered.
    assert found.kept == found.answers == 80 and found.repeated > 10
