"""Shape model of each bone's end next to the knee, and how the shapes of the four bones go together.

Only some 20 people train the model, so one set of coefficients for a whole leg generalises badly: each bone
gets its own principal components instead, taken over the part that a knee X-ray shows and extended to the
rest of the bone. That the bones of one person resemble each other comes back as a prior: the covariance of
all coefficients, shrunk towards independence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from recon.bones import Bone
from recon.population.people import bones_from_nodes
from recon.population.shape_model import ShapeModel

Array = npt.NDArray[np.float64]

NEAR_JOINT_MM = 110.0
_ALIGNMENT_ROUNDS = 3
_SHRINKAGE = 0.5


@dataclass(frozen=True, eq=False)
class BoneModel:
    """Principal components of one bone of a left leg.

    Attributes:
        mean: (V, 3) mm; the mean of the vertices in ``near`` is the origin.
        modes: (K, V, 3) mm a standard deviation, by falling variance in ``near``.
        faces: (F, 3) outward.
        near: (V,) bool, vertices that took part in alignment and components.
    """

    mean: Array
    modes: Array
    faces: npt.NDArray[np.int64]
    near: npt.NDArray[np.bool_]

    def shape(self, coefficients: Array) -> Array:
        """(V, 3) vertices of (K,) coefficients in standard deviations."""
        return np.asarray(self.mean + np.tensordot(coefficients, self.modes, axes=1))

    def vertex_normals(self, vertices: Array) -> Array:
        """(V, 3) unit outward normals, weighted by the area of the triangles round each vertex."""
        a, b, c = (vertices[self.faces[:, corner]] for corner in range(3))
        normals = self._incidence @ np.cross(b - a, c - a)
        return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))

    @cached_property
    def edges(self) -> npt.NDArray[np.int64]:
        """(E, 2) vertices of each edge, once each."""
        every = np.sort(self.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        return np.unique(every, axis=0)

    @cached_property
    def _incidence(self) -> csr_matrix:
        rows = self.faces.ravel()
        columns = np.repeat(np.arange(len(self.faces)), 3)
        return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(self.mean), len(self.faces)))


def rigid_alignment(moving: Array, fixed: Array) -> tuple[Array, Array]:
    """Rotation (3, 3) and translation (3,) that lay (N, 3) points on others in least squares.

    Source: Arun et al. 1987, 10.1109/TPAMI.1987.4767965.
    """
    from_centre, to_centre = moving.mean(axis=0), fixed.mean(axis=0)
    u, _, vt = np.linalg.svd((moving - from_centre).T @ (fixed - to_centre))
    keep_handed = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u @ keep_handed @ vt).T
    return rotation, to_centre - rotation @ from_centre


def training_shapes(model: ShapeModel) -> dict[Bone, Array]:
    """(people, V, 3) vertices of the people of a shape model, a bone."""
    people = [bones_from_nodes(model.nodes(model.person_coefficients(person))) for person in model.people]
    return {bone: np.array([bones[bone].vertices for bones in people]) for bone in Bone}


def _near_joint(bone: Bone, mean: dict[Bone, Array]) -> npt.NDArray[np.bool_]:
    heights = mean[bone][:, 2]
    if bone is Bone.PATELLA:
        return np.ones(len(heights), bool)
    if bone is Bone.FEMUR:
        return np.asarray(heights < heights.min() + NEAR_JOINT_MM)
    return np.asarray(heights > mean[Bone.TIBIA][:, 2].max() - NEAR_JOINT_MM)


def bone_models(model: ShapeModel) -> tuple[dict[Bone, BoneModel], Array]:
    """Models of the four bones, and the prior over their coefficients.

    Args:
        model: whose people are used, and no others.

    Returns:
        The models, and a lower triangular (sum of K, sum of K) matrix that turns the coefficients of all
        bones, in the order of ``Bone``, into independent standard normal numbers: the squared norm of the
        product is the squared Mahalanobis distance.
    """
    shapes = training_shapes(model)
    means = {bone: array.mean(axis=0) for bone, array in shapes.items()}
    faces = bones_from_nodes(model.nodes(np.zeros(len(model.deviations))))
    models, scores = {}, []
    for bone, array in shapes.items():
        near = _near_joint(bone, means)
        aligned = _aligned(array, near)
        mean = aligned.mean(axis=0)
        rank = len(array) - 1
        left, _, _ = np.linalg.svd((aligned - mean)[:, near].reshape(len(array), -1), full_matrices=False)
        # The same mixture of people gives the mode near the joint and its continuation along the shaft.
        modes = np.einsum("pk,pvc->kvc", left[:, :rank], aligned - mean) / np.sqrt(rank)
        models[bone] = BoneModel(mean, modes, np.array(faces[bone].faces, np.int64), near)
        scores.append(left[:, :rank] * np.sqrt(rank))
    return models, _whitening(scores)


def _aligned(shapes: Array, near: npt.NDArray[np.bool_]) -> Array:
    """(people, V, 3) shapes after generalised Procrustes alignment of ``near``, whose mean is the origin."""
    mean = shapes[0] - shapes[0, near].mean(axis=0)
    aligned = shapes
    for _ in range(_ALIGNMENT_ROUNDS):
        fits = [rigid_alignment(shape[near], mean[near]) for shape in shapes]
        aligned = np.array([s @ r.T + t for s, (r, t) in zip(shapes, fits, strict=True)])
        mean = aligned.mean(axis=0)
    return np.asarray(aligned - mean[near].mean(axis=0))


def _whitening(scores: Sequence[Array]) -> Array:
    """Inverse Cholesky factor of the shrunk covariance of (people, K) coefficients of every bone."""
    joint = np.concatenate(scores, axis=1)
    covariance = joint.T @ joint / (len(joint) - 1)
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * np.eye(len(covariance))
    return np.asarray(np.linalg.inv(np.linalg.cholesky(shrunk)))
