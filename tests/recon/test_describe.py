"""What ``describe`` counts: the numbers of the paper's text, and arithmetic by hand."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from recon.cli import main
from recon.networks.build import build_network
from recon.networks.describe import POINTS, describe_config, describe_network
from tests.data import ROOT
from tests.recon.test_network_kinds import CT, XRAY

CONFIGS = ROOT / "recon" / "configs"

# The paper's text, Reconstruction Networks.
TEXT_XRAY = r"$514 \rightarrow 1024 \rightarrow 512 \rightarrow 256 \rightarrow 128 \rightarrow 5$"
TEXT_CT = r"$64 \rightarrow 128 \rightarrow 256 \rightarrow 128 \rightarrow 64 \rightarrow 5$"


def widths(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


@pytest.fixture(scope="module")
def paper() -> dict[str, Any]:
    return describe_config(CONFIGS / "paper.toml")


def test_channel_widths_are_those_of_the_papers_text(paper: dict[str, Any]) -> None:
    assert paper["decoder_xray"] == widths(TEXT_XRAY)
    assert paper["decoder_ct"] == widths(TEXT_CT)
    xray = {layer["name"]: layer for layer in paper["networks"]["xray"]["layers"]}
    assert paper["networks"]["xray"]["input"] == [1, 2, 2, 512, 512]
    assert xray["encoders.1.l3"]["channels_out"] == 256
    assert xray["encoders.0.conv1"]["channels_in"] == 2  # [I; I_m]
    assert paper["networks"]["ct"]["input"] == [1, 1, 256, 256, 256]


def test_the_text_quoted_here_is_the_papers() -> None:
    text = ROOT.parent / "shared" / "paper.txt"
    if not text.is_file():
        pytest.skip(f"the paper's text is absent: {text}")
    assert TEXT_XRAY in text.read_text()
    assert TEXT_CT in text.read_text()


def test_the_real_network_has_the_widths_that_describe_tells(paper: dict[str, Any]) -> None:
    """Made in memory at full width, not on meta tensors."""
    import tomllib

    table = tomllib.loads((CONFIGS / "paper.toml").read_text())["xray"]["network"]
    network: Any = build_network({**table, "stacks": 1})
    assert network.feature_channels == 514
    shapes = [tuple(layer.weight.shape) for layer in network.decode.layers]
    assert shapes == [(b, a) for a, b in pairwise(paper["decoder_xray"])]


def test_flops_of_decoders_are_two_a_weight_and_point(paper: dict[str, Any]) -> None:
    for part, extra in (("xray", 0), ("ct", 2 * 32 * 64)):  # the V-Net's last, linear layer works on points
        decoder = paper[f"decoder_{part}"]
        by_hand = 2 * sum(a * b for a, b in pairwise(decoder)) + extra
        network = paper["networks"][part]
        assert network["flops_per_point"] == by_hand
        assert network["flops"] == network["flops_encode"] + POINTS * by_hand


def test_flops_of_a_convolution_are_two_a_weight_and_pixel(paper: dict[str, Any]) -> None:
    layers = {layer["name"]: layer for layer in paper["networks"]["xray"]["layers"]}
    assert layers["encoders.0.conv1"]["flops"] == 2 * 256 * 256 * 64 * (2 * 7 * 7)
    assert layers["encoders.1.m2.b1_2.conv1"]["flops"] == 2 * 128 * 128 * 128 * (256 * 3 * 3)


@pytest.mark.parametrize("name", [*XRAY, *CT, "unet"])
def test_layers_add_up(name: str) -> None:
    table = {**XRAY, **CT, "unet": {"kind": "unet", "pixels": 32, "base": 8, "levels": 3}}[name]
    found = describe_network(table)
    network = build_network(table)
    assert found["parameters"] == sum(parameter.numel() for parameter in network.parameters())
    assert sum(layer["flops"] for layer in found["layers"]) == found["flops"]
    leaves = {id(p): p.numel() for module in network.modules() for p in module.parameters(recurse=False)}
    assert sum(leaves.values()) == found["parameters"]


def test_the_released_configuration_costs_what_the_released_model_costs() -> None:
    """29.3 M parameters and 419 GFLOP for two views, measured on that code."""
    released = describe_config(CONFIGS / "released.toml")
    assert released["decoder_xray"] == [512, 512, 128, 5]
    assert released["decoder_ct"] == widths(TEXT_CT)
    assert released["parameters"]["xray"] / 1e6 == pytest.approx(29.3, abs=0.05)
    assert released["networks"]["xray"]["flops_encode"] / 1e9 == pytest.approx(419, abs=0.5)


def test_describing_allocates_nothing() -> None:
    """Layers of the paper's V-Net would take gigabytes."""
    with torch.device("meta"):
        network = build_network({"kind": "vnet", "size": 256})
    assert all(parameter.is_meta for parameter in network.parameters())


@pytest.mark.parametrize("name", ["paper", "released", "small", "compact"])
def test_every_configuration_is_described(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--config", str(CONFIGS / f"{name}.toml"), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert set(found["parameters"]) == set(found["flops"]) == set(found["networks"])
    assert found["decoder_xray"][-1] == 5
    assert "two" in found["flop_convention"]


def test_the_tables_name_layers_and_networks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--config", str(CONFIGS / "small.toml")]) == 0
    said = capsys.readouterr().out
    assert "98 - 192 - 96 - 64 - 32 - 5" in said
    assert re.search(r"encoders\.0\.conv1 +Conv2d +2 -> 16 +7x7 +1,584", said)


@pytest.mark.parametrize(
    ("content", "code"),
    [("name = 3", "bad_config"), ("[[", "bad_config"), ('[xray.network]\nkind = "x"', "bad_network")],
)
def test_a_configuration_without_networks_is_refused(content: str, code: str, tmp_path: Path) -> None:
    from recon.errors import InputError

    path = tmp_path / "config.toml"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        describe_config(path)
    assert caught.value.code == code
