"""What a CT shows too little of: where it ends, and bones of which only a slice is in view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.bones import Bone, BoneSet
from recon.field_of_view import FieldOfView
from recon.prediction import CUBE

# Height of bone between its joint end and where the CT cuts it, below which its shape is a guess: condyles
# reach about 35 mm up. With 12 mm of femur the CT network was 0.9 mm off on one real CT, and up to 3 mm on
# another, where it left parts of a condyle out; with 24 mm it was 1.5 to 1.7 mm off.
LEAST_MM = 20.0
_AT_BORDER_MM = 2.0  # a surface this near the end of the CT was cut by it


@dataclass(frozen=True)
class Finding:
    """Something that a reader of the bones should know.

    Attributes:
        code: ``"ct_ends"`` or ``"little_of_bone"``.
        message: one sentence.
        bone: label of the bone that it is about; empty where it is about all.
    """

    code: str
    message: str
    bone: str = ""

    def document(self) -> dict[str, str]:
        """As a report holds it."""
        return {"code": self.code, "message": self.message, **({"bone": self.bone} if self.bone else {})}


def ct_findings(bones: BoneSet, seen: FieldOfView) -> list[Finding]:
    """What should be known of bones in mm from a CT that shows the box of a field of view."""
    half = CUBE.side / 2
    ends = [
        Finding(
            "ct_ends", f"The CT ends {abs(float(end)):.0f} mm {where} the joint; bones are cut flat there"
        )
        for end, where in ((seen.high[2], "above"), (seen.low[2], "below"))
        if abs(end) < half
    ]
    return ends + [_little(bone, shown) for bone, shown in _cut_heights(bones, seen) if shown < LEAST_MM]


def _cut_heights(bones: BoneSet, seen: FieldOfView) -> list[tuple[Bone, float]]:
    """Bones that end where the CT does, and the mm of each between its lowest and its highest point."""
    heights = []
    for bone, mesh in bones.items():
        low, high = mesh.bounds
        at_border = (low - seen.low < _AT_BORDER_MM) | (seen.high - high < _AT_BORDER_MM)
        if bool(np.any(at_border)):
            heights.append((bone, float(high[2] - low[2])))
    return heights


def _little(bone: Bone, shown: float) -> Finding:
    return Finding(
        "little_of_bone",
        f"Only {shown:.0f} mm of the {bone.label} are in the CT: its shape is a guess, do not measure on it",
        bone.label,
    )
