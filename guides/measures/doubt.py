"""How far a landmark lies from its true place because the bone that it was found on is a reconstruction."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from guides.bones import Array, Bone
from guides.bones.uncertainty import Uncertainty
from guides.landmarks import Landmarks, Side

NEAR_MM = 15.0
"""How far about a landmark the bone's surface tells how sure its place is."""

PER_UNCERTAINTY = float(np.sqrt(np.pi / 2))
"""Standard deviation of a landmark along an axis over the expected distance of the surface about it from the
true one: that of a normal error whose mean size is this distance. A landmark that is a mean over an area has
no less of it, because a reconstruction is off by whole areas, not by single vertices."""

_BONE = {
    "plateau_medial_anterior": Bone.TIBIA,
    "plateau_medial_posterior": Bone.TIBIA,
    "plateau_lateral_anterior": Bone.TIBIA,
    "plateau_lateral_posterior": Bone.TIBIA,
    "plateau_medial_edge": Bone.TIBIA,
    "plateau_lateral_edge": Bone.TIBIA,
    "plateau_anterior": Bone.TIBIA,
    "ankle_center": Bone.TIBIA,
    "femur_medial_distal": Bone.FEMUR,
    "femur_lateral_distal": Bone.FEMUR,
    "hip_center": Bone.FEMUR,
    "patella_articular_superior": Bone.PATELLA,
    "patella_articular_inferior": Bone.PATELLA,
    "fibula_tip": Bone.FIBULA,
}
"""Landmarks that measures or the cut rest on, and the bone that each is found on."""

SLIDES = {"patella_articular_inferior": 2.1, "plateau_anterior": 2.5}
"""By what more than its surface a landmark is off that is a blunt corner: where the surface about it lies a
little elsewhere, another place stands out most, and the corner slides along the bone. Measured on the 20
training people of LLP26 by ``python -m tests.benchmarks.landmark_slides``. The upper edge of the patella's
articular surface is sharp (1.0); of the other landmarks the measures use the coordinate in which the surface
lies, or a mean over it."""

_MIDDLE = {
    "plateau_medial": ("plateau_medial_anterior", "plateau_medial_posterior"),
    "plateau_lateral": ("plateau_lateral_anterior", "plateau_lateral_posterior"),
    "tibia_knee_center": ("plateau_medial", "plateau_lateral"),
    "femur_knee_center": ("femur_medial_distal", "femur_lateral_distal"),
}
"""Landmarks that lie midway between two others and share their errors; each after those that it needs."""

_SEED = 20241


def doubts(landmarks: Landmarks, bones: Mapping[Bone, Uncertainty]) -> dict[str, float]:
    """Standard deviation along each axis of every landmark that was found on a bone with an uncertainty, mm.

    What a person has set by hand, what is imputed and what was found on a bone that says nothing is left out.

    Args:
        landmarks: as they were found or edited.
        bones: how sure each bone is of itself.
    """
    found = {}
    for name, bone in _BONE.items():
        if bone in bones and name in landmarks and landmarks[name].provenance == "auto":
            expected = _about(bones[bone], *landmarks[name].position.tolist())
            if expected is not None:
                found[name] = PER_UNCERTAINTY * SLIDES.get(name, 1.0) * expected
    return found


@lru_cache(maxsize=256)  # a hand that drags one landmark leaves the others where they are
def _about(bone: Uncertainty, x: float, y: float, z: float) -> float | None:
    return bone.near(np.array([x, y, z]), NEAR_MM)


def doubted(landmarks: Landmarks, side: Side, doubt: Mapping[str, float], draws: int) -> dict[str, Array]:
    """(draws, 3) positions of the landmarks that are in doubt, and of those midway between such.

    Every landmark has a normal error of its own along each axis, the same on every call and mirrored between
    the sides. Both ends of a plateau's plane vary apart, so that the plane tilts, and its middle with them.
    """
    off = {name: _error(name, deviation, side, draws) for name, deviation in doubt.items()}
    for name, ends in _MIDDLE.items():
        moved = [off[end] for end in ends if end in off]
        if moved and name in landmarks and landmarks[name].provenance == "auto":
            off[name] = sum(moved[1:], moved[0]) / len(ends)
    return {name: landmarks[name].position + error for name, error in off.items()}


@lru_cache(maxsize=64)  # as above
def _error(name: str, deviation: float, side: Side, draws: int) -> Array:
    """(draws, 3) errors of one landmark, mm."""
    found = deviation * _noise(draws)[name]
    found[:, 0] *= 1.0 if side == "L" else -1.0
    found.flags.writeable = False  # it is shared
    return found


@lru_cache(maxsize=1)
def _noise(draws: int) -> dict[str, Array]:
    """(draws, 3) standard normal errors of each landmark of a left leg, patient LPS."""
    drawn = np.random.default_rng(_SEED).standard_normal((len(_BONE), 3, draws))
    # Coordinate by coordinate in memory: adding a point to all draws takes a third of the time.
    return dict(zip(_BONE, drawn.transpose(0, 2, 1), strict=True))
