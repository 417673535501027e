"""``python -m recon experiment``: repeat an experiment of the paper."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recon.experiments.schedule import State

HELP = "repeat an experiment of the paper"
_NAMES = ("table1", "labelled", "views", "angles", "external", "implants")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = (
        "Write NAME.csv (every case and bone), NAME.png and NAME.md. Trainings and results are kept in the "
        "runs folder and shared between experiments; a run that was stopped goes on."
    )
    parser.add_argument("name", choices=_NAMES, help="which experiment")
    parser.add_argument("--out", type=Path, required=True, help="folder for CSV, figure and page")
    parser.add_argument(
        "--preset", choices=("small", "paper"), default="small", help="size of the trainings (%(default)s)"
    )
    data = parser.add_argument_group("data sets, as python -m recon dataset makes them")
    data.add_argument(
        "--dataset", type=Path, default=Path("runs/knees"), help="trains and tests (%(default)s)"
    )
    data.add_argument(
        "--external", type=Path, default=Path("runs/external"), help="external people (%(default)s)"
    )
    data.add_argument(
        "--implants", type=Path, default=Path("runs/implants"), help="knees with implants (%(default)s)"
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/experiments"), help="shared trainings (%(default)s)"
    )
    parser.add_argument(
        "--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes at a time (%(default)s)"
    )


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.errors import InputError
    from recon.experiments.conduct import Request, conduct
    from recon.experiments.definition import People

    if options.jobs < 1:
        raise InputError("bad_jobs", f"--jobs is {options.jobs}", "Give 1 or more")
    request = Request(
        name=options.name,
        out=options.out,
        preset=options.preset,
        folders={
            People.TEST: options.dataset,
            People.EXTERNAL: options.external,
            People.IMPLANTS: options.implants,
        },
        runs=options.runs,
        jobs=options.jobs,
        command=f"python -m recon experiment {options.name} --preset {options.preset} --out DIR",
    )
    with _Shown() as tell:
        conduct(request, lambda line: print(line, flush=True), tell)  # noqa: T201
    print(f"{options.out / options.name}.md")  # noqa: T201


class _Shown(AbstractContextManager["Callable[[State], None]"]):
    """A bar with the remaining time on a terminal; elsewhere a line for every task that ends."""

    def __enter__(self) -> Callable[[State], None]:
        self._bar = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=100, bar_format="{desc} {bar} {n:3.0f} % {postfix}", leave=False)
        return self._show

    def _show(self, state: State) -> None:
        if state.ended is not None:
            title, seconds = state.ended
            left = "" if state.remaining is None else f", about {state.remaining / 60:.0f} min left"
            line = f"{title}: {seconds:.0f} s{left}"
            if self._bar is None:
                print(line, flush=True)  # noqa: T201
            else:
                self._bar.write(line)
        if self._bar is not None:
            self._bar.set_description_str("; ".join(state.running)[:60], refresh=False)
            if state.remaining is not None:
                self._bar.set_postfix_str(f"{state.remaining / 60:.0f} min left", refresh=False)
            self._bar.n = 100 * state.share
            self._bar.refresh()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
