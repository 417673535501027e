"""The released code's networks have its parameters, by name and shape, so that its weights load."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import torch

from recon.networks.build import build_network
from recon.networks.decoder import SkipDecoder
from tests.data import ROOT

Shapes = dict[str, tuple[int, ...]]
CONFIG = tomllib.loads((ROOT / "recon" / "configs" / "released.toml").read_text())


def with_bias(name: str, *shape: int) -> Shapes:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def residual(name: str, inputs: int, outputs: int) -> Shapes:
    half, quarter = outputs // 2, outputs // 4
    shapes: Shapes = {
        f"{name}.conv1.weight": (half, inputs, 3, 3),
        f"{name}.conv2.weight": (quarter, half, 3, 3),
        f"{name}.conv3.weight": (quarter, quarter, 3, 3),
        **with_bias(f"{name}.bn1", inputs),
        **with_bias(f"{name}.bn2", half),
        **with_bias(f"{name}.bn3", quarter),
        **with_bias(f"{name}.bn4", inputs),
    }
    if inputs != outputs:
        shapes |= {**with_bias(f"{name}.downsample.0", inputs)}
        shapes[f"{name}.downsample.2.weight"] = (outputs, inputs, 1, 1)
    return shapes


def encoder(name: str) -> Shapes:
    shapes = with_bias(f"{name}.conv1", 64, 2, 7, 7) | with_bias(f"{name}.bn1", 64)
    shapes |= residual(f"{name}.conv2", 64, 128) | residual(f"{name}.conv3", 128, 128)
    shapes |= residual(f"{name}.conv4", 128, 256)
    for stack in range(4):
        for block in ("b1_2", "b2_2", "b3_2", "b1_1", "b2_1", "b2_plus_1", "b3_1"):
            shapes |= residual(f"{name}.m{stack}.{block}", 256, 256)
        shapes |= residual(f"{name}.top_m_{stack}", 256, 256)
        shapes |= with_bias(f"{name}.bn_end{stack}", 256)
        for layer in ("conv_last", "l") if stack == 3 else ("conv_last", "l", "bl", "al"):
            shapes |= with_bias(f"{name}.{layer}{stack}", 256, 256, 1, 1)
    return shapes


def xray_network() -> Shapes:
    """The parameters of ``HGPIFuNet_xray`` in github.com/xmed-lab/SSR-KD, commit d75b1d1."""
    return {
        **encoder("frontal_filter"),
        **encoder("lateral_filter"),
        **with_bias("surface_classifier.conv0", 512, 512, 1),
        **with_bias("surface_classifier.conv1", 128, 1024, 1),
        **with_bias("surface_classifier.conv2", 5, 640, 1),
        "projector.weight": (64, 512, 1),
    }


def segmentation_network() -> Shapes:
    """The parameters of ``UNet(1, 2)`` there."""
    shapes: Shapes = {}

    def pair(name: str, inputs: int, outputs: int) -> None:
        for number, width in ((0, inputs), (3, outputs)):
            shapes[f"{name}.double_conv.{number}.weight"] = (outputs, width, 3, 3)
            norm = f"{name}.double_conv.{number + 1}"
            shapes.update(with_bias(norm, outputs))
            shapes.update({f"{norm}.running_mean": (outputs,), f"{norm}.running_var": (outputs,)})
            shapes[f"{norm}.num_batches_tracked"] = ()

    pair("inc", 1, 64)
    for number, width in enumerate((64, 128, 256, 512), start=1):
        pair(f"down{number}.maxpool_conv.1", width, 2 * width)
    for number, width in enumerate((1024, 512, 256, 128), start=1):
        shapes[f"up{number}.up.weight"] = (width, width // 2, 2, 2)
        shapes[f"up{number}.up.bias"] = (width // 2,)
        pair(f"up{number}.conv", width, width // 2)
    return shapes | with_bias("outc.conv", 2, 64, 1, 1)


@pytest.mark.parametrize(
    ("part", "expected"), [("xray", xray_network()), ("segmentation", segmentation_network())]
)
def test_weights_of_the_released_code_load(part: str, expected: Shapes) -> None:
    state = {
        name: torch.full(shape, float(number)) if shape else torch.tensor(7)
        for number, (name, shape) in enumerate(expected.items())
    }
    network = build_network(CONFIG[part]["network"])
    network.load_state_dict(state, strict=True)
    loaded = network.state_dict()
    first, last = next(iter(expected)), list(expected)[-1]
    assert (loaded[first] == 0).all()
    assert (loaded[last] == len(expected) - 1).all()


def test_it_has_as_many_parameters_as_the_released_model() -> None:
    network = build_network(CONFIG["xray"]["network"])
    assert sum(parameter.numel() for parameter in network.parameters()) / 1e6 == pytest.approx(29.3, abs=0.05)


def test_every_layer_of_the_decoder_sees_the_input() -> None:
    """Against the same sums by hand: the hidden channels first, then the input's."""
    torch.manual_seed(0)
    decoder: Any = SkipDecoder([6, 4, 3, 5])
    features = torch.randn(2, 9, 6)

    def layer(number: int, x: torch.Tensor) -> torch.Tensor:
        conv = getattr(decoder, f"conv{number}")
        return torch.einsum("oi,bni->bno", conv.weight[..., 0], x) + conv.bias

    def leaky(x: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, x, 0.01 * x)

    hidden = leaky(layer(0, features))
    hidden = leaky(layer(1, torch.cat([hidden, features], 2)))
    assert torch.allclose(decoder(features), layer(2, torch.cat([hidden, features], 2)), atol=1e-5)


def test_the_enhanced_picture_comes_first_there() -> None:
    """Pictures come as [I; I_m], as in the paper, and reach the encoder as [I_m; I]."""
    torch.manual_seed(0)
    network: Any = build_network({**CONFIG["xray"]["network"], "pixels": 32, "stacks": 1}).eval()
    images = torch.rand(1, 2, 2, 32, 32)
    with torch.inference_mode():
        maps = network.encode(images, torch.zeros(1, 2, 3, 4)).maps
        swapped = torch.stack([images[:, 0, 1], images[:, 0, 0]], 1)
        assert torch.allclose(maps[:, 0], network.frontal_filter(swapped)[-1], atol=1e-4)
