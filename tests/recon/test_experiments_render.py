"""The z-buffer: what lies in front is seen, from the side that was asked for, lit, and cut where told."""

from __future__ import annotations

import numpy as np
import trimesh

from recon.render import Surface, render

RED, BLUE = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])


def ball(centre: tuple[float, float, float], radius: float) -> trimesh.Trimesh:
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    return mesh.apply_translation(centre)


def picture(surfaces: list[Surface], angle: float) -> np.ndarray:
    image = render(surfaces, angle, centre=np.zeros(3), width_mm=100, height_mm=80, pixels=160)
    assert image.size == (200, 160)
    return np.asarray(image, float)


def colour(image: np.ndarray, column: int, row: int) -> str:
    r, _, b = image[row, column]
    return "red" if r > b else "blue" if b > r else "none"


def test_a_ball_covers_its_disc_and_no_more() -> None:
    image = picture([Surface(ball((0, 0, 0), 30), RED)], 0)
    seen = (image < 255).any(axis=2)
    assert abs(seen.sum() / (np.pi * 60**2) - 1) < 0.01  # two pixels a millimetre
    y, x = np.nonzero(seen)
    assert abs(x.mean() - 99.5) < 0.5
    assert abs(y.mean() - 79.5) < 0.5


def test_the_nearer_surface_is_seen_whatever_the_order() -> None:
    front, back = Surface(ball((0, -20, 0), 10), RED), Surface(ball((0, 20, 0), 10), BLUE)
    for surfaces in ([front, back], [back, front]):
        assert colour(picture(surfaces, 0), 100, 80) == "red"
        assert colour(picture(surfaces, 180), 100, 80) == "blue"


def test_sides_are_as_a_viewer_sees_them() -> None:
    left, behind = Surface(ball((25, 0, 15), 8), RED), Surface(ball((0, 25, -15), 8), BLUE)
    front = picture([left, behind], 0)
    assert colour(front, 150, 50) == "red"  # the patient's left is on the viewer's right, superior is up
    assert colour(front, 100, 110) == "blue"
    side = picture([left, behind], 90)
    assert colour(side, 150, 110) == "blue"  # posterior is on the right from the patient's left
    assert colour(picture([left], 180), 50, 50) == "red"


def test_light_falls_from_above() -> None:
    image = picture([Surface(ball((0, 0, 0), 30), np.ones(3))], 0)
    assert image[40, 100, 0] > image[120, 100, 0] + 30


def test_a_surface_ends_where_its_depth_is_negative() -> None:
    mesh = ball((0, 0, 0), 30)
    image = picture([Surface(mesh, RED, depth=mesh.vertices[:, 2] - 10)], 90)
    rows = np.nonzero((image < 255).any(axis=(1, 2)))[0]
    assert rows.min() <= 21
    assert abs(rows.max() - (79.5 - 20)) <= 1


def test_nothing_to_show_is_background() -> None:
    assert (picture([], 0) == 255).all()
