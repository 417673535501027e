"""One check: what was found, where, whether it stops the export, and what mends it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from guides.bones import Array

Status = Literal["pass", "warn", "block"]
Check = dict[str, Any]


def verdict(
    name: str,
    good: bool | np.bool_,
    value: float | None,
    limit: float | None,
    unit: str,
    message: str,
    *,
    place: Array | None = None,
    failed: Status = "block",
    remedy: str = "Design the guide again; if this stays, change the parameters or the plan",
) -> Check:
    """A check as plain data; ``place`` is LPS mm, ``remedy`` is told only where the check does not pass."""
    return {
        "name": name,
        "status": "pass" if good else failed,
        "value": None if value is None else round(float(value), 4),
        "limit": limit,
        "unit": unit,
        "message": message,
        "place": None if place is None else [round(float(x), 3) for x in place],
        "remedy": None if good else remedy,
    }
