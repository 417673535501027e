"""The plan report: what a surgeon files and takes into theatre, as PDF."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from django.utils import timezone
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from backend.core.pdf_fonts import BOLD, FONT, printable
from backend.planning import report_rows as rows
from backend.planning.models import Plan, Status
from backend.planning.simulation import report_pictures

MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN
GREY, LINE = colors.HexColor("#5b6470"), colors.HexColor("#d5dae0")
BANNER = {
    Status.APPROVED: colors.HexColor("#1d6b3a"),
    Status.DRAFT: colors.HexColor("#8a5a00"),
    Status.SUPERSEDED: colors.HexColor("#5b6470"),
    Status.WITHDRAWN: colors.HexColor("#a32020"),
}

BODY = ParagraphStyle("body", fontName=FONT, fontSize=7.5, leading=10)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=6.2, leading=8, textColor=GREY)
HEAD = ParagraphStyle("head", parent=BODY, fontName=BOLD)
TITLE = ParagraphStyle("title", parent=BODY, fontName=BOLD, fontSize=14, leading=18)
SECTION = ParagraphStyle("section", parent=HEAD, fontSize=10, leading=13, spaceBefore=9, spaceAfter=4)
STANDING = ParagraphStyle("standing", parent=HEAD, fontSize=9, leading=12, textColor=colors.white)


def plan_report(plan: Plan) -> bytes:
    """The report of a stored plan.

    Args:
        plan: with case, patient, bone set and the people who saved, approved and withdrew it.

    Raises:
        Invalid: bones or document cannot be simulated for the pictures.
    """
    pictures, xrays = report_pictures(plan)
    stream = io.BytesIO()
    document = BaseDocTemplate(
        stream,
        pagesize=A4,
        title=printable(rows.title(plan)),
        author=printable(plan.author.name),
        subject=f"HTO plan, SHA-256 {plan.sha256}",
    )
    frame = Frame(MARGIN, MARGIN + 6 * mm, WIDTH, A4[1] - 2 * MARGIN - 6 * mm, 0, 0, 0, 0)
    printed = f"printed {rows.moment(timezone.now())}"
    footer = f"{rows.title(plan)}   |   plan SHA-256 {plan.sha256[:16]}...   |   {printed}"

    def draw_footer(canvas: Canvas, _template: BaseDocTemplate) -> None:
        canvas.setFont(FONT, 6)
        canvas.setFillColor(GREY)
        canvas.drawString(MARGIN, MARGIN, printable(footer))
        canvas.drawRightString(A4[0] - MARGIN, MARGIN, f"page {canvas.getPageNumber()}")

    document.addPageTemplates(PageTemplate(frames=[frame], onPage=draw_footer))
    document.build(list(_story(plan, pictures, xrays)))
    return stream.getvalue()


def _story(plan: Plan, pictures: Mapping[str, bytes], xrays: Mapping[str, bytes]) -> Iterator[Flowable]:
    document = plan.document
    yield _paragraph(rows.title(plan), TITLE)
    yield Spacer(0, 4)
    standing = Table([[_paragraph(rows.standing(plan), STANDING)]], colWidths=[WIDTH])
    standing.setStyle(TableStyle([("BACKGROUND", (0, 0), (-1, -1), BANNER[Status(plan.status)])]))
    yield standing
    yield Spacer(0, 6)
    yield _table(rows.facts(plan), (0.2, 0.8), head=False)
    yield _section("Bones before and after")
    captions = ("Frontal, before", "Frontal, after", "Sagittal, before", "Sagittal, after")
    yield _pictures(list(pictures.values()), captions)
    yield _paragraph(
        "First cut red, hinge axis magenta, distal fragment blue, line from hip to ankle dark blue. Parallel"
        f" projection. {rows.fragments(plan)}",
        SMALL,
    )
    yield _section("Measures")
    yield _table(rows.measures(document), (0.22, 0.19, 0.19, 0.085, 0.15, 0.165))
    yield _paragraph(
        "In brackets the band that holds 90 % of what is possible where something is out of view, read on a"
        " film or found on a bone that was reconstructed from X-rays; no band: everything that the measure"
        " needs was seen on a bone that states no error, or set by hand. Above and below: the leg after the"
        " correction lies outside the normal range there.",
        SMALL,
    )
    yield _section("Warnings")
    if document["warnings"]:
        yield _table(rows.warnings(document), (0.72, 0.28))
    else:
        yield _paragraph("None.", BODY)
    yield KeepTogether(
        [_section("Osteotomy"), _table(rows.osteotomy(document), (0.34, 0.16, 0.34, 0.16), head=False)]
    )
    yield KeepTogether(
        [
            _section("Simulated X-rays after the correction"),
            _pictures(list(xrays.values()), ("AP, simulated", "Lateral, simulated"), height=78 * mm),
            _paragraph(
                "Made from the planned bones and a typical leg around them; these are no X-rays that were"
                " taken.",
                SMALL,
            ),
        ]
    )
    yield _section("Landmarks, patient LPS millimetres")
    yield _table(rows.landmarks(document), (0.36, 0.12, 0.12, 0.12, 0.28))
    yield _section("Definitions and sources")
    yield _table(rows.definitions(document), (0.2, 0.46, 0.34))
    yield _section("Inputs by hash (SHA-256)")
    yield _table(rows.hashes(plan), (0.2, 0.8), head=False)


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(printable(text)), style)


def _section(text: str) -> Paragraph:
    return _paragraph(text, SECTION)


def _table(content: Sequence[Sequence[str]], shares: Sequence[float], *, head: bool = True) -> Table:
    """Rows of text; with a head its first row is repeated on every page."""
    cells = [
        [_paragraph(text, HEAD if head and index == 0 else BODY) for text in row]
        for index, row in enumerate(content)
    ]
    table = Table(cells, colWidths=[share * WIDTH for share in shares], repeatRows=1 if head else 0)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def _pictures(files: Sequence[bytes], captions: Sequence[str], height: float = 62 * mm) -> Table:
    """PNG files side by side in one height, each with its caption."""
    images = []
    for content in files:
        image = Image(io.BytesIO(content))
        scale = min(height / image.imageHeight, (WIDTH / len(files) - 6) / image.imageWidth)
        image.drawWidth, image.drawHeight = image.imageWidth * scale, image.imageHeight * scale
        images.append(image)
    table = Table(
        [images, [_paragraph(text, SMALL) for text in captions]], colWidths=[WIDTH / len(files)] * len(files)
    )
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "BOTTOM"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
    return table
