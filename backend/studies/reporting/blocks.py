"""What a section of a report is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.studies.reporting.figures import Bars

# The date of every file in a ZIP, so that the same content gives the same bytes.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass
class Table:
    """Rows of text under headings."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass
class Section:
    """One heading and what stands below it: words, then figures, then tables."""

    title: str
    words: list[str] = field(default_factory=list)
    figures: list[Bars] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
