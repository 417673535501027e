"""The ``[data]`` table of a configuration whose knees are drawn on the way, not read from a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from recon.errors import InputError

Part = TypeVar("Part")


def check_data_table(table: Mapping[str, Any], needed: Mapping[str, type], more: Mapping[str, type]) -> None:
    """Make sure that a table has what it needs, nothing unknown, and values of the right types.

    Args:
        table: of the configuration.
        needed: type of each key that must be there.
        more: type of each key that may be there.

    Raises:
        InputError: bad_config; also where a whole number but ``first_seed`` is below 1.
    """
    known = {**needed, **more}
    complete = set(needed) <= set(table) <= set(known)
    if not complete or not all(_fits(value, known[key]) for key, value in table.items()):
        raise InputError(
            "bad_config",
            "The data table names neither a data set nor virtual knees",
            f"Give dataset = FOLDER, or the whole numbers {', '.join(needed)}",
        )
    for key, value in table.items():
        if known[key] is int and key != "first_seed" and value < 1:
            raise InputError("bad_config", f"{key} is {value}", "Give 1 or more")


def part_of(kind: type[Part], table: Mapping[str, Any]) -> Part:
    """What a table says of the fields of a dataclass; the rest as the class has it."""
    return kind(**{item.name: table[item.name] for item in fields(kind) if item.name in table})  # type: ignore[arg-type]


def _fits(value: Any, kind: type) -> bool:
    """Whether a value of a table is of a kind; TOML writes 1.0 as 1 as well."""
    return type(value) is kind or (kind is float and type(value) is int)
