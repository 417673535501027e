"""The second cut of a biplanar osteotomy, as a solid engine needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from guides.bones import Array
from guides.landmarks import unit


@dataclass(frozen=True)
class SecondCut:
    """The plane behind the tuberosity, which ends in the first cut.

    Attributes:
        point: of the plane, LPS mm.
        normal: unit, forwards to the tuberosity.
        rises: it runs upwards from the first cut, and the tuberosity stays with the distal fragment; else it
            runs downwards, and the tuberosity stays with the proximal one.
    """

    point: Array
    normal: Array
    rises: bool


def read_second_cut(document: Mapping[str, Any]) -> SecondCut | None:
    """The second cut of the ``osteotomy`` part of a plan document; None where the osteotomy has one plane."""
    for name in ("ascending", "descending"):
        if name in document:
            point, normal = (
                np.asarray(document[name][x], dtype=float) for x in ("plane_point", "plane_normal")
            )
            return SecondCut(point, unit(normal), rises=name == "ascending")
    return None
