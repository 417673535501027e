"""Labels to cut out and stick on printed guides: a code in large letters, and whose it is."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from backend.core.pdf_fonts import BOLD, FONT, printable

_COLUMNS, _ROWS = 4, 14
_WIDTH, _HEIGHT = 45 * mm, 19 * mm
_LINE = HexColor(0x999999)


def label_sheet(labels: Sequence[tuple[str, str]]) -> bytes:
    """A4 with 4 x 14 labels a page; the same labels give the same bytes.

    Args:
        labels: of each the code, and a line below it.
    """
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    canvas.setTitle("Labels")
    left, top = (A4[0] - _COLUMNS * _WIDTH) / 2, A4[1] - (A4[1] - _ROWS * _HEIGHT) / 2
    for number, (code, below) in enumerate(labels):
        row, column = divmod(number % (_COLUMNS * _ROWS), _COLUMNS)
        if number and not row and not column:
            canvas.showPage()
        x, y = left + column * _WIDTH, top - (row + 1) * _HEIGHT
        canvas.setStrokeColor(_LINE)
        canvas.setLineWidth(0.4)
        canvas.rect(x, y, _WIDTH, _HEIGHT)
        canvas.setFont(BOLD, 15)
        canvas.drawCentredString(x + _WIDTH / 2, y + 8.5 * mm, printable(code))
        canvas.setFont(FONT, 8)
        canvas.drawCentredString(x + _WIDTH / 2, y + 3.5 * mm, printable(below))
    canvas.save()
    return file.getvalue()
