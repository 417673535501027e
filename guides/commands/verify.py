"""``python -m guides verify``: whether a print package is whole and unchanged."""

from __future__ import annotations

import argparse
from pathlib import Path

from guides.commands.console import say

HELP = "whether a print package is whole and unchanged"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("package", type=Path, metavar="DIR")


def run(options: argparse.Namespace) -> int:
    """Status 1 when anything differs from the manifest."""
    from guides.package import verify_package

    problems = verify_package(options.package)
    for problem in problems:
        say(problem)
    say("changed: do not print" if problems else "whole: every file is as the manifest says")
    return 1 if problems else 0
