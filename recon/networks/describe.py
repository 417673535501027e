"""What the networks of a configuration are made of: layers, channels, parameters, work.

Networks are built and run on meta tensors, which have shapes but no values: the full sizes of the paper take
seconds and no memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from recon.networks.build import build_network
from recon.networks.picture import PIXELS
from recon.networks.registry import network_tables

FLOP_CONVENTION = "a multiplication and an addition are two; convolutions and matrix products only"
POINTS = 5000  # of a training step in the paper
_VIEWS = 2  # where the network takes any number


def describe_config(config: Path) -> dict[str, Any]:
    """Every network of a configuration file.

    Returns:
        ``networks``: by part, see ``describe_network``; ``parameters`` and ``flops`` (one case, ``POINTS``
        points) by part; ``decoder_PART``: widths of the point decoder, input and output included.

    Raises:
        InputError: bad_config, bad_network.
    """
    networks = {part: describe_network(table) for part, table in network_tables(config).items()}
    return {
        "config": config.stem,
        "flop_convention": FLOP_CONVENTION,
        **{f"decoder_{part}": net["decoder"] for part, net in networks.items() if net["decoder"]},
        "parameters": {part: net["parameters"] for part, net in networks.items()},
        "flops": {part: net["flops"] for part, net in networks.items()},
        "networks": networks,
    }


def describe_network(table: dict[str, Any]) -> dict[str, Any]:
    """One network from its table.

    Returns:
        ``kind``; ``input``: shape of the pictures or the volume of one case; ``parameters``; ``flops``: of
        one case with ``POINTS`` points; ``flops_encode`` and ``flops_per_point``: what these are made of;
        ``decoder``: its widths; ``layers``: name, type, channels in and out, kernel, parameters and FLOPs of
        each layer that has parameters.

    Raises:
        InputError: bad_network.
    """
    with torch.device("meta"):
        network: Any = build_network(table).eval()
        inputs = _inputs(network, table)
        encode, encoding = _counted(network, "encode", *inputs)
        decode, _ = _counted(network, "decode_points", encoding, torch.empty(1, POINTS, 3))
    per_layer = {name: encode.get(name, 0) + decode.get(name, 0) for name in {*encode, *decode}}
    return {
        "kind": table.get("kind", "lift"),
        "input": list(inputs[0].shape),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "flops": encode[""] + decode.get("", 0),
        "flops_encode": encode[""],
        "flops_per_point": decode.get("", 0) // POINTS,
        "decoder": decoder_widths(network),
        "layers": [
            _layer(name, module, per_layer.get(name, 0))
            for name, module in network.named_modules()
            if any(True for _ in module.parameters(recurse=False))
        ],
    }


def decoder_widths(network: nn.Module) -> list[int]:
    """Widths of a network's point decoder, its input and output included; empty where it has none."""
    decoder: Any = getattr(network, "surface_classifier", None) or getattr(network, "decode", nn.Identity())
    if hasattr(decoder, "widths"):
        return list(decoder.widths)
    layers = [layer for layer in decoder.modules() if isinstance(layer, nn.Linear)]
    return [layers[0].in_features, *(layer.out_features for layer in layers)] if layers else []


def _inputs(network: Any, table: dict[str, Any]) -> tuple[Tensor, ...]:
    """What the network eats for one case, without values."""
    size = getattr(network.config, "pixels", PIXELS)
    if table.get("kind") == "unet":
        return (torch.empty(1, 1, size, size),)
    if not hasattr(network, "views"):
        return (torch.empty(1, 1, *(network.config.size,) * 3),)
    views = network.views or _VIEWS
    return torch.empty(1, views, network.inputs, size, size), torch.empty(1, views, 3, 4)


def _counted(network: Any, method: str, *arguments: Any) -> tuple[dict[str, int], Any]:
    """FLOPs of a method by name of the layer ("" is the whole), and its result; nothing where it lacks it."""
    if not hasattr(network, method):
        if method != "encode":
            return {}, None
        method = "forward"
    names = {module: name for name, module in network.named_modules()}
    counts: dict[str, int] = {}
    handles = []
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        before: list[int] = []

        def enter(_module: nn.Module, _inputs: Any) -> None:
            before.append(counter.get_total_flops())

        def leave(module: nn.Module, _inputs: Any, _output: Any) -> None:
            spent = counter.get_total_flops() - before.pop()
            counts[names[module]] = counts.get(names[module], 0) + spent

        for module in network.modules():
            handles += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
        result = getattr(network, method)(*arguments)
        counts[""] = counter.get_total_flops()
    for handle in handles:
        handle.remove()
    return counts, result


def _layer(name: str, module: nn.Module, flops: int) -> dict[str, Any]:
    """A row of the table of layers."""
    channels_in = getattr(module, "in_channels", getattr(module, "in_features", None))
    channels_out = getattr(module, "out_channels", getattr(module, "out_features", None))
    if channels_out is None:  # a normalisation
        channels_in = channels_out = getattr(module, "num_channels", getattr(module, "num_features", None))
    kernel = getattr(module, "kernel_size", None)
    return {
        "name": name,
        "type": type(module).__name__.lstrip("_"),
        "channels_in": channels_in,
        "channels_out": channels_out,
        "kernel": list(kernel) if kernel else None,
        "parameters": sum(parameter.numel() for parameter in module.parameters(recurse=False)),
        "flops": flops,
    }
