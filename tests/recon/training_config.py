"""Configurations that train on the tiny data set within seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from recon.networks.build import build_network
from recon.training.checkpoint import save_weights

TRAINING: dict[str, Any] = {
    "steps": 12,
    "batch": 2,
    "learning_rate": 3e-3,
    "validations": 2,
    "log_every": 1,
    "augmentation": 0.5,
}


def tiny_config(dataset: Path, **training: Any) -> dict[str, Any]:
    """All three parts at a size of toys; ``training`` overrides settings of all of them."""
    settings = {**TRAINING, **training}
    return {
        "name": "tiny",
        "seed": 3,
        "data": {"dataset": str(dataset), "views": ["000", "090"], "points": 300},
        "ct": {
            "network": {"kind": "vnet", "size": 16, "base": 8, "levels": 2, "features": 16, "decoder": [16]},
            "training": dict(settings),
        },
        "segmentation": {
            "network": {"kind": "unet", "pixels": 64, "base": 4, "levels": 3},
            "training": dict(settings),
        },
        "xray": {
            "network": {
                "kind": "hourglass",
                "pixels": 64,
                "inputs": 2,
                "views": 2,
                "stem": [8, 8],
                "channels": 16,
                "features": 8,
                "stacks": 1,
                "depth": 1,
                "groups": 2,
                "decoder": [16],
            },
            "training": dict(settings),
        },
        "ssr_kd": {"points": 500},
    }


def frozen_weights(folder: Path) -> dict[str, str]:
    """Untrained teacher and segmentation, as the ``[ssr_kd]`` table of ``tiny_config`` names them."""
    config = tiny_config(folder)
    torch.manual_seed(0)
    paths = {"teacher": folder / "teacher.safetensors", "segmentation": folder / "unet.safetensors"}
    for path, part in zip(paths.values(), ("ct", "segmentation"), strict=True):
        save_weights(build_network(config[part]["network"]), path)
    return {name: str(path) for name, path in paths.items()}


def toml(config: dict[str, Any], prefix: str = "") -> str:
    """A configuration as the text of a TOML file."""
    plain = {key: value for key, value in config.items() if not isinstance(value, dict)}
    lines = [f"[{prefix}]"] if prefix else []
    lines += [f"{key} = {_value(value)}" for key, value in plain.items()]
    for key, value in config.items():
        if isinstance(value, dict):
            lines.append(toml(value, f"{prefix}.{key}" if prefix else key))
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)
