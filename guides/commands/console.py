"""How commands speak on a terminal, and how those that work with solids run where they can be killed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from guides.bounded import run_bounded
from guides.errors import InputError
from guides.export import output_folder

TIME_LIMIT_S = 120.0


class EndedError(Exception):
    """A child has said why it ended; nothing is to be written or added.

    Attributes:
        status: its exit status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def say(text: str) -> None:
    """One line on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def bar() -> Callable[[str, float], None] | None:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    shown = tqdm(total=100, bar_format="{desc:<12}{bar:30} {percentage:3.0f} %", file=sys.stderr)

    def show(stage: str, fraction: float) -> None:
        shown.set_description(stage)
        shown.update(100 * fraction - shown.n)
        if fraction >= 1:
            shown.close()

    return show


def read_json(path: Path, code: str, what: str) -> Any:
    """What a JSON file holds.

    Args:
        path: the file.
        code: of the error.
        what: that the file should hold, in words.

    Raises:
        InputError: ``code``, when the file cannot be read as JSON.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(code, f"{path} cannot be read as JSON", f"Give {what}") from error


def read_object(path: Path, code: str, what: str) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        InputError: ``code``, when the file cannot be read or holds something else.
    """
    document = read_json(path, code, what)
    if not isinstance(document, dict):
        raise InputError(code, f"{path} holds no JSON object", f"Give {what}")
    return document


def add_time_limit(parser: argparse.ArgumentParser) -> None:
    """``--time-limit``, after which the work is killed."""
    parser.add_argument(
        "--time-limit", type=float, default=TIME_LIMIT_S, metavar="S", help="seconds until it is stopped"
    )


def bounded(arguments: Sequence[object], time_limit_s: float) -> int:
    """Run a command of this engine in a child.

    Raises:
        EndedError: the child refused its input and said so.
        InputError: ``time_limit`` or ``engine_crashed``.
    """
    status = run_bounded([str(argument) for argument in arguments], time_limit_s)
    if status not in (0, 1):
        raise EndedError(status)
    return status


@contextmanager
def made_by_child(out: Path) -> Iterator[Path]:
    """A folder for a child to write its results into; they reach ``out`` when the block ends well."""
    with output_folder(out) as folder:
        made = folder / "made"
        yield made
        for path in sorted(made.iterdir()):
            path.replace(folder / path.name)
        made.rmdir()


def verdict(checks: list[dict[str, Any]], *, everything: bool = False) -> int:
    """Print checks with what mends them; the status is 1 when one blocks."""
    for check in checks:
        if everything or check["status"] != "pass":
            value = (
                ""
                if check["value"] is None
                else f" {check['value']:g} {check['unit']} (limit {check['limit']})"
            )
            remedy = f". {check['remedy']}" if check.get("remedy") else ""
            say(f"{check['status']:5} {check['name']}:{value} {check['message']}{remedy}")
    blocked = sum(check["status"] == "block" for check in checks)
    warned = sum(check["status"] == "warn" for check in checks)
    say(f"{len(checks)} checks: {len(checks) - blocked - warned} pass, {warned} warn, {blocked} block")
    return 1 if blocked else 0
