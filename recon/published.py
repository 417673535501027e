"""Bring the weight files that the paper's authors publish (github.com/xmed-lab/SSR-KD, MIT) into our format.

Their checkpoints are pickles; only tensors are read from them. Segmentation and CT network were trained as
two that teach each other: such a file holds both, under ``A`` and ``B``, and their code evaluates ``A``.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from recon.errors import InputError
from recon.networks.build import build_network
from recon.networks.registry import network_tables
from recon.output import output_folder

CONFIG = Path(__file__).parent / "configs" / "released.toml"
NAMES = {"xray": "released", "segmentation": "released-segmentation", "ct": "released-ct"}
"""Stem of the file of each part; ``--model`` finds the segmentation beside the network by its name."""
_PARALLEL = "module."  # before every name where data-parallel training saved itself


def import_published(files: Sequence[Path], out: Path, *, twin: str = "A") -> dict[str, Path]:
    """Write published checkpoints as safetensors with their configuration; all of them or none.

    Args:
        files: checkpoints; which network each holds is told from the names and shapes of its parameters.
        out: folder for ``released.safetensors`` and so on, each with a ``.toml`` beside it.
        twin: which of two networks in a file, "A" or "B".

    Returns:
        The written weights by part: "xray", "ct" or "segmentation".

    Raises:
        InputError: no_file; bad_checkpoint, where a file is no checkpoint; wrong_weights, where it holds none
            of the released networks; twice, where two files hold the same one.
    """
    expected = {part: _shapes(table) for part, table in network_tables(CONFIG).items()}
    states: dict[str, dict[str, Tensor]] = {}
    for file in files:
        state = _state(file, twin)
        shapes = {name: tuple(value.shape) for name, value in state.items()}
        part = next((part for part, wanted in expected.items() if shapes == wanted), None)
        if part is None:
            raise InputError(
                "wrong_weights",
                f"{file} holds none of the released networks ({_nearest(shapes, expected)})",
                "Give a file of bone_seg, recon_ct or recon_xray as the authors publish it",
            )
        if part in states:
            raise InputError(
                "twice", f"{file} is a second file for the {part} network", "Give one file a network"
            )
        states[part] = state
    with output_folder(out) as folder:
        for part, state in states.items():
            save_file({name: value.contiguous() for name, value in state.items()}, _file(folder, part))
            _file(folder, part).with_suffix(".toml").write_bytes(CONFIG.read_bytes())
    return {part: _file(out, part) for part in states}


def _file(folder: Path, part: str) -> Path:
    return folder / f"{NAMES[part]}.safetensors"


def _shapes(table: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        network = build_network(table)
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def _state(file: Path, twin: str) -> dict[str, Tensor]:
    """Parameters by name of a checkpoint, without what parallel training put before the names."""
    if not file.is_file():
        raise InputError("no_file", f"There is no file {file}", "Check the path")
    try:
        content = torch.load(file, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise InputError(
            "bad_checkpoint", f"{file} cannot be read as a checkpoint of tensors", "Download it again"
        ) from error
    if isinstance(content, Mapping) and isinstance(content.get(twin), Mapping):
        content = content[twin]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise InputError(
            "bad_checkpoint", f"{file} holds something else than parameters", "Give a published weight file"
        )
    return {str(name).removeprefix(_PARALLEL): value for name, value in content.items()}


def _nearest(
    found: Mapping[str, tuple[int, ...]], expected: Mapping[str, Mapping[str, tuple[int, ...]]]
) -> str:
    """What keeps a file from being the network that it resembles most."""
    part = max(expected, key=lambda part: len(found.keys() & expected[part].keys()))
    wanted = expected[part]
    missing, more = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    other = sorted(name for name in found.keys() & wanted.keys() if found[name] != wanted[name])
    if missing:
        return f"the {part} network has {missing[0]} as well"
    if more:
        return f"the {part} network has no {more[0]}"
    return f"{other[0]} of the {part} network is {wanted[other[0]]}, not {found[other[0]]}"
