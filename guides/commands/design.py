"""``python -m guides design``: plan to a printable guide."""

from __future__ import annotations

import argparse
from pathlib import Path

from guides.bounded import is_child
from guides.commands.console import add_time_limit, bar, bounded, made_by_child, read_json, say, verdict

HELP = "plan to a printable guide"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--bones", type=Path, required=True, metavar="DIR")
    parser.add_argument("--plan", type=Path, required=True, metavar="FILE")
    parser.add_argument("--parameters", type=Path, metavar="FILE", help="JSON object of guide parameters")
    parser.add_argument(
        "--preset", action="append", default=[], metavar="ID", help="may be given several times"
    )
    parser.add_argument("--preset-file", type=Path, metavar="FILE", help="JSON file with presets of your own")
    parser.add_argument(
        "--painting", type=Path, metavar="FILE", help="JSON list of brush strokes that add or remove contact"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    add_time_limit(parser)


def run(options: argparse.Namespace) -> int:
    """Refuse here what can be refused at once, and leave the solids to a child."""
    from guides.design import check_request, design_files

    parameters = painting = None
    if options.parameters is not None:
        parameters = read_json(options.parameters, "bad_parameters", "a JSON object of guide parameters")
    if options.painting is not None:
        painting = read_json(options.painting, "bad_painting", "a JSON list of brush strokes")
    if is_child():
        report = design_files(
            options.bones,
            options.plan,
            options.out,
            parameters=parameters,
            presets=options.preset,
            site_presets=options.preset_file,
            painting=painting,
            progress=bar(),
        )
        say(f"guide {report['label']} in {report['seconds']['total']:.1f} s")
        return verdict(report["checks"])
    check_request(options.bones, options.plan, parameters, options.preset, options.preset_file, painting)
    with made_by_child(options.out) as folder:
        arguments: list[object] = [
            "design",
            "--bones",
            options.bones,
            "--plan",
            options.plan,
            "--out",
            folder,
        ]
        files = {
            "--parameters": options.parameters,
            "--preset-file": options.preset_file,
            "--painting": options.painting,
        }
        for name, value in files.items():
            arguments += [name, value] if value is not None else []
        for name in options.preset:
            arguments += ["--preset", name]
        status = bounded(arguments, options.time_limit)
    say(f"written: {options.out / 'guide.stl'}, guide.3mf, report.json, scores.json, contact.ply")
    return status
