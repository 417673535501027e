"""``python -m guides score``: simulated fitting, stability and accuracy, 1 to 6."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from guides.bounded import is_child
from guides.commands.console import add_time_limit, bar, bounded, made_by_child, say

HELP = "simulated fitting, stability and accuracy, 1 to 6"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--guide", type=Path, required=True, metavar="DIR", help="folder that design wrote")
    parser.add_argument("--bones", type=Path, required=True, metavar="DIR", help="bones that it is put on")
    parser.add_argument(
        "--design-bones", type=Path, metavar="DIR", help="bones of the design, laid on the others first"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="the guide's folder by default")
    parser.add_argument("--placements", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--surface-noise", type=float, default=0.15, metavar="MM")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")
    add_time_limit(parser)


def run(options: argparse.Namespace) -> int:
    """Print the scores with their reasons and write scores.json and contact.ply."""
    from guides.score.files import check_numbers, read_design, score_files

    if not is_child():
        check_numbers(options.placements, options.surface_noise)
        _, report = read_design(options.guide)
        with made_by_child(options.out or options.guide) as folder:
            arguments: list[object] = ["score", "--guide", options.guide, "--bones", options.bones]
            arguments += ["--out", folder, "--placements", options.placements, "--seed", options.seed]
            arguments += ["--surface-noise", options.surface_noise]
            arguments += ["--design-bones", options.design_bones] if options.design_bones else []
            status = bounded([*arguments, *(["--json"] if options.json else [])], options.time_limit)
            if options.out is None:
                scores = json.loads((folder / "scores.json").read_text("utf-8"))
                text = json.dumps(report | {"scores": scores}, indent=1)
                (folder / "report.json").write_text(text, "utf-8")
        return status
    scores = score_files(
        options.guide,
        options.bones,
        design_bones=options.design_bones,
        out=options.out,
        count=options.placements,
        seed=options.seed,
        noise_mm=options.surface_noise,
        progress=bar(),
    )
    if options.json:
        say(json.dumps(scores, indent=1))
        return 0
    for name in ("fitting", "stability", "accuracy"):
        say(f"{name:10} {scores[name]['score']} of 6 (simulated): {scores[name]['reason']}")
    if scores["weakest"] is not None:
        say(f"weakest    {scores['weakest']['reason']}")
    return 0
