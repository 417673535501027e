"""The CT network and the volumetric CNN: voxels are where the cube says, memory saving changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from recon.geometry import ReconstructionCube
from recon.networks.build import build_network
from recon.networks.vnet import VNet, VNetConfig, VNetNetwork, normalise_hu
from tests.recon.test_network_kinds import VNET, XRAY
from tests.recon.views import picture_camera, unit_projections


def test_voxel_aligned_features_at_a_node_are_the_heads_of_that_voxel() -> None:
    torch.manual_seed(0)
    network: Any = build_network(VNET).eval()
    axis = ReconstructionCube().grid_axis(16)
    at = np.array([[3, 7, 11], [0, 0, 15], [15, 8, 2]])  # x, y, z
    points = torch.from_numpy(ReconstructionCube().to_unit(axis[at])).float()[None]
    with torch.inference_mode():
        encoding = network.encode(torch.randn(1, 1, 16, 16, 16))
        found = network.point_features(encoding, points)[0]
        for (x, y, z), features in zip(at, found, strict=True):
            assert torch.allclose(features, network.head(encoding.volume[0, :, z, y, x]), atol=1e-4)
    assert network.feature_channels == 64


def test_coordinates_of_each_voxel_join_the_input_where_wanted() -> None:
    network: Any = build_network({**VNET, "coordinates": True})
    network.encoder = nn.Identity()
    volume = torch.randn(2, 1, 16, 16, 16)
    seen = network.encode(volume).volume
    assert torch.equal(seen[:, :1], volume)
    axis = ReconstructionCube().to_unit(ReconstructionCube().grid_axis(16))
    assert seen[1, 1:, 3, 5, 11].numpy() == pytest.approx(axis[[3, 5, 11]], abs=1e-6)


def test_the_features_follow_the_volume() -> None:
    """A step of the coarsest voxel, away from the border, moves the features along."""
    torch.manual_seed(0)
    encoder = VNet(1, 8, 3).eval()
    volume = torch.zeros(1, 1, 32, 32, 32)
    volume[..., 12:20, 12:20, 12:20] = torch.randn(8, 8, 8)
    with torch.inference_mode():
        still, moved = encoder(volume), encoder(volume.roll(4, 2))
    inner = (..., slice(12, 20), slice(12, 20), slice(12, 20))
    difference = (still.roll(4, 2) - moved)[inner].abs().mean()  # the norms see other borders
    assert difference < 0.02 * moved[inner].abs().mean()
    assert (still - moved)[inner].abs().mean() > 0.2 * moved[inner].abs().mean()


def test_recomputing_gives_the_same_gradients() -> None:
    torch.manual_seed(0)
    kept, again = VNet(1, 8, 3).train(), VNet(1, 8, 3, recompute=True).train()
    again.load_state_dict(kept.state_dict())
    volume = torch.randn(1, 1, 16, 16, 16)
    for encoder in (kept, again):
        encoder(volume).square().mean().backward()
    for one, other in zip(kept.parameters(), again.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.allclose(one.grad, other.grad, atol=1e-6)


def test_hounsfield_units_keep_cortex_and_metal_apart() -> None:
    hu = np.array([-2000.0, -1000, 0, 60, 1500, 2000, 2900, 5000], np.float32)
    expected = [-1, -1, 0, 0.06, 1.5, 2.0, 2.9, 3.0]
    assert normalise_hu(hu) == pytest.approx(expected)
    assert normalise_hu(torch.from_numpy(hu)).numpy() == pytest.approx(expected)


def test_pictures_are_replicated_along_their_rays() -> None:
    """The value in a voxel is the picture's where the camera projects the voxel's centre."""
    network: Any = build_network(XRAY["volume_cnn"])
    size, pixels = 16, 64
    rows, columns = np.mgrid[:pixels, :pixels]
    pictures = np.stack([columns + 0.5 * rows, rows - 2.0 * columns]).astype(np.float32)  # linear: exact
    projections = unit_projections(0, 90, pixels=pixels)
    volume = network.replicate(torch.from_numpy(pictures)[None, :, None], projections)[0].numpy()
    assert volume.shape == (2, size, size, size)
    axis = ReconstructionCube().grid_axis(size)
    for x, y, z in [(5, 9, 8), (10, 3, 6), (7, 8, 9)]:
        for view, angle in enumerate((0, 90)):
            (column, row), _ = picture_camera(angle, pixels).project(np.array([axis[x], axis[y], axis[z]]))
            expected = (column + 0.5 * row, row - 2.0 * column)[view]
            assert volume[view, z, y, x] == pytest.approx(expected, abs=1e-2)


def test_folded_features_lie_where_their_voxels_do() -> None:
    network = VNetNetwork(VNetConfig(size=16, base=8, levels=2, features=3, fold=2, coordinates=True))
    axis = torch.linspace(-1, 1, 16)
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    volumes = torch.stack([x, y, z])[:, None]
    points = torch.rand(1, 200, 3, generator=torch.Generator().manual_seed(0)) * 1.7 - 0.85

    class Mean(nn.Module):
        def forward(self, folded: torch.Tensor) -> torch.Tensor:
            return folded[:, :8].mean(1, keepdim=True)  # without the coordinates

    network.encoder, network.head = Mean(), nn.Identity()  # type: ignore[assignment]
    for number, volume in enumerate(volumes):
        found = network.point_features(network.encode(volume[None]), points)
        assert torch.allclose(found[0, :, 0], points[0, :, number], atol=1e-5)


def test_a_network_with_folds_and_coordinates_answers_at_points() -> None:
    network = VNetNetwork(
        VNetConfig(size=16, base=8, levels=2, features=8, decoder=(8,), fold=2, coordinates=True)
    )
    encoding = network.encode(torch.rand(2, 1, 16, 16, 16))
    assert encoding.volume.shape == (2, 16, 8, 8, 8)
    assert network.decode_points(encoding, torch.rand(2, 9, 3)).shape == (2, 9, 5)
