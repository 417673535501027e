"""``python -m guides package``: a checked design to everything that the printer and the theatre need."""

from __future__ import annotations

import argparse
from pathlib import Path

from guides.bounded import is_child
from guides.commands.console import add_time_limit, bar, bounded, made_by_child, say
from guides.plan_document import check_bones, read_plan

HELP = "a checked design to a print package"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--guide", type=Path, required=True, metavar="DIR", help="folder that design wrote")
    parser.add_argument("--bones", type=Path, required=True, metavar="DIR")
    parser.add_argument("--plan", type=Path, required=True, metavar="FILE")
    parser.add_argument("--pseudonym", required=True, help="names the patient in files and label")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    add_time_limit(parser)


def run(options: argparse.Namespace) -> int:
    """Check the exported files again and pack them; a guide that a check blocks is not packed."""
    if is_child():
        from guides.package import package_files

        manifest = package_files(
            options.guide, options.bones, options.plan, options.out, options.pseudonym, progress=bar()
        )
        say(f"{len(manifest['files'])} files for {manifest['pseudonym']}, {manifest['side']}")
        return 0
    check_bones(read_plan(options.plan), options.bones)
    with made_by_child(options.out) as folder:
        arguments = ["package", "--guide", options.guide, "--bones", options.bones, "--plan", options.plan]
        status = bounded([*arguments, "--pseudonym", options.pseudonym, "--out", folder], options.time_limit)
    say(f"written: {options.out}; verify with: python -m guides verify {options.out}")
    return status
