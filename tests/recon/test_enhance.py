"""Enhanced X-rays (Eq. 8) against independent numpy, and the network that finds bone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from recon.networks.build import build_network
from recon.networks.enhance import bone_shadow, enhance, enhanced_channels

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(3, 2, 9, 9))
MASK = RNG.random((3, 2, 9, 9)) < 0.4


@pytest.mark.parametrize("weight", [0.0, 0.5, 0.8, 1.0])
def test_bone_stays_and_the_rest_is_dimmed(weight: float) -> None:
    expected = IMAGE.copy()
    expected[~MASK] *= weight
    assert enhance(IMAGE, MASK.astype(float), weight) == pytest.approx(expected, abs=1e-12)
    torched = enhance(torch.from_numpy(IMAGE), torch.from_numpy(MASK).double(), weight)
    assert torched.numpy() == pytest.approx(expected, abs=1e-12)


def test_the_weight_is_the_papers() -> None:
    assert enhance(np.array([8.0, 8.0]), np.array([0.0, 1.0])).tolist() == [4.0, 8.0]


def test_both_pictures_are_channels_the_original_first() -> None:
    found = enhanced_channels(torch.from_numpy(IMAGE), torch.from_numpy(MASK)).numpy()
    assert found.shape == (3, 2, 2, 9, 9)
    assert found[:, :, 0] == pytest.approx(IMAGE)
    assert found[:, :, 1] == pytest.approx(np.where(MASK, IMAGE, 0.5 * IMAGE))


@pytest.mark.parametrize("classes", [1, 2])
@pytest.mark.parametrize("pixels", [32, 48])
def test_a_logit_for_every_pixel_whatever_the_size(classes: int, pixels: int) -> None:
    torch.manual_seed(0)
    table = {"kind": "unet", "pixels": 32, "base": 8, "levels": 3, "classes": classes}
    network: Any = build_network(table).eval()
    images = torch.randn(2, 3, pixels, pixels)
    with torch.inference_mode():
        logits = network(images.flatten(0, 1)[:, None])
        assert logits.shape == (6, 1, pixels, pixels)
        shadow = bone_shadow(network, images)
    assert shadow.shape == (2, 3, pixels, pixels)
    assert torch.equal(shadow[1, 2], logits[5, 0] > 0)


def test_it_learns_a_disc() -> None:
    """Forty steps on noisy discs: most pixels of an unseen one are right."""
    torch.manual_seed(0)
    network: Any = build_network({"kind": "unet", "pixels": 32, "base": 8, "levels": 3}).train()
    grid = torch.stack(torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij"), -1)

    def discs(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        centres = torch.rand(count, 1, 1, 2) * 16 + 8
        mask = ((grid - centres).norm(dim=-1) < 7).float()[:, None]
        return mask + 0.5 * torch.randn(count, 1, 32, 32), mask

    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(40):
        images, masks = discs(8)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(images), masks)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    images, masks = discs(16)
    with torch.inference_mode():
        found = network.eval()(images) > 0
    overlap = 2 * (found & (masks > 0)).sum() / (found.sum() + masks.sum())
    assert float(overlap) > 0.85
