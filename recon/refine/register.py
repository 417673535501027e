"""Lay the shape model onto the surface that a network drew: robust, sure places first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.refine.shapes import BoneShape, vertex_normals

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Depth = Callable[[Array], Array]
Motion = tuple[Array, Array]

# Chosen on validation people, like every constant of this package.
_INDEPENDENT_MM2 = 130.0  # of surface: errors of the network are alike within about a centimetre
_WIDENING = 1.4  # twenty people show less than there is
_SIZE_DEVIATION = 0.06
_ROBUST = 2.0  # deviations at which a point counts a quarter
_FIRST_ROBUST, _NARROWING = 6.0, 0.6
_STEPS, _RIGID_STEPS, _MODEL_STEPS = 11, 2, 4
_BORDER_MM = 1.5  # nearer to the border of the field of view the surface is a cut
_FACING = 0.4
_POSE_DEVIATIONS = np.array([3.0, 3.0, 3.0, 0.06, 0.06, 0.06])  # mm, radians: of the fibula beside the tibia
_ICP_STEPS, _ICP_SHARE = 30, 85


@dataclass(frozen=True, eq=False)
class Surface:
    """What the network drew of a bone.

    Attributes:
        points: (N, 3) on the surface, mm, inside the field of view.
        normals: (N, 3) outward.
        deviations: (N,) expected error in mm.
        tree: over the points.
    """

    points: Array
    normals: Array
    deviations: Array
    tree: cKDTree


@dataclass(frozen=True, eq=False)
class Fit:
    """A bone's shape laid onto a surface.

    Attributes:
        vertices: (V, 3) mm.
        normals: (V, 3) outward.
        residuals: (V,) mm along the normals to the surface; positive where that lies outside the model.
        deviations: (V,) expected error of the surface there.
        matched: (V,) vertices whose place the surface shows.
        ended: (V,) vertices beyond the end of the surface, where a bone was cut.
        motion: of the template.
        oddness: root mean square of the coefficients between people, in standard deviations.
        size: coefficient of the size, in standard deviations.
    """

    vertices: Array
    normals: Array
    residuals: Array
    deviations: Array
    matched: Mask
    ended: Mask
    motion: Motion
    oddness: float
    size: float


def rigid_motion(moving: Array, fixed: Array) -> Motion:
    """Rotation (3, 3) and translation (3,) that lay (N, 3) points on others in least squares.

    Source: Arun et al. 1987, 10.1109/TPAMI.1987.4767965.
    """
    from_centre, to_centre = moving.mean(axis=0), fixed.mean(axis=0)
    u, _, vt = np.linalg.svd((moving - from_centre).T @ (fixed - to_centre))
    rotation = (u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt).T
    return rotation, to_centre - rotation @ from_centre


def place_knee(shapes: Mapping[Bone, BoneShape], surfaces: Mapping[Bone, Surface], depth: Depth) -> Motion:
    """The motion of the mean knee onto all surfaces at once: closest points of the same bone, trimmed."""
    points = {bone: shapes[bone].mean[::3] for bone in surfaces}
    rotation, shift = np.eye(3), np.zeros(3)
    for _ in range(_ICP_STEPS):
        moving, fixed, apart = [], [], []
        for bone, surface in surfaces.items():
            moved = points[bone] @ rotation.T + shift
            moved = moved[depth(moved) > _BORDER_MM]
            distance, nearest = surface.tree.query(moved)
            moving.append(moved)
            fixed.append(surface.points[nearest])
            apart.append(distance)
        distances = np.concatenate(apart)
        if len(distances) < 30:
            break
        kept = distances <= np.percentile(distances, _ICP_SHARE)
        turn, step = rigid_motion(np.concatenate(moving)[kept], np.concatenate(fixed)[kept])
        rotation, shift = turn @ rotation, turn @ shift + step
    return rotation, shift


def lay_on(shape: BoneShape, surface: Surface, start: Motion, depth: Depth, *, tied: bool = False) -> Fit:
    """Shape and pose of one bone, maximum a posteriori, by Gauss-Newton steps on point-to-plane distances.

    Each point counts by its expected error, and less the further off it is (Geman-McClure), so that bumps do
    not pull.

    Args:
        shape: of the right side.
        surface: to follow.
        start: motion of the template to begin with.
        depth: millimetres inside the field of view.
        tied: whether the pose stays near the start.
    """
    centred = shape.mean - shape.mean.mean(axis=0)
    modes = np.concatenate([_WIDENING * shape.modes, _SIZE_DEVIATION * centred[None]])
    own_normals = vertex_normals(shape.mean, shape.faces)
    coefficients = np.zeros(len(modes) + len(shape.detail))
    split = len(modes)
    rotation, shift = start
    pose = np.zeros(6)
    stiffness = 1 / _POSE_DEVIATIONS**2 if tied else np.full(6, 1e-6)

    def vertices() -> Array:
        own = shape.mean + np.tensordot(coefficients[:split], modes, axes=1)
        own = own + own_normals * (coefficients[split:] @ shape.detail)[:, None]
        return np.asarray(own @ rotation.T + shift)

    for step in range(_STEPS):
        at = vertices()
        match = _match(at, vertex_normals(at, shape.faces), surface, depth)
        robust = max(_ROBUST, _FIRST_ROBUST * _NARROWING**step)
        weight = match.weights(robust) * shape.areas / _INDEPENDENT_MM2
        used = np.flatnonzero(weight > 0)
        plane, weight = match.planes[used], weight[used]
        slopes = [plane, np.cross(at[used] - shift, plane)]
        free = 0 if step < _RIGID_STEPS else split if step < _MODEL_STEPS else len(coefficients)
        turned = plane @ rotation
        if free:
            slopes.append(np.einsum("kvc,vc->vk", modes[:, used], turned))
        if free > split:
            slopes.append((shape.detail[:, used] * (own_normals[used] * turned).sum(axis=1)).T)
        jacobian = np.concatenate(slopes, axis=1)
        prior = np.concatenate([stiffness, np.ones(free)])
        now = np.concatenate([pose, coefficients[:free]])
        weighted = jacobian * weight[:, None]
        move = np.linalg.solve(
            weighted.T @ jacobian + np.diag(prior), weighted.T @ match.across[used] - prior * now
        )
        rotation = Rotation.from_rotvec(move[3:6]).as_matrix() @ rotation
        shift = shift + move[:3]
        pose = pose + move[:6]
        coefficients[:free] += move[6:]
    at = vertices()
    normals = vertex_normals(at, shape.faces)
    match = _match(at, normals, surface, depth)
    return Fit(
        at,
        normals,
        match.along,
        match.deviations,
        match.matched,
        match.ended,
        (rotation, shift),
        oddness=float(np.sqrt(np.mean(coefficients[: split - 1] ** 2))),
        size=float(coefficients[split - 1]),
    )


@dataclass(frozen=True, eq=False)
class _Match:
    """For each vertex: plane normals and distances of its partner, and whether it has one."""

    planes: Array
    across: Array
    along: Array
    deviations: Array
    matched: Mask
    ended: Mask

    def weights(self, robust: float) -> Array:
        relative = self.across / (robust * self.deviations)
        return np.asarray(self.matched / (self.deviations * (1 + relative**2)) ** 2)


_SIDEWAYS_MM = 4.0  # a partner further off along the surface is the end of a bone, not its side


def _match(vertices: Array, normals: Array, surface: Surface, depth: Depth) -> _Match:
    _, nearest = surface.tree.query(vertices)
    offset = surface.points[nearest] - vertices
    planes = surface.normals[nearest]
    along = (offset * normals).sum(axis=1)
    sideways = np.linalg.norm(offset - along[:, None] * normals, axis=1)
    ended = sideways > _SIDEWAYS_MM + 0.5 * np.abs(along)
    facing = (normals * planes).sum(axis=1) > _FACING
    matched = (depth(vertices) > _BORDER_MM) & facing & ~ended
    across = (offset * planes).sum(axis=1)
    return _Match(planes, across, along, surface.deviations[nearest], matched, ended)
