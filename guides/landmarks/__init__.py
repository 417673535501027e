"""Anatomical landmarks: found on the bones, edited by a person, or imputed from a population.

All points are patient LPS in mm. A landmark that cannot be seen in a knee-only field of view (hip, ankle) is
imputed from stated priors, and says so in its provenance.
"""

from __future__ import annotations

from guides.bones import Bone, BoneSet
from guides.landmarks.consistency import check_consistency
from guides.landmarks.femur import find_femoral
from guides.landmarks.fibula import find_fibular
from guides.landmarks.frame import Frame, Side, cross, rotate, unit
from guides.landmarks.marks import REQUIRED, Landmark, Landmarks, Provenance
from guides.landmarks.patella import find_patellar
from guides.landmarks.places import check_joint, check_places
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
        InputError: ``wrong_units``, ``bones_swapped``, ``bones_apart``, ``patella_displaced``, ``wrong_side``
            or ``tibia_too_short``.
    """
    tibia = bones[Bone.TIBIA]
    check_places(bones)
    marks, frame = find_tibial(tibia, side, priors)
    marks |= find_fibular(tibia, bones.get(Bone.FIBULA), marks, frame, side)
    if Bone.FEMUR in bones:
        marks |= find_femoral(bones[Bone.FEMUR], marks, frame, side, priors)
    check_joint(marks, bones, frame)
    if Bone.PATELLA in bones:
        marks |= find_patellar(bones[Bone.PATELLA], marks, frame)
    return Landmarks(marks)
