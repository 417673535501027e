"""Whether bones are as large as bones are, stand where they belong, and make one knee."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from guides.bones import Bone, BoneSet
from guides.errors import InputError
from guides.landmarks.frame import Frame
from guides.landmarks.marks import Landmark

NARROWEST_MM = {Bone.TIBIA: 15.0, Bone.FEMUR: 15.0, Bone.PATELLA: 8.0, Bone.FIBULA: 5.0}
LONGEST_MM = 800.0
"""Middle and longest side of the box about a bone: none of a knee is narrower, however much of it is in view,
and none is longer."""

UNITS = {
    "metres": 1000.0,
    "inches": 25.4,
    "centimetres": 10.0,
    "tenths of a millimetre": 0.1,
    "micrometres": 0.001,
}
USUAL_MM = (60.0, 550.0)
"""Of a tibia or femur, a knee's part to the whole; tells which unit a file may be in."""

JOINT_HEIGHT_MM, JOINT_ASIDE_MM = 25.0, 40.0
"""How far the middle of the condyles may lie from the middle of the plateau, along the tibia and across it.
In knees from CT, MRI and X-rays they lie up to 12 and 21 mm apart."""

PATELLA_ASIDE_MM, PATELLA_AHEAD_MM = 70.0, 120.0
"""The same of the middle of the patella, towards either side and to the front: up to 18 and 57 mm."""

PATELLA_UP_MM = (-40.0, 160.0)
"""Along the tibia, between which heights over the plateau the middle of the patella lies."""


def check_places(bones: BoneSet) -> None:
    """Refuse bones of impossible size, and bones that stand where others belong.

    Raises:
        InputError: ``wrong_units`` or ``bones_swapped``.
    """
    for bone in reversed(Bone):  # the tibia tells most of a unit
        if bone in bones:
            _, middle, longest = np.sort(np.ptp(bones[bone].bounds, axis=0)).tolist()
            if middle < NARROWEST_MM[bone] or longest > LONGEST_MM:
                raise _wrong_units(bone, longest)
    tibia = bones[Bone.TIBIA]
    femur, fibula, patella = (bones.get(bone) for bone in (Bone.FEMUR, Bone.FIBULA, Bone.PATELLA))
    middle, top = float(tibia.bounds[:, 2].mean()), float(tibia.bounds[1, 2])
    wrong = {
        "The femur lies below the tibia": femur is not None and femur.bounds[:, 2].mean() < middle,
        "The fibula lies above the tibia": fibula is not None and fibula.bounds[:, 2].mean() > top,
        "The fibula is larger than the tibia": fibula is not None and fibula.volume > tibia.volume,
        "The patella is larger than the tibia": patella is not None and patella.volume > tibia.volume,
        "The patella is larger than the femur": patella is not None
        and femur is not None
        and patella.volume > femur.volume,
    }
    for message, found in wrong.items():
        if found:
            raise InputError(
                "bones_swapped",
                message,
                "Check that no two bone files were swapped and that z points upwards",
            )


def _wrong_units(bone: Bone, longest: float) -> InputError:
    fitting = [name for name, unit in UNITS.items() if USUAL_MM[0] <= longest * unit <= USUAL_MM[1]]
    units = (
        f"in {' or '.join(fitting)}" if fitting and bone in (Bone.TIBIA, Bone.FEMUR) else "in another unit"
    )
    return InputError(
        "wrong_units",
        f"The {bone.label} is {longest:.3g} mm long, which no bone of a knee is",
        f"The file is probably {units}: export it again in millimetres",
    )


def check_joint(marks: Mapping[str, Landmark], bones: BoneSet, frame: Frame) -> None:
    """Refuse a femur or a patella that does not lie at the tibia's joint.

    Raises:
        InputError: ``bones_apart``, ``patella_displaced``.
    """
    knee = marks["tibia_knee_center"].position
    if "femur_knee_center" in marks:
        apart = marks["femur_knee_center"].position - knee
        height = float(apart @ frame.up)
        aside = float(np.linalg.norm(apart - height * frame.up))
        if abs(height) > JOINT_HEIGHT_MM or aside > JOINT_ASIDE_MM:
            raise _apart("femur", float(np.linalg.norm(apart)))
    if Bone.PATELLA in bones:
        apart = np.asarray(bones[Bone.PATELLA].vertices).mean(axis=0) - knee
        if abs(apart @ frame.medial) > PATELLA_ASIDE_MM or apart @ frame.anterior > PATELLA_AHEAD_MM:
            raise _apart("patella", float(np.linalg.norm(apart)))
        if apart @ frame.anterior < 0 or not PATELLA_UP_MM[0] < apart @ frame.up < PATELLA_UP_MM[1]:
            raise InputError(
                "patella_displaced",
                "The patella does not lie in front of the knee",
                "Check that all bones are in one frame and that none were swapped",
            )


def _apart(name: str, distance: float) -> InputError:
    return InputError(
        "bones_apart",
        f"The {name} lies {distance:.0f} mm from the middle of the tibial plateau, too far for one knee",
        "Check that all bones are of one leg and in one frame, in millimetres",
    )
