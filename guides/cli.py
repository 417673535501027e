"""Command line: plan and alternatives, and the commands of ``guides.commands``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, get_args

from guides.commands import COMMANDS
from guides.commands.console import EndedError, bar, read_object, say
from guides.errors import InputError
from guides.osteotomy import Kind, TuberositySide
from guides.plan import plan_files

CUT = "a JSON object with start_point, hinge_point or both, each three numbers, LPS millimetres"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 a check blocks, 2 bad input."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except EndedError as ended:
        return ended.status
    except InputError as error:
        print(f"error: {error!s}".replace("\n", " "), file=sys.stderr)  # noqa: T201
        return 2
    return status


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}. See {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m guides", description="HTO plans and printable cutting guides.")
    commands = parser.add_subparsers(required=True, metavar=" | ".join(["plan", "alternatives", *COMMANDS]))
    plan = commands.add_parser("plan", help="bones to a plan document")
    _add_technique(plan)
    target = plan.add_mutually_exclusive_group(required=True)
    target.add_argument("--correction", type=float, metavar="DEG", help="opening in degrees")
    target.add_argument("--target-wbl", type=float, metavar="PERCENT", help="weight-bearing line from medial")
    target.add_argument("--target-hka", type=float, metavar="DEG", help="hip-knee-ankle angle, 180 straight")
    target.add_argument("--target-mpta", type=float, metavar="DEG", help="medial proximal tibial angle")
    plan.add_argument(
        "--cut",
        type=Path,
        metavar="FILE",
        help="JSON with start_point and hinge_point of a cut placed by hand, each [x, y, z] in LPS mm;"
        " what is left out is found",
    )
    plan.add_argument("--out", type=Path, required=True, metavar="FILE")
    plan.set_defaults(run=_plan)
    several = commands.add_parser("alternatives", help="three plans for one leg, compared")
    _add_technique(several)
    several.add_argument("--json", action="store_true", help="print rows and plan documents as JSON")
    several.set_defaults(run=_alternatives)
    for name in COMMANDS:
        module = import_module(f"guides.commands.{name}")
        command = commands.add_parser(name, help=module.HELP)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def _add_technique(parser: argparse.ArgumentParser) -> None:
    """Bones, side, and everything about the osteotomy but its target."""
    parser.add_argument("--bones", type=Path, required=True, metavar="DIR")
    parser.add_argument("--side", choices=("L", "R"), required=True)
    parser.add_argument("--kind", choices=get_args(Kind), default="medial_opening_wedge")
    parser.add_argument(
        "--tuberosity",
        choices=get_args(TuberositySide),
        default="distal",
        help="fragment that keeps it: distal (ascending second cut) or proximal (descending)",
    )
    parser.add_argument(
        "--slope-change", type=float, default=0.0, metavar="DEG", help="wanted change of the posterior slope"
    )
    parser.add_argument(
        "--jlca-compensation",
        action="store_true",
        help="count on the joint line closing by (JLCA - 2) / 2 degrees",
    )
    parser.add_argument("--long-film-hka", type=float, metavar="DEG", help="HKA read on a long-leg film")
    parser.add_argument("--long-film-jlca", type=float, metavar="DEG", help="JLCA read on a long-leg film")


def _technique(options: argparse.Namespace) -> dict[str, Any]:
    """What ``_add_technique`` read, as keywords of ``plan_files``."""
    return {
        "kind": options.kind,
        "tuberosity": options.tuberosity,
        "slope_change_deg": options.slope_change,
        "jlca_compensation": options.jlca_compensation,
        "long_film_hka": options.long_film_hka,
        "long_film_jlca": options.long_film_jlca,
    }


def _plan(options: argparse.Namespace) -> int:
    cut = None if options.cut is None else read_object(options.cut, "bad_cut", CUT)
    document = plan_files(
        options.bones,
        options.side,
        correction_deg=options.correction,
        target_hka=options.target_hka,
        target_wbl=options.target_wbl,
        target_mpta=options.target_mpta,
        **_technique(options),
        cut=cut,
        progress=bar(),
    )
    _write(options.out, json.dumps(document, indent=1))
    osteotomy = document["osteotomy"]
    size, height = _size(osteotomy)
    say(
        f"correction {osteotomy['correction_deg']:.2f} deg, {size} {height:.1f} mm,"
        f" depth {osteotomy['cut_depth_mm']:.1f} mm"
    )
    for name, band in osteotomy["bands"].items():
        if band is not None:
            say(f"{name:22}{osteotomy[name]:>9.1f}  (90 %: {band[0]:.1f} to {band[1]:.1f})")
    for name, measure in document["measures"].items():
        band = measure["band"]
        digits = 1 if measure["unit"] else 2  # a ratio
        spread = "" if band is None else f"  (90 %: {band[0]:.{digits}f} to {band[1]:.{digits}f})"
        before, after = (f"{measure[when]:.{digits}f}" for when in ("before", "after"))
        say(f"{name:16}{before:>7} -> {after:>6} {measure['unit']}{spread}")
    for warning in document["warnings"]:
        say(f"warning: {warning['message']} [{warning['source']}]")
    return 0


def _size(osteotomy: Mapping[str, Any]) -> tuple[str, float]:
    """What counts of a wedge, and how high it is, mm: the gap that opens, or the base that is taken out."""
    if "wedge_base_mm" in osteotomy:
        return "lateral base", osteotomy["wedge_base_mm"]
    return "gap", osteotomy["gap_mm"]


def _alternatives(options: argparse.Namespace) -> int:
    from guides.alternatives import alternatives

    rows = alternatives(options.bones, options.side, **_technique(options))
    if options.json:
        say(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        if "refused" in row:
            say(f"{row['name']}: {row['refused']['message']}")
            continue
        size, height = _size(row["plan"]["osteotomy"])
        numbers = {name: value for name, value in row["row"].items() if name != "warnings"}
        names = {"gap_mm": size}
        numbers = {names.get(name, name): value for name, value in numbers.items()} | {size: height}
        text = ", ".join(f"{name} {value:.1f}" for name, value in numbers.items() if value is not None)
        say(f"{row['name']}: {text}; warnings: {', '.join(row['row']['warnings']) or 'none'}")
    return 0


def _write(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The temporary folder lies beside the file, on the same file system, so that the move is atomic.
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
            file = Path(folder) / path.name
            file.write_text(text, "utf-8")
            file.replace(path)
    except OSError as error:
        raise InputError(
            "bad_output", f"{path} cannot be written ({error.strerror})", "Give a file that you may write"
        ) from error
