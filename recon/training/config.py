"""Configuration files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from recon.errors import InputError


def read_config(path: Path) -> dict[str, Any]:
    """A parsed TOML configuration; ``name`` is the file's where it does not say one.

    Raises:
        InputError: no_file; bad_config, where it is not TOML or its name is no text.
    """
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            "no_file", f"{path} cannot be read ({error.strerror})", "Give a file of recon/configs"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            "bad_config", f"{path} is not a TOML file ({error})", "Mend the line that it names"
        ) from error
    named = {"name": path.stem, **config}
    if not isinstance(named["name"], str) or not named["name"]:
        raise InputError("bad_config", f"name is {named['name']!r}", 'Give a text, name = "NAME"')
    return named
