"""``python -m guides presets``: blades, wires, printers, materials, sterilisation and plates by id."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from guides.catalogue import catalogue
from guides.commands.console import say

HELP = "presets by id"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--preset-file", type=Path, metavar="FILE", help="JSON file with presets of your own")
    parser.add_argument("--json", action="store_true", help="print them as JSON")


def run(options: argparse.Namespace) -> int:
    """List every preset with its group and label."""
    found = catalogue(options.preset_file)
    if options.json:
        say(json.dumps(found, indent=1))
        return 0
    for preset in found:
        say(f"{preset['group']:14} {preset['id']:18} {preset['label']}")
    return 0
