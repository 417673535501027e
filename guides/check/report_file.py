"""What the checks read from the report beside a guide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from guides.errors import InputError
from guides.plan_document import schema_breach

_VECTOR = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
_SLOT = ("point", "direction", "along", "normal", "width_mm", "thickness_mm", "depth_mm")
_WIRE = ("name", "point", "direction", "diameter_mm", "guided_mm")
_ENGRAVING = ("point", "direction", "along", "width_mm", "height_mm", "depth_mm")
_PART = "#/$defs/part"
_SCHEMA = {
    "type": "object",
    "required": ["clearances_mm", "withdrawal_direction", "slot", "wires", "plan_sha256", "label", "side"],
    "properties": {
        "clearances_mm": {
            "type": "object",
            "required": ["bone"],
            "properties": {"bone": {"type": "number"}},
        },
        "withdrawal_direction": _VECTOR,
        "slot": {"$ref": _PART, "required": [*_SLOT, "blade_to_hinge_mm"]},
        "other_slots": {"type": "array", "items": {"$ref": _PART, "required": ["name", *_SLOT]}},
        "wires": {"type": "array", "items": {"$ref": _PART, "required": _WIRE}},
        "windows": {"type": "array"},
        "label": {"type": "string", "minLength": 1},
        "side": {"enum": ["L", "R"]},
        "engraving": {"$ref": _PART, "required": _ENGRAVING},
        "rules": {"type": "object"},
        "outgrowths": {
            "type": "array",
            "items": {"$ref": _PART, "required": ["point", "area_mm2", "message"]},
        },
    },
    "$defs": {
        "part": {
            "type": "object",
            "properties": dict.fromkeys(("point", "direction", "along", "normal"), _VECTOR),
            "patternProperties": {"_mm$": {"type": "number"}, "^(name|kind)$": {"type": "string"}},
        }
    },
}


def report_beside(guide: Path) -> dict[str, Any] | None:
    """The report.json in a guide's folder, None where there is none.

    Raises:
        InputError: ``bad_report``.
    """
    path = guide.parent / "report.json"
    if not path.is_file():
        return None
    try:
        report: dict[str, Any] = json.loads(path.read_text("utf-8"))
        breach = schema_breach(report, _SCHEMA)
    except ValueError:
        breach = "not JSON"
    if breach is not None:
        raise InputError("bad_report", f"{path} is no report of a guide ({breach})", "Design the guide again")
    return report
