"""Cameras against the words of the DICOM standard and of the architecture."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import InputError
from recon.geometry import BiplanarRig, Camera, ReconstructionCube


def camera(primary: float = 0.0, secondary: float = 0.0, **changes: object) -> Camera:
    values = {
        "source_to_detector": 1000.0,
        "source_to_isocentre": 700.0,
        "primary_angle": primary,
        "secondary_angle": secondary,
        "pixel_spacing": (0.3, 0.3),
        "rows": 1024,
        "columns": 768,
    }
    return Camera.from_angles(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("angle", [0, 30, 90, 180, -90, -135])
def test_the_detector_lies_where_the_primary_angle_says(angle: float) -> None:
    view, t = camera(angle), np.deg2rad(angle)
    assert view.direction == pytest.approx([np.sin(t), -np.cos(t), 0], abs=1e-12)
    assert view.source == pytest.approx(-700 * view.direction, abs=1e-9)
    (centre, column, row), depth = view.project(np.array([[0, 0, 0], [np.cos(t), np.sin(t), 0], [0, 0, -1]]))
    assert centre == pytest.approx([383.5, 511.5])
    magnified = 1000 / 700 / 0.3
    assert column - centre == pytest.approx([magnified, 0], abs=1e-9)
    assert row - centre == pytest.approx([0, magnified], abs=1e-9)
    assert depth[0] == pytest.approx(700)


def test_a_positive_secondary_angle_lifts_the_detector_to_the_head() -> None:
    view = camera(0, 20)
    assert view.direction[2] == pytest.approx(np.sin(np.deg2rad(20)))
    right, down = view.rays(np.array([[700.0, 511.5], [383.5, 900.0]])) - view.direction
    assert right[0] > 0
    assert down[2] < 0


def test_rays_pass_through_what_they_project_from() -> None:
    view = camera(33, -7)
    points = np.random.default_rng(0).uniform(-80, 80, (50, 3))
    pixels, _ = view.project(points)
    along = points - view.source
    assert view.rays(pixels) == pytest.approx(along / np.linalg.norm(along, axis=1, keepdims=True))


def test_what_is_told_of_all_pixels_at_once_agrees_with_their_rays() -> None:
    view = camera(33, -7, rows=40, columns=30)
    columns, rows = np.meshgrid(np.arange(30.0), np.arange(40.0))
    rays = view.rays(np.stack([columns, rows], axis=-1))
    along_axis = rays @ view.direction
    assert view.obliquity() == pytest.approx(1 / along_axis)
    assert view.heights(650.0) == pytest.approx(view.source[2] + 650.0 * rays[..., 2] / along_axis)


def test_a_projection_matrix_is_the_same_camera_at_any_scale_and_sign() -> None:
    view = camera(50)
    for factor in (1e-3, -2.5, 400.0):
        again = Camera(view.projection * factor, view.rows, view.columns)
        assert again.projection == pytest.approx(view.projection)
        assert again.source == pytest.approx(view.source)


@pytest.mark.parametrize("matrix", [np.zeros((3, 4)), np.full((3, 4), np.nan), np.eye(3)])
def test_a_matrix_that_is_no_camera_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(InputError) as caught:
        Camera(matrix, 10, 10)
    assert caught.value.code == "bad_projection"


def test_pixels_at_the_isocentre_have_the_demagnified_size() -> None:
    assert camera().pixel_size_at(np.zeros(3)) == pytest.approx(0.3 * 0.7)


def test_depth_inside_is_the_distance_to_the_border_in_millimetres() -> None:
    view = camera()
    half = 383.5 * 0.3 * 0.7
    points = np.array([[0, 0, 0], [half - 5, 0, 0], [half + 5, 0, 0]])
    assert view.depth_inside(points) == pytest.approx([half, 5, -5])


def test_cropping_moves_the_pixels_and_nothing_else() -> None:
    view = camera(20)
    part = view.cropped(100, 600, 50, 700)
    assert (part.rows, part.columns) == (500, 650)
    point = np.array([[10.0, -20.0, 30.0]])
    assert part.project(point)[0] == pytest.approx(view.project(point)[0] - [50, 100])
    assert part.source == pytest.approx(view.source)


@pytest.mark.parametrize("angle", [0, 7, 90, 180, -90, 172])
def test_upright_pictures_have_the_same_sense_from_every_side(angle: float) -> None:
    view = camera(angle)
    picture = view.transformed(view.upright_map(224, 256), 256, 256)
    leading = np.array([1.0, 0, 0]) if abs(np.cos(np.deg2rad(angle))) > 0.7 else np.array([0, 1.0, 0])
    (centre, ahead, up), _ = picture.project(np.stack([np.zeros(3), leading, [0, 0, 1.0]]))
    assert centre == pytest.approx([127.5, 127.5])
    assert ahead[0] > centre[0]
    assert up[1] < centre[1]
    assert abs(up[0] - centre[0]) < 1e-9
    assert picture.pixel_size_at(np.zeros(3)) == pytest.approx(224 / 256)


def test_the_angle_between_views_counts_opposite_detectors_as_the_same() -> None:
    for second, separation in ((90, 90), (-90, 90), (60, 60), (120, 60), (180, 0)):
        assert BiplanarRig((camera(0), camera(second))).separation == pytest.approx(separation, abs=1e-5)


def test_the_cube_converts_to_the_unit_frame_and_back() -> None:
    cube = ReconstructionCube()
    points = np.random.default_rng(1).uniform(-100, 100, (20, 3))
    assert np.abs(cube.to_unit(points)).max() <= 1
    assert cube.to_mm(cube.to_unit(points)) == pytest.approx(points)
    view = camera(25)
    unit = cube.unit_projections(view.projection, 256)
    homogeneous = cube.to_unit(points) @ unit[:, :3].T + unit[:, 3]
    pixels, depth = view.project(points)
    assert (homogeneous[:, :2] / homogeneous[:, 2:] + 1) / 2 * 255 == pytest.approx(pixels)
    assert homogeneous[:, 2] * 100 == pytest.approx(depth)
