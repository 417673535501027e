"""Presets by name: saw blades, wires, printers, materials, sterilisation, plates; sites add their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from guides.errors import InputError
from guides.plan_document import schema_breach

BUILT_IN = Path(__file__).parent / "guide_presets.json"
GROUPS = ("saw_blade", "wire", "printer", "material", "sterilisation", "plate")

_NUMBER = {"type": "number"}
_SCHEMA = {
    "type": "object",
    "required": ["schema", "presets"],
    "properties": {
        "schema": {"const": "hto-guide-presets/1"},
        "presets": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "group", "label", "source"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"},
                    "group": {"enum": list(GROUPS)},
                    "label": {"type": "string", "minLength": 1},
                    "source": {"type": "string", "minLength": 1},
                    "parameters": {"type": "object", "additionalProperties": _NUMBER},
                    "thinnest_wall_mm": _NUMBER,
                    "smallest_hole_mm": _NUMBER,
                    "build_mm": {"type": "array", "items": _NUMBER, "minItems": 3, "maxItems": 3},
                    "withstands": {"type": "array", "items": {"type": "string"}},
                    "drill_holes": {
                        "type": "array",
                        "items": {"type": "array", "items": _NUMBER, "minItems": 3, "maxItems": 3},
                    },
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Rules:
    """What printer, material and sterilisation ask of a guide.

    Attributes:
        thinnest_wall_mm, smallest_hole_mm: of the material; polyamide 12 without one.
        build_mm: edges of the printer's room, None where no printer was chosen.
        material, sterilisation: labels, None where none was chosen.
        withstands: whether the material withstands the sterilisation, None unless both were chosen.
    """

    thinnest_wall_mm: float = 1.0
    smallest_hole_mm: float = 1.5
    build_mm: tuple[float, float, float] | None = None
    material: str | None = None
    sterilisation: str | None = None
    withstands: bool | None = None

    @classmethod
    def of(cls, presets: Sequence[Mapping[str, Any]]) -> Rules:
        """The rules of chosen presets; of one group the last one counts."""
        chosen = {preset["group"]: preset for preset in presets}
        material, sterilisation = chosen.get("material"), chosen.get("sterilisation")
        printer = chosen.get("printer", {})
        build = printer.get("build_mm")
        standard = cls()
        withstands = None
        if material is not None and sterilisation is not None:
            withstands = sterilisation["id"] in material.get("withstands", [])
        return cls(
            float((material or {}).get("thinnest_wall_mm", standard.thinnest_wall_mm)),
            float((material or {}).get("smallest_hole_mm", standard.smallest_hole_mm)),
            None if build is None else (float(build[0]), float(build[1]), float(build[2])),
            None if material is None else str(material["label"]),
            None if sterilisation is None else str(sterilisation["label"]),
            withstands,
        )

    def to_document(self) -> dict[str, Any]:
        """Plain data for a report."""
        return asdict(self)


def catalogue(site_presets: Path | None = None) -> list[dict[str, Any]]:
    """All presets; a site's own preset replaces a built-in one of the same id.

    Raises:
        InputError: ``bad_presets``.
    """
    found = {preset["id"]: preset for preset in _built_in()}
    if site_presets is not None:
        found |= {preset["id"]: preset for preset in _read(site_presets)}
    return list(found.values())


def read_presets(names: Sequence[str], site_presets: Path | None = None) -> list[dict[str, Any]]:
    """The presets of these ids.

    Raises:
        InputError: ``unknown_preset`` or ``bad_presets``.
    """
    if not names and site_presets is None:
        return []
    known = {preset["id"]: preset for preset in catalogue(site_presets)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(
            "unknown_preset", f"Unknown preset: {', '.join(unknown)}", f"Known are {', '.join(sorted(known))}"
        )
    return [known[name] for name in names]


@cache
def _built_in() -> list[dict[str, Any]]:
    return _read(BUILT_IN)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(path.read_text("utf-8"))
        breach = schema_breach(document, _SCHEMA)
    except (OSError, ValueError):
        breach = "not a readable JSON file"
    if breach is not None:
        raise InputError(
            "bad_presets", f"{path} holds no presets ({breach})", "Write it as guides/guide_presets.json is"
        )
    presets: list[dict[str, Any]] = document["presets"]
    return presets
