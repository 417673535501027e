"""Coarse-to-fine extraction against the dense grid and against known solids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from recon.bones import Bone, BoneSet
from recon.geometry import ReconstructionCube
from recon.surface import BoneField, Field, _followed, extract_bones, sample_field

CENTRES = np.array([[0, -62, 30], [0, 0, 50], [52, 10, -50], [0, 0, -42.0]])
RADII = np.array([18, 40, 7, 42.0])
SQUASH = np.array([[1, 1, 1], [1, 1, 0.6], [1, 1, 0.2], [1, 1, 0.5]])


def four_bones(points: np.ndarray) -> np.ndarray:
    """Margins of four ellipsoids of which femur and tibia touch, closed 2 mm inside the cube."""
    inside = np.stack(
        [
            r - np.linalg.norm((points - c) * s, axis=1)
            for c, r, s in zip(CENTRES, RADII, SQUASH, strict=True)
        ],
        1,
    )
    logits = np.concatenate([np.zeros((len(points), 1)), inside], axis=1)
    others = np.stack([np.delete(logits, bone, axis=1).max(axis=1) for bone in range(1, 5)], axis=1)
    border = 98 - np.abs(points).max(axis=1)
    return np.minimum(logits[:, 1:] - others, border[:, None]).astype(np.float32)


def dense(field: Field, resolution: int) -> BoneField:
    axis = ReconstructionCube().grid_axis(resolution + 1)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    margins = field(np.stack([x, y, z], -1).reshape(-1, 3))
    labels = np.where(margins.max(1) > 0, margins.argmax(1) + 1, 0).astype(np.uint8)
    return BoneField(labels.reshape(z.shape), np.arange(labels.size), margins, axis, labels.size)


def test_coarse_to_fine_gives_the_mesh_of_the_dense_grid() -> None:
    sparse = sample_field(four_bones, ReconstructionCube(), 128)
    full = dense(four_bones, 128)
    assert (sparse.labels == full.labels).all()
    assert sparse.evaluations < 0.2 * full.evaluations
    for bone, mesh in extract_bones(full).items():
        other = extract_bones(sparse)[bone]
        assert np.abs(mesh.vertices - other.vertices).max() < 1e-4
        assert (mesh.faces == other.faces).all()


def test_a_surface_that_leaves_the_cells_of_a_level_is_followed() -> None:
    """Everything of a ball is found from a few nodes round one place of its surface."""
    axis = ReconstructionCube().grid_axis(33)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    points = np.stack([x, y, z], -1).reshape(-1, 3)

    def ball(at: np.ndarray) -> np.ndarray:
        margins = np.full((len(at), 4), np.float32(-50))
        margins[:, Bone.TIBIA - 1] = 40 - np.linalg.norm(at - [3, 5, -8], axis=1)
        return margins

    nodes = np.flatnonzero(np.linalg.norm(points - [43, 5, -8], axis=1) < 10)
    labels = np.zeros((33, 33, 33), np.uint8)
    margins = ball(points[nodes])
    labels.reshape(-1)[nodes] = np.where(margins[:, Bone.TIBIA - 1] > 0, Bone.TIBIA, 0)
    every, found = _followed(ball, labels, nodes, margins, axis)
    assert len(np.unique(every)) == len(every) == len(found) < labels.size / 3
    assert (found == ball(points[every])).all()
    assert (labels.reshape(-1) == np.where(ball(points)[:, Bone.TIBIA - 1] > 0, Bone.TIBIA, 0)).all()
    whole = extract_bones(dense(ball, 32))[Bone.TIBIA]
    mesh = extract_bones(BoneField(labels, every, found, axis, len(every)))[Bone.TIBIA]
    assert np.abs(mesh.vertices - whole.vertices).max() < 1e-4


def test_meshes_are_watertight_and_lie_on_the_surface_between_the_nodes() -> None:
    bones = extract_bones(sample_field(four_bones, ReconstructionCube(), 128))
    assert set(bones) == set(Bone)
    for bone, mesh in bones.items():
        assert mesh.is_watertight, bone
        assert mesh.is_winding_consistent
        assert mesh.volume > 0
        assert mesh.body_count == 1
    patella = bones[Bone.PATELLA]
    distance = np.linalg.norm(patella.vertices - CENTRES[0], axis=1) - RADII[0]
    assert np.abs(distance).max() < 0.05  # the cells are 1.6 mm wide


def test_bones_that_touch_share_a_border_and_no_volume() -> None:
    bones = extract_bones(sample_field(four_bones, ReconstructionCube(), 128))
    common = trimesh.boolean.intersection([bones[Bone.FEMUR], bones[Bone.TIBIA]], engine="manifold")
    assert common.is_empty or common.volume < 1.0


def test_only_the_largest_piece_of_a_bone_is_kept() -> None:
    def two_pieces(points: np.ndarray) -> np.ndarray:
        margins = np.full((len(points), 4), np.float32(-5))
        big = 30 - np.linalg.norm(points - [0, 0, -20], axis=1)
        small = 12 - np.linalg.norm(points - [0, 0, 60], axis=1)
        margins[:, Bone.TIBIA - 1] = np.maximum(big, small)
        return margins

    (tibia,) = extract_bones(sample_field(two_pieces, ReconstructionCube(), 128)).values()
    assert tibia.body_count == 1
    assert tibia.volume == pytest.approx(4 / 3 * np.pi * 30**3, rel=0.01)
    field = sample_field(two_pieces, ReconstructionCube(), 128)
    share = (12 / 30) ** 3
    (whole,) = extract_bones(field, smallest_piece=0.3 * share).values()
    assert whole.body_count == 2 and whole.is_watertight
    assert extract_bones(field, smallest_piece=2 * share)[Bone.TIBIA].body_count == 1


def test_an_empty_field_gives_no_bones() -> None:
    def empty(points: np.ndarray) -> np.ndarray:
        return np.full((len(points), 4), np.float32(-1))

    assert len(extract_bones(sample_field(empty, ReconstructionCube(), 128))) == 0


def test_a_thin_fin_is_cut_off_and_a_blunt_tip_stays() -> None:
    radius = 25.0

    def field(points: np.ndarray) -> np.ndarray:
        inside = radius - np.linalg.norm(points, axis=1)
        fin = np.minimum(1.2 - np.abs(points[:, 1]), 40 - np.linalg.norm(points, axis=1))
        tip = 5.0 - np.linalg.norm(points - [0, 26, 0], axis=1)
        margins = np.full((len(points), 4), np.float32(-50))
        margins[:, Bone.TIBIA - 1] = np.maximum.reduce([inside, fin, tip])
        return margins

    tibia = extract_bones(sample_field(field, ReconstructionCube(), 256))[Bone.TIBIA]
    assert tibia.is_watertight
    reach = np.linalg.norm(tibia.vertices, axis=1)
    assert reach[np.abs(tibia.vertices[:, 0]) > 10].max() < radius + 3.5
    assert tibia.bounds[1, 1] == pytest.approx(31, abs=0.2)


def test_surfaces_through_grid_nodes_stay_closed_in_a_file(tmp_path: Path) -> None:
    step = 200 / 128

    def octahedron(points: np.ndarray) -> np.ndarray:
        # Grid nodes in the faces lie a hair's breadth inside, and their neighbours far outside.
        margin = 25 * step + 1e-3 - np.abs(points).sum(axis=1)
        margin = np.where(margin > 0, margin, -1e3)
        return np.stack([np.full(len(points), -10.0)] * 3 + [margin], 1).astype(np.float32)

    extract_bones(sample_field(octahedron, ReconstructionCube(), 128)).write(tmp_path)
    mesh = BoneSet.read(tmp_path)[Bone.TIBIA]
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(4 / 3 * (25 * step) ** 3, rel=0.01)


def test_voids_inside_a_bone_are_filled() -> None:
    def hollow(points: np.ndarray) -> np.ndarray:
        radius = np.linalg.norm(points, axis=1)
        margin = np.minimum(40 - radius, radius - 12)
        return np.stack([np.full(len(points), -10.0)] * 3 + [margin], 1).astype(np.float32)

    mesh = extract_bones(sample_field(hollow, ReconstructionCube(), 128))[Bone.TIBIA]
    assert mesh.body_count == 1
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 40**3, rel=0.01)
