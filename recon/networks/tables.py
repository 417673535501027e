"""From a table of a configuration file to the dataclass that holds a network's sizes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from recon.errors import InputError

T = TypeVar("T")


def from_table(config: type[T], table: Mapping[str, Any], *, ignore: tuple[str, ...] = ("kind",)) -> T:
    """An instance of a dataclass from a TOML table; lists become tuples.

    Args:
        config: the dataclass.
        table: its fields by name; fields that are missing keep their defaults.
        ignore: keys of the table that are not the dataclass's.

    Raises:
        InputError: bad_network, where the table has a key or a value that the dataclass has no use for.
    """
    names = [field.name for field in dataclasses.fields(config)]  # type: ignore[arg-type]
    defaults = config()
    values = {key: value for key, value in table.items() if key not in ignore}
    for key, value in values.items():
        if key not in names:
            raise InputError(
                "bad_network", f"A network's table has the key {key!r}", f"Use {', '.join(names)}"
            )
        default: Any = getattr(defaults, key)
        given = tuple(value) if isinstance(value, list) else value
        if type(given) is not type(default):
            raise InputError(
                "bad_network", f"The network's {key} is {value!r}", f"Give something like {default!r}"
            )
        values[key] = given
    return config(**values)


def check_divides(name: str, value: int, step: int) -> None:
    """Refuse a size that the levels of a network would not halve evenly.

    Raises:
        InputError: bad_network.
    """
    if value < 1 or value % step:
        raise InputError("bad_network", f"The network's {name} is {value}", f"Give a multiple of {step}")


def check_inputs(channels: int) -> None:
    """Refuse pictures that are neither raw nor enhanced.

    Raises:
        InputError: bad_network.
    """
    if channels not in (1, 2):
        raise InputError(
            "bad_network",
            f"The network's inputs are {channels}",
            "Give 1 for the X-ray alone or 2 for it and the enhanced one",
        )
