"""What an experiment takes from its preset besides the configuration of the trainings."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recon.errors import InputError

_CONFIGS = Path(__file__).parents[1] / "configs"


@dataclass(frozen=True)
class Preset:
    """Sizes of the experiments.

    Attributes:
        config: file in ``recon/configs`` with the configuration of every training.
        resolution: grid cells along an edge of the cube, in extraction.
        labelled: numbers of labelled cases to try, below all of them (Fig. 5a).
        unlabelled: shares of the unlabelled cases to try, below all of them.
        teacher: model of ``recon/networks/registry.py`` that is the CT teacher; empty where one is trained.
        cnn: changes of the configuration that make the volumetric CNN of Table 1.
        seconds: about how long a training of each part takes; used until one has been measured.
    """

    config: str
    resolution: int
    labelled: tuple[int, ...]
    unlabelled: tuple[float, ...]
    teacher: str = ""
    cnn: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def configuration(self) -> dict[str, Any]:
        """The configuration of every training.

        Raises:
            InputError: no_preset, where the file is not installed.
        """
        path = _CONFIGS / self.config
        if not path.is_file():
            raise InputError("no_preset", f"{path} is not installed", "Install the package again")
        return tomllib.loads(path.read_text(encoding="utf-8"))


PRESETS = {
    "small": Preset(
        "small.toml",
        128,
        labelled=(14, 28),
        unlabelled=(0.0, 0.25),
        # Trained for 2,500 steps on people of the training split, which costs more than all else here.
        teacher="ct",
        # A case takes it twice as long; like this it gets the processor time of the others.
        cnn={
            "xray.network": {"kind": "volume_cnn", "size": 64, "base": 8, "levels": 4},
            "xray.training.batch": 1,
            "xray.training.steps": 700,
        },
        seconds={"ct": 240.0, "segmentation": 180.0, "xray": 240.0},
    ),
    "paper": Preset(
        "paper.toml",
        256,
        labelled=(7, 14, 28),
        unlabelled=(0.0, 0.25, 0.5),
        cnn={"xray.network": {"kind": "volume_cnn"}},
        seconds={"ct": 12 * 3600.0, "segmentation": 6 * 3600.0, "xray": 48 * 3600.0},
    ),
}


def changed(config: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with entries at dotted paths replaced; tables on the way are made."""
    result = copy.deepcopy(dict(config))
    for path, value in changes.items():
        *tables, last = path.split(".")
        table = result
        for name in tables:
            table = table.setdefault(name, {})
        table[last] = copy.deepcopy(value)
    return result
