"""The projector against closed forms, against brute force, and its gradient against differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from recon.drr.joseph import project_volume
from recon.geometry import Camera


def camera(primary: float = 0.0, secondary: float = 0.0, pixels: int = 48) -> Camera:
    return Camera.from_angles(
        source_to_detector=1000,
        source_to_isocentre=700,
        primary_angle=primary,
        secondary_angle=secondary,
        pixel_spacing=(120 / pixels, 120 / pixels),
        rows=pixels,
        columns=pixels,
    )


def grid(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Affine of a volume about the origin, and (Z, Y, X, 3) of its voxel centres."""
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = -(np.array(shape[::-1]) - 1) / 2 * spacing
    z, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    return affine, np.stack([x, y, z], -1) * spacing + affine[:3, 3]


def rays(view: Camera) -> np.ndarray:
    columns, rows = np.meshgrid(np.arange(view.columns, dtype=float), np.arange(view.rows, dtype=float))
    return view.rays(np.stack([columns, rows], -1))


@pytest.mark.parametrize(("primary", "secondary"), [(0, 0), (90, 0), (45, 0), (30, 12), (-100, -8), (0, 60)])
def test_a_ball_casts_its_chords_from_every_side(primary: float, secondary: float) -> None:
    view, radius = camera(primary, secondary), 28.0
    affine, points = grid((90, 80, 100), (0.8, 1.0, 0.9))
    centre = np.array([1.3, -2.1, 3.7])
    # A soft edge one voxel wide has the same mean chord as the sharp one.
    ball = np.clip(radius - np.linalg.norm(points - centre, axis=-1) + 0.5, 0, 1)
    found = project_volume(torch.from_numpy(ball.astype(np.float32)), affine, view).numpy()
    towards = view.source - centre
    along = rays(view) @ towards
    exact = 2 * np.sqrt(np.maximum(along**2 - (towards @ towards - radius**2), 0))
    assert np.abs(found - exact)[exact > 40].max() < 0.5  # the ball itself is only known to a voxel
    assert np.abs(found - exact).mean() < 0.1


def test_a_box_casts_slab_lengths() -> None:
    view = camera(0, 0)
    affine, points = grid((60, 60, 60), (1.0, 1.0, 1.0))
    box = (np.abs(points) < np.array([20.0, 25.0, 15.0])).all(-1).astype(np.float32)
    found = project_volume(torch.from_numpy(box), affine, view).numpy()
    direction = rays(view)
    enter, leave = np.full(found.shape, -np.inf), np.full(found.shape, np.inf)
    for axis, half in enumerate((20.0, 25.0, 15.0)):
        with np.errstate(divide="ignore"):
            one, two = ((side - view.source[axis]) / direction[..., axis] for side in (-half, half))
        enter, leave = np.maximum(enter, np.minimum(one, two)), np.minimum(leave, np.maximum(one, two))
    exact = np.maximum(leave - enter, 0)
    deep = ndimage.minimum_filter(exact, 5) > 49
    assert deep.any()
    assert np.abs(found - exact)[deep].max() < 0.02


@pytest.mark.parametrize(("primary", "secondary"), [(0, 0), (45, 0), (70, 20)])
def test_it_agrees_with_fine_steps_along_each_ray_on_a_sheared_grid(primary: float, secondary: float) -> None:
    view = camera(primary, secondary, pixels=24)
    affine, _ = grid((40, 44, 48), (1.1, 0.9, 1.3))
    affine[0, 2], affine[1, 2] = 0.2, -0.15  # a tilted gantry
    values = ndimage.gaussian_filter(np.random.default_rng(0).random((40, 44, 48)), 2.5).astype(np.float32)
    values[[0, -1]] = values[:, [0, -1]] = values[:, :, [0, -1]] = 0
    found = project_volume(torch.from_numpy(values), affine, view).numpy()
    steps = np.arange(600, 800, 0.1)
    points = view.source + rays(view)[..., None, :] * steps[:, None]
    inverse = np.linalg.inv(affine)
    indices = (points @ inverse[:3, :3].T + inverse[:3, 3]).reshape(-1, 3).T[::-1]
    samples = ndimage.map_coordinates(values, indices, order=1, mode="grid-constant")
    expected = samples.reshape(points.shape[:-1]).sum(-1) * 0.1
    assert expected.max() > 10
    assert np.abs(found - expected).max() < 0.02 * expected.max()


def test_moving_the_volume_by_part_of_a_voxel_moves_the_shadow_by_as_much() -> None:
    view = camera(0, 0, pixels=120)
    affine, points = grid((60, 60, 60), (1.0, 1.0, 1.0))
    blob = torch.from_numpy(np.exp(-np.square(points).sum(-1) / 120).astype(np.float32))
    columns = np.arange(view.columns)

    def centroid(shift: float) -> float:
        moved = affine.copy()
        moved[0, 3] += shift
        image = project_volume(blob, moved, view).numpy().sum(0)
        return float((image * columns).sum() / image.sum())

    per_mm = 1000 / 700 / 1.0
    for shift in (0.1, 0.35, 0.5, 0.85):
        assert centroid(shift) - centroid(0.0) == pytest.approx(shift * per_mm, abs=0.01)


def test_the_gradient_is_the_adjoint_and_matches_differences() -> None:
    view = camera(40, 10, pixels=16)
    affine, _ = grid((14, 15, 16), (4.0, 4.0, 4.0))
    rng = np.random.default_rng(1)
    values = torch.from_numpy(rng.random((14, 15, 16)).astype(np.float32)).requires_grad_()
    weights = torch.from_numpy(rng.random((16, 16)).astype(np.float32))
    image = project_volume(values, affine, view)
    (image * weights).sum().backward()
    assert values.grad is not None
    # <A x, w> = <x, A' w>
    assert float((values.grad * values.detach()).sum()) == pytest.approx(
        float((image * weights).sum().detach()), rel=1e-5
    )
    for index in ((7, 7, 7), (3, 9, 12), (0, 0, 0), (13, 14, 15)):
        bumped = values.detach().clone()
        bumped[index] += 1.0
        difference = float(((project_volume(bumped, affine, view) - image.detach()) * weights).sum())
        assert float(values.grad[index]) == pytest.approx(difference, abs=2e-3)
