"""What lies on top of the package of a guide whose plan counts no more."""

from __future__ import annotations

import io
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

from backend.core.pdf_fonts import BOLD, FONT, printable
from backend.exports.models import Guide

_RED = colors.HexColor("#a32020")
_HEAD = ParagraphStyle("head", fontName=BOLD, fontSize=40, leading=48, textColor=_RED)
_TEXT = ParagraphStyle("text", fontName=FONT, fontSize=14, leading=20)


def superseded_words(guide: Guide) -> str:
    """That the plan of a guide counts no more, which one does, and what follows."""
    return (
        f"The plan of this guide, revision {guide.plan.revision}, was superseded by revision"
        f" {guide.superseded_by}. Do not cut with it: use a guide of revision {guide.superseded_by}."
    )


def superseded_sheet(guide: Guide) -> bytes:
    """One page that nobody overlooks, PDF; the same guide gives the same bytes."""
    side = {"L": "left", "R": "right"}[guide.case.side]
    whose = f"Cutting guide {guide.version}, case {guide.case.patient.pseudonym}, {side} knee"
    stream = io.BytesIO()
    story = [
        Paragraph("SUPERSEDED", _HEAD),
        Spacer(0, 8 * mm),
        *(
            Paragraph(escape(printable(text)), _TEXT)
            for text in (whose, superseded_words(guide), f"Design SHA-256 {guide.sha256}")
        ),
    ]
    SimpleDocTemplate(stream, pagesize=A4, invariant=1, title=printable(f"Superseded: {whose}")).build(story)
    return stream.getvalue()
