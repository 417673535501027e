"""Two designs of one knee beside one another: what was asked, what was found, and where the saw goes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from backend.core.errors import Conflict
from backend.exports.models import Guide
from backend.exports.presets import parameters_document

# What of the scores is a number that people compare: path in the document, words, unit.
FIGURES = (
    (("fitting", "score"), "Fitting", "of 6"),
    (("fitting", "contact_percent"), "Contact face in contact", "percent"),
    (("fitting", "gap_error_p95_mm"), "Gap error, 95 % of the face", "mm"),
    (("stability", "score"), "Stability with wires", "of 6"),
    (("stability", "score_without_wires"), "Stability without wires", "of 6"),
    (("stability", "with_wires", "lost_percent"), "Contact lost under the saw", "percent"),
    (("accuracy", "score"), "Accuracy", "of 6"),
    (("accuracy", "within_tolerance_percent"), "Placements within tolerance", "percent"),
    (("accuracy", "cut_angle_deg", "p95"), "Cut angle error, 95 % of placements", "deg"),
    (("accuracy", "cut_distance_mm", "p95"), "Cut distance error, 95 % of placements", "mm"),
)


def compared(first: Guide, second: Guide) -> dict[str, Any]:
    """Differences of two designs of one case; plain data as ``ComparedGuidesSerializer`` describes.

    Args:
        first: with its plan and bones.
        second: the same.

    Raises:
        Conflict: ``other_case``: they are not for the same knee.
    """
    if first.case_id != second.case_id:
        raise Conflict(
            "other_case",
            "These two guides are for different knees.",
            remedy="Choose two designs of one case.",
        )
    return {
        "first": first,
        "second": second,
        "parameters": _parameters(first, second),
        "scores": _scores(first, second),
        "checks": _checks(first, second),
        "cut": _cut(first, second),
    }


def _parameters(first: Guide, second: Guide) -> list[dict[str, Any]]:
    """The parameters that differ, as used; a parameter that an older engine did not know is null there."""
    before, after = (guide.report.get("parameters", {}) for guide in (first, second))
    return [
        {
            "name": parameter["name"],
            "label": parameter["label"],
            "unit": parameter["unit"],
            "first": before.get(parameter["name"]),
            "second": after.get(parameter["name"]),
        }
        for parameter in parameters_document()
        if before.get(parameter["name"]) != after.get(parameter["name"])
    ]


def _scores(first: Guide, second: Guide) -> list[dict[str, Any]]:
    rows = []
    for path, label, unit in FIGURES:
        values = [_at(guide.scores or {}, path) for guide in (first, second)]
        if values != [None, None]:
            rows.append({"label": label, "unit": unit, "first": values[0], "second": values[1]})
    return rows


def _at(document: Mapping[str, Any], path: Sequence[str]) -> float | None:
    value: Any = document
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, int | float) else None


def _checks(first: Guide, second: Guide) -> list[dict[str, Any]]:
    """The checks whose verdict differs; null where one of the two was not checked for it."""
    before, after = ({check["name"]: check for check in guide.checks} for guide in (first, second))
    rows = []
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name, {}), after.get(name, {})
        if one.get("status") != other.get("status"):
            rows.append(
                {
                    "name": name,
                    "message": (other or one)["message"],
                    "first": one.get("status"),
                    "second": other.get("status"),
                }
            )
    return rows


def _cut(first: Guide, second: Guide) -> dict[str, float] | None:
    """Angle between the two slots, and how far apart they are at the saw's entry.

    None where the two bone sets lie in different frames, or an older report does not say where the slot is.
    """
    if first.plan.bone_set.coordinates != second.plan.bone_set.coordinates:
        return None
    slots = [guide.report.get("slot", {}) for guide in (first, second)]
    if not all("normal" in slot and "point" in slot for slot in slots):
        return None
    one, other = slots
    across = abs(sum(a * b for a, b in zip(one["normal"], other["normal"], strict=True)))
    offset = sum((b - a) * n for a, b, n in zip(one["point"], other["point"], one["normal"], strict=True))
    return {"angle_deg": math.degrees(math.acos(min(1.0, across))), "distance_mm": abs(offset)}
