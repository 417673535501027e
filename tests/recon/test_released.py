"""The released code's networks have its parameters, by name and shape, so that its weights load."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from recon.cli import main
from recon.errors import InputError
from recon.networks.build import build_network
from recon.networks.decoder import SkipDecoder
from recon.networks.registry import find
from recon.prediction import load_network
from recon.published import import_published
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


def ct_network() -> Shapes:
    """The parameters of ``HGPIFuNet_3d`` there."""
    shapes: Shapes = {}

    def convolution(name: str, index: int, inputs: int, outputs: int, size: int, *, up: bool = False) -> None:
        channels = (inputs, outputs) if up else (outputs, inputs)
        shapes[f"im_filter.{name}.conv.{index}.weight"] = (*channels, size, size, size)
        shapes[f"im_filter.{name}.conv.{index}.bias"] = (outputs,)
        norm = f"im_filter.{name}.conv.{index + 1}"
        shapes.update(with_bias(norm, outputs))
        shapes.update({f"{norm}.running_mean": (outputs,), f"{norm}.running_var": (outputs,)})
        shapes[f"{norm}.num_batches_tracked"] = ()

    blocks = {"one": (1, 16), "two": (2, 32), "three": (3, 64), "four": (3, 128), "five": (3, 256)}
    blocks |= {"six": (3, 128), "seven": (3, 64), "eight": (2, 32), "nine": (1, 16)}
    for name, (count, width) in blocks.items():
        for number in range(count):
            convolution(f"block_{name}", 3 * number, 1 if name == "one" else width, width, 3)
    for name, width in {"one": 16, "two": 32, "three": 64, "four": 128}.items():
        convolution(f"block_{name}_dw", 0, width, 2 * width, 2)
    for name, width in {"five": 256, "six": 128, "seven": 64, "eight": 32}.items():
        convolution(f"block_{name}_up", 0, width, width // 2, 2, up=True)
    for number, width in {6: 128, 7: 64, 8: 32, 9: 16}.items():
        convolution(f"head_{number}", 0, width, 64, 3)
    for number, (inputs, outputs) in enumerate([(64, 128), (192, 256), (320, 128), (192, 64), (128, 5)]):
        shapes |= with_bias(f"surface_classifier.conv{number}", outputs, inputs, 1)
    return shapes


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
    ("part", "expected"),
    [("xray", xray_network()), ("ct", ct_network()), ("segmentation", segmentation_network())],
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


@pytest.mark.parametrize(
    ("part", "networks", "mebibytes"), [("xray", 1, 112), ("ct", 2, 76), ("segmentation", 2, 237)]
)
def test_it_is_as_large_as_the_published_weight_files(part: str, networks: int, mebibytes: int) -> None:
    """As its README states them; two networks that teach each other lie in one file."""
    network = build_network(CONFIG[part]["network"])
    size = networks * 4 * sum(parameter.numel() for parameter in network.parameters()) / 2**20
    assert size == pytest.approx(mebibytes, abs=0.6)


def checkpoint(path: Path, *states: dict[str, torch.Tensor]) -> Path:
    """A file as their training writes it: one network plain, two under A and B."""
    torch.save(states[0] if len(states) == 1 else dict(zip("AB", states, strict=True)), path)
    return path


def filled(shapes: Shapes, value: float) -> dict[str, torch.Tensor]:
    return {name: torch.full(shape, value) if shape else torch.tensor(7) for name, shape in shapes.items()}


def test_published_files_become_models_by_one_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which file is which need not be said; parallel training's prefix does not matter."""
    parallel = {f"module.{name}": value for name, value in filled(xray_network(), 0.5).items()}
    files = [
        checkpoint(
            tmp_path / "a.pth", filled(segmentation_network(), 1.0), filled(segmentation_network(), 2.0)
        ),
        checkpoint(tmp_path / "b.pth", parallel),
        checkpoint(tmp_path / "c.pth", filled(ct_network(), 3.0), filled(ct_network(), 4.0)),
    ]
    out = tmp_path / "models"
    assert main(["import-weights", *map(str, files), "--out", str(out)]) == 0
    assert "xray: " in capsys.readouterr().out
    model = find(str(out / "released.safetensors"))
    assert model.network["kind"] == "released"
    network: Any = load_network(model)
    assert (network.frontal_filter.conv1.weight == 0.5).all()
    assert model.segmentation is not None
    shadow: Any = load_network(model.segmentation)
    assert (shadow.outc.conv.weight == 1.0).all()
    ct: Any = load_network(find(str(out / "released-ct.safetensors"), "ct"))
    assert (ct.surface_classifier.conv0.weight == 3.0).all()


def test_files_that_are_not_the_published_networks_are_refused(tmp_path: Path) -> None:
    good = filled(ct_network(), 1.0)
    lacking = {name: value for name, value in good.items() if name != "im_filter.head_9.conv.0.bias"}
    wider = good | {"surface_classifier.conv4.weight": torch.zeros(6, 128, 1)}
    refused = {
        "wrong_weights": [
            checkpoint(tmp_path / "lacking.pth", lacking),
            checkpoint(tmp_path / "w.pth", wider),
        ],
        "bad_checkpoint": [tmp_path / "text.pth", tmp_path / "cut.pth"],
        "no_file": [tmp_path / "absent.pth"],
    }
    refused["bad_checkpoint"][0].write_text("no checkpoint")
    refused["bad_checkpoint"][1].write_bytes((tmp_path / "w.pth").read_bytes()[:1000])
    for code, files in refused.items():
        for file in files:
            with pytest.raises(InputError) as caught:
                import_published([file], tmp_path / "out")
            assert caught.value.code == code
            assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match=r"im_filter\.head_9\.conv\.0\.bias"):
        import_published([tmp_path / "lacking.pth"], tmp_path / "out")
    whole = checkpoint(tmp_path / "whole.pth", good, good)
    with pytest.raises(InputError, match="second file"):
        import_published([whole, whole], tmp_path / "out")


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


def test_the_ct_network_is_supervised_at_every_resolution_in_training() -> None:
    network: Any = build_network({**CONFIG["ct"]["network"], "size": 32, "base": 4})
    volume = torch.randn(2, 1, 32, 32, 32)
    sizes = [stage.volume.shape[1:] for stage in network.train().encode(volume).stages]
    assert sizes == [(16, size, size, size) for size in (4, 8, 16, 32)]
    assert len(network.eval().encode(volume).stages) == 1


def test_skips_of_the_ct_network_are_added() -> None:
    """Without what comes up from below, a level sees its own features of the way down."""
    torch.manual_seed(0)
    network: Any = build_network({**CONFIG["ct"]["network"], "size": 32, "base": 4}).eval()
    filters = network.im_filter
    volume = torch.randn(1, 1, 16, 16, 16)
    with torch.inference_mode():
        nn.init.zeros_(filters.block_eight_up.conv[1].weight)
        nn.init.zeros_(filters.block_eight_up.conv[1].bias)
        expected = filters.head_9(filters.block_nine(filters.block_one(volume)))
        assert torch.allclose(filters(volume, every=False)[0], expected, atol=1e-5)
