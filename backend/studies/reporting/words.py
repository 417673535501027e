"""Numbers as a journal prints them."""

from __future__ import annotations

from typing import Any

NONE = "-"


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many decimals, a dash for none."""
    return NONE if value is None else f"{value:.{digits}f}"


def p_value(value: float | None) -> str:
    """A p with four decimals, as the exact ones of few pairs need, or that it is smaller."""
    if value is None:
        return NONE
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def interval(found: dict[str, Any] | None, digits: int = 2) -> str:
    """``low`` to ``high``."""
    if not found or found.get("low") is None or found.get("high") is None:
        return NONE
    return f"{found['low']:.{digits}f} to {found['high']:.{digits}f}"


def percent(share: float) -> str:
    """A share in percent, without decimals that say nothing."""
    return f"{100 * share:.4g} %"


def moment(iso: str | None) -> str:
    """Date and time as they stand in the document, to the minute."""
    return NONE if iso is None else f"{iso[:10]} {iso[11:16]} UTC"
