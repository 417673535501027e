"""``python -m recon dataset``: make, extend and check data sets."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from recon.bar import Bar
from recon.commands.drr import point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recon.dataset import Dataset, Person
    from recon.dataset.build import Job

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
        ("implants", 0, "knees of the test people with staple, plate or partial knee in turn"),
    ):
        synthetic.add_argument(f"--{name}", type=int, default=count, help=f"{help_text} (%(default)s)")
    meshes = kinds.add_parser("meshes", help="knees of one person from annotated bones, in phantom tissue")
    _shared_options(meshes)
    _person_options(meshes)
    meshes.add_argument(
        "--bones", type=Path, nargs="+", required=True, help="one folder of closed meshes (mm) a knee"
    )
    meshes.add_argument("--poses", type=int, default=1, help="in the rig, of each knee (%(default)s)")
    ct = kinds.add_parser("ct", help="a knee from a CT, labelled where annotated bones are given")
    _shared_options(ct)
    _person_options(ct)
    ct.add_argument("--ct", type=Path, required=True, help="folder with a DICOM series, or a NIfTI file")
    ct.add_argument("--bones", type=Path, help="folder of closed meshes in the CT's own LPS frame, mm")
    ct.add_argument("--isocentre", type=point, help="x,y,z in the CT's own frame instead of the joint")
    ct.add_argument("--id", help="of the case (the CT's name)")
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


def _person_options(parser: argparse.ArgumentParser) -> None:
    person = parser.add_argument_group("whose knees they are; the same person is in one split only")
    person.add_argument("--person", required=True, help="id without meaning elsewhere, never a name")
    person.add_argument("--split", choices=("train", "validation", "test"), required=True)
    person.add_argument("--source", required=True, help="where the data comes from")
    person.add_argument("--licence", required=True, help="of the data")
    person.add_argument(
        "--derivable", action="store_true", help="weights may be derived from it; else it is for tests only"
    )
    parser.add_argument("--side", choices=("L", "R"), help="where CT and bones do not tell it")


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

    settings = Settings(
        pixels=options.pixels, volume_size=options.volume, views=tuple(options.views.split(","))
    )
    jobs = {"synthetic": _synthetic, "meshes": _meshes, "ct": _ct}[options.kind](options)
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


def _synthetic(options: argparse.Namespace) -> Sequence[Job]:
    from recon.dataset.synthetic import synthetic_jobs

    return synthetic_jobs(
        labelled=options.labelled,
        unlabelled=options.unlabelled,
        validation=options.validation,
        test=options.test,
        implants=options.implants,
        points=options.points,
    )


def _meshes(options: argparse.Namespace) -> Sequence[Job]:
    from recon.dataset.meshes import mesh_jobs

    return mesh_jobs(
        options.bones, _person(options), poses=options.poses, side=options.side, points=options.points
    )


def _ct(options: argparse.Namespace) -> Sequence[Job]:
    from recon.dataset.ct import ct_job

    isocentre = None if options.isocentre is None else tuple(options.isocentre.tolist())
    job = ct_job(
        options.ct,
        _person(options),
        bones=options.bones,
        side=options.side,
        isocentre=isocentre,
        identity=options.id,
        points=options.points,
    )
    return [job]


def _person(options: argparse.Namespace) -> Person:
    from recon.dataset import Person

    return Person(options.person, options.split, options.source, options.licence, options.derivable)


def _summary(dataset: Dataset) -> str:
    """One line a split: cases, people, labelled ones."""
    lines = [f"{dataset.folder}: {len(dataset.manifest.cases)} cases"]
    for split in ("train", "validation", "test"):
        entries = dataset.entries(split)
        people = len({entry.person for entry in entries})
        labelled = sum(entry.labelled for entry in entries)
        lines.append(f"{split:11} {len(entries):5} cases of {people:4} people, {labelled:4} labelled")
    return "\n".join(lines)
