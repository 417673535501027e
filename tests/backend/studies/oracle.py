"""A figure of ours beside the same figure of somebody else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Oracle:
    """One figure of ours against one of theirs.

    Attributes:
        tolerance: half a unit of their last printed place, or what their own numerics leave open.
    """

    name: str
    ours: float
    theirs: float
    tolerance: float
    source: str

    @property
    def difference(self) -> float:
        return abs(self.ours - self.theirs)

    @property
    def holds(self) -> bool:
        return self.difference <= self.tolerance * (1 + 1e-9)


def printed(name: str, ours: float, theirs: str, source: str) -> Oracle:
    """A figure as printed: as many places as it has count."""
    places = len(theirs.partition(".")[2])
    return Oracle(name, ours, float(theirs), 0.5 * 10**-places, source)


def ratings_of(table: list[list[int]]) -> tuple[list[int], list[int]]:
    """Two raters' ratings from their table of counts."""
    cells = [
        (row, column) for row, line in enumerate(table) for column, n in enumerate(line) for _ in range(n)
    ]
    return [cell[0] for cell in cells], [cell[1] for cell in cells]
