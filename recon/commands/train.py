"""``python -m recon train``: train a network."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "train a network"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("network", choices=("xray",))
    parser.add_argument("--config", type=Path, required=True, help="recon/configs/NAME.toml")


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.training.loop import train

    train(options.config)
