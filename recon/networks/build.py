"""From the ``[... .network]`` table of a configuration to a network."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import nn

from recon.errors import InputError
from recon.networks.decoder import OUTPUTS
from recon.networks.tables import from_table

# kind: module, configuration, network
KINDS = {
    "lift": ("lift", "LiftConfig", "LiftNetwork"),
    "hourglass": ("pixel_aligned", "HourglassConfig", "HourglassNetwork"),
    "released": ("released", "ReleasedConfig", "ReleasedNetwork"),
    "volume_cnn": ("volume_cnn", "VolumeCnnConfig", "VolumeCnn"),
    "vnet": ("vnet", "VNetConfig", "VNetNetwork"),
    "released_ct": ("released_ct", "ReleasedCtConfig", "ReleasedCtNetwork"),
    "fractures": ("fractures", "FracturesConfig", "FracturesNetwork"),
    "unet": ("unet", "UNetConfig", "UNet"),
}


def build_network(table: Mapping[str, Any]) -> nn.Module:
    """The network that a table describes, with random weights, its convolutions channels-last in memory.

    Args:
        table: ``kind`` (one of ``KINDS``; "lift" where it is missing) and sizes, see the kind's dataclass.

    Raises:
        InputError: bad_network, where kind, keys or values are unknown.
    """
    kind = table.get("kind", "lift")
    if kind not in KINDS:
        raise InputError(
            "bad_network", f"There is no network kind {kind!r}", f"Use one of {', '.join(KINDS)}"
        )
    module_name, config_name, network_name = KINDS[kind]
    module = import_module(f"recon.networks.{module_name}")
    network: nn.Module = getattr(module, network_name)(from_table(getattr(module, config_name), table))
    if kind != "lift":
        _initialise(network)
    return channels_last(network)


def _initialise(network: nn.Module) -> None:
    """Weights that keep the variance through rectified layers (K. He et al., ICCV 2015), as the authors do.

    The last layers stay small, so that training starts from nearly equal probabilities.
    """
    for module in network.modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, nn.Parameter) and weight.dim() > 1 and len(weight) > OUTPUTS:
            nn.init.kaiming_normal_(weight)


def channels_last(network: nn.Module) -> nn.Module:
    """The same network with its convolutions in the memory layout that CPUs are fast with."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)
        elif isinstance(module, nn.Conv3d):
            module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last_3d)
    return network
