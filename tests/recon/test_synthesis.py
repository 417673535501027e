"""A plateau that differs from the model's is found by the lines that it leaves in X-rays."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from recon.bones import Bone
from recon.drr.raster import path_lengths
from recon.drr.scene import standard_stations
from recon.images.write import Positioner
from recon.refine.register import Fit
from recon.refine.shapes import BoneShape, left_knee, vertex_normals
from recon.refine.synthesis import follow_lines, top_share

SHELL_MM = 1.3


def fit_of(shape: BoneShape, vertices: np.ndarray) -> Fit:
    count = len(vertices)
    zeros, no = np.zeros(count), np.zeros(count, bool)
    motion = (np.eye(3), np.zeros(3))
    normals = vertex_normals(vertices, shape.faces)
    return Fit(vertices, normals, zeros, zeros + 0.5, ~no, no, motion, oddness=0.0, size=0.0)


def pictures(meshes: list[tuple[np.ndarray, np.ndarray]]) -> list[SimpleNamespace]:
    """Two noisy views of shells of bone with something softer inside."""
    views, rng = [], np.random.default_rng(5)
    for station in standard_stations(0.0, 90.0, Positioner(0.0)):
        camera = station.camera
        image = np.zeros((camera.rows, camera.columns))
        for vertices, faces in meshes:
            inner = vertices - SHELL_MM * vertex_normals(vertices, faces)
            within = path_lengths(inner, faces, camera)
            image += 0.05 * (path_lengths(vertices, faces, camera) - within) + 0.01 * within
        image += rng.normal(0, 0.03, image.shape)
        exposed = np.ones(image.shape, bool)
        views.append(SimpleNamespace(line_integrals=image.astype(np.float32), exposed=exposed, camera=camera))
    return views


@pytest.fixture(scope="module", params=["L", "R"])
def knee(request: pytest.FixtureRequest) -> dict[Bone, BoneShape]:
    shapes = left_knee()
    shapes = {b: s.mirrored() for b, s in shapes.items()} if request.param == "R" else dict(shapes)
    tibia = shapes[Bone.TIBIA].mean
    centre = tibia[tibia[:, 2] > tibia[:, 2].max() - 14].mean(axis=0)
    return {
        bone: BoneShape(s.mean - centre, s.faces, s.modes, s.detail, s.areas, s.plateau)
        for bone, s in shapes.items()
    }


def test_a_slope_is_found_again(knee: dict[Bone, BoneShape]) -> None:
    shape = knee[Bone.TIBIA]
    others = [(s.mean, s.faces) for bone, s in knee.items() if bone is not Bone.TIBIA]
    start = fit_of(shape, shape.mean)
    change = (top_share(start) * (1.2 * shape.plateau[0] + 0.8 * shape.plateau[1]))[:, None] * start.normals
    true = shape.mean + change
    views = pictures([(true, shape.faces), *others])
    found = follow_lines(shape, start, others, views, np.ones(len(true), bool))
    assert found is not None
    moved = np.linalg.norm(change, axis=1) > 0.8
    assert moved.sum() > 20
    before, after = (np.linalg.norm((at - true)[moved], axis=1).mean() for at in (shape.mean, found))
    assert after < 0.4 * before
    still = top_share(start) == 0
    assert (found[still] == shape.mean[still]).all()


def test_what_is_right_stays(knee: dict[Bone, BoneShape]) -> None:
    shape = knee[Bone.TIBIA]
    others = [(s.mean, s.faces) for bone, s in knee.items() if bone is not Bone.TIBIA]
    views = pictures([(shape.mean, shape.faces), *others])
    start = fit_of(shape, shape.mean)
    found = follow_lines(shape, start, others, views, np.ones(len(shape.mean), bool))
    off = 0 if found is None else np.abs(((found - shape.mean) * start.normals).sum(axis=1))
    assert np.mean(off) < 0.1
    assert np.max(off) < 0.8  # pixels are a millimetre


def test_a_joint_that_is_not_in_view_is_left_alone(knee: dict[Bone, BoneShape]) -> None:
    shape = knee[Bone.TIBIA]
    views = pictures([(shape.mean, shape.faces)])
    shown = shape.mean[:, 2] < -5
    assert follow_lines(shape, fit_of(shape, shape.mean), [], views, shown) is None
    dark = [SimpleNamespace(**{**vars(view), "exposed": ~view.exposed}) for view in views]
    everything = np.ones(len(shape.mean), bool)
    assert follow_lines(shape, fit_of(shape, shape.mean), [], dark, everything) is None
