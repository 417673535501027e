"""Path lengths through meshes against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from recon.drr.raster import path_lengths
from recon.errors import InputError
from recon.geometry import Camera


@pytest.fixture
def camera() -> Camera:
    return Camera.from_angles(
        source_to_detector=1000,
        source_to_isocentre=700,
        primary_angle=35,
        secondary_angle=8,
        pixel_spacing=(0.9, 0.9),
        rows=200,
        columns=240,
    )


def _rays(camera: Camera) -> np.ndarray:
    columns, rows = np.meshgrid(np.arange(camera.columns, dtype=float), np.arange(camera.rows, dtype=float))
    return camera.rays(np.stack([columns, rows], -1))


def test_a_ball_casts_its_chords(camera: Camera) -> None:
    centre, radius = np.array([6.0, -9.0, 4.0]), 40.0
    ball = trimesh.creation.icosphere(6, radius=radius)
    ball.apply_translation(centre)
    to_centre = camera.source - centre
    along = _rays(camera) @ to_centre
    exact = 2 * np.sqrt(np.maximum(along**2 - (to_centre @ to_centre - radius**2), 0))
    error = np.abs(path_lengths(ball.vertices, ball.faces, camera) - exact)
    assert error.mean() < 0.01
    assert error[exact > 10].max() < 0.1


def test_a_box_casts_the_slab_lengths_in_every_pixel(camera: Camera) -> None:
    half = np.array([30.0, 22.0, 35.0])
    box = trimesh.creation.box(2 * half)
    rays = _rays(camera)
    first, second = (-half - camera.source) / rays, (half - camera.source) / rays
    enter, leave = np.minimum(first, second).max(-1), np.maximum(first, second).min(-1)
    exact = np.maximum(leave - enter, 0)
    error = np.abs(path_lengths(box.vertices, box.faces, camera) - exact)
    # Vertices are snapped to 1/256 pixel, which only pixels on the outline can feel.
    assert np.percentile(error, 99.5) < 0.05


def test_no_pixel_leaks_between_triangles_that_share_an_edge(camera: Camera) -> None:
    ball = trimesh.creation.icosphere(4, radius=45)
    lengths = path_lengths(ball.vertices, ball.faces, camera)
    assert lengths.min() > -1e-6
    assert lengths.max() < 91  # one edge counted twice or never would add or leave out 700 mm


def test_a_mesh_behind_the_source_is_refused(camera: Camera) -> None:
    ball = trimesh.creation.icosphere(2, radius=30)
    ball.apply_translation(-800 * camera.direction)
    with pytest.raises(InputError, match="behind the X-ray source"):
        path_lengths(ball.vertices, ball.faces, camera)


def test_an_inside_out_mesh_casts_the_same_shadow(camera: Camera) -> None:
    ball = trimesh.creation.icosphere(3, radius=45)
    assert path_lengths(ball.vertices, ball.faces[:, ::-1], camera) == pytest.approx(
        path_lengths(ball.vertices, ball.faces, camera)
    )
