"""Pictures that show how a training does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from recon.bones import BoneSet
from recon.geometry import ReconstructionCube
from recon.population.sample import label_points
from recon.training.task import Picture

_COLOURS = np.array([[0, 0, 0], [236, 190, 80], [90, 160, 230], [190, 110, 220], [110, 200, 120]], np.uint8)
_SIZE = 128


def grey(image: npt.NDArray[np.float32], low: float = 0.0, high: float = 1.0) -> Picture:
    """(rows, columns) values as a (rows, columns, 3) picture."""
    scaled = (np.clip((image - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    return np.repeat(scaled[..., None], 3, axis=-1)


def field_sections(
    decode: Callable[[Tensor], Tensor], bones: BoneSet, cube: ReconstructionCube, volume: Tensor | None = None
) -> dict[str, Picture]:
    """Coronal and sagittal section through the isocentre: what the network says beside the truth.

    Args:
        decode: logits (1, N, 5) at (1, N, 3) unit points.
        bones: the true ones, mm.
        cube: where.
        volume: (1, 1, D, D, D) normalised CT, drawn to the left where given.
    """
    axis = np.linspace(-1, 1, _SIZE)
    up, across = np.meshgrid(axis[::-1], axis, indexing="ij")
    zero = np.zeros_like(up)
    sections = {"coronal": np.stack([across, zero, up], -1), "sagittal": np.stack([zero, across, up], -1)}
    result = {}
    for name, unit in sections.items():
        points = unit.reshape(-1, 3)
        device = volume.device if volume is not None else None
        guess = decode(torch.from_numpy(points).float().to(device)[None])[0].argmax(-1).cpu().numpy()
        truth = label_points(bones, cube.to_mm(points))
        parts = [_COLOURS[labels.reshape(_SIZE, _SIZE)] for labels in (guess, truth)]
        if volume is not None:
            middle = volume.shape[-1] // 2
            ct = volume[0, 0, :, middle] if name == "coronal" else volume[0, 0, :, :, middle]
            steps = np.linspace(0, volume.shape[-1] - 1, _SIZE).round().astype(int)
            parts.insert(0, grey(ct.cpu().numpy()[::-1][np.ix_(steps, steps)], -0.2, 1.0))
        result[name] = np.concatenate(parts, axis=1)
    return result
