"""Shape and pose of a whole left knee as one parameter vector, with its prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.experiments.baselines.bone_model import BoneModel, bone_models, rigid_alignment
from recon.population.people import bones_from_nodes, people_nodes
from recon.population.pose import KneePose, pose_leg
from recon.population.shape_model import ShapeModel

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

SCALE_DEVIATION = 0.05
_DRAWN_POSES = 160
_POSE_SEED = 20
# Poses of patients vary more than those that were drawn; and few draws make a covariance too narrow.
_POSE_WIDENING = 1.3
_POSE_FLOOR = np.tile([0.5, 0.5, 0.5, *np.deg2rad([0.5, 0.5, 0.5])], 4)
# Each bone's neighbour, to which its pose is relative; the tibia's pose is that of the leg in the rig.
_NEIGHBOUR = {Bone.FEMUR: Bone.TIBIA, Bone.PATELLA: Bone.FEMUR, Bone.FIBULA: Bone.TIBIA}


@dataclass(frozen=True, eq=False)
class KneeModel:
    """A statistical shape and pose model of a left knee.

    A parameter vector holds the logarithm of a global scale, then for each bone in the order of ``Bone`` a
    translation (3, mm) and a rotation vector (3, radians) away from the mean pose, and shape coefficients
    in standard deviations. All zero is the mean knee in its mean pose.

    Attributes:
        bones: shape model of each bone.
        shape_whitening: see ``bone_models``.
        centres: mean position of each bone's origin in the rig, mm.
        orientations: mean (3, 3) rotation of each bone's model in the rig.
        pose_mean: (24,) mean of ``relative_pose``.
        pose_whitening: (24, 24) from deviations of ``relative_pose`` to independent standard normal numbers.
    """

    bones: dict[Bone, BoneModel]
    shape_whitening: Array
    centres: dict[Bone, Array]
    orientations: dict[Bone, Array]
    pose_mean: Array
    pose_whitening: Array

    @cached_property
    def slices(self) -> dict[Bone, slice]:
        """Where the parameters of each bone lie in the vector."""
        result, start = {}, 1
        for bone, model in self.bones.items():
            result[bone] = slice(start, start + 6 + len(model.modes))
            start = result[bone].stop
        return result

    @cached_property
    def size(self) -> int:
        """Number of parameters."""
        return int(max(part.stop for part in self.slices.values()))

    @cached_property
    def pose_indices(self) -> npt.NDArray[np.int64]:
        """(24,) places of translations and rotations in the vector."""
        return np.concatenate([np.arange(part.start, part.start + 6) for part in self.slices.values()])

    @cached_property
    def rigid_indices(self) -> npt.NDArray[np.int64]:
        """Places of the scale and the poses in the vector."""
        return np.concatenate([[0], self.pose_indices])

    @cached_property
    def shape_indices(self) -> npt.NDArray[np.int64]:
        """Places of all shape coefficients in the vector."""
        return np.setdiff1d(np.arange(1, self.size), self.pose_indices)

    def rotation(self, bone: Bone, parameters: Array) -> Array:
        """(3, 3) rotation of a bone's model into the rig."""
        start = self.slices[bone].start
        turn = Rotation.from_rotvec(parameters[start + 3 : start + 6]).as_matrix()
        return np.asarray(turn @ self.orientations[bone])

    def vertices(self, bone: Bone, parameters: Array) -> Array:
        """(V, 3) vertices of a bone in the rig, mm."""
        part = parameters[self.slices[bone]]
        shape = self.bones[bone].shape(part[6:])
        scale = np.exp(parameters[0])
        return np.asarray(
            scale * shape @ self.rotation(bone, parameters).T + self.centres[bone] + part[:3],
        )

    def vertex_jacobian(self, bone: Bone, parameters: Array, edges: tuple[Index, Index, Array]) -> Array:
        """(N, 3, 1 + 6 + K) derivative of points on mesh edges by scale and the bone's own parameters.

        Args:
            bone: which bone.
            parameters: where.
            edges: (N,) first vertices, (N,) second vertices, (N,) shares of the second.
        """
        model, (first, second, share) = self.bones[bone], edges
        part = self.slices[bone]
        rotation, scale = self.rotation(bone, parameters), np.exp(parameters[0])
        mix = share[:, None]
        own = self.bones[bone].shape(parameters[part][6:])
        local = (1 - mix) * own[first] + mix * own[second]
        result = np.empty((len(first), 3, 7 + len(model.modes)))
        result[:, :, 0] = scale * local @ rotation.T
        result[:, :, 1:4] = np.eye(3)
        step = 1e-6
        for axis in range(3):
            moved = parameters.copy()
            moved[part.start + 3 + axis] += step
            turned = (self.rotation(bone, moved) - rotation) / step
            result[:, :, 4 + axis] = scale * local @ turned.T
        modes = (1 - mix) * model.modes[:, first] + mix * model.modes[:, second]
        result[:, :, 7:] = np.einsum("knc,dc->ndk", modes, scale * rotation)
        return result

    def relative_pose(self, parameters: Array) -> Array:
        """(..., 24) pose of each bone in the frame of its neighbour, of (..., size) parameters.

        Translations in mm at scale 1, rotation vectors in radians; the tibia's pose is in the rig.
        """
        many = parameters.reshape(-1, self.size)
        scale = np.exp(many[:, :1])
        values = []
        for bone, part in self.slices.items():
            shift = many[:, part.start : part.start + 3]
            turn = Rotation.from_rotvec(many[:, part.start + 3 : part.start + 6])
            if bone in _NEIGHBOUR:
                other = _NEIGHBOUR[bone]
                start, mean = self.slices[other].start, self.centres[bone] - self.centres[other]
                back = Rotation.from_rotvec(many[:, start + 3 : start + 6]).inv()
                shift = back.apply(mean + shift - many[:, start : start + 3]) / scale - mean
                turn = back * turn
            values += [shift, turn.as_rotvec()]
        return np.concatenate(values, axis=1).reshape(*parameters.shape[:-1], -1)

    def prior(self, parameters: Array) -> Array:
        """(size,) residuals whose squared norm is minus twice the logarithm of the prior probability."""
        return np.concatenate(
            [
                [parameters[0] / SCALE_DEVIATION],
                self.pose_whitening @ (self.relative_pose(parameters) - self.pose_mean),
                self.shape_whitening @ parameters[self.shape_indices],
            ]
        )

    def prior_jacobian(self, parameters: Array) -> Array:
        """(size, size) derivative of ``prior``."""
        result = np.zeros((self.size, self.size))
        result[0, 0] = 1 / SCALE_DEVIATION
        step = 1e-6
        moved = parameters + step * np.eye(self.size)[self.rigid_indices]
        change = (self.relative_pose(moved) - self.relative_pose(parameters)) / step
        result[1:25, self.rigid_indices] = self.pose_whitening @ change.T
        result[25:, self.shape_indices] = self.shape_whitening
        return result


