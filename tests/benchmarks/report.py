"""How every benchmark speaks: a table for people and, last, one line of JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any


def options(description: str | None) -> argparse.Namespace:
    """``--quick`` ends within 60 s on two quiet cores."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer cases; ends within a minute")
    return parser.parse_args()


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows under headings, columns as wide as they need, floats with two decimals."""
    lines = [list(headings)]
    lines += [[f"{value:.2f}" if isinstance(value, float) else str(value) for value in row] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]

    def padded(line: list[str]) -> str:
        first, *others = zip(line, widths, strict=True)
        return "  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)])

    return "\n".join(map(padded, lines))


def finish(result: dict[str, Any]) -> None:
    """Print the line that scripts read."""
    print(json.dumps({name: _rounded(v) if isinstance(v, float) else v for name, v in result.items()}))


def _rounded(value: float) -> float:
    """Four decimals, or two digits where nothing would be left of them."""
    return round(value, 4) or float(f"{value:.1e}")
