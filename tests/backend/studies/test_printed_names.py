"""Names print right in reports and packing lists, in whatever alphabet of Europe they are written."""

from __future__ import annotations

import re
import zlib

import pytest

from backend.core.pdf_fonts import printable
from backend.studies.reporting.blocks import Section, Table
from backend.studies.reporting.figures import Bars
from backend.studies.reporting.pdf import pdf

NAMES = ("Łukasz Żółć", "Işıl Yılmaz", "Ștefan Țăran", "Őrsi Űrhajós", "Ελένη", "Юрий Ґонта", "Nguyễn Đạt")


def letters_of(document: bytes) -> set[str]:
    """Every letter that the embedded fonts of a PDF say they draw, by their ToUnicode maps."""
    found = set()
    # Of all streams those of fonts alone are not wrapped in ASCII 85.
    for stream in re.findall(rb"\[ /FlateDecode \][^>]*>>\s*stream\r?\n(.*?)endstream", document, re.S):
        content = zlib.decompress(stream)
        for maps in re.findall(rb"beginbfrange(.*?)endbfrange|beginbfchar(.*?)endbfchar", content, re.S):
            codes = re.findall(rb"<([0-9A-Fa-f]{4})>", b" ".join(maps))
            found |= {chr(int(code, 16)) for code in codes}
    return found


@pytest.mark.parametrize("where", ["title", "words", "cell", "figure"])
def test_names_are_drawn_with_their_own_letters(where: str) -> None:
    name = ", ".join(NAMES)
    section = Section("Raters")
    if where == "words":
        section.words.append(name)
    elif where == "cell":
        section.tables.append(Table(["Signed by"], [[name]]))
    elif where == "figure":
        section.figures.append(Bars(name, ["x"], ["y"], [[1.0]], [[None]]))
    document = pdf(name if where == "title" else "A study", [section])
    assert set(name) - {" "} <= letters_of(document)
    assert document == pdf(name if where == "title" else "A study", [section])


def test_what_the_font_lacks_loses_its_marks_or_is_a_question_mark() -> None:
    assert all(printable(name) == name for name in NAMES)
    assert printable("Zoe\u0308") == "Zoë"
    assert printable("ﬁ 李") == "fi ?"
