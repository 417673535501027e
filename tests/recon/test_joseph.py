"""The projector against closed forms, against brute force, and its gradient against differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from recon.drr.joseph import project_volume
from recon.geometry import Camera
from tests.benchmarks.drr_peers import attenuation_cube, peer_projector
from tests.data import shared_data


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


def skewed(pixels: int = 48) -> Camera:
    """A view whose matrix is that of no C-arm: oblong, skewed pixels and an axis off the middle."""
    plain = camera(25, 10, pixels)
    shear = np.array([[0.8, 0.15, 3.0], [-0.1, 1.1, 1.0], [1e-3, -6e-4, 1.0]])
    return Camera(shear @ plain.projection, pixels, pixels - 7)


def grid(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Affine of a volume about the origin, and (Z, Y, X, 3) of its voxel centres."""
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = -(np.array(shape[::-1]) - 1) / 2 * spacing
    z, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    return affine, np.stack([x, y, z], -1) * spacing + affine[:3, 3]


def rays(view: Camera) -> np.ndarray:
    columns, rows = np.meshgrid(np.arange(view.columns, dtype=float), np.arange(view.rows, dtype=float))
    return view.rays(np.stack([columns, rows], -1))


SIDES = [(0, 0), (90, 0), (45, 0), (30, 12), (-100, -8), (0, 60)]


@pytest.mark.parametrize("view", [*(camera(*side) for side in SIDES), skewed()])
def test_a_ball_casts_its_chords_from_every_side(view: Camera) -> None:
    radius = 28.0
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


@pytest.mark.parametrize("primary", [0, 90, 135])
def test_what_lies_behind_the_source_casts_no_shadow(primary: float) -> None:
    view = camera(primary, 0)
    affine, points = grid((60, 60, 60), (1.0, 1.0, 1.0))
    ball = torch.from_numpy((np.linalg.norm(points, axis=-1) < 20).astype(np.float32)).requires_grad_()
    for distance in (500.0, 0.0, -900.0):
        moved = affine.copy()
        moved[:3, 3] += view.direction * distance
        image = project_volume(ball, moved, view)
        (gradient,) = torch.autograd.grad(image.sum(), ball)
        lit = distance > -700
        assert (float(image.detach().max()) > 30) is lit
        assert (float(gradient.max()) > 0) is lit


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


def test_it_agrees_with_a_peer_on_a_real_ct() -> None:
    pytest.importorskip("nanodrr")
    values, affine = attenuation_cube(shared_data("ct/sts_010_dicom"), 96)
    for view in (camera(pixels=96), camera(40, 12, pixels=96), skewed(96)):
        ours = project_volume(values, affine, view)
        peer = peer_projector(values, affine, view, 480)()
        percent = 100 * (ours - peer).abs() / (peer.max() - peer.min())
        assert float(peer.max()) > 1.5
        assert float(percent.max()) < 1
        assert float(percent.mean()) < 0.05


def test_its_gradient_agrees_with_a_peer() -> None:
    pytest.importorskip("nanodrr")
    view = camera(20, 5, pixels=40)
    affine, _ = grid((30, 32, 34), (2.0, 2.0, 2.0))
    rng = np.random.default_rng(2)
    smooth = ndimage.gaussian_filter(rng.random((30, 32, 34)), 2).astype(np.float32)
    weights = torch.from_numpy(ndimage.gaussian_filter(rng.random((40, 40)), 3).astype(np.float32))
    gradients = []
    for peer in (False, True):
        values = torch.from_numpy(smooth.copy()).requires_grad_()
        image = peer_projector(values, affine, view, 600)() if peer else project_volume(values, affine, view)
        (torch.exp(-0.05 * image) * weights).sum().backward()
        assert values.grad is not None
        gradients.append(values.grad.numpy())
    ours, other = gradients
    # Single voxels get what sampling gives them; sums over a few voxels must agree.
    ours, other = (ndimage.uniform_filter(gradient, 5)[3:-3, 3:-3, 3:-3] for gradient in (ours, other))
    assert np.abs(ours - other).max() < 0.02 * np.abs(other).max()


def test_the_gradient_of_a_loss_on_the_exposure_matches_differences() -> None:
    view = skewed(20)
    affine, points = grid((16, 15, 14), (4.0, 4.5, 5.0))
    rng = np.random.default_rng(3)
    # Zero outside a ball: empty slices must get their gradient as well.
    dense = 0.02 * (np.linalg.norm(points, axis=-1) < 18) * rng.random(points.shape[:3])
    values = torch.from_numpy(dense.astype(np.float32)).requires_grad_()
    wanted = torch.from_numpy(rng.random((view.rows, view.columns)).astype(np.float32))

    def loss(volume: torch.Tensor) -> torch.Tensor:
        return (torch.exp(-project_volume(volume, affine, view).double()) - wanted).square().sum()

    loss(values).backward()
    assert values.grad is not None
    for direction in (rng.normal(size=values.shape), np.abs(points[..., 0]) > 24, np.ones(values.shape)):
        way = torch.from_numpy(np.asarray(direction, np.float32))
        step = 3e-4
        with torch.no_grad():
            ahead, behind = loss(values + step * way), loss(values - step * way)
        difference = float(ahead - behind) / (2 * step)
        assert float((values.grad * way).sum()) == pytest.approx(difference, rel=2e-3, abs=2e-2)


def test_back_projection_is_the_exact_adjoint() -> None:
    affine, _ = grid((20, 22, 24), (3.0, 2.5, 2.0))
    affine[0, 2] = 0.3
    rng = np.random.default_rng(4)
    for view in (camera(0, 0), camera(45, 0), camera(90, 20), skewed()):
        values = torch.from_numpy(rng.normal(size=(20, 22, 24)).astype(np.float32)).requires_grad_()
        weights = torch.from_numpy(rng.normal(size=(view.rows, view.columns)).astype(np.float32))
        image = project_volume(values, affine, view)
        (image * weights).sum().backward()
        assert values.grad is not None
        forwards = float((image.detach().double() * weights).sum())
        backwards = float((values.grad.double() * values.detach()).sum())
        scale = float(image.detach().norm() * weights.norm())
        assert abs(forwards - backwards) < 1e-6 * scale
