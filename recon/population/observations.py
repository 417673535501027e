"""What the models of shape, and of shape and pose, are made from.

The shapes are people's. The poses are not: three reference knees are all whose bones are known in their true
relation, and three knees are no statistics. So poses are drawn as ``KneePose.draw`` draws them for training,
about these three, and a model of shape and pose tells how well it holds such draws, not how knees are.
"""

from __future__ import annotations

from collections.abc import Sequence

import igl
import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.population.people import bones_from_nodes, part_of, people_nodes, templates
from recon.population.pose import KneePose, pose_leg
from recon.population.quality import Measured, Observations
from recon.population.shape_model import PARTS, ShapeModel

Array = npt.NDArray[np.float64]

_REACH_MM = 100.0  # of the joint: half the reconstruction cube
_RADIUS_MM = 45.0  # of a knee: turns weigh as the way that points at this distance go
_MOVING = (Bone.FEMUR, Bone.PATELLA)


def _bone_nodes(bone: Bone) -> npt.NDArray[np.int64]:
    """Numbers, among the nodes of all parts in the order of ``PARTS``, of the nodes of one bone."""
    own = np.unique(templates()[bone].evaluate.indices)
    nodes = people_nodes()
    before = PARTS[: PARTS.index(part_of(bone))]
    return np.asarray(own + sum(nodes[part].shape[1] for part in before), np.int64)


def _flat(people: Sequence[int]) -> Array:
    """(people, 3 N) nodes of all parts."""
    nodes = people_nodes()
    return np.concatenate([nodes[part][list(people)].reshape(len(people), -1) for part in PARTS], axis=1)


def shapes(people: Sequence[int]) -> Observations:
    """The bones of LLP26 people, each bone aligned on its own, whole bones.

    Raises:
        InputError: fewer than four people.
    """
    return Observations(
        _flat(people),
        np.array(people),
        lambda data: data.reshape(len(data), -1, 3),
        {bone: _bone_nodes(bone) for bone in Bone},
    )


def shapes_and_poses(people: Sequence[int], rng: np.random.Generator, *, poses: int = 8) -> Observations:
    """The bones of LLP26 people in random poses, near the knee, in the frame of the tibia.

    A vector holds the nodes in the bones' own frames and, for femur and patella, turn and place in that of
    the tibia; these are weighted so that a vector's length is what the nodes near the knee move.

    Args:
        people: whose bones.
        rng: of the poses.
        poses: how many a person takes.

    Raises:
        InputError: fewer than four people.
    """
    nodes = people_nodes()
    bones = {bone: _bone_nodes(bone) for bone in Bone}
    mean = _flat(people).mean(axis=0).reshape(-1, 3)
    ends = {
        Bone.FEMUR: mean[bones[Bone.FEMUR], 2].min() + _REACH_MM,
        Bone.TIBIA: mean[bones[Bone.TIBIA], 2].max() - _REACH_MM,
        Bone.FIBULA: mean[bones[Bone.TIBIA], 2].max() - _REACH_MM,
    }
    near = {
        Bone.PATELLA: bones[Bone.PATELLA],
        Bone.FEMUR: bones[Bone.FEMUR][mean[bones[Bone.FEMUR], 2] < ends[Bone.FEMUR]],
        **{bone: bones[bone][mean[bones[bone], 2] > ends[bone]] for bone in (Bone.FIBULA, Bone.TIBIA)},
    }
    anchors = {bone: mean[near[bone]].mean(axis=0) for bone in _MOVING}
    vectors, turns, places = [], [], []
    for person in people:
        lying = bones_from_nodes({part: array[person] for part, array in nodes.items()})
        for _ in range(poses):
            posed = pose_leg(lying, KneePose.draw(rng))
            moves = {bone: _rigid(lying[bone], posed[bone]) for bone in (Bone.TIBIA, *_MOVING)}
            relative = [np.linalg.inv(moves[Bone.TIBIA]) @ moves[bone] for bone in _MOVING]
            turns.append([move[:3, :3] for move in relative])
            places.append(
                [
                    move[:3, :3] @ anchors[bone] + move[:3, 3]
                    for move, bone in zip(relative, _MOVING, strict=True)
                ]
            )
        vectors.append(_flat([person]))
    middle = [Rotation.from_matrix(np.array(turns)[:, i]).mean() for i in range(len(_MOVING))]
    weights = [np.sqrt(len(near[bone])) for bone in _MOVING]
    columns = [np.repeat(np.concatenate(vectors), poses, axis=0)]
    for i, weight in enumerate(weights):
        turn = (middle[i].inv() * Rotation.from_matrix(np.array(turns)[:, i])).as_rotvec()
        columns += [turn * _RADIUS_MM * weight, np.array(places)[:, i] * weight]

    shown = np.concatenate([near[bone] for bone in Bone])
    size = columns[0].shape[1]

    def points(data: Array) -> Array:
        moved = data[:, :size].reshape(len(data), -1, 3).copy()
        for i, bone in enumerate(_MOVING):
            start = size + 6 * i
            turn = middle[i] * Rotation.from_rotvec(data[:, start : start + 3] / (_RADIUS_MM * weights[i]))
            place = data[:, start + 3 : start + 6] / weights[i]
            own = moved[:, bones[bone]] - anchors[bone]
            moved[:, bones[bone]] = np.einsum("kij,knj->kni", turn.as_matrix(), own) + place[:, None]
        return np.asarray(moved[:, shown])

    ends_at = np.cumsum([0, *(len(near[bone]) for bone in Bone)])
    return Observations(
        np.concatenate(columns, axis=1),
        np.repeat(np.array(people), poses),
        points,
        {bone: np.arange(ends_at[i], ends_at[i + 1]) for i, bone in enumerate(Bone)},
    )


def surface_generalisation(people: Sequence[int]) -> dict[str, Measured]:
    """Mean distance in mm of the bones that ``ShapeModel`` fits to unseen people from their surfaces.

    All modes; by name of the bone. Smaller than the distance between corresponding nodes, which also counts
    what nodes slide along the surface.
    """
    errors: dict[str, list[float]] = {bone.label: [] for bone in Bone}
    for person in people:
        model = ShapeModel.from_people([other for other in people if other != person])
        fitted = bones_from_nodes(model.nodes(model.person_coefficients(person)))
        true = bones_from_nodes({part: array[person] for part, array in people_nodes().items()})
        for bone, mesh in true.items():
            squared = igl.point_mesh_squared_distance(
                np.array(fitted[bone].vertices), np.array(mesh.vertices), np.array(mesh.faces, np.int64)
            )[0]
            errors[bone.label].append(float(np.sqrt(squared).mean()))
    return {name: Measured.of(np.array(values)) for name, values in errors.items()}


def _rigid(before: trimesh.Trimesh, after: trimesh.Trimesh) -> Array:
    """(4, 4) rigid motion between two positions of one mesh."""
    matrix, _, _ = trimesh.registration.procrustes(
        before.vertices[::10], after.vertices[::10], reflection=False, scale=False
    )
    return np.asarray(matrix)
