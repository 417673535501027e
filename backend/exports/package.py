"""The print package as one ZIP file, and the word of who released it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from backend.core import storage
from backend.exports.models import Guide
from backend.exports.superseded import superseded_sheet, superseded_words

# The same files give the same bytes, so that a package can be compared by its hash.
_DATE = (1980, 1, 1, 0, 0, 0)
FOLDER, RELEASE, SUPERSEDED = "package", "RELEASE.txt", "00-SUPERSEDED.pdf"


def packed(folder: Path) -> bytes:
    """A print package of the engine, in a folder of its own inside a ZIP file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.writestr(_entry(f"{FOLDER}/{path.name}"), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def released(guide: Guide) -> bytes:
    """The stored package with a page that says whose it is and who signed plan and design.

    Where another plan was approved since, a sheet that says so lies on top. Those inside stay as they were
    signed: the manifest holds their hashes.
    """
    stream = io.BytesIO(storage.get(guide.package))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(_entry(RELEASE), _release(guide), zipfile.ZIP_DEFLATED)
        if guide.superseded:
            archive.writestr(_entry(SUPERSEDED), superseded_sheet(guide), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, _DATE)


def _release(guide: Guide) -> str:
    plan, case, signature = guide.plan, guide.case, guide.signed
    side = {"L": "left", "R": "right"}[case.side]
    warned = [f"SUPERSEDED. {superseded_words(guide)}", ""] if guide.superseded else []
    lines = [
        *warned,
        f"Cutting guide {guide.version} for case {case.patient.pseudonym}, {side} knee",
        f"Plan {plan.revision}: {plan.correction_deg:g} degrees"
        + (f", approved by {plan.approved_by.name}" if plan.approved_by else "")
        + (f" on {plan.approved_at:%Y-%m-%d %H:%M} UTC" if plan.approved_at else ""),
        f"Plan SHA-256: {plan.sha256}",
        f"Design SHA-256: {guide.sha256}",
    ]
    if signature:
        lines.append(f"Signed off by {signature.person.name} on {signature.signed_at:%Y-%m-%d %H:%M} UTC")
    lines += [
        "",
        "All lengths are in millimetres; print at 100 %.",
        f"Every file lies in the folder {FOLDER} with its hash in manifest.json.",
        f"Verify it with: python -m guides verify {FOLDER}",
    ]
    return "\n".join(lines) + "\n"
