"""What osteotomy patients have and models of healthy people lack: bowed bones, worn plateaus, osteophytes.

Everything is in LLP26 coordinates of a left leg, mm: x to the left (lateral), y posterior, z superior.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import trimesh

from recon.bones import Bone, BoneSet
from recon.population.plateau import PlateauSide, reshaped

Array = npt.NDArray[np.float64]


def deformed(bones: BoneSet, rng: np.random.Generator, *, plateaus: bool = False) -> BoneSet:
    """The leg with random deformities, each of them absent in most people; the faces stay.

    Args:
        bones: of a left leg.
        rng: source of everything random.
        plateaus: whether most tibiae get plateaus of their own, see ``recon.population.plateau``, and slopes.
    """
    points = {bone: np.array(mesh.vertices) for bone, mesh in bones.items()}
    if plateaus and rng.random() < 0.75:
        for medial in (True, False):
            points[Bone.TIBIA] = reshaped(
                points[Bone.TIBIA], PlateauSide.draw(rng, medial=medial), medial=medial
            )
    if plateaus and rng.random() < 0.4:
        angle, below_top = np.deg2rad(rng.normal(0, 3)), rng.uniform(30, 70)
        for bone in (Bone.TIBIA, Bone.FIBULA):
            points[bone] = recurved(points[bone], angle, points[Bone.TIBIA][:, 2].max() - below_top)
    if rng.random() < 0.35:
        tibia = points[Bone.TIBIA]
        top, middle = tibia[:, 2].max(), np.median(tibia[:, 0])
        angle, height = np.deg2rad(rng.uniform(-6, 15)), top - rng.uniform(15, 70)
        for bone in (Bone.TIBIA, Bone.FIBULA):
            points[bone] = bowed(points[bone], angle, height, middle, below=True)
    if rng.random() < 0.25:
        femur = points[Bone.FEMUR]
        height = femur[:, 2].min() + rng.uniform(50, 120)
        angle = np.deg2rad(rng.uniform(-7, 7))
        points[Bone.FEMUR] = bowed(femur, angle, height, float(np.median(femur[:, 0])), below=False)
    if rng.random() < 0.3:
        points[Bone.TIBIA] = worn(
            points[Bone.TIBIA], medial=rng.random() < 0.8, depth=rng.uniform(1, 6), width=rng.uniform(8, 16)
        )
    if rng.random() < 0.35:
        for bone in (Bone.TIBIA, Bone.FEMUR, Bone.PATELLA):
            count = int(rng.integers(0, 6))
            points[bone] = with_osteophytes(points[bone], bones[bone], bone, count, rng)
    return BoneSet(
        {bone: trimesh.Trimesh(points[bone], mesh.faces, process=False) for bone, mesh in bones.items()}
    )


def bowed(points: Array, angle: float, height: float, middle: float, *, below: bool) -> Array:
    """Bend a bone in the frontal plane over 30 mm, keeping its joint end.

    Args:
        points: (N, 3).
        angle: radians; positive is varus where the lower part moves, and valgus where the upper does.
        height: z of the bend.
        middle: x of the bend.
        below: the part below the bend swings, else the part above.
    """
    run = (height - points[:, 2]) if below else (points[:, 2] - height)
    turn = angle * np.clip(run / 30 + 0.5, 0, 1)
    x, z = points[:, 0] - middle, points[:, 2] - height
    return np.stack(
        [
            middle + x * np.cos(turn) + z * np.sin(turn),
            points[:, 1],
            height - x * np.sin(turn) + z * np.cos(turn),
        ],
        axis=1,
    )


def recurved(points: Array, angle: float, height: float) -> Array:
    """Bend a shank in the sagittal plane over 30 mm below a height, keeping its joint end.

    Args:
        points: (N, 3).
        angle: radians; positive swings the lower part forwards, so that the plateau slopes back less.
        height: z of the bend.
    """
    turned = bowed(points[:, [1, 0, 2]], angle, height, float(np.median(points[:, 1])), below=True)
    return turned[:, [1, 0, 2]]


def worn(points: Array, *, medial: bool, depth: float, width: float) -> Array:
    """Grind a hollow of ``depth`` and standard deviation ``width``, in mm, into one side of a plateau."""
    top = points[:, 2].max()
    plateau = points[points[:, 2] > top - 14]
    middle = plateau[:, 0].mean()
    side = plateau[plateau[:, 0] < middle] if medial else plateau[plateau[:, 0] >= middle]
    distance = np.linalg.norm(points[:, :2] - side[:, :2].mean(axis=0), axis=1)
    # Bone far below the surface stays where it is, so that the hollow is compressed, not pushed through.
    share = np.clip(1 - (top - points[:, 2]) / 35, 0, 1)
    result = points.copy()
    result[:, 2] -= depth * share * np.exp(-0.5 * (distance / width) ** 2)
    return result


def with_osteophytes(
    points: Array, mesh: trimesh.Trimesh, bone: Bone, count: int, rng: np.random.Generator
) -> Array:
    """Grow ``count`` bumps of 1 to 6 mm near the joint end of a bone, along its normals."""
    if bone is Bone.TIBIA:
        near = np.flatnonzero(points[:, 2] > points[:, 2].max() - 25)
    elif bone is Bone.FEMUR:
        near = np.flatnonzero(points[:, 2] < points[:, 2].min() + 40)
    else:
        near = np.arange(len(points))
    result = points.copy()
    for centre in rng.choice(near, count):
        bump = np.exp(
            -0.5 * (np.linalg.norm(points - points[centre], axis=1) / rng.uniform(3, 6)) ** 2
        ) * rng.uniform(1, 6)
        result += bump[:, None] * mesh.vertex_normals[centre]
    return result
