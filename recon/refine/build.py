"""Make the shapes that refinement uses: ``python -m recon.refine.build [OUT]``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import trimesh

from recon.bones import Bone, BoneSet
from recon.population.others import other_person
from recon.population.people import bones_from_nodes, people_nodes
from recon.population.plateau import PlateauSide, reshaped
from recon.population.pose import KneePose, pose_leg
from recon.refine.register import rigid_motion
from recon.refine.shapes import ASSET, BoneShape, vertex_normals, write_shapes
from recon.training.dataset import TRAINING_PEOPLE

Array = npt.NDArray[np.float64]
Faces = npt.NDArray[np.int64]

_REACH_MM = 140.0  # of the template from the joint: as far as the cube shows of an ill-centred knee
_ALIGNED_MM = 100.0  # the part that counts in alignment and components
_ROUNDS = 4
# Standard deviation and correlation length in mm of detail off the model.
_DETAIL = ((0.8, 25.0), (0.6, 10.0))
_DETAIL_MODES = 110
# Standard deviations by which one side of a plateau differs from what people of LLP26 foretell.
_PLATEAU = PlateauSide(slope=2.5, front=1.5, back=1.0, edge=1.0, hollow=0.8)
_MEAN_POSE = KneePose((1 / 3,) * 3, 8.0, 0.0, 0.0, 3.0, 3.0, 0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def build_shapes(people: Sequence[int], others: Sequence[str] = ()) -> dict[Bone, BoneShape]:
    """Shapes of a left knee from these LLP26 people and these others (``recon.population.others``) only."""
    nodes = people_nodes()
    everybody = [{part: every[person] for part, every in nodes.items()} for person in people]
    everybody += [other_person(name) for name in others]
    legs = [pose_leg(bones_from_nodes(person), _MEAN_POSE) for person in everybody]
    middle = {part: np.mean([person[part] for person in everybody], axis=0) for part in nodes}
    plateaus = _plateau_changes(bones_from_nodes(middle))
    return {bone: _shape(bone, legs, plateaus if bone is Bone.TIBIA else None) for bone in Bone}


def _plateau_changes(bones: BoneSet) -> Array:
    """(10, V, 3) mm by which a standard deviation of each figure of each side moves a posed tibia."""

    def posed(tibia: Array) -> Array:
        changed = trimesh.Trimesh(tibia, bones[Bone.TIBIA].faces, process=False)
        leg = BoneSet({**dict(bones.items()), Bone.TIBIA: changed})
        return np.array(pose_leg(leg, _MEAN_POSE)[Bone.TIBIA].vertices)

    usual = np.array(bones[Bone.TIBIA].vertices)
    changes = [
        reshaped(usual, PlateauSide(**{name: deviation}), medial=medial)
        for medial in (True, False)
        for name, deviation in asdict(_PLATEAU).items()
    ]
    return np.array([posed(tibia) for tibia in changes]) - posed(usual)


def _shape(bone: Bone, legs: Sequence[BoneSet], changes: Array | None) -> BoneShape:
    shapes = np.array([np.array(leg[bone].vertices) for leg in legs])
    faces = np.array(legs[0][bone].faces, np.int64)
    joint = float(np.mean([leg[Bone.TIBIA].vertices[:, 2].max() for leg in legs]))
    heights = shapes.mean(axis=0)[:, 2]
    away = {Bone.PATELLA: 0 * heights, Bone.FEMUR: heights - heights.min()}.get(bone, joint - heights)
    aligned = _aligned(shapes, away < _ALIGNED_MM)
    near = away < _REACH_MM
    renumber = np.cumsum(near) - 1
    kept = faces[near[faces].all(axis=1)]
    aligned, counted = aligned[:, near], (away < _ALIGNED_MM)[near]
    mean = aligned.mean(axis=0)
    rank = len(aligned) - 1
    people, _, _ = np.linalg.svd((aligned - mean)[:, counted].reshape(len(aligned), -1), full_matrices=False)
    # The same mixture of people gives the mode near the joint and its continuation along the shaft.
    modes = np.einsum("pk,pvc->kvc", people[:, :rank], aligned - mean) / np.sqrt(rank)
    return _closed(mean, renumber[kept], modes, None if changes is None else changes[:, near])


def _aligned(shapes: Array, counted: npt.NDArray[np.bool_]) -> Array:
    """(people, V, 3) shapes laid rigidly onto their mean, which stays where it is."""
    start = shapes.mean(axis=0)
    mean, aligned = start, shapes
    for _ in range(_ROUNDS):
        motions = [rigid_motion(shape[counted], mean[counted]) for shape in shapes]
        aligned = np.array([s @ r.T + t for s, (r, t) in zip(shapes, motions, strict=True)])
        mean = aligned.mean(axis=0)
    return aligned


def _closed(mean: Array, faces: Faces, modes: Array, changes: Array | None) -> BoneShape:
    """The shape with a fan over the hole where the shaft was cut."""
    directed = {(int(a), int(b)) for face in faces for a, b in zip(face, np.roll(face, -1), strict=True)}
    border = np.array([(b, a) for a, b in directed if (b, a) not in directed], np.int64).reshape(-1, 2)
    if len(border):
        rim = np.unique(border)
        fan = np.column_stack([border, np.full(len(border), len(mean))])
        mean = np.vstack([mean, mean[rim].mean(axis=0)])
        modes = np.concatenate([modes, modes[:, rim].mean(axis=1)[:, None]], axis=1)
        areas = _areas(mean, faces)
        areas[rim] = 0  # their normals lean towards the fan
        faces = np.vstack([faces, fan])
    else:
        areas = _areas(mean, faces)
    plateau = np.zeros((0, len(mean)))
    if changes is not None:
        along = np.einsum("kvc,vc->kv", changes, vertex_normals(mean, faces)[: changes.shape[1]])
        plateau = np.pad(along, ((0, 0), (0, len(mean) - along.shape[1])))
    return BoneShape(mean, faces, modes, _detail(mean, faces), areas, plateau)


def _areas(vertices: Array, faces: Faces) -> Array:
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    third = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.asarray(np.bincount(faces.ravel(), third.repeat(3), len(vertices)), np.float64)


def _detail(vertices: Array, faces: Faces) -> Array:
    """(D, V) leading eigenfunctions of smooth displacement along the normals."""
    normals = vertex_normals(vertices, faces)
    apart = ((vertices[:, None] - vertices[None]) ** 2).sum(axis=2)
    # The two sides of a thin bone do not move together.
    alike = ((1 + normals @ normals.T) / 2) ** 4
    kernel = alike * sum(sd**2 * np.exp(-apart / (2 * length**2)) for sd, length in _DETAIL)
    values, vectors = np.linalg.eigh(kernel)
    order = np.argsort(values)[::-1][:_DETAIL_MODES]
    return np.asarray((vectors[:, order] * np.sqrt(np.maximum(values[order], 0))).T)


if __name__ == "__main__":
    write_shapes(build_shapes(TRAINING_PEOPLE), Path(sys.argv[1]) if len(sys.argv) > 1 else ASSET)
