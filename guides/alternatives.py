"""Several plans for one leg, side by side: the same technique aimed at different targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guides.errors import InputError
from guides.landmarks import Side
from guides.plan import plan_files


@dataclass(frozen=True)
class Aim:
    """One target, as ``plan_files`` takes it, and who recommends it."""

    name: str
    target: Mapping[str, Any]
    source: str


AIMS = (
    Aim("Fujisawa, WBL 62.5 %", {"target_wbl": 62.5}, "Fujisawa 1979"),
    Aim("Miniaci, WBL 50 %", {"target_wbl": 50.0}, "10.1177/26350254211032968"),
    Aim("3 degrees of valgus", {"target_hka": 183.0}, "PMC8822774"),
)

COLUMNS = ("mMPTA", "HKA", "WBL", "JLO", "PTS_medial", "Caton_Deschamps", "leg_length")
"""Measures of a row, as they are after the correction; of the last the change."""


def alternatives(
    bones: Path, side: Side, *, landmarks: Mapping[str, Any] | None = None, **technique: Any
) -> list[dict[str, Any]]:
    """Plan every aim of ``AIMS`` on one leg.

    Args:
        bones: folder of bones, see ``plan_files``.
        side: L or R.
        landmarks: of an earlier plan; None finds them once for all.
        technique: whatever else ``plan_files`` takes apart from a target.

    Returns:
        One row an aim: ``name``, ``source``, ``target``; and either ``plan``, the whole document, with
        ``row``: correction, gap, wedge volume, measures after the correction and the codes of the warnings;
        or ``refused``, with code, message and remedy, where this aim cannot be reached.

    Raises:
        InputError: bones, side, landmarks or technique cannot be used for any aim.
    """
    if landmarks is None:
        landmarks = plan_files(bones, side, correction_deg=0.0)["landmarks"]
    rows = []
    for aim in AIMS:
        row: dict[str, Any] = {"name": aim.name, "source": aim.source, "target": dict(aim.target)}
        try:
            plan = plan_files(bones, side, landmarks=landmarks, **aim.target, **technique)
        except InputError as error:
            if error.code not in ("target_out_of_reach", "slope_out_of_reach"):
                raise
            row["refused"] = {"code": error.code, "message": error.message, "remedy": error.remedy}
        else:
            row |= {"plan": plan, "row": summary(plan)}
        rows.append(row)
    return rows


def summary(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What tells plans of one leg apart: numbers by name, absent measures None, and the warnings' codes."""
    osteotomy, measures = plan["osteotomy"], plan["measures"]
    row: dict[str, Any] = {name: osteotomy[name] for name in ("correction_deg", "gap_mm", "wedge_volume_mm3")}
    for name in COLUMNS:
        kind = "change" if name == "leg_length" else "after"
        row[name] = measures[name][kind] if name in measures else None
    row["warnings"] = [warning["code"] for warning in plan["warnings"]]
    return row
