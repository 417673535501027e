"""The frame of imported bones: that of the X-ray rig, that of other bones of the knee, or their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from recon.alignment import DOUBTFUL_MM, Alignment, align, moved, residuals
from recon.bones import Bone, BoneSet
from recon.cut_ends import seen_of_meshes
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.handedness import Side, quarter_turn, side_of

Frame = Literal["rig", "own"]
SIDES = {"L": "left", "R": "right"}

# Bones that are said to lie in the rig's frame and lie farther from those of the X-rays do not.
_SAME_PLACE_MM = 15.0
_MIRRORED_BETTER = 0.7


@dataclass(frozen=True, eq=False)
class PlacedBones:
    """Imported bones in the frame that they are kept in.

    Attributes:
        bones: meshes in mm.
        frame: JSON: ``kind`` "rig", "own" or "aligned", ``quarter_turn`` (3, 3) where the files' axes were
            turned to LPS, ``residual_mm`` where bones in the rig's frame were held against others.
        alignment: how they were moved onto other bones, if they were.
        field_of_view: what lies between the ends of the shafts.
        warnings: what a reader should look at, one sentence each.
    """

    bones: BoneSet
    frame: dict[str, Any]
    alignment: Alignment | None
    field_of_view: FieldOfView
    warnings: list[str]


def place_bones(
    bones: BoneSet,
    *,
    frame: Frame,
    side: Side | None = None,
    onto: BoneSet | None = None,
    onto_field: FieldOfView | None = None,
    on: Sequence[Bone] | None = None,
) -> PlacedBones:
    """Bring imported bones into the frame that they are kept in.

    Args:
        bones: closed meshes in mm.
        frame: "rig": they lie in the frame of the X-ray rig already and stay where they are. "own": they are
            moved onto ``onto`` if that is given; otherwise they stay, turned by quarter turns where their
            axes are plainly not left, posterior and superior.
        side: of the knee; needed to tell axes and, with fewer than four bones, a mirrored export.
        onto: bones of the same knee in the frame that is wanted.
        onto_field: what the source of ``onto`` saw.
        on: bones to align on; all in common where None.

    Raises:
        InputError: not_in_rig, unlike_bones, no_common_bone, wrong_side.
    """
    seen = seen_of_meshes(bones)
    if frame == "rig":
        return _in_rig(bones, seen, onto, onto_field)
    if onto is not None:
        found = align(bones, onto, on=on, moving_field=seen, fixed_field=onto_field)
        if side and side_of(bones) is None and found.mean_mm > 1.0:
            _check_not_mirrored(bones, found, onto, onto_field, on, side)
        warnings = []
        if found.mean_mm > DOUBTFUL_MM:
            warnings.append(
                f"After alignment {found.mean_mm:.1f} mm remain between the surfaces on average: "
                "look whether both are of one knee in one pose"
            )
        transform = found.transform
        return PlacedBones(
            moved(bones, transform), {"kind": "aligned"}, found, seen.moved(transform), warnings
        )
    turn = quarter_turn(bones, side) if side else None
    if turn is None or np.allclose(turn, np.eye(3)):
        told = [] if turn is not None else ["Which way is up could not be told from these bones alone"]
        return PlacedBones(bones, {"kind": "own"}, None, seen, told)
    transform = np.eye(4)
    transform[:3, :3] = turn
    return PlacedBones(
        moved(bones, transform),
        {"kind": "own", "quarter_turn": turn.tolist()},
        None,
        seen.moved(transform),
        ["The axes of the files were not left, posterior and superior; the bones were turned to these"],
    )


def _in_rig(
    bones: BoneSet, seen: FieldOfView, onto: BoneSet | None, onto_field: FieldOfView | None
) -> PlacedBones:
    """Bones that are said to lie in the rig's frame, held against bones that do.

    Raises:
        InputError: not_in_rig.
    """
    if onto is None:
        return PlacedBones(bones, {"kind": "rig"}, None, seen, [])
    left = residuals(bones, onto, (onto_field or FieldOfView.everything()) & seen)
    mean = float(np.mean(list(left.values()))) if left else float("inf")
    if mean > _SAME_PLACE_MM:
        apart = f"they lie {mean:.0f} mm from" if left else "they do not even overlap with"
        raise InputError(
            "not_in_rig",
            f"The bones are not in the frame of the X-rays: {apart} those made from the X-rays",
            "Say that they have a frame of their own, and they are aligned",
        )
    told = {bone.label: round(value, 3) for bone, value in left.items()}
    return PlacedBones(bones, {"kind": "rig", "residual_mm": told}, None, seen, [])


def _check_not_mirrored(
    bones: BoneSet,
    found: Alignment,
    onto: BoneSet,
    onto_field: FieldOfView | None,
    on: Sequence[Bone] | None,
    side: Side,
) -> None:
    """Refuse bones that fit plainly better as their own mirror image.

    Raises:
        InputError: wrong_side.
    """
    mirrored = moved(bones, np.diag([-1.0, 1.0, 1.0, 1.0]))
    try:
        other = align(mirrored, onto, on=on, fixed_field=onto_field)
    except InputError:
        return
    if other.mean_mm < _MIRRORED_BETTER * found.mean_mm:
        raise wrong_side(
            f"The mirror image of these bones fits better ({other.mean_mm:.1f} mm) than they do "
            f"({found.mean_mm:.1f} mm)",
            side,
        )


def wrong_side(what: str, side: Side) -> InputError:
    """The refusal of bones of the other knee."""
    return InputError(
        "wrong_side",
        f"{what}, and the case is of the {SIDES[side]} knee",
        f"Give the bones of the {SIDES[side]} knee; a mirrored export is a usual cause",
    )
