"""What the surgeon chooses besides the amount of correction."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from guides.errors import InputError

Kind = Literal["medial_opening_wedge", "lateral_closing_wedge"]
TuberositySide = Literal["distal", "proximal"]

MAX_SLOPE_CHANGE_DEG = 10.0


@dataclass(frozen=True)
class Technique:
    """How the osteotomy is done.

    Attributes:
        kind: a wedge opened medially or removed laterally.
        tuberosity: the fragment that keeps the tuberosity. ``distal``: a retrotubercular cut ascends in front
            and the patella comes down with the tuberosity. ``proximal``: the cut descends behind it, and
            patella and tuberosity stay.
        slope_change_deg: wanted change of the medial posterior slope, positive for more slope.
        jlca_compensation: count on the joint line closing by (JLCA - 2) / 2 degrees under load.
    """

    kind: Kind = "medial_opening_wedge"
    tuberosity: TuberositySide = "distal"
    slope_change_deg: float = 0.0
    jlca_compensation: bool = False

    def __post_init__(self) -> None:
        """Refuse what is not a technique.

        Raises:
            InputError: ``bad_technique`` or ``slope_out_of_reach``.
        """
        for name, value, choices in (
            ("kind of osteotomy", self.kind, get_args(Kind)),
            ("fragment of the tuberosity", self.tuberosity, get_args(TuberositySide)),
        ):
            if value not in choices:
                raise InputError("bad_technique", f"{value!r} is no {name}", f"Use {' or '.join(choices)}")
        if self.kind == "lateral_closing_wedge" and self.tuberosity == "proximal":
            raise InputError(
                "bad_technique",
                "A lateral closing wedge lies above the tuberosity, which stays with the distal fragment",
                "Leave the tuberosity with the distal fragment, or plan a medial opening wedge",
            )
        if not abs(self.slope_change_deg) <= MAX_SLOPE_CHANGE_DEG:
            raise InputError(
                "slope_out_of_reach",
                f"A slope change of {self.slope_change_deg:g} degrees is out of range",
                f"Choose a change from -{MAX_SLOPE_CHANGE_DEG:g} to {MAX_SLOPE_CHANGE_DEG:g} degrees",
            )

    def to_document(self) -> dict[str, Any]:
        """The ``technique`` part of a plan document."""
        return asdict(self)
