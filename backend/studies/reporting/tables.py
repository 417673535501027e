"""The data that others compute with: one answer a line, and what every column means."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.studies.models import QuestionKind, Study
from backend.studies.report import Row
from backend.studies.reporting.blocks import ZIP_DATE

_COLUMNS = (
    ("rater", "text", "code of the rater"),
    ("case", "integer", "number of the case in the study"),
    ("arm", "ct | xray", "source of the version: CT-based or X-ray-based"),
    ("item", "text", "code under which the rater saw it"),
    ("position", "integer", "place of the item in the rater's list, from 1, training included"),
    ("question", "text", "key of the question; see below"),
    ("value", "number", "the rater's last answer; see the question"),
    ("answered_at", "ISO 8601, UTC", "when the last answer was given, by the server's clock"),
    ("revisions", "integer", "how often it was given; of a time, 1 more than corrections"),
    ("item_seconds", "number", "from opening the item to completing it, without pauses"),
)


def ratings_csv(rows: Sequence[Row]) -> bytes:
    """UTF-8, one answer a line, in the order of question, rater, case, arm."""
    lines = (
        [
            row.rater_code,
            row.case_number,
            row.arm.value,
            row.item_code,
            row.position,
            row.question,
            f"{row.value:g}" if float(row.value).is_integer() else f"{row.value:.3f}",
            row.at.isoformat() if row.at else "",
            row.revisions,
            "" if row.looked_s is None else f"{row.looked_s:.3f}",
        ]
        for row in rows
    )
    return _written([name for name, *_ in _COLUMNS], lines)


def codebook_csv(study: Study) -> bytes:
    """Columns of the data, then questions and the points of their scales."""
    lines: list[list[Any]] = [["column", name, kind, text] for name, kind, text in _COLUMNS]
    for question in study.questions.prefetch_related("points"):
        kind = {QuestionKind.DURATION: "seconds"}.get(QuestionKind(question.kind), "point of the scale below")
        margin = f" Margin of equivalence: {question.margin:g}." if question.margin is not None else ""
        lines.append(["question", question.key, kind, f"{question.title}: {question.text}{margin}"])
        lines += [
            ["point", question.key, point.value, f"{point.label}: {point.description}"]
            for point in question.points.all()
        ]
    return _written(["what", "name", "type_or_value", "meaning"], lines)


_HOW_TO_CHECK = """Each commitment-N.json is the sealed allocation as it was when commitment N was published.

Its SHA-256 is that commitment: compare "sha256sum commitment-*.json" with the values that were published
(and noted outside of the application) before the first rating.

Keys: algorithm, distance (items between two versions of a case, at least), previous (the commitment before),
seed, study, and lines: commitment, rater, position from 0, case, arm, token, code of every item.
"""


def allocation_zip(lists: Mapping[int, bytes]) -> bytes:
    """A ZIP of what was sealed, with the hashes in the form that ``sha256sum --check`` reads."""
    files = {f"commitment-{number}.json": content for number, content in sorted(lists.items())}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in (
            files | {"SHA256SUMS": sums.encode(), "README.txt": _HOW_TO_CHECK.encode()}
        ).items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _written(head: Sequence[str], lines: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_harmless(cell) for cell in line] for line in lines)
    return text.getvalue().encode()


def _harmless(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
