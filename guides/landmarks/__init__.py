"""Anatomical landmarks: found on the bones, edited by a person, or imputed from a population.

All points are patient LPS in mm. A landmark that cannot be seen in a knee-only field of view (hip, ankle) is
imputed from stated priors, and says so in its provenance.
"""

from __future__ import annotations

from guides.bones import Bone, BoneSet
from guides.errors import InputError
from guides.landmarks.consistency import check_consistency
from guides.landmarks.femur import find_femoral
from guides.landmarks.fibula import find_fibular
from guides.landmarks.frame import Frame, Side, cross, rotate, unit
from guides.landmarks.marks import REQUIRED, Landmark, Landmarks, Provenance
from guides.landmarks.patella import find_patellar
from guides.landmarks.priors import PRIORS, Priors
from guides.landmarks.tibia import find_tibial

__all__ = [
    "PRIORS",
    "REQUIRED",
    "Frame",
    "Landmark",
    "Landmarks",
    "Priors",
    "Provenance",
    "Side",
    "check_consistency",
    "cross",
    "find_landmarks",
    "rotate",
    "unit",
]


def find_landmarks(bones: BoneSet, side: Side, priors: Priors = PRIORS) -> Landmarks:
    """Find every landmark that the bones show, and impute hip and ankle where they end before them.

    Raises:
        InputError: ``bones_swapped``, ``wrong_side`` or ``tibia_too_short``.
    """
    tibia = bones[Bone.TIBIA]
    _check_places(bones)
    marks, frame = find_tibial(tibia, side, priors)
    marks |= find_fibular(tibia, bones.get(Bone.FIBULA), marks, frame, side)
    if Bone.FEMUR in bones:
        marks |= find_femoral(bones[Bone.FEMUR], marks, frame, side, priors)
    if Bone.PATELLA in bones:
        marks |= find_patellar(bones[Bone.PATELLA], marks, frame)
    return Landmarks(marks)


def _check_places(bones: BoneSet) -> None:
    """Refuse bones that stand where others belong, as far as place and size tell."""
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
