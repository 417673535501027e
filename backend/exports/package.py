"""The print package: everything that the person at the printer needs, in one ZIP file."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

from backend.core import storage
from backend.exports.models import CheckStatus, Guide

# The same guide gives the same bytes, so that a package can be compared by its hash.
_DATE = (1980, 1, 1, 0, 0, 0)


def print_package(guide: Guide) -> bytes:
    """STL, 3MF, the report of the checks, the signed plan, and a page that says what is what."""
    files = {
        "guide.stl": storage.get(guide.stl),
        "guide.3mf": storage.get(guide.threemf),
        "report.json": storage.get(guide.report_file),
        "plan.json": (json.dumps(guide.plan.document, indent=1, sort_keys=True) + "\n").encode(),
    }
    files["README.txt"] = _read_me(guide, files).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _read_me(guide: Guide, files: dict[str, bytes]) -> str:
    plan, case = guide.plan, guide.case
    signer = plan.approved_by.name if plan.approved_by else "nobody"
    signed = f" on {plan.approved_at:%Y-%m-%d %H:%M} UTC" if plan.approved_at else ""
    looks = [check["message"] for check in guide.checks if check["status"] == CheckStatus.WARN]
    side = {"L": "left", "R": "right"}[case.side]
    lines = [
        f"Cutting guide {guide.version} for case {case.patient.pseudonym}, {side} knee",
        f"Plan {plan.revision}: {plan.correction_deg:g} degrees, approved by {signer}{signed}",
        f"Plan SHA-256: {plan.sha256}",
        "",
        "All lengths are in millimetres; print at 100 %.",
        *(f"Look: {message}" for message in looks),
        "",
        *(f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in files.items()),
    ]
    return "\n".join(lines) + "\n"
