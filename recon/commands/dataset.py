"""``python -m recon dataset``: make, extend and check data sets."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from recon.commands.bar import Bar

if TYPE_CHECKING:
    from recon.dataset import Dataset

HELP = "make, extend and check data sets"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = "The format is described in docs/dataset.md."
    kinds = parser.add_subparsers(required=True, metavar="KIND", dest="kind")
    synthetic = kinds.add_parser("synthetic", help="virtual knees of the population")
    _shared_options(synthetic)
    for name, count, help_text in (
        ("labelled", 70, "training knees with true bones"),
        ("unlabelled", 485, "training knees without"),
        ("validation", 10, "knees of the validation people"),
        ("test", 40, "knees of the test people"),
    ):
        synthetic.add_argument(f"--{name}", type=int, default=count, help=f"{help_text} (%(default)s)")
    check = kinds.add_parser("check", help="read a whole data set and make sure that it can be used")
    check.add_argument("dataset", type=Path, help="its folder")


def _shared_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder of the data set; may exist")
    parser.add_argument("--name", help="of a new data set (the folder's name)")
    parser.add_argument("--seed", type=int, default=1, help="of everything random (%(default)s)")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (one a processor)"
    )
    parser.add_argument(
        "--views",
        default="000,030,045,060,075,090,135",
        help="primary angles in degrees, three digits each (%(default)s)",
    )
    parser.add_argument("--pixels", type=int, default=256, help="of a picture, a side (%(default)s)")
    parser.add_argument("--volume", type=int, default=128, help="nodes a side of the volume (%(default)s)")
    parser.add_argument(
        "--points",
        type=int,
        default=10_000,
        help="near the surfaces, and as many anywhere, of each labelled case (%(default)s)",
    )


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.dataset import Dataset

    if options.kind == "check":
        dataset = Dataset.open(options.dataset)
        with Bar() as progress:
            dataset.check(progress)
    else:
        dataset = _build(options)
    print(_summary(dataset))  # noqa: T201


def _build(options: argparse.Namespace) -> Dataset:
    from recon.dataset.build import build
    from recon.dataset.manifest import Settings
    from recon.dataset.synthetic import synthetic_jobs

    settings = Settings(
        pixels=options.pixels, volume_size=options.volume, views=tuple(options.views.split(","))
    )
    jobs = synthetic_jobs(
        labelled=options.labelled,
        unlabelled=options.unlabelled,
        validation=options.validation,
        test=options.test,
        points=options.points,
    )
    with Bar() as progress:
        return build(
            options.out,
            jobs,
            settings,
            seed=options.seed,
            name=options.name,
            workers=options.workers,
            progress=progress,
        )


def _summary(dataset: Dataset) -> str:
    """One line a split: cases, people, labelled ones."""
    lines = [f"{dataset.folder}: {len(dataset.manifest.cases)} cases"]
    for split in ("train", "validation", "test"):
        entries = dataset.entries(split)
        people = len({entry.person for entry in entries})
        labelled = sum(entry.labelled for entry in entries)
        lines.append(f"{split:11} {len(entries):5} cases of {people:4} people, {labelled:4} labelled")
    return "\n".join(lines)
