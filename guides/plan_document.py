"""The plan document on its way in: its JSON schema, reading, hashing, and the bones that it stands on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from guides.bones import hashes
from guides.errors import InputError
from guides.landmarks import Landmarks
from guides.osteotomy import read_osteotomy

SCHEMA = "hto-plan/1"


@cache
def schema() -> dict[str, Any]:
    """The JSON schema of the plan document."""
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / "plan.schema.json").read_text("utf-8"))
    return loaded


def schema_breach(document: Any, expected: Mapping[str, Any]) -> str | None:
    """Where and how a document breaks a JSON schema; None when it keeps to it."""
    import jsonschema  # type: ignore[import-untyped]

    breaches = jsonschema.Draft202012Validator(expected).iter_errors(document)
    worst = jsonschema.exceptions.best_match(breaches)
    return None if worst is None else f"{worst.json_path}: {worst.message[:120]}"


def read_plan(plan: Path | Mapping[str, Any]) -> dict[str, Any]:
    """A validated plan document from a file or from itself.

    Raises:
        InputError: ``bad_plan`` when the file cannot be read, or the document breaks the schema or
            contradicts itself; ``landmarks_missing``.
    """
    if isinstance(plan, Path):
        try:
            document: dict[str, Any] = json.loads(plan.read_text("utf-8"), parse_constant=_no_number)
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(
                "bad_plan", f"{plan} is not a readable plan", "Write one with: python -m guides plan"
            ) from error
    else:
        document = dict(plan)
    broken = schema_breach(document, schema())
    if broken is not None:
        raise InputError(
            "bad_plan", f"The plan is not valid at {broken}", "Plan again with: python -m guides plan"
        )
    read_osteotomy(document["osteotomy"])
    Landmarks.from_document(document["landmarks"])
    return document


def _no_number(text: str) -> NoReturn:
    """JSON has no NaN and no infinity, whatever Python's reader admits."""
    raise ValueError(text)


def plan_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 of the document in canonical JSON (sorted keys, no spaces)."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def check_bones(document: Mapping[str, Any], bones: Path) -> None:
    """Refuse bones that are not those of the plan.

    Raises:
        InputError: ``bones_differ``.
    """
    planned, given = document["bones_sha256"].get("tibia"), hashes(bones).get("tibia")
    if given is not None and planned != given:
        raise InputError(
            "bones_differ",
            "The tibia is not the one of the plan",
            "Plan again on these bones, or give the planned ones",
        )
