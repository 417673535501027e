"""What a run writes down: JSON lines, and TensorBoard where it is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from recon.training.task import Picture


class Journal:
    """``log.jsonl`` and TensorBoard events of a run, continued from a step.

    A run that was killed went on after its last checkpoint; what it wrote there is written again by the
    continuation, so lines after ``step`` are dropped first.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._path = folder / "log.jsonl"
        self._board: Any = None
        if self._path.exists():
            # A line cut short by the kill has no end, and no step before the checkpoint either.
            lines = [line for line in self._path.read_text().splitlines(True) if line.endswith("\n")]
            kept = [line for line in lines if json.loads(line)["step"] <= step]
            self._path.write_text("".join(kept))
        try:
            from torch.utils.tensorboard.writer import SummaryWriter
        except ImportError:  # the extra "train" is not installed
            return
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1, flush_secs=20)

    def write(self, kind: str, step: int, figures: Mapping[str, float], **more: float) -> None:
        """Write figures of a step; ``kind`` is ``"training"`` or ``"validation"``."""
        line = {"step": step, **more, **{f"{kind}_{name}": value for name, value in figures.items()}}
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(f"{kind}/{name}", value, step)

    def show(self, step: int, pictures: Mapping[str, Picture]) -> None:
        """Write (rows, columns, 3) pictures to TensorBoard."""
        if self._board is not None:
            for name, picture in pictures.items():
                self._board.add_image(name, picture, step, dataformats="HWC")

    @property
    def wants_pictures(self) -> bool:
        """Whether anybody would see them."""
        return self._board is not None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            self._board.close()
