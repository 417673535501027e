"""What made the bones of a folder, as the ``report.json`` beside them says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guides.errors import InputError


@dataclass(frozen=True)
class Reconstruction:
    """What a report tells of its reconstruction.

    Attributes:
        sha256: of the report.
        model: what reconstructed the bones, where it says.
        images: ``file`` and ``sha256`` of each image that they were made from.
        doubts: why the bones are not to be trusted; none where they are, or where it does not judge them.
    """

    sha256: str
    model: Any
    images: tuple[dict[str, str], ...]
    doubts: tuple[str, ...]


def read_reconstruction(bones: Path) -> Reconstruction | None:
    """What made the bones of a folder; None where no report lies beside them.

    Raises:
        InputError: ``bad_bones_report``.
    """
    path = bones / "report.json"
    if not path.is_file():
        return None
    content = path.read_bytes()
    try:
        report = json.loads(content)
        images = tuple(
            {name: image[name] for name in ("file", "sha256")} for image in report.get("images", [])
        )
        doubts = _doubts(report["trust"]) if "trust" in report else ()
        return Reconstruction(hashlib.sha256(content).hexdigest(), report.get("model"), images, doubts)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            "bad_bones_report",
            f"{path} is no report of a reconstruction",
            "Reconstruct the bones again, or take the file away",
        ) from error


def _doubts(trust: dict[str, Any]) -> tuple[str, ...]:
    if trust["trusted"]:
        return ()
    return tuple(map(str, trust["reasons"])) or ("many small signs speak against it",)
