"""The models that ship with the product: pure data, importable without torch."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from recon.errors import InputError

_RECON = Path(__file__).parents[1]
Part = Literal["xray", "ct", "fractures", "segmentation"]


@dataclass(frozen=True)
class Model:
    """Weights and the configuration that they belong to.

    Attributes:
        name: what reports call it.
        weights: safetensors file.
        config: TOML file whose ``[PART.network]`` table describes the network.
        part: what the network sees.
        segmentation_weights: of the ``[segmentation.network]`` in the same file, where the network takes
            enhanced X-rays.
    """

    name: str
    weights: Path
    config: Path
    part: Part = "xray"
    segmentation_weights: Path | None = None

    @cached_property
    def sha256(self) -> str:
        """Hash of the weights file, in hexadecimal."""
        return hashlib.sha256(self.weights.read_bytes()).hexdigest()

    @property
    def network(self) -> dict[str, Any]:
        """The table that describes the network.

        Raises:
            InputError: bad_config.
        """
        return network_tables(self.config)[self.part]

    @property
    def segmentation(self) -> Model | None:
        """The model that finds bone in the X-rays for this one; None where it needs none."""
        if self.segmentation_weights is None:
            return None
        return Model(f"{self.name}-segmentation", self.segmentation_weights, self.config, "segmentation")


def network_tables(config: Path) -> dict[str, dict[str, Any]]:
    """The ``[PART.network]`` tables of a configuration file, by part.

    Raises:
        InputError: bad_config, where the file is not TOML or has none.
    """
    try:
        parsed = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            "bad_config", f"{config} is not a readable TOML file ({error})", "Give a file like recon/configs"
        ) from error
    tables = {
        part: table["network"]
        for part, table in parsed.items()
        if isinstance(table, dict) and isinstance(table.get("network"), dict)
    }
    if not tables:
        raise InputError(
            "bad_config",
            f"{config} describes no network",
            "Add a table like [xray.network], see recon/configs",
        )
    return tables


def tables_text(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of a configuration file from which ``network_tables`` reads these tables."""
    # A number, truth value, text or list of them is written in TOML as in JSON.
    return "\n".join(
        "\n".join(
            [
                f"[{part}.network]",
                *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()),
                "",
            ]
        )
        for part, table in tables.items()
    )


def config_path(weights: Path) -> Path:
    """Where the configuration of a weights file lies."""
    return weights.with_suffix(".toml")


def segmentation_path(weights: Path) -> Path:
    """Where the weights of a network's segmentation lie, where it has one."""
    return weights.with_name(f"{weights.stem}-segmentation.safetensors")


SHIPPED = {
    "compact": Model(
        "compact", _RECON / "assets" / "compact.safetensors", _RECON / "configs" / "compact.toml"
    ),
    "ct": Model("ct", _RECON / "assets" / "ct.safetensors", _RECON / "configs" / "ct.toml", "ct"),
    "fractures": Model(
        "fractures",
        _RECON / "assets" / "fractures.safetensors",
        _RECON / "configs" / "fractures.toml",
        "fractures",
    ),
}
DEFAULT: dict[Part, str] = {"xray": "compact", "ct": "ct", "fractures": "fractures"}


def find(name: str | None, part: Part = "xray") -> Model:
    """The shipped model of a name, the default without one, or the weights file at a path.

    The configuration of a weights file ``X.safetensors`` is ``X.toml`` beside it, else the default model's.
    The weights of its segmentation, where it has one, are ``X-segmentation.safetensors`` beside it.
    Training leaves all of them, see ``recon.training.model_files``.

    Args:
        name: of a shipped model, or path of a weights file.
        part: what the network must see.

    Raises:
        InputError: there is no such model, or its weights are not installed.
    """
    default = SHIPPED[DEFAULT[part]]
    if name is None:
        model = default
    elif name in SHIPPED and SHIPPED[name].part == part:
        model = SHIPPED[name]
    else:
        path = Path(name)
        if path.suffix != ".safetensors" or not path.is_file():
            known = [model.name for model in SHIPPED.values() if model.part == part]
            raise InputError(
                "unknown_model",
                f"There is no model {name!r}",
                f"Use one of {', '.join(known)} or the path of a .safetensors file",
            )
        own, shadow = config_path(path), segmentation_path(path)
        model = Model(
            path.stem,
            path,
            own if own.is_file() else default.config,
            part,
            shadow if shadow.is_file() else None,
        )
    if not model.weights.is_file():
        raise InputError(
            "no_weights",
            f"The weights of model {model.name!r} are not installed ({model.weights})",
            f"Install the package again, or train the model with python -m recon train {part}",
        )
    return model
