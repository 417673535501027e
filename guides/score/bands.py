"""The six bands of the three scores, those of the paper's Methods."""

from __future__ import annotations

FITTING = (10.0, 30.0, 50.0, 70.0, 90.0)
"""Contact in per cent of the contact face; 6 is 90 % and more."""

STABILITY = (90.0, 60.0, 30.0, 10.0, 1.0)
"""Loss of contact under load in per cent; 6 is less than 1 %."""

ACCURACY = (10.0, 30.0, 50.0, 70.0, 90.0)
"""Good vertical and rotational fitting in per cent of placements; 6 is more than 90 %."""

GUIDANCE = ("none", "minimal", "satisfactory", "acceptable", "accurate", "precise")
"""The paper's word for the guidance that each accuracy score stands for."""


def fitting_score(contact_percent: float) -> int:
    """Score 1 to 6 of the share of the contact face that touches the bone."""
    return 1 + sum(contact_percent >= limit for limit in FITTING)


def stability_score(lost_percent: float) -> int:
    """Score 1 to 6 of the share of contact that a load takes away."""
    return 1 + sum(lost_percent <= limit for limit in STABILITY[:-1]) + (lost_percent < STABILITY[-1])


def accuracy_score(good_percent: float) -> int:
    """Score 1 to 6 of the share of placements whose cut is good."""
    return 1 + sum(good_percent >= limit for limit in ACCURACY[:-1]) + (good_percent > ACCURACY[-1])
