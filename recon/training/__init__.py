"""Training of the reconstruction networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal


def train(
    part: Literal["ct", "fractures", "segmentation", "xray"],
    config: Mapping[str, Any],
    folder: Path,
    *,
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """Train a part by a configuration and return its best weights; see ``recon.training.parts.train``."""
    # Imported here, so that the split of people can be read without everything that training needs.
    from recon.training.parts import train as train_part

    return train_part(part, config, folder, progress=progress)
