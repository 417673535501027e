"""Engraved text in block glyphs of five by seven cells, drawn for this project."""

from __future__ import annotations

import manifold3d

from guides.errors import InputError

GLYPHS = {
    "0": "01110 10001 10001 10001 10001 10001 01110",
    "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111",
    "3": "11110 00001 00001 01110 00001 00001 11110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 00100 00100 00100",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "B": "11110 10001 10001 11110 10001 10001 11110",
    "C": "01110 10001 10000 10000 10000 10001 01110",
    "D": "11110 10001 10001 10001 10001 10001 11110",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "F": "11111 10000 10000 11110 10000 10000 10000",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "R": "11110 10001 10001 11110 10100 10010 10001",
    "^": "00100 01110 10101 00100 00100 00100 00100",
    " ": "00000 00000 00000 00000 00000 00000 00000",
}
"""Rows from top to bottom. ``^`` is the arrow towards proximal."""

COLUMNS, ROWS, ADVANCE = 5, 7, 6


def text_width(text: str, cell: float) -> float:
    """Width of a line in mm for a cell size in mm."""
    return (len(text) * ADVANCE - (ADVANCE - COLUMNS)) * cell


def text_solid(text: str, cell: float, depth: float) -> manifold3d.Manifold:
    """The strokes of a line of text as a solid from z = 0 to ``depth``, centred on the origin in x and y.

    Raises:
        InputError: the text holds a character without a glyph.
    """
    unknown = sorted(set(text) - set(GLYPHS))
    if unknown:
        raise InputError(
            "bad_label", f"The label cannot show {''.join(unknown)!r}", f"Use {''.join(GLYPHS)!r}"
        )
    left, top = -text_width(text, cell) / 2, ROWS * cell / 2
    # Neighbouring runs overlap a little: strokes that only touch along an edge would not be manifold.
    overlap = 0.08 * cell
    boxes = []
    for position, character in enumerate(text):
        for row, cells in enumerate(GLYPHS[character].split()):
            for start, length in _runs(cells):
                size = (length * cell + 2 * overlap, cell + 2 * overlap, depth)
                corner = (
                    left + (position * ADVANCE + start) * cell - overlap,
                    top - (row + 1) * cell - overlap,
                    0.0,
                )
                boxes.append(manifold3d.Manifold.cube(size).translate(corner))
    return manifold3d.Manifold.batch_boolean(boxes, manifold3d.OpType.Add)


def _runs(cells: str) -> list[tuple[int, int]]:
    runs = []
    start = None
    for index, cell in enumerate(cells + "0"):
        if cell == "1" and start is None:
            start = index
        elif cell == "0" and start is not None:
            runs.append((start, index - start))
            start = None
    return runs
