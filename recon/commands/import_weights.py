"""``python -m recon import-weights``: published checkpoints of the paper's authors into our format."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "weights that the paper's authors publish, as models of this engine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = (
        "Write released.safetensors, released-segmentation.safetensors and released-ct.safetensors, each "
        "with its configuration beside it, for --model of reconstruct and reconstruct-ct. They were trained "
        "on CTs stretched to a cube and on X-rays in another unit: expect no accuracy on metric images."
    )
    parser.add_argument("files", type=Path, nargs="+", help="checkpoints (.pth), in any order")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "--twin", choices=("A", "B"), default="A", help="of two networks in one file (%(default)s)"
    )


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.published import import_published

    for part, path in import_published(options.files, options.out, twin=options.twin).items():
        print(f"{part}: {path}")  # noqa: T201
