"""``python -m recon evaluate``: compare bones with a reference."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

HELP = "compare bones with a reference"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = (
        "DSC, HD, HD95 and ASSD a bone, in the field of view of the prediction's report.json."
    )
    parser.add_argument("--predicted", type=Path, required=True, help="folder with bones and report.json")
    parser.add_argument("--reference", type=Path, required=True, help="folder with the true bones")
    parser.add_argument("--seed", type=int, default=0, help="of the surface sampling (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of a table")


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.metrics import evaluate_folders, table

    result = evaluate_folders(options.predicted, options.reference, seed=options.seed)
    print(json.dumps(result) if options.json else table(result))  # noqa: T201
