"""Where networks are asked: on a GPU where there is one."""

from __future__ import annotations

import torch


def inference_device() -> torch.device:
    """The first GPU, or the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
