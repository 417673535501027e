"""The files of a trained network: ``python -m recon reconstruct --model`` takes them as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from recon.networks.registry import config_path, segmentation_path, tables_text
from recon.training.checkpoint import save_weights


@dataclass(frozen=True)
class ModelFiles:
    """Where the best weights of a run go, and what ``recon.networks.registry.find`` looks for beside them.

    Attributes:
        weights: safetensors file.
        networks: the table that describes the network, by part; that of its segmentation as well.
        segmentation: content of the weights file that made the enhanced X-rays; None where there are none.
    """

    weights: Path
    networks: Mapping[str, Mapping[str, Any]]
    segmentation: bytes | None = None

    def save(self, network: nn.Module) -> None:
        """Write a network in half precision, and before it what it cannot be used without."""
        _write(config_path(self.weights), tables_text(self.networks).encode())
        if self.segmentation is not None:
            _write(segmentation_path(self.weights), self.segmentation)
        save_weights(network, self.weights)


def _write(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all, unless it is there."""
    if path.is_file() and path.read_bytes() == content:
        return
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
