"""The models that ship with the product: pure data, importable without torch."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from recon.errors import InputError

_RECON = Path(__file__).parents[1]
DEFAULT = "compact"


@dataclass(frozen=True)
class Model:
    """Weights and the configuration that they belong to.

    Attributes:
        name: what reports call it.
        weights: safetensors file.
        config: TOML file whose ``[network]`` table describes the network.
    """

    name: str
    weights: Path
    config: Path

    @cached_property
    def sha256(self) -> str:
        """Hash of the weights file, in hexadecimal."""
        return hashlib.sha256(self.weights.read_bytes()).hexdigest()

    @property
    def network(self) -> dict[str, Any]:
        """The ``[network]`` table of the configuration."""
        table: dict[str, Any] = tomllib.loads(self.config.read_text())["network"]
        return table


SHIPPED = {
    "compact": Model(
        "compact", _RECON / "assets" / "compact.safetensors", _RECON / "configs" / "compact.toml"
    )
}


def find(name: str | None) -> Model:
    """The shipped model of a name, the default without one, or the weights file at a path.

    A weights file of one's own is read with the compact configuration.

    Raises:
        InputError: there is no such model, or its weights are not installed.
    """
    if name is None:
        model = SHIPPED[DEFAULT]
    elif name in SHIPPED:
        model = SHIPPED[name]
    else:
        path = Path(name)
        if path.suffix != ".safetensors" or not path.is_file():
            raise InputError(
                "unknown_model",
                f"There is no model {name!r}",
                f"Use one of {', '.join(SHIPPED)} or the path of a .safetensors file",
            )
        model = Model(path.stem, path, SHIPPED[DEFAULT].config)
    if not model.weights.is_file():
        raise InputError(
            "no_weights",
            f"The weights of model {model.name!r} are not installed ({model.weights})",
            "Install the package again, or train the model with python -m recon train",
        )
    return model
