"""Command line: plan, alternatives, design, check, score."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, get_args

from guides.errors import InputError
from guides.osteotomy import Kind, TuberositySide
from guides.plan import Progress, plan_files


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 a check blocks, 2 bad input."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
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
    commands = parser.add_subparsers(required=True, metavar="plan | alternatives | design | check | score")
    plan = commands.add_parser("plan", help="bones to a plan document")
    _add_technique(plan)
    target = plan.add_mutually_exclusive_group(required=True)
    target.add_argument("--correction", type=float, metavar="DEG", help="opening in degrees")
    target.add_argument("--target-wbl", type=float, metavar="PERCENT", help="weight-bearing line from medial")
    target.add_argument("--target-hka", type=float, metavar="DEG", help="hip-knee-ankle angle, 180 straight")
    target.add_argument("--target-mpta", type=float, metavar="DEG", help="medial proximal tibial angle")
    plan.add_argument("--out", type=Path, required=True, metavar="FILE")
    plan.set_defaults(run=_plan)
    several = commands.add_parser("alternatives", help="three plans for one leg, compared")
    _add_technique(several)
    several.add_argument("--json", action="store_true", help="print rows and plan documents as JSON")
    several.set_defaults(run=_alternatives)
    design = commands.add_parser("design", help="plan to a printable guide")
    design.add_argument("--bones", type=Path, required=True, metavar="DIR")
    design.add_argument("--plan", type=Path, required=True, metavar="FILE")
    design.add_argument("--parameters", type=Path, metavar="FILE", help="JSON object of guide parameters")
    design.add_argument("--out", type=Path, required=True, metavar="DIR")
    design.set_defaults(run=_design)
    check = commands.add_parser("check", help="judge an exported guide")
    check.add_argument("--guide", type=Path, required=True, metavar="FILE")
    check.add_argument("--bones", type=Path, required=True, metavar="DIR")
    check.add_argument("--plan", type=Path, required=True, metavar="FILE")
    check.add_argument("--json", action="store_true", help="print the checks as JSON")
    check.set_defaults(run=_check)
    score = commands.add_parser("score", help="simulated fitting, stability and accuracy, 1 to 6")
    score.add_argument("--guide", type=Path, required=True, metavar="DIR", help="folder that design wrote")
    score.add_argument("--bones", type=Path, required=True, metavar="DIR", help="bones that it is put on")
    score.add_argument(
        "--design-bones",
        type=Path,
        metavar="DIR",
        help="bones of the design, laid on the others first",
    )
    score.add_argument("--out", type=Path, metavar="DIR", help="the guide's folder by default")
    score.add_argument("--placements", type=int, default=200, metavar="N")
    score.add_argument("--seed", type=int, default=0)
    score.add_argument("--surface-noise", type=float, default=0.15, metavar="MM")
    score.add_argument("--json", action="store_true", help="print the scores as JSON")
    score.set_defaults(run=_score)
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


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _bar() -> Progress | None:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    bar = tqdm(total=100, bar_format="{desc:<12}{bar:30} {percentage:3.0f} %", file=sys.stderr)

    def show(stage: str, fraction: float) -> None:
        bar.set_description(stage)
        bar.update(100 * fraction - bar.n)
        if fraction >= 1:
            bar.close()

    return show


def _plan(options: argparse.Namespace) -> int:
    document = plan_files(
        options.bones,
        options.side,
        correction_deg=options.correction,
        target_hka=options.target_hka,
        target_wbl=options.target_wbl,
        target_mpta=options.target_mpta,
        **_technique(options),
        progress=_bar(),
    )
    _write(options.out, json.dumps(document, indent=1))
    osteotomy = document["osteotomy"]
    _say(
        f"correction {osteotomy['correction_deg']:.2f} deg, gap {osteotomy['gap_mm']:.1f} mm,"
        f" depth {osteotomy['cut_depth_mm']:.1f} mm"
    )
    for name, measure in document["measures"].items():
        band = measure["band"]
        spread = "" if band is None else f"  (90 %: {band[0]:.1f} to {band[1]:.1f})"
        digits = 1 if measure["unit"] else 2  # a ratio
        before, after = (f"{measure[when]:.{digits}f}" for when in ("before", "after"))
        _say(f"{name:16}{before:>7} -> {after:>6} {measure['unit']}{spread}")
    for warning in document["warnings"]:
        _say(f"warning: {warning['message']} [{warning['source']}]")
    return 0


def _alternatives(options: argparse.Namespace) -> int:
    from guides.alternatives import alternatives

    rows = alternatives(options.bones, options.side, **_technique(options))
    if options.json:
        _say(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        if "refused" in row:
            _say(f"{row['name']}: {row['refused']['message']}")
            continue
        numbers = {name: value for name, value in row["row"].items() if name != "warnings"}
        text = ", ".join(f"{name} {value:.1f}" for name, value in numbers.items() if value is not None)
        _say(f"{row['name']}: {text}; warnings: {', '.join(row['row']['warnings']) or 'none'}")
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


def _design(options: argparse.Namespace) -> int:
    from guides.design import design_files  # the solid engine loads only when it is needed

    parameters: Any = None
    if options.parameters is not None:
        try:
            parameters = json.loads(options.parameters.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(
                "bad_parameters",
                f"{options.parameters} is not a JSON file",
                "Give a JSON object of guide parameters",
            ) from error
    report = design_files(options.bones, options.plan, options.out, parameters=parameters, progress=_bar())
    _say(
        f"guide {report['label']} in {report['seconds']['total']:.1f} s:"
        f" {options.out / 'guide.stl'}, guide.3mf"
    )
    return _verdict(report["checks"])


def _check(options: argparse.Namespace) -> int:
    from guides.check import check_files

    checks = check_files(options.guide, options.bones, options.plan)
    if options.json:
        _say(json.dumps(checks, indent=1))
        return 1 if any(check["status"] == "block" for check in checks) else 0
    return _verdict(checks, everything=True)


def _verdict(checks: list[dict[str, Any]], everything: bool = False) -> int:
    for check in checks:
        if everything or check["status"] != "pass":
            value = (
                ""
                if check["value"] is None
                else f" {check['value']:g} {check['unit']} (limit {check['limit']})"
            )
            _say(f"{check['status']:5} {check['name']}:{value} {check['message']}")
    blocked = sum(check["status"] == "block" for check in checks)
    warned = sum(check["status"] == "warn" for check in checks)
    _say(f"{len(checks)} checks: {len(checks) - blocked - warned} pass, {warned} warn, {blocked} block")
    return 1 if blocked else 0


def _score(options: argparse.Namespace) -> int:
    from guides.score import score_files

    scores = score_files(
        options.guide,
        options.bones,
        design_bones=options.design_bones,
        out=options.out,
        count=options.placements,
        seed=options.seed,
        noise_mm=options.surface_noise,
        progress=_bar(),
    )
    if options.json:
        _say(json.dumps(scores, indent=1))
        return 0
    for name in ("fitting", "stability", "accuracy"):
        _say(f"{name:10} {scores[name]['score']} of 6 (simulated): {scores[name]['reason']}")
    if scores["weakest"] is not None:
        _say(f"weakest    {scores['weakest']['reason']}")
    return 0
