"""Every kind of network keeps the common interface: shapes, gradients, one way to ask at points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from recon.errors import InputError
from recon.networks.build import KINDS, build_network
from recon.networks.norm import GroupNorm
from recon.networks.sampling import interpolate, resize_pictures
from tests.recon.views import unit_projections

HOURGLASS = {
    "kind": "hourglass",
    "pixels": 64,
    "stem": [8, 16],
    "channels": 16,
    "features": 8,
    "stacks": 2,
    "depth": 1,
    "groups": 4,
    "decoder": [32, 16],
}
XRAY: dict[str, dict[str, Any]] = {
    "lift": {
        "kind": "lift",
        "pixels": 64,
        "image_channels": [8, 16, 16, 16],
        "lift_channels": 8,
        "volume_channels": [8, 16, 16],
        "volume_size": 8,
        "hidden": 16,
    },
    "hourglass": HOURGLASS,
    "released": {"kind": "released", "pixels": 64, "features": 16, "stacks": 2, "decoder": [16, 8]},
    "volume_cnn": {"kind": "volume_cnn", "size": 16, "base": 8, "levels": 3},
}
CT = {
    "vnet": {"kind": "vnet", "size": 16, "base": 8, "levels": 3, "features": 64, "decoder": [16, 8]},
    "released_ct": {"kind": "released_ct", "size": 16, "base": 8, "decoder": [16, 8]},
}
VNET = CT["vnet"]


def some_points(count: int = 50) -> torch.Tensor:
    return torch.rand(2, count, 3, generator=torch.Generator().manual_seed(3)) * 1.6 - 0.8


def encoded(kind: str, network: nn.Module) -> Any:
    if kind in CT:
        return network.encode(torch.randn(2, 1, 16, 16, 16))  # type: ignore[operator]
    projections = unit_projections(0, 90).expand(2, -1, -1, -1)
    return network.encode(torch.randn(2, 2, network.inputs, 64, 64), projections)  # type: ignore[operator]


@pytest.fixture(params=[*XRAY, *CT])
def kind(request: pytest.FixtureRequest) -> str:
    torch.manual_seed(0)
    return str(request.param)


def made(kind: str) -> Any:
    return build_network({**XRAY, **CT}[kind])


def test_every_kind_that_makes_bones_is_tried_here() -> None:
    assert {*XRAY, *CT, "unet", "fractures"} == set(KINDS)


def test_decoding_points_is_decoding_their_features(kind: str) -> None:
    network = made(kind).eval()
    with torch.inference_mode():
        encoding = encoded(kind, network)
        features = network.point_features(encoding, some_points())
        assert features.shape == (2, 50, network.feature_channels)
        logits = network.decode_points(encoding, some_points())
        assert logits.shape == (2, 50, 5)
        assert torch.equal(network.decode(features), logits)
        assert logits.std() > 0


def test_points_are_asked_independently_of_each_other(kind: str) -> None:
    network = made(kind).eval()
    with torch.inference_mode():
        encoding = encoded(kind, network).float()
        every = network.decode_points(encoding, some_points())
        some = network.decode_points(encoding, some_points()[:, 10:20])
    assert torch.allclose(every[:, 10:20], some, atol=1e-4)


def test_every_parameter_that_can_matter_gets_a_gradient(kind: str) -> None:
    network = made(kind).train()
    for parameter in network.parameters():
        # A layer that begins as doing nothing passes no gradient on until a first step has moved it.
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    encoding = encoded(kind, network)
    stages = getattr(encoding, "stages", [encoding])
    logits = sum(network.decode_points(stage, some_points()) for stage in stages)
    assert isinstance(logits, torch.Tensor)
    logits.square().mean().backward()
    # Weights that the released code carries along: the distillation projector, and the norm before a
    # shortcut that a block without one does not have. Shadows are asked for by the training of "lift" alone.
    idle = ("projector", "bn4", "shadow")
    silent = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or float(parameter.grad.abs().max()) == 0
    ]
    assert not [name for name in silent if not any(part in name for part in idle)]


def test_the_encoder_runs_in_bfloat16_and_says_nearly_the_same(kind: str) -> None:
    network = made(kind).eval()
    with torch.inference_mode():
        torch.manual_seed(1)
        full = network.decode_points(encoded(kind, network), some_points())
        torch.manual_seed(1)
        with torch.autocast("cpu", torch.bfloat16):
            encoding = encoded(kind, network)
        half = network.decode_points(encoding.float(), some_points())
    assert (half - full).abs().mean() < 0.1 * full.abs().mean()
    if kind != "lift":  # the others read a half-precision encoding as it is
        with torch.inference_mode():
            narrow = network.decode_points(encoding, some_points())
        assert narrow.dtype == torch.float32
        assert (narrow - half).abs().mean() < 0.1 * full.abs().mean()


@pytest.mark.parametrize("kind", ["hourglass", "released", "volume_cnn"])
def test_each_view_of_the_paper_has_its_own_encoder(kind: str) -> None:
    """Swapping the views with their projections gives something else: weights are not shared."""
    torch.manual_seed(0)
    network = made(kind).eval()
    assert network.views == 2
    images = torch.randn(1, 2, network.inputs, 64, 64)
    with torch.inference_mode():
        one = network(images, unit_projections(0, 90), some_points()[:1])
        other = network(images.flip(1), unit_projections(90, 0), some_points()[:1])
    assert not torch.allclose(one, other, rtol=0.05)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"kind": "transformer"}, "transformer"),
        ({"kind": "hourglass", "chanels": 3}, "chanels"),
        ({"kind": "hourglass", "channels": "many"}, "many"),
        ({"kind": "hourglass", "pixels": 250}, "multiple of 16"),
        ({"kind": "hourglass", "upsampling": "cubic"}, "bicubic"),
        ({"kind": "hourglass", "inputs": 3}, "enhanced"),
        ({"kind": "volume_cnn", "inputs": 0}, "enhanced"),
        ({"kind": "vnet", "size": 100}, "multiple of 16"),
        ({"kind": "vnet", "recompute": 1}, "recompute"),
        ({"kind": "unet", "pixels": 0}, "pixels"),
        ({"hidden": 64, "depths": 3}, "depths"),
    ],
)
def test_a_wrong_table_is_refused(table: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        build_network(table)
    assert caught.value.code == "bad_network"
    assert said in str(caught.value)


def test_a_volume_that_does_not_halve_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        build_network(VNET).encode(torch.zeros(1, 1, 18, 16, 16))  # type: ignore[operator]
    assert caught.value.code == "bad_volume"


def test_weights_go_through_a_file(kind: str, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    network, path = made(kind), tmp_path / "weights.safetensors"
    save_file({name: value.half().contiguous() for name, value in network.state_dict().items()}, path)
    other = made(kind)
    other.load_state_dict(load_file(path))
    for name, value in network.state_dict().items():
        assert torch.allclose(other.state_dict()[name], value, atol=2e-3)


@pytest.mark.parametrize("sizes", [(5, 9), (4, 6, 7)])
def test_interpolation_equals_grid_sample(sizes: tuple[int, ...]) -> None:
    """An independent implementation, points outside included, values and gradients."""
    torch.manual_seed(0)
    grid = torch.randn(3, 4, *sizes, requires_grad=True, dtype=torch.float64)
    unit = torch.rand(3, 40, len(sizes), dtype=torch.float64) * 2.6 - 1.3
    unit.requires_grad_()
    spread = unit[(slice(None), slice(None), *([None] * (len(sizes) - 1)))]
    expected = nn.functional.grid_sample(grid, spread, align_corners=True).flatten(2).transpose(1, 2)
    last = torch.tensor(sizes[::-1], dtype=torch.float64) - 1
    found = interpolate(grid, (unit + 1) / 2 * last)
    assert torch.allclose(found, expected, atol=1e-12)
    upstream = torch.randn_like(expected)
    for one, other in zip(
        torch.autograd.grad(found, (grid, unit), upstream),
        torch.autograd.grad(expected, (grid, unit), upstream),
        strict=True,
    ):
        assert torch.allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("pixels", [40, 64, 96])
def test_resized_pictures_keep_their_coordinates(pixels: int) -> None:
    """A ramp has the same value at the same place, to a tenth of a pixel, whatever the number of pixels."""
    ramp = torch.linspace(-1, 1, 64).expand(1, 2, 1, 64, 64)
    inner = resize_pictures(ramp, pixels)[0, 0, 0, pixels // 2]
    assert inner[4:-4] == pytest.approx(torch.linspace(-1, 1, pixels)[4:-4], abs=0.1 * 2 / (pixels - 1))


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_group_norm_in_bfloat16_is_torchs_in_single_precision(layout: torch.memory_format) -> None:
    """Values and all gradients, to the digits that bfloat16 has."""
    torch.manual_seed(0)
    ours, theirs = GroupNorm(2, 8), nn.GroupNorm(2, 8)
    for parameter in (*ours.parameters(), *theirs.parameters()):
        nn.init.normal_(parameter, generator=torch.Generator().manual_seed(len(parameter)))
    theirs.load_state_dict(ours.state_dict())
    narrow = torch.randn(3, 8, 6, 6).bfloat16().contiguous(memory_format=layout)
    wide = narrow.float().requires_grad_()
    narrow.requires_grad_()
    upstream = torch.randn(3, 8, 6, 6).bfloat16()
    found, expected = ours(narrow), theirs(wide)
    assert found.dtype == torch.bfloat16
    assert found.is_contiguous(memory_format=layout)
    assert torch.allclose(found.float(), expected, atol=0.02, rtol=0.01)
    found.backward(upstream)
    expected.backward(upstream.float())
    for one, other in ((narrow, wide), (ours.weight, theirs.weight), (ours.bias, theirs.bias)):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.allclose(one.grad.float(), other.grad, atol=0.02, rtol=0.01)
    assert torch.equal(ours(wide), theirs(wide))
