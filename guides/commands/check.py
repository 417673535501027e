"""``python -m guides check``: judge an exported guide."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from guides.bounded import is_child
from guides.commands.console import add_time_limit, bounded, say, verdict
from guides.plan_document import check_bones, read_plan

HELP = "judge an exported guide"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--guide", type=Path, required=True, metavar="FILE")
    parser.add_argument("--bones", type=Path, required=True, metavar="DIR")
    parser.add_argument("--plan", type=Path, required=True, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print the checks as JSON")
    add_time_limit(parser)


def run(options: argparse.Namespace) -> int:
    """Print every check; status 1 when one blocks."""
    if not is_child():
        check_bones(read_plan(options.plan), options.bones)
        arguments = ["check", "--guide", options.guide, "--bones", options.bones, "--plan", options.plan]
        return bounded([*arguments, *(["--json"] if options.json else [])], options.time_limit)
    from guides.check import check_files

    checks = check_files(options.guide, options.bones, options.plan)
    if options.json:
        say(json.dumps(checks, indent=1))
        return 1 if any(check["status"] == "block" for check in checks) else 0
    return verdict(checks, everything=True)
