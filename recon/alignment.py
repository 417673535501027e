"""Bones of one knee from two sources brought into one frame: a rigid motion, and what is left after it.

Iterative closest points with point-to-plane steps (Chen and Medioni 1992, doi:10.1016/0262-8856(92)90066-C),
each bone matched with the bone of its name only, started from rotations spread over all of SO(3), so that the
frame of the moving bones may be any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.metrics import MARGIN_MM, surface_distances

Array = npt.NDArray[np.float64]

# Bones that differ by more than this on average are not of one knee, or not of one pose.
UNLIKE_MM = 5.0
DOUBTFUL_MM = 2.5
_COARSE, _FINE = 120, 3000  # points a bone
_MODEL_POINTS = 20_000
_FAR_MM = 20.0
_CANDIDATES = 6
_TRIMMED = 0.75


@dataclass(frozen=True, eq=False)
class Alignment:
    """A rigid motion of bones onto others, and how well they agree after it.

    Attributes:
        transform: (4, 4) mm, from the frame of the moving bones to that of the fixed ones.
        bones: the bones that it was found on.
        residual_mm: mean distance between the surfaces after it, a bone, over all bones that both have.
    """

    transform: Array
    bones: tuple[Bone, ...]
    residual_mm: dict[Bone, float]

    @property
    def mean_mm(self) -> float:
        """Mean residual of the bones that it was found on."""
        return float(np.mean([self.residual_mm[bone] for bone in self.bones]))

    @property
    def rotation_deg(self) -> float:
        """Angle of the rotation."""
        return float(np.degrees(Rotation.from_matrix(self.transform[:3, :3]).magnitude()))

    def report(self) -> dict[str, Any]:
        """As JSON: transform, rotation_deg, shift_mm, bones, mean_mm and residual_mm a bone."""
        return {
            "transform": self.transform.tolist(),
            "rotation_deg": round(self.rotation_deg, 2),
            "shift_mm": [round(float(value), 2) for value in self.transform[:3, 3]],
            "bones": [bone.label for bone in self.bones],
            "mean_mm": round(self.mean_mm, 3),
            "residual_mm": {bone.label: round(value, 3) for bone, value in self.residual_mm.items()},
        }


def moved(bones: BoneSet, transform: Array) -> BoneSet:
    """Copies of the bones after a (4, 4) rigid motion in mm."""
    return BoneSet({bone: mesh.copy().apply_transform(transform) for bone, mesh in bones.items()})


def align(
    moving: BoneSet,
    fixed: BoneSet,
    *,
    on: Sequence[Bone] | None = None,
    moving_field: FieldOfView | None = None,
    fixed_field: FieldOfView | None = None,
    seed: int = 0,
) -> Alignment:
    """The rigid motion that brings bones onto the same bones from another source.

    Args:
        moving: meshes in mm, in any right-handed frame.
        fixed: meshes in the frame that is wanted.
        on: bones to align on; all that both have where None.
        moving_field, fixed_field: what each source saw, in its own frame; surfaces outside it, such as the
            flat ends of a shaft, do not count.
        seed: of the sampling.

    Raises:
        InputError: no_common_bone, or unlike_bones where the surfaces stay more than 5 mm apart.
    """
    common = [bone for bone in fixed if bone in moving]
    chosen = [bone for bone in common if on is None or bone in on]
    if not chosen:
        wanted = ", ".join(bone.label for bone in (on or moving))
        raise InputError(
            "no_common_bone",
            f"The two bone sets have no bone in common to align on ({wanted})",
            "Give at least one bone that both have, the tibia for example",
        )
    fields = moving_field or FieldOfView.everything(), fixed_field or FieldOfView.everything()
    rng = np.random.default_rng(seed)
    # The smaller surface is laid onto the larger one: what only one source saw finds no partner.
    backwards = _area(moving, chosen) > _area(fixed, chosen)
    source, target = (fixed, moving) if backwards else (moving, fixed)
    source_field, target_field = (fields[1], fields[0]) if backwards else fields
    points = {bone: _inside(_sample(source[bone], _FINE, rng), source_field) for bone in chosen}
    models = {bone: _Model.of(target[bone], rng) for bone in chosen}
    best = min(
        (_refined(start, points, models) for start in _coarse(points, models, rng)),
        key=lambda transform: _trimmed_mean(transform, points, models),
    )
    for _ in range(20):
        best = _step(best, points, models, target_field)
    transform = np.asarray(np.linalg.inv(best) if backwards else best, dtype=np.float64)
    residual = residuals(moved(moving, transform), fixed, fields[0].moved(transform) & fields[1], rng=rng)
    if not set(chosen) <= set(residual):
        chosen = [bone for bone in chosen if bone in residual]
    if not chosen or np.mean([residual[bone] for bone in chosen]) > UNLIKE_MM:
        found = f"{np.mean([residual[b] for b in chosen]):.1f} mm" if chosen else "nothing"
        raise InputError(
            "unlike_bones",
            f"The bones do not fit onto those of the case: {found} remains between the surfaces on average",
            "Check that they are of the same knee and the same side, that units and names are right, "
            "and, if the knee was bent differently, align on one bone only",
        )
    return Alignment(transform, tuple(chosen), residual)


def residuals(
    first: BoneSet, second: BoneSet, field: FieldOfView, *, rng: np.random.Generator | None = None
) -> dict[Bone, float]:
    """Mean symmetric point-to-surface distance in mm of each bone that both have inside a field of view."""
    rng = rng or np.random.default_rng(0)
    found = {}
    for bone in first:
        if bone not in second:
            continue
        forth = _inside(_sample(first[bone], _FINE, rng), field, strict=True)
        back = _inside(_sample(second[bone], _FINE, rng), field, strict=True)
        if len(forth) and len(back):
            found[bone] = (
                float(
                    surface_distances(forth, second[bone]).mean()
                    + surface_distances(back, first[bone]).mean()
                )
                / 2
            )
    return found


@dataclass(frozen=True, eq=False)
class _Model:
    """A surface as points with normals, to find nearest places on."""

    points: Array
    normals: Array
    tree: cKDTree

    @classmethod
    def of(cls, mesh: trimesh.Trimesh, rng: np.random.Generator) -> _Model:
        points, faces = trimesh.sample.sample_surface(mesh, _MODEL_POINTS, seed=int(rng.integers(2**31)))
        return cls(np.asarray(points), np.asarray(mesh.face_normals[faces]), cKDTree(points))

    def thinned(self, rng: np.random.Generator) -> _Model:
        """A tenth of the points, which are found faster."""
        chosen = rng.permutation(len(self.points))[: len(self.points) // 10]
        return _Model(self.points[chosen], self.normals[chosen], cKDTree(self.points[chosen]))


def _area(bones: BoneSet, chosen: Sequence[Bone]) -> float:
    return float(sum(bones[bone].area for bone in chosen))


def _sample(mesh: trimesh.Trimesh, count: int, rng: np.random.Generator) -> Array:
    return np.asarray(trimesh.sample.sample_surface(mesh, count, seed=int(rng.integers(2**31)))[0])


def _inside(points: Array, field: FieldOfView, *, strict: bool = False) -> Array:
    inside = points[field.depth(points) >= MARGIN_MM]
    return inside if strict or len(inside) > len(points) // 10 else points


def _apply(transform: Array, points: Array) -> Array:
    return np.asarray(points @ transform[:3, :3].T + transform[:3, 3])


def _starts() -> list[Array]:
    """(3, 3) rotations no more than some 40 degrees from any other: those of a cube and of an icosahedron."""
    turned = Rotation.from_euler("zyx", (0.4, 0.3, 0.2))
    groups = (Rotation.create_group("O"), Rotation.create_group("I") * turned)
    return [matrix for group in groups for matrix in group.as_matrix()]


def _anchors(points: dict[Bone, Array]) -> list[Array]:
    """Places that both sources know: the joint between two bones, or the ends and the middle of one."""
    names = [bone for bone in (Bone.FEMUR, Bone.TIBIA, Bone.FIBULA, Bone.PATELLA) if bone in points]
    if len(names) > 1:
        first, second = points[names[0]], points[names[1]]
        gap = cKDTree(second).query(first)[0]
        return [first[np.argsort(gap)[: max(10, len(first) // 20)]].mean(axis=0)]
    cloud = points[names[0]]
    centre = cloud.mean(axis=0)
    axis = np.linalg.svd(cloud - centre, full_matrices=False)[2][0]
    along = (cloud - centre) @ axis
    low, high = np.argsort(along)[: len(along) // 10], np.argsort(along)[-len(along) // 10 :]
    return [centre, cloud[low].mean(axis=0), cloud[high].mean(axis=0)]


def _coarse(points: dict[Bone, Array], models: dict[Bone, _Model], rng: np.random.Generator) -> list[Array]:
    """The most promising (4, 4) motions from all starts, after a few steps with few points."""
    few = {bone: p[rng.permutation(len(p))[:_COARSE]] for bone, p in points.items()}
    rough = {bone: model.thinned(rng) for bone, model in models.items()}
    here, there = _anchors(points), _anchors({bone: model.points for bone, model in models.items()})
    kept = []
    for anchor in here:
        for goal in there:
            for rotation in _starts():
                transform = np.eye(4)
                transform[:3, :3], transform[:3, 3] = rotation, goal - rotation @ anchor
                kept.append(transform)
    for count in (_CANDIDATES * 5, _CANDIDATES):
        stepped = []
        for transform in kept:
            for _ in range(3):
                transform = _step(transform, few, rough)
            stepped.append(transform)
        kept = sorted(stepped, key=lambda transform: _trimmed_mean(transform, few, rough))[:count]
    return kept


def _refined(start: Array, points: dict[Bone, Array], models: dict[Bone, _Model]) -> Array:
    some = {bone: p[:: max(1, len(p) // 500)] for bone, p in points.items()}
    for _ in range(30):
        start = _step(start, some, models)
    return start


def _trimmed_mean(transform: Array, points: dict[Bone, Array], models: dict[Bone, _Model]) -> float:
    """Mean distance in mm to the other surface of the nearer three quarters of all points."""
    distances = [models[bone].tree.query(_apply(transform, p))[0] for bone, p in points.items()]
    ordered = np.sort(np.minimum(np.concatenate(distances), _FAR_MM))
    return float(ordered[: max(1, round(_TRIMMED * len(ordered)))].mean())


def _step(
    transform: Array,
    points: dict[Bone, Array],
    models: dict[Bone, _Model],
    field: FieldOfView | None = None,
) -> Array:
    """One point-to-plane step on the nearer pairs."""
    here, there, normals, distances = [], [], [], []
    for bone, cloud in points.items():
        placed = _apply(transform, cloud)
        if field is not None:
            placed = _inside(placed, field)
        distance, nearest = models[bone].tree.query(placed)
        here.append(placed)
        there.append(models[bone].points[nearest])
        normals.append(models[bone].normals[nearest])
        distances.append(distance)
    p, q, n, d = (np.concatenate(parts) for parts in (here, there, normals, distances))
    near = d <= np.quantile(d, _TRIMMED if field is None else 0.95)
    p, q, n = p[near], q[near], n[near]
    centre = p.mean(axis=0)
    jacobian = np.concatenate([np.cross(p - centre, n), n], axis=1)
    gap = np.einsum("ij,ij->i", q - p, n)
    # Damped a little: a shaft alone says nothing of the turn about itself.
    normal = jacobian.T @ jacobian + np.diag([1e-3 * len(p)] * 6)
    step = np.linalg.solve(normal, jacobian.T @ gap)
    rotation = Rotation.from_rotvec(np.clip(step[:3], -0.35, 0.35)).as_matrix()
    motion = np.eye(4)
    motion[:3, :3] = rotation
    motion[:3, 3] = centre + step[3:] - rotation @ centre
    return np.asarray(motion @ transform)
