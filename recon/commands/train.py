"""``python -m recon train``: train a network."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "train a network"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("part", choices=("ct", "fractures", "segmentation", "xray"))
    parser.add_argument("--config", type=Path, required=True, help="recon/configs/NAME.toml")
    parser.add_argument("--out", type=Path, help="folder of the run (default: runs/NAME/PART)")


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.training import train
    from recon.training.config import read_config

    config = read_config(options.config)
    folder = options.out or Path("runs") / config["name"] / options.part
    print(train(options.part, config, folder))  # noqa: T201
