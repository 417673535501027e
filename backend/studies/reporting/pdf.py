"""Reports and lists as PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from backend.core.pdf_fonts import BOLD, FONT, printable
from backend.studies.reporting.blocks import Section, Table
from backend.studies.reporting.figures import drawn
from backend.studies.reporting.sections import sections

_MARGIN = 20 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PADDING = 3.0
_LINE, _SHADE = HexColor(0xCCCCCC), HexColor(0xF2F2F2)
_TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=17, leading=22, spaceAfter=8)
_HEADING = ParagraphStyle("heading", fontName=BOLD, fontSize=12, leading=16, spaceBefore=14, spaceAfter=4)
_WORDS = ParagraphStyle("words", fontName=FONT, fontSize=9, leading=12.5, spaceAfter=4)
# A hash has no place to break; a cell has to give it one.
_CELL = ParagraphStyle("cell", fontName=FONT, fontSize=7.5, leading=9.5, splitLongWords=1)
_HEAD = ParagraphStyle("head", parent=_CELL, fontName=BOLD)


def report_pdf(document: dict[str, Any]) -> bytes:
    """The report on A4."""
    return pdf(document["study"]["title"], sections(document))


def pdf(title: str, parts: Sequence[Section]) -> bytes:
    """A title and sections on A4 with page numbers; the same content gives the same bytes."""
    story: list[Flowable] = [_paragraph(title, _TITLE)]
    for section in parts:
        # A heading stays with its figure, or with the beginning of its table.
        story.append(CondPageBreak(100 * mm if section.figures else 35 * mm))
        story.append(_paragraph(section.title, _HEADING))
        story += [_paragraph(words, _WORDS) for words in section.words]
        story += [drawn(bars) for bars in section.figures]
        for table in section.tables:
            story += [Spacer(1, 4), _whole(table), Spacer(1, 6)]
    file = io.BytesIO()

    def foot(canvas: Canvas, _: Any) -> None:
        canvas.setFont(FONT, 7.5)
        canvas.drawString(_MARGIN, 12 * mm, printable(title)[:100])
        canvas.drawRightString(A4[0] - _MARGIN, 12 * mm, f"Page {canvas.getPageNumber()}")

    template = SimpleDocTemplate(
        file,
        pagesize=A4,
        title=title,
        author="",
        invariant=1,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
    )
    template.build(story, onFirstPage=foot, onLaterPages=foot)
    return file.getvalue()


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(printable(text)), style)


def _whole(table: Table) -> Flowable:
    """A short table is not parted by the end of a page."""
    return KeepTogether(_grid(table)) if len(table.rows) < 15 else _grid(table)


def _grid(table: Table) -> Grid:
    headed = any(table.headings)
    cells = [[_paragraph(cell, _CELL) for cell in row] for row in table.rows]
    if headed:
        cells.insert(0, [_paragraph(cell, _HEAD) for cell in table.headings])
    if not cells:
        cells = [[Paragraph("none", _CELL)] + [""] * (len(table.headings) - 1)]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), _PADDING),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    if headed:
        style.append(("BACKGROUND", (0, 0), (-1, 0), _SHADE))
    return Grid(cells, colWidths=_widths(table), repeatRows=int(headed), style=style, hAlign="LEFT")


def _widths(table: Table) -> list[float]:
    """Columns that break no word, and share what is left by how much their cells ask for."""
    least, wanted = [], []
    for column in range(len(table.headings)):
        cells = [(table.headings[column], _HEAD), *((row[column], _CELL) for row in table.rows)]
        words = [_broad(word, style) for cell, style in cells for word in cell.split()]
        least.append(min(max(words, default=0.0), 0.3 * _WIDTH) + 2 * _PADDING)
        wanted.append(max(_broad(cell, style) for cell, style in cells) + 2 * _PADDING)
    left = _WIDTH - sum(least)
    if left <= 0:
        return [_WIDTH * width / sum(least) for width in least]
    lack = [max(min(more, 0.45 * _WIDTH) - less, 1.0) for more, less in zip(wanted, least, strict=True)]
    return [less + left * part / sum(lack) for less, part in zip(least, lack, strict=True)]


def _broad(text: str, style: ParagraphStyle) -> float:
    return float(stringWidth(printable(text), style.fontName, style.fontSize))
