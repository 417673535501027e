"""What changed from one revision of a plan to another, in words that a surgeon reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from backend.core.errors import Conflict
from backend.planning.models import Plan
from backend.planning.words import (
    OSTEOTOMY,
    PROVENANCES,
    landmark_name,
    measure_name,
    number,
    osteotomy_numbers,
    target,
    technique,
)

MOVED_MM = 0.05
TURNED_DEG = 0.05
"""Below these nothing was moved: documents are rounded."""

Change = dict[str, str | None]
Document = Mapping[str, Any]


def changes(before: Plan, after: Plan) -> list[Change]:
    """Every difference that shows in the numbers as they are printed: choices first, then what they do.

    Raises:
        Conflict: ``other_case``: the plans are of two cases.
    """
    if before.case_id != after.case_id:
        raise Conflict(
            "other_case", "The two plans are of different cases.", remedy="Compare plans of one case."
        )
    old, new = before.document, after.document
    found: list[Change] = []
    if before.bone_set_id != after.bone_set_id:
        names = [f"bones {plan.bone_set.number}" for plan in (before, after)]
        found.append(_change("bone_set", "Bones", "", *names))
    for part in (_chosen, _landmarks, _cut, _numbers, _measures, _warnings):
        found += part(old, new)
    return found


def _change(path: str, label: str, unit: str, before: str | None, after: str | None) -> Change:
    return {"path": path, "label": label, "unit": unit, "before": before, "after": after}


def _chosen(old: Document, new: Document) -> Iterator[Change]:
    if target(old) != target(new):
        yield _change("target", "Target", "", target(old), target(new))
    before, after = technique(old), technique(new)
    for path in before | after:
        label, _, unit = (after.get(path) or before[path])[:3]
        values = [side[path][1] if path in side else None for side in (before, after)]
        if values[0] != values[1]:
            yield _change(path, label, unit, *values)


def _landmarks(old: Document, new: Document) -> Iterator[Change]:
    before, after = old["landmarks"], new["landmarks"]
    for name in before | after:
        one, other = before.get(name), after.get(name)
        moved = math.dist(one["position"], other["position"]) if one and other else 0.0
        standing = [PROVENANCES[mark["provenance"]] if mark else None for mark in (one, other)]
        if moved > MOVED_MM or standing[0] != standing[1]:
            distance = f", {moved:.1f} mm from before" if moved > MOVED_MM else ""
            words = f"{standing[1]}{distance}" if other else None
            yield _change(f"landmarks.{name}", landmark_name(name), "", standing[0], words)


def _cut(old: Document, new: Document) -> Iterator[Change]:
    before, after = old["osteotomy"], new["osteotomy"]
    for name, label in (("start_point", "Start of the cut"), ("hinge_point", "Hinge")):
        moved = math.dist(before[name], after[name])
        placed = ["placed by hand" if name in side.get("cut", {}) else "found" for side in (old, new)]
        if moved > MOVED_MM or placed[0] != placed[1]:
            distance = f", {moved:.1f} mm from before" if moved > MOVED_MM else ""
            yield _change(f"osteotomy.{name}", label, "", placed[0], placed[1] + distance)
    for name, label in (("plane_normal", "Cutting plane turned by"), ("hinge_axis", "Hinge axis turned by")):
        turned = math.degrees(2 * math.asin(min(1.0, math.dist(before[name], after[name]) / 2)))
        if turned > TURNED_DEG:
            yield _change(f"osteotomy.{name}", label, "deg", None, number(turned, "deg"))


def _numbers(old: Document, new: Document) -> Iterator[Change]:
    before, after = (osteotomy_numbers(side["osteotomy"]) for side in (old, new))
    for name, (label, unit) in OSTEOTOMY.items():
        values = [number(side.get(name), unit) for side in (before, after)]
        if values[0] != values[1]:
            yield _change(f"osteotomy.{name}", label, unit, *values)


def _measures(old: Document, new: Document) -> Iterator[Change]:
    for name in old["measures"] | new["measures"]:
        sides = [side["measures"].get(name) for side in (old, new)]
        unit = next(side["unit"] for side in sides if side)
        for when in ("before", "after"):
            values = [number(side[when], unit) if side else None for side in sides]
            if values[0] != values[1]:
                label = f"{measure_name(name)} {when} the correction"
                yield _change(f"measures.{name}.{when}", label, unit, *values)


def _warnings(old: Document, new: Document) -> Iterator[Change]:
    before, after = ({found["code"]: found["message"] for found in side["warnings"]} for side in (old, new))
    for code in before | after:
        # The message of a warning that stays names numbers, which are compared above.
        if (code in before) != (code in after):
            yield _change(f"warnings.{code}", "Warning", "", before.get(code), after.get(code))