def knee_model(model: ShapeModel) -> KneeModel:
    """The knee model of the people of a shape model; made once for the same people."""
    return _of_people(model.people)


@cache
def _of_people(people: tuple[int, ...]) -> KneeModel:
    bones, whitening = bone_models(ShapeModel.from_people(people))
    poses = _drawn_poses(bones, people)
    orientations = {
        bone: Rotation.from_matrix(np.array([rotation for rotation, _ in drawn])).mean().as_matrix()
        for bone, drawn in poses.items()
    }
    centres = {bone: np.mean([centre for _, centre in drawn], axis=0) for bone, drawn in poses.items()}
    blank = KneeModel(bones, whitening, centres, orientations, np.zeros(24), np.eye(24))
    relative = []
    for index in range(_DRAWN_POSES):
        parameters = np.zeros(blank.size)
        for bone, part in blank.slices.items():
            rotation, centre = poses[bone][index]
            turn = Rotation.from_matrix(rotation @ orientations[bone].T)
            parameters[part.start : part.start + 6] = [*(centre - centres[bone]), *turn.as_rotvec()]
        relative.append(blank.relative_pose(parameters))
    covariance = np.cov(np.array(relative).T) * _POSE_WIDENING**2 + np.diag(_POSE_FLOOR**2)
    inverse_root = np.linalg.inv(np.linalg.cholesky(covariance))
    return KneeModel(bones, whitening, centres, orientations, np.mean(relative, axis=0), inverse_root)


def _drawn_poses(
    bones: dict[Bone, BoneModel], people: tuple[int, ...]
) -> dict[Bone, list[tuple[Array, Array]]]:
    """Rotation and origin of each bone's model laid on people in poses drawn as the population draws them."""
    rng = np.random.default_rng(_POSE_SEED)
    nodes = people_nodes()
    result: dict[Bone, list[tuple[Array, Array]]] = {bone: [] for bone in bones}
    for index in range(_DRAWN_POSES):
        person = people[index % len(people)]
        leg = bones_from_nodes({part: array[person] for part, array in nodes.items()})
        for bone, mesh in pose_leg(leg, KneePose.draw(rng)).items():
            near = bones[bone].near
            result[bone].append(rigid_alignment(bones[bone].mean[near], np.asarray(mesh.vertices)[near]))
    return result
