"""Two designs of one knee beside one another: what was asked, what was found, and where the saw goes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np

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


def compared(first: Guide, second: Guide, bones: UUID | None = None) -> dict[str, Any]:
    """Differences of two designs of one case; plain data as ``ComparedGuidesSerializer`` describes.

    Args:
        first: with its plan, bones and trials.
        second: the same.
        bones: the bone set that both are judged on; None leaves each on the bones of its own plan.

    Raises:
        Conflict: ``other_case``: they are not for the same knee; ``not_tried``: one of them was not put on
            those bones.
    """
    if first.case_id != second.case_id:
        raise Conflict(
            "other_case",
            "These two guides are for different knees.",
            remedy="Choose two designs of one case.",
        )
    judged = [scores_by_bones(guide) for guide in (first, second)]
    common = [one for one in judged[0] if one in judged[1]]
    if bones is not None and bones not in common:
        raise Conflict(
            "not_tried",
            "Not both guides were put on these bones.",
            remedy="Put each of them on these bones first.",
        )
    verdicts = [
        guide.scores if bones is None else on[bones]
        for guide, on in zip((first, second), judged, strict=True)
    ]
    return {
        "first": first,
        "second": second,
        "bones": bones,
        "common_bones": common,
        "parameters": _parameters(first, second),
        "scores": _scores(*verdicts),
        "checks": _checks(first, second),
        "cut": _cut(first, second) if bones is None else _resting_cuts((first, second), verdicts),
    }


def scores_by_bones(guide: Guide) -> dict[UUID, dict[str, Any]]:
    """The verdicts on a design by the bone set on which it was judged, its own first."""
    own = {} if guide.scores is None else {guide.plan.bone_set_id: guide.scores}
    return own | {trial.bone_set_id: trial.scores for trial in guide.trials.all()}


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


def _scores(*verdicts: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    rows = []
    for path, label, unit in FIGURES:
        values = [_at(verdict or {}, path) for verdict in verdicts]
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
    return _apart(*((np.array(slot["point"]), np.array(slot["normal"])) for slot in slots))


def _resting_cuts(guides: Sequence[Guide], verdicts: Sequence[Mapping[str, Any]]) -> dict[str, float] | None:
    """The same of the two saws on common bones, each guide where it came to rest there."""
    planes = []
    for guide, verdict in zip(guides, verdicts, strict=True):
        slot = guide.report.get("slot", {})
        if not ("normal" in slot and "point" in slot and "matrix" in verdict.get("seat", {})):
            return None
        # From where it was designed to where it rests, and from the frame of its own bones to the common one.
        motion = np.array(verdict["design_to_bones"]) @ np.array(verdict["seat"]["matrix"])
        planes.append((motion[:3, :3] @ slot["point"] + motion[:3, 3], motion[:3, :3] @ slot["normal"]))
    return _apart(*planes)


def _apart(first: tuple[Any, Any], second: tuple[Any, Any]) -> dict[str, float]:
    """Angle between two planes, each a point and a unit normal, and the second's point off the first, mm."""
    (one, normal), (other, other_normal) = first, second
    across = np.linalg.norm(np.cross(normal, other_normal))
    angle = math.degrees(math.atan2(float(across), abs(float(normal @ other_normal))))
    return {"angle_deg": angle, "distance_mm": abs(float((other - one) @ normal))}
