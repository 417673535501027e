"""What the training loop asks of the part that it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn
from torch.utils.data import IterableDataset

Picture = npt.NDArray[np.uint8]
Progress = Callable[[str, float], None]


class Task(Protocol):
    """A network to train, what it learns from, and how well it does.

    Attributes:
        model: everything with weights to learn, of which the network is a part or the whole.
        network: what the product needs of it.
        cases: number of cases in an epoch.
    """

    model: nn.Module
    network: nn.Module
    cases: int

    def stream(self, start: int, rank: int, processes: int) -> IterableDataset[Any]:
        """Endless batches, dataclasses of tensors, from the ``start``-th on; its number determines each."""

    def losses(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:
        """The loss of a batch under ``"loss"``, and its parts, each a scalar."""

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Figures on the validation people; the least ``"loss"`` decides which weights are kept."""

    def pictures(self, model: nn.Module) -> Mapping[str, Picture]:
        """(rows, columns, 3) pictures of a validation case to look at."""

    def kept(self, model: nn.Module) -> nn.Module:
        """The network inside ``model``, which may be the trained one or its running mean."""
