"""``python -m recon reconstruct-ct``: four bones from a CT."""

from __future__ import annotations

import argparse
from pathlib import Path

from recon.bar import Bar
from recon.commands.drr import point

HELP = "four bones from a CT"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = (
        "Write patella.ply, femur.ply, fibula.ply, tibia.ply (mm, patient LPS, origin at the knee joint) and "
        "report.json."
    )
    parser.add_argument("--ct", type=Path, required=True, help="folder with a DICOM series, or a NIfTI file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--model", help="name of a shipped CT model or path of a weights file")
    parser.add_argument("--resolution", type=int, default=256, help="grid cells a side (%(default)s)")
    parser.add_argument("--side", choices=("L", "R"), help="side of the patient, written into the report")
    parser.add_argument("--isocentre", type=point, help="x,y,z in the CT's own frame instead of the joint")
    parser.add_argument(
        "--no-refine", action="store_true", help="leave shape model and edges out: what the network drew"
    )
    parser.add_argument(
        "--overlay", action="store_true", help="write overlay.png as well: outlines on sections of the CT"
    )


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.reconstruct_ct import reconstruct_ct_file

    with Bar() as progress:
        report = reconstruct_ct_file(
            options.ct,
            options.out,
            model=options.model,
            resolution=options.resolution,
            side=options.side,
            isocentre=options.isocentre,
            refined=not options.no_refine,
            overlay=options.overlay,
            progress=progress,
        )
    found = f"{', '.join(report['bones'])} in {report['seconds']['total']:.1f} s: {options.out}"
    absent = f" (not found: {', '.join(report['absent'])})" if report["absent"] else ""
    print(found + absent)  # noqa: T201
    for warning in report["warnings"]:
        print(f"note: {warning}")  # noqa: T201
