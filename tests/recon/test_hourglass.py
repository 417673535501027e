"""The paper's X-ray network: features lie where the camera projects a point, depth is what geometry says."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from recon.networks.build import build_network
from recon.networks.hourglass import FIRST, STRIDE, StackedHourglass
from tests.data import ROOT
from tests.recon.test_network_kinds import HOURGLASS
from tests.recon.views import camera, picture_camera, unit_projections

ANGLES = (0.0, 90.0)
SIZE = 64


def network(**changes: Any) -> Any:
    torch.manual_seed(0)
    return build_network({**HOURGLASS, **changes}).eval()


def test_features_of_a_point_are_those_at_its_projections() -> None:
    """Against bilinear interpolation by hand at the camera's own pixel, in the order [F_0; z_0; F_1; z_1]."""
    net = network()
    points = np.random.default_rng(0).uniform(-70, 70, (20, 3))
    with torch.inference_mode():
        encoding = net.encode(torch.randn(1, 2, 2, SIZE, SIZE), unit_projections(*ANGLES, pixels=SIZE))
        found = net.point_features(encoding, torch.from_numpy(points / 100).float()[None])[0].numpy()
    assert encoding.maps.shape == (1, 2, 8, SIZE // STRIDE, SIZE // STRIDE)
    width = 8 + 1
    for view, angle in enumerate(ANGLES):
        pixels, _ = picture_camera(angle, SIZE).project(points)
        maps = encoding.maps[0, view].numpy()
        for (column, row), features in zip((pixels - FIRST) / STRIDE, found, strict=True):
            x, y = int(np.floor(column)), int(np.floor(row))
            a, b = column - x, row - y
            expected = (1 - b) * ((1 - a) * maps[:, y, x] + a * maps[:, y, x + 1]) + b * (
                (1 - a) * maps[:, y + 1, x] + a * maps[:, y + 1, x + 1]
            )
            assert features[view * width : view * width + 8] == pytest.approx(expected, abs=1e-4)


def test_depth_is_the_distance_to_the_imaging_plane() -> None:
    """In units of 100 mm, less the distance of the isocentre."""
    net = network()
    points = np.random.default_rng(1).uniform(-70, 70, (20, 3))
    with torch.inference_mode():
        encoding = net.encode(torch.randn(1, 2, 2, SIZE, SIZE), unit_projections(*ANGLES, pixels=SIZE))
        found = net.point_features(encoding, torch.from_numpy(points / 100).float()[None])[0].numpy()
    for view, angle in enumerate(ANGLES):
        t = np.deg2rad(angle)
        towards_detector = np.array([np.sin(t), -np.cos(t), 0])
        imaging_plane = 1000 - 700  # mm behind the isocentre
        distance = imaging_plane - points @ towards_detector
        assert found[:, view * 9 + 8] * 100 == pytest.approx(distance - imaging_plane, abs=1e-3)
        assert towards_detector == pytest.approx(camera(angle).direction)


def test_a_feature_pixel_sees_the_picture_round_its_centre() -> None:
    """Mirrored kernels on a mirrored picture give mirrored features, if the picture is mirrored about a
    feature pixel's centre: that is where ``FIRST`` and ``STRIDE`` say it is."""
    torch.manual_seed(0)
    encoder = StackedHourglass(1, stem=(8, 16), channels=16, outputs=4, stacks=1, depth=1, groups=4).eval()
    image = torch.zeros(1, 1, SIZE, SIZE)
    image[..., 20:44, 20:44] = torch.randn(24, 24)
    with torch.inference_mode():
        plain = encoder(image)[-1]
        for module in encoder.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.data = module.weight.data.flip(-1)
        # Column u goes to 4 j + 1 + 4 k + 1 - u with j + k one less than the number of feature pixels.
        mirrored = encoder(image.flip(-1).roll(-1, -1))[-1]
    last = SIZE // STRIDE - 1
    assert STRIDE * last + 2 * FIRST == SIZE - 2
    inner = slice(3, -3)
    assert torch.allclose(plain.flip(-1)[..., inner, inner], mirrored[..., inner, inner], atol=1e-4)
    assert not torch.allclose(plain[..., inner, inner], mirrored[..., inner, inner], atol=1e-1)


def test_points_outside_a_picture_have_no_features_of_that_view() -> None:
    net = network()
    outside = torch.tensor([[[0.0, 0.0, 1.9]]])
    with torch.inference_mode():
        encoding = net.encode(torch.randn(1, 2, 2, SIZE, SIZE), unit_projections(*ANGLES, pixels=SIZE))
        features = net.point_features(encoding, outside)[0, 0]
    assert (features[:8] == 0).all()
    assert (features[9:17] == 0).all()


def test_pictures_of_another_size_are_taken() -> None:
    """A smooth picture at twice the pixels gives nearly the same logits."""
    net = network()
    points = torch.rand(1, 30, 3) * 1.2 - 0.6
    coarse = nn.functional.interpolate(
        torch.randn(2, 2, 8, 8), (SIZE, SIZE), mode="bicubic", align_corners=True
    )
    fine = nn.functional.interpolate(coarse, (2 * SIZE, 2 * SIZE), mode="bicubic", align_corners=True)
    with torch.inference_mode():
        one = net(coarse[None], unit_projections(*ANGLES, pixels=SIZE), points)
        other = net(fine[None], unit_projections(*ANGLES, pixels=SIZE), points)
    assert (one - other).abs().mean() < 0.1 * one.abs().mean()


@pytest.mark.parametrize("deep", [False, True])
def test_stacks_are_kept_for_supervision_in_training_only(deep: bool) -> None:
    net = network(deep_supervision=deep)
    images, projections = torch.randn(1, 2, 2, SIZE, SIZE), unit_projections(*ANGLES, pixels=SIZE)
    assert len(net.encode(images, projections).stages) == 1
    stages = net.train().encode(images, projections).stages
    assert len(stages) == (2 if deep else 1)
    assert stages[-1].maps.shape == stages[0].maps.shape


@pytest.mark.parametrize("views", [1, 3, 4])
def test_more_or_fewer_views_change_the_width_only(views: int) -> None:
    net = network(views=views, depth_channel=views != 3)
    assert net.feature_channels == views * (8 + (views != 3))
    images, angles = torch.randn(1, views, 2, SIZE, SIZE), (0.0, 90.0, 45.0, 135.0)[:views]
    with torch.inference_mode():
        logits = net(images, unit_projections(*angles, pixels=SIZE), torch.zeros(1, 7, 3))
    assert logits.shape == (1, 7, 5)


@pytest.mark.parametrize("name", ["paper", "small"])
def test_the_configurations_name_every_size(name: str) -> None:
    """A default that changes must not change a published configuration."""
    from dataclasses import fields

    from recon.networks.pixel_aligned import HourglassConfig

    table = tomllib.loads((ROOT / "recon" / "configs" / f"{name}.toml").read_text())["xray"]["network"]
    assert set(table) == {"kind", *(field.name for field in fields(HourglassConfig))}
