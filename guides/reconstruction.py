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
        suspected: names of trusted bones that may be broken all the same.
    """

    sha256: str
    model: Any
    images: tuple[dict[str, str], ...]
    doubts: tuple[str, ...]
    suspected: tuple[str, ...] = ()


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
        trust = report.get("trust", {"trusted": True})
        return Reconstruction(
            hashlib.sha256(content).hexdigest(),
            report.get("model"),
            images,
            _doubts(trust),
            _suspected(trust),
        )
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


def _suspected(trust: dict[str, Any]) -> tuple[str, ...]:
    """None in reports of before they were told, or where all bones are doubted anyway."""
    return tuple(map(str, trust.get("suspected", ()))) if trust["trusted"] else ()
