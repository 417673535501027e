"""One cut and one turn of the distal fragment, as a plan document keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np

from guides.bones import Array
from guides.errors import InputError
from guides.landmarks import unit
from guides.osteotomy.technique import Kind


@dataclass(frozen=True)
class Osteotomy:
    """A medial opening wedge. All points patient LPS mm, all directions unit vectors.

    Turning the distal fragment by ``correction_deg`` about ``hinge_axis`` through ``hinge_point``
    (right-hand rule) opens the medial wedge. ``plane_normal`` points to the proximal fragment and
    ``medial_direction`` lies in the plane, square to the hinge axis, from the hinge to the medial cortex.
    """

    plane_point: Array
    plane_normal: Array
    hinge_point: Array
    hinge_axis: Array
    medial_direction: Array
    correction_deg: float
    cut_depth_mm: float
    gap_mm: float
    gap_anterior_mm: float
    gap_posterior_mm: float
    lateral_cortex_mm: float
    start_point: Array

    KIND: ClassVar[Kind] = "medial_opening_wedge"
    GAP_SIGN: ClassVar[int] = 1
    HINGE_PLATEAU: ClassVar[str] = "plateau_lateral"

    @property
    def hinge_cortex_mm(self) -> float:
        """Bone left beyond the hinge."""
        return self.lateral_cortex_mm

    def to_document(self) -> dict[str, Any]:
        """The ``osteotomy`` part of a plan document."""
        return {"kind": self.KIND} | {
            name: [round(float(x), 6) for x in value]
            if isinstance(value, np.ndarray)
            else round(float(value), 4)
            for name, value in vars(self).items()
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read the ``osteotomy`` part of a plan document that keeps to the schema.

        Raises:
            InputError: ``bad_plan`` when plane, hinge, correction and gap contradict one another;
                ``other_kind`` when the document plans another kind of osteotomy.
        """
        kind = document.get("kind", Osteotomy.KIND)
        if kind != cls.KIND:
            raise InputError(
                "other_kind",
                f"The plan is a {kind.replace('_', ' ')} and not a {cls.KIND.replace('_', ' ')}",
                f"Plan a {cls.KIND.replace('_', ' ')} for this step",
            )
        with np.errstate(invalid="ignore"):  # a direction of length zero becomes NaN and is refused below
            read = cls(**{x.name: _from_json(x.name, document[x.name]) for x in fields(cls)})
        read._check(document)
        return read

    def _check(self, document: Mapping[str, Any]) -> None:
        """Refuse a document that was changed by hand: a saw would follow it."""
        directions = ("plane_normal", "hinge_axis", "medial_direction")
        lengths = [np.linalg.norm(np.asarray(document[name], dtype=float)) for name in directions]
        normal, axis, medial = (getattr(self, name) for name in directions)
        # Six decimals a coordinate: directions agree to some 1e-6, points to some 1e-6 mm.
        opens = float(np.cross(axis, -medial) @ normal)
        off_plane = [float((p - self.plane_point) @ normal) for p in (self.hinge_point, self.start_point)]
        gap = self.GAP_SIGN * 2 * np.sin(np.radians(self.correction_deg) / 2) * self.cut_depth_mm
        if not (
            np.allclose(lengths, 1, atol=1e-4)
            and np.allclose([normal @ axis, normal @ medial, axis @ medial], 0, atol=1e-4)
            and opens > 0
            and np.allclose(off_plane, 0, atol=1e-2)
            and abs(gap - self.gap_mm) < 1e-2
        ):
            raise InputError(
                "bad_plan",
                "Cutting plane, hinge, correction and gap of the plan contradict one another",
                "Plan again with: python -m guides plan",
            )


def _from_json(name: str, value: Any) -> Any:
    """A number or an array; directions are normalised again, because a document carries six decimals."""
    if not isinstance(value, list):
        return float(value)
    array = np.asarray(value, dtype=float)
    return array if name.endswith("_point") else unit(array)


def read_osteotomy(document: Mapping[str, Any]) -> Osteotomy:
    """The osteotomy of whatever kind a plan document holds.

    Raises:
        InputError: ``bad_plan``.
    """
    from guides.osteotomy.closing import ClosingWedge

    kinds: dict[str, type[Osteotomy]] = {kind.KIND: kind for kind in (Osteotomy, ClosingWedge)}
    return kinds[document.get("kind", Osteotomy.KIND)].from_document(document)
