"""Breaks of the bones of a virtual leg: displaced fractures of shafts, ends and patella, and sunken plateaus.

Nothing is cut: a surface with everything beyond the break pressed onto it encloses one fragment, as in
``Crop``, and the same surface pressed from the other side and moved encloses the other one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial.transform import Rotation

from recon.bones import Bone, BoneSet

Array = npt.NDArray[np.float64]

# Where a shaft may break, mm from its end at the joint; of the fibula, from its top.
_FROM_END_MM = {Bone.FEMUR: (25.0, 95.0), Bone.TIBIA: (20.0, 95.0), Bone.FIBULA: (6.0, 90.0)}
_OBLIQUE_DEG = (0.0, 55.0)  # of a break against a section across the shaft
_DISPLACED_MM, _TILTED_DEG = (3.0, 12.0), (0.0, 15.0)
_APART_MM = (-3.0, 5.0)  # below 0 the fragments are driven into one another
_PULLED_APART_MM = (3.0, 14.0)  # of a patella, by its tendons
_SPLIT_DEG, _SPLIT_MM = (50.0, 85.0), (3.0, 9.0)  # of a plateau or a condyle
_ROUGH_MM, _ROUGH_LENGTH_MM = (0.0, 1.5), (6.0, 30.0)  # of the surface of a break
_SUNKEN_MM, _BOWL_MM = (3.0, 11.0), (9.0, 20.0)  # depth and half width of a pressed in plateau
_SEEN_MM = 1.2  # of a break: the rims of its fragments
_RIM_SPACING_MM = 0.5


class Break(Protocol):
    """What is wrong with a bone, and where it is to be seen."""

    def pieces(self, bone: Bone, vertices: Array) -> list[Array]:
        """(V, 3) vertices of each closed piece of a bone, or of a surface inside it, of (V, 3) whole ones."""

    def traces(self, bones: BoneSet) -> Array:
        """(N, 3) points of the surfaces of whole bones where the break is to be seen, in mm."""


@dataclass(frozen=True, eq=False)
class Fracture:
    """A rough surface of break through some bones, and how the part beyond it moved.

    Attributes:
        bones: that it goes through; the others stay whole.
        normal: (3,) unit vector across the break, towards the part that moved.
        centre: (3,) mm, a point of the break.
        waves: (K, 4) of its roughness: two wave numbers per mm, phase, amplitude in mm.
        motion: (4, 4) rigid motion of the part beyond.
    """

    bones: frozenset[Bone]
    normal: Array
    centre: Array
    waves: Array
    motion: Array

    def beyond(self, points: Array) -> Array:
        """(N,) mm by which (N, 3) points lie beyond the break, along the normal."""
        relative = points - self.centre
        across, up = _square_to(self.normal)
        plane = np.stack([relative @ across, relative @ up], axis=1)
        rough = (np.sin(plane @ self.waves[:, :2].T + self.waves[:, 2]) * self.waves[:, 3]).sum(axis=1)
        return np.asarray(relative @ self.normal - rough)

    def pieces(self, bone: Bone, vertices: Array) -> list[Array]:
        """See ``Break``."""
        if bone not in self.bones:
            return [vertices]
        beyond = self.beyond(vertices)[:, None]
        near = vertices - np.maximum(beyond, 0) * self.normal
        far = vertices - np.minimum(beyond, 0) * self.normal
        return [near, np.asarray(trimesh.transform_points(far, self.motion))]

    def traces(self, bones: BoneSet) -> Array:
        """See ``Break``."""
        rims = []
        for bone in self.bones:
            triangles = np.asarray(bones[bone].triangles)
            sides = np.sign(self.beyond(triangles.reshape(-1, 3))).reshape(-1, 3)
            points = _filled(triangles[np.ptp(sides, axis=1) > 0])
            rims.append(points[np.abs(self.beyond(points)) < _SEEN_MM])
        rim = np.concatenate(rims)
        return np.concatenate([rim, trimesh.transform_points(rim, self.motion)])


@dataclass(frozen=True, eq=False)
class Depression:
    """A part of the tibial plateau that was pressed in.

    Attributes:
        middle: (3,) mm, of the bowl, at the height of the plateau.
        half_widths: (2,) mm, of the bowl along x and y.
        depth: mm.
    """

    middle: Array
    half_widths: Array
    depth: float

    def sunken(self, points: Array) -> Array:
        """(N,) mm by which (N, 3) points of a tibia sank; less with the depth below the plateau."""
        far = np.linalg.norm((points[:, :2] - self.middle[:2]) / self.half_widths, axis=1)
        shallow = np.clip((points[:, 2] - self.middle[2] + 40) / 25, 0, 1)
        return np.asarray(self.depth * np.exp(-(far**4)) * shallow)

    def pieces(self, bone: Bone, vertices: Array) -> list[Array]:
        """See ``Break``."""
        if bone is not Bone.TIBIA:
            return [vertices]
        return [vertices - self.sunken(vertices)[:, None] * [0.0, 0.0, 1.0]]

    def traces(self, bones: BoneSet) -> Array:
        """See ``Break``."""
        mesh = bones[Bone.TIBIA]
        points = np.asarray(mesh.vertices)[np.asarray(mesh.vertex_normals)[:, 2] > 0.3]
        sunken = self.sunken(points)
        points, sunken = points[sunken > self.depth / 2], sunken[sunken > self.depth / 2]
        return np.asarray(points - sunken[:, None] * [0.0, 0.0, 1.0])


def draw_break(bones: BoneSet, rng: np.random.Generator) -> Break:
    """A random break of bones in the frame of the rig, within about 100 mm of the joint."""
    # Half are sunken plateaus, the hardest to see; of the rest, fibulae, the thinnest to break, come most.
    kinds: list[tuple[float, Callable[[BoneSet, np.random.Generator], Break]]] = [
        (0.09, lambda b, r: _shaft(b, r, Bone.FEMUR)),
        (0.06, lambda b, r: _shaft(b, r, Bone.TIBIA)),
        (0.06, lambda b, r: _shaft(b, r, Bone.TIBIA, Bone.FIBULA)),
        (0.12, lambda b, r: _shaft(b, r, Bone.FIBULA)),
        (0.09, _patella),
        (0.05, lambda b, r: _split(b, r, Bone.TIBIA)),
        (0.03, lambda b, r: _split(b, r, Bone.FEMUR)),
        (0.5, _depression),
    ]
    chances, makers = zip(*kinds, strict=True)
    make: Callable[[BoneSet, np.random.Generator], Break] = makers[rng.choice(len(makers), p=chances)]
    return make(bones, rng)


def _shaft(bones: BoneSet, rng: np.random.Generator, *broken: Bone) -> Fracture:
    """A shaft broken across or obliquely, with that of a neighbour that moves with it."""
    bone = broken[0]
    points = np.asarray(bones[bone].vertices)
    up = 1.0 if bone is Bone.FEMUR else -1.0  # away from the joint
    from_end = rng.uniform(*_FROM_END_MM[bone])
    height = (points[:, 2].min() if bone is Bone.FEMUR else points[:, 2].max()) + up * from_end
    centre = _middle(points, height)
    normal = up * leaning(np.deg2rad(rng.uniform(*_OBLIQUE_DEG)), rng)
    shift = rng.uniform(*_DISPLACED_MM) * _across(normal, rng) + rng.uniform(*_APART_MM) * normal
    return _moved(broken, normal, centre, shift, rng.uniform(*_TILTED_DEG), rng)


def _patella(bones: BoneSet, rng: np.random.Generator) -> Fracture:
    """A patella pulled apart, mostly upwards, or split lengthwise."""
    points = np.asarray(bones[Bone.PATELLA].vertices)
    normal = leaning(np.deg2rad(rng.uniform(0, 35)), rng)
    if rng.random() < 0.25:  # lengthwise
        normal = _across(np.array([0.0, 0.0, 1.0]), rng)
    along = points @ normal
    low, high = along.min(), along.max()
    centre = points.mean(axis=0)
    centre = centre + (low + rng.uniform(0.25, 0.75) * (high - low) - centre @ normal) * normal
    shift = rng.uniform(*_PULLED_APART_MM) * normal + rng.uniform(0, 3) * _across(normal, rng)
    return _moved((Bone.PATELLA,), normal, centre, shift, rng.uniform(*_TILTED_DEG), rng)


def _split(bones: BoneSet, rng: np.random.Generator, bone: Bone) -> Fracture:
    """One side of a plateau, or a condyle, split off and slid."""
    points = np.asarray(bones[bone].vertices)
    end = points[:, 2].min() if bone is Bone.FEMUR else points[:, 2].max()
    joint = points[np.abs(points[:, 2] - end) < 20]
    side = rng.choice([-1.0, 1.0])
    centre = joint.mean(axis=0)
    centre[0] += side * rng.uniform(0.12, 0.3) * np.ptp(joint[:, 0])
    centre[2] = end
    lean = np.deg2rad(rng.uniform(*_SPLIT_DEG))
    turn = np.deg2rad(rng.normal(0, 20))
    # Towards the side and the joint, so that the break leaves the bone beside the shaft.
    towards_joint = -1.0 if bone is Bone.FEMUR else 1.0
    normal = np.array([side * np.sin(lean) * np.cos(turn), np.sin(lean) * np.sin(turn), np.cos(lean)])
    normal[2] *= towards_joint
    slide = np.array([0.0, 0.0, -towards_joint])
    slide -= (slide @ normal) * normal
    slide /= np.linalg.norm(slide)
    shift = rng.uniform(*_SPLIT_MM) * slide + rng.uniform(0, 5) * normal
    return _moved((bone,), normal, centre, shift, rng.uniform(0, 6), rng)


def _depression(bones: BoneSet, rng: np.random.Generator) -> Depression:
    points = np.asarray(bones[Bone.TIBIA].vertices)
    top = points[points[:, 2] > points[:, 2].max() - 15]
    middle = top.mean(axis=0)
    middle[0] += rng.choice([-1, 1]) * rng.uniform(0.18, 0.32) * np.ptp(top[:, 0])
    middle[1] += rng.uniform(-0.15, 0.15) * np.ptp(top[:, 1])
    middle[2] = points[:, 2].max()
    return Depression(middle, rng.uniform(*_BOWL_MM, 2), float(rng.uniform(*_SUNKEN_MM)))


def _moved(
    bones: tuple[Bone, ...],
    normal: Array,
    centre: Array,
    shift: Array,
    tilted_deg: float,
    rng: np.random.Generator,
) -> Fracture:
    """A rough break whose part beyond is turned about its middle and shifted."""
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_rotvec(np.deg2rad(tilted_deg) * _across(normal, rng)).as_matrix()
    motion[:3, 3] = centre - motion[:3, :3] @ centre + shift
    count = 4
    directions = rng.uniform(0, 2 * np.pi, count)
    numbers = 2 * np.pi / rng.uniform(*_ROUGH_LENGTH_MM, count)
    waves = np.stack(
        [
            numbers * np.cos(directions),
            numbers * np.sin(directions),
            rng.uniform(0, 2 * np.pi, count),
            np.full(count, rng.uniform(*_ROUGH_MM)) / np.sqrt(count),
        ],
        axis=1,
    )
    return Fracture(frozenset(bones), normal, centre, waves, motion)


def _middle(points: Array, height: float) -> Array:
    """(3,) middle of a bone at a height, of the nearest part of it where it does not reach so far."""
    away = np.abs(points[:, 2] - height)
    return np.asarray(points[away < max(5.0, away.min() + 1.0)].mean(axis=0))


def leaning(angle: float, rng: np.random.Generator) -> Array:
    """(3,) unit vector at an angle to z, to a random side."""
    side = rng.uniform(0, 2 * np.pi)
    return np.array([np.sin(angle) * np.cos(side), np.sin(angle) * np.sin(side), np.cos(angle)])


def _square_to(normal: Array) -> tuple[Array, Array]:
    """Two (3,) unit vectors square to a third and to each other."""
    least = np.eye(3)[np.abs(normal).argmin()]
    across = np.cross(normal, least)
    across /= np.linalg.norm(across)
    return across, np.cross(normal, across)


def _across(normal: Array, rng: np.random.Generator) -> Array:
    """(3,) random unit vector square to another."""
    first, second = _square_to(normal)
    angle = rng.uniform(0, 2 * np.pi)
    return np.asarray(np.cos(angle) * first + np.sin(angle) * second)


def _filled(triangles: Array) -> Array:
    """(N, 3) points over (M, 3, 3) triangles, about ``_RIM_SPACING_MM`` apart."""
    if not len(triangles):
        return np.empty((0, 3))
    longest = float(np.linalg.norm(np.diff(triangles, axis=1), axis=2).max())
    count = int(np.ceil(longest / _RIM_SPACING_MM)) + 1
    first, second = np.meshgrid(np.linspace(0, 1, count), np.linspace(0, 1, count))
    inside = first + second <= 1
    weights = np.stack([1 - first[inside] - second[inside], first[inside], second[inside]])
    return np.asarray(np.einsum("wk,twc->tkc", weights, triangles).reshape(-1, 3))
