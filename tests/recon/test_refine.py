"""The shape model mends what a network is unsure of, follows it where it is sure, and knows what is none."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.geometry import ReconstructionCube
from recon.metrics import surface_distances
from recon.population.people import bones_from_nodes, people_nodes
from recon.population.pose import KneePose, pose_leg
from recon.refine import _unfit, model_share
from recon.refine.blend import blended, model_layer
from recon.refine.matching import Surface
from recon.refine.register import Fit, lay_on, place_knee
from recon.refine.shapes import left_knee, vertex_normals
from recon.training.dataset import VALIDATION_PEOPLE

CUBE = ReconstructionCube()
SEEN = FieldOfView(np.full(3, -100.0), np.full(3, 100.0))
SURE, UNSURE = 0.5, 3.0
BUMP_MM, BUMP_RADIUS = 7.0, 16.0
POSE = KneePose((0.2, 0.3, 0.5), 14, 2, -3, 4, 4, 3, (0.05, -0.04, 0.12), (5, -6, 8))


@cache
def knee() -> dict[Bone, trimesh.Trimesh]:
    """A left knee of a person who is not in the shape model."""
    nodes = {part: every[VALIDATION_PEOPLE[0]] for part, every in people_nodes().items()}
    return dict(pose_leg(bones_from_nodes(nodes), POSE))


def surface(mesh: trimesh.Trimesh, bump: np.ndarray | None = None) -> Surface:
    """What a network might draw: here and there half a millimetre off, and with a bump where told."""
    dense = mesh.subdivide()
    points, normals = (
        np.array(dense.vertices),
        vertex_normals(np.array(dense.vertices), np.array(dense.faces)),
    )
    off = 0.4 * np.sin(points @ np.array([0.3, 0.2, 0.25]))
    deviations = np.full(len(points), SURE)
    if bump is not None:
        near = np.exp(-((points - bump) ** 2).sum(axis=1) / (2 * (BUMP_RADIUS / 2) ** 2))
        off = off + BUMP_MM * near
        deviations = np.where(near > 0.1, UNSURE, SURE)
    inside = SEEN.depth(points) > 1
    points = (points + off[:, None] * normals)[inside]
    return Surface(points, normals[inside], deviations[inside], cKDTree(points))


def fitted(bone: Bone, drawn: Surface, *, others: bool = True) -> Fit:
    surfaces = {b: surface(mesh) for b, mesh in knee().items() if others} | {bone: drawn}
    return lay_on(left_knee()[bone], drawn, place_knee(left_knee(), surfaces, SEEN.depth), SEEN.depth)


def front_of(bone: Bone) -> np.ndarray:
    vertices = np.array(knee()[bone].vertices)
    vertices = vertices[np.abs(vertices[:, 2]) < 60]
    return vertices[vertices[:, 1].argmin()]


@pytest.mark.parametrize("bone", list(Bone))
def test_templates_are_closed_and_outward(bone: Bone) -> None:
    for shape in (left_knee()[bone], left_knee()[bone].mirrored()):
        mesh = trimesh.Trimesh(shape.mean, shape.faces, process=False)
        assert mesh.is_watertight and mesh.is_winding_consistent
        assert mesh.volume > 0
    assert left_knee()[bone].mirrored().mean[:, 0] == pytest.approx(-left_knee()[bone].mean[:, 0])


@pytest.mark.parametrize("bone", [Bone.FEMUR, Bone.TIBIA])
def test_a_bump_where_the_network_is_unsure_does_not_pull(bone: Bone) -> None:
    bump = front_of(bone)
    fit = fitted(bone, surface(knee()[bone], bump))
    inside = (SEEN.depth(fit.vertices) > 5) & ~fit.ended
    errors = surface_distances(fit.vertices, knee()[bone])
    assert errors[inside].mean() < 1.0
    here = inside & (np.linalg.norm(fit.vertices - bump, axis=1) < BUMP_RADIUS / 2)
    assert here.sum() > 5
    assert errors[here].mean() < 0.35 * BUMP_MM
    share = model_share(fit)
    assert share[here].mean() > 0.75
    far = inside & (np.linalg.norm(fit.vertices - bump, axis=1) > 3 * BUMP_RADIUS)
    # The network is believed less where it is unsure.
    assert 1 - share[here].mean() < 0.2 * (1 - share[far].mean())
    assert _unfit(fit, SEEN) is None


def test_what_the_model_cannot_be_is_followed_where_the_network_is_sure() -> None:
    """A steep ridge of 4 mm that no person has, drawn by a sure network."""
    bone = Bone.TIBIA
    drawn = surface(knee()[bone], front_of(bone))
    drawn = Surface(drawn.points, drawn.normals, np.full(len(drawn.points), SURE), drawn.tree)
    fit = fitted(bone, drawn)
    share = model_share(fit)
    here = fit.matched & (np.linalg.norm(fit.vertices - front_of(bone), axis=1) < BUMP_RADIUS)
    moved = fit.vertices + ((1 - share) * fit.residuals)[:, None] * fit.normals
    assert drawn.tree.query(moved[here])[0].mean() < drawn.tree.query(fit.vertices[here])[0].mean()
    assert share[here].min() < 0.3


def test_a_bone_that_is_none_is_not_believed() -> None:
    sphere = trimesh.creation.icosphere(subdivisions=4, radius=45)
    fit = fitted(Bone.TIBIA, surface(sphere), others=False)
    assert _unfit(fit, SEEN) is not None


def test_a_bone_drawn_in_the_wrong_place_is_believed_where_outlines_say_so() -> None:
    fit = fitted(Bone.PATELLA, surface(knee()[Bone.PATELLA]))
    displaced = fit.residuals + fit.normals @ np.array([4.0, -1.0, 3.0])
    misshapen = fit.residuals + 4.0 * np.sin(fit.vertices @ np.array([0.4, 0.3, 0.5]))

    def reason(residuals: np.ndarray, misfit: float | None) -> str | None:
        return _unfit(replace(fit, residuals=residuals, misfit=misfit), SEEN)

    assert reason(displaced, 0.05) is None
    assert reason(displaced, 0.4) is not None
    assert reason(displaced, None) is not None
    assert reason(misshapen, 0.05) is not None


def _shell(shift: np.ndarray) -> Fit:
    shape = left_knee()[Bone.TIBIA]
    vertices = shape.mean - shape.mean[np.abs(shape.mean[:, 2]) < 90].mean(axis=0) + shift
    nothing, nowhere = np.zeros(len(vertices)), np.zeros(len(vertices), bool)
    normals = vertex_normals(vertices, shape.faces)
    return Fit(vertices, normals, nothing, nothing + 1, ~nowhere, nowhere, (np.eye(3), shift), 0.0, 0.0)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_mixed_field_lies_between_network_and_model(share: float) -> None:
    fit, faces = _shell(np.zeros(3)), left_knee()[Bone.TIBIA].faces
    layer = model_layer(fit, faces, np.full(len(fit.vertices), share), np.full(len(fit.vertices), 2.0), CUBE)
    assert layer is not None
    rng = np.random.default_rng(0)
    near = fit.vertices[SEEN.depth(fit.vertices) > 12]
    points = near[rng.integers(len(near), size=400)] + rng.normal(0, 3, (400, 3))
    own = rng.normal(0, 1.5, (len(points), 4)).astype(np.float32)
    own = np.where(np.arange(4) == Bone.TIBIA - 1, own, np.float32(-5))
    found = blended(lambda at: own.copy(), {Bone.TIBIA: layer}, CUBE)(points)
    mesh = trimesh.Trimesh(fit.vertices, faces, process=False)
    signed = surface_distances(points, mesh) * np.where(mesh.contains(points), 1, -1)
    expected = (1 - share) * np.clip(2 * own[:, Bone.TIBIA - 1], -10, 10) + share * signed
    # Distances are interpolated between nodes 3 mm apart: exact in the plane, rounded at edges.
    assert np.median(np.abs(found[:, Bone.TIBIA - 1] - expected)) < 0.02 + 0.25 * share
    assert (found[:, np.arange(4) != Bone.TIBIA - 1] == -5).all()


def test_bones_never_overlap_in_the_mixed_field() -> None:
    fit, faces = _shell(np.zeros(3)), left_knee()[Bone.TIBIA].faces
    ones = np.ones(len(fit.vertices))
    layers = {bone: model_layer(fit, faces, ones, ones, CUBE) for bone in (Bone.TIBIA, Bone.FEMUR)}
    field = blended(lambda at: np.full((len(at), 4), -3, np.float32), layers, CUBE)
    points = np.random.default_rng(1).uniform(-60, 60, (2000, 3))
    assert ((field(points) > 0).sum(axis=1) <= 1).all()


def test_a_missing_shape_model_is_said(tmp_path) -> None:
    with pytest.raises(InputError) as caught:
        left_knee(tmp_path / "none.safetensors")
    assert caught.value.code == "no_shapes"


def test_placing_undoes_a_motion() -> None:
    turn, shift = Rotation.from_rotvec([0.1, -0.05, 0.2]).as_matrix(), np.array([6.0, -4.0, 9.0])
    moved = {
        bone: trimesh.Trimesh(shape.mean @ turn.T + shift, shape.faces, process=False)
        for bone, shape in left_knee().items()
    }
    surfaces = {}
    for bone, mesh in moved.items():
        points = np.array(mesh.vertices)
        surfaces[bone] = Surface(points, np.array(mesh.vertex_normals), np.ones(len(points)), cKDTree(points))
    rotation, found = place_knee(left_knee(), surfaces, SEEN.depth)
    assert rotation == pytest.approx(turn, abs=0.03)
    assert found == pytest.approx(shift, abs=1.5)
