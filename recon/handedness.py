"""Which knee bones are of, and which way they stand, from how they lie to one another."""

from __future__ import annotations

from itertools import permutations, product
from typing import Literal

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial import cKDTree

from recon.bones import Bone, BoneSet

Array = npt.NDArray[np.float64]
Side = Literal["L", "R"]
_REACH_MM = 90.0  # of the joint; what is farther away belongs to hip and ankle
_FLAT = 0.1


def side_of(bones: BoneSet) -> Side | None:
    """The side of a knee in any right-handed frame; None where there are too few bones to tell.

    Femur above tibia, patella in front of the femur and fibula lateral of the tibia span a corner that is
    right-handed in a left knee and left-handed in a right one.
    """
    ways = _ways(bones)
    if len(ways) < 3:
        return None
    up, outwards, front = (way / np.linalg.norm(way) for way in ways.values())
    turn = float(np.dot(np.cross(up, front), outwards))
    if abs(turn) < _FLAT:
        return None
    return "L" if turn > 0 else "R"


def quarter_turn(bones: BoneSet, side: Side) -> Array | None:
    """(3, 3) rotation by quarter turns that brings bones nearest to LPS axes.

    None where femur, tibia and one of the others are not all there.
    """
    ways = _ways(bones)
    if len(ways) < 2:
        return None
    axes = {
        "up": np.array([0.0, 0.0, 1.0]),
        "outwards": np.array([1.0 if side == "L" else -1.0, 0.0, 0.0]),
        "front": np.array([0.0, -1.0, 0.0]),
    }

    def fit(rotation: Array) -> float:
        return sum(
            float(np.dot(rotation @ way, axes[name]) / np.linalg.norm(way)) for name, way in ways.items()
        )

    return max(_rotations(), key=fit)


def upwards(bones: BoneSet) -> Array | None:
    """(3,) unit vector from tibia to femur; None where one of them is absent."""
    ways = _ways(bones)
    return np.asarray(ways["up"] / np.linalg.norm(ways["up"])) if ways else None


def _ways(bones: BoneSet) -> dict[str, Array]:
    """Directions that the bones mark, not normalised: up, outwards (lateral), front; those that they can."""
    if not {Bone.FEMUR, Bone.TIBIA} <= set(bones):
        return {}
    femur, tibia = (np.asarray(bones[bone].vertices) for bone in (Bone.FEMUR, Bone.TIBIA))
    gap = cKDTree(tibia).query(femur)[0]
    joint = femur[np.argsort(gap)[: max(10, len(femur) // 50)]].mean(axis=0)
    near = {bone: _near(mesh, joint) for bone, mesh in bones.items()}
    ways = {"up": near[Bone.FEMUR] - near[Bone.TIBIA]}
    if Bone.FIBULA in near:
        ways["outwards"] = near[Bone.FIBULA] - near[Bone.TIBIA]
    if Bone.PATELLA in near:
        ways["front"] = near[Bone.PATELLA] - near[Bone.FEMUR]
    return ways


def _near(mesh: trimesh.Trimesh, joint: Array) -> Array:
    """Middle of the part of a bone near the joint, by area."""
    centres = np.asarray(mesh.triangles_center)
    distance = np.linalg.norm(centres - joint, axis=1)
    weight = np.asarray(mesh.area_faces) * (distance < max(_REACH_MM, float(distance.min()) + 20))
    return np.asarray((centres * weight[:, None]).sum(axis=0) / weight.sum())


def _rotations() -> list[Array]:
    """The 24 proper rotations that map axes to axes; no turn comes first."""
    found = []
    for order in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), order] = signs
            if np.linalg.det(matrix) > 0:
                found.append(matrix)
    return found
