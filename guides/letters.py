"""The letters of printed reports: DejaVu Sans, embedded, so that names read right and alike everywhere.

``fonts/`` holds the Latin, Greek and Cyrillic letters and the signs of DejaVu Sans 2.37 (licence beside
them), taken out with ``fontTools.subset``: ranges 20-24F, 2B0-52F, 1E00-1EFF, 2000-209F, 20A0-20BF, 2100-22FF
and 25A0-25FF without layout features and hints. The built-in fonts of PDF know western European names only.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

from reportlab.pdfbase.pdfmetrics import getFont, registerFont
from reportlab.pdfbase.ttfonts import TTFont

FONT, BOLD = "DejaVuSans", "DejaVuSans-Bold"
_FOLDER = Path(__file__).parent / "fonts"
for _name in (FONT, BOLD):
    registerFont(TTFont(_name, str(_FOLDER / f"{_name}.ttf")))


def printable(text: str) -> str:
    """The text in letters of the font; others lose their marks, and what has no such form becomes "?"."""
    known = getFont(FONT).face.charToGlyph
    return "".join(_letter(letter, known) for letter in unicodedata.normalize("NFC", text))


def _letter(letter: str, known: dict[int, int]) -> str:
    plain = "".join(x for x in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(x))
    forms = (form for form in (letter, plain) if form and all(ord(x) in known for x in form))
    return next(forms, "?")
