"""``python -m recon reconstruct``: four bones from an AP and a lateral X-ray."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recon.bar import Bar

HELP = "four bones from an AP and a lateral X-ray"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = (
        "Write patella.ply, femur.ply, fibula.ply, tibia.ply (mm, patient LPS) and report.json."
    )
    parser.add_argument(
        "--ap", type=Path, required=True, help="frontal X-ray: DICOM, or PNG or TIFF with --rig"
    )
    parser.add_argument("--lateral", type=Path, required=True, help="side X-ray")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--rig", type=Path, help="projection matrices that override the images' attributes")
    parser.add_argument("--model", help="name of a shipped model or path of a weights file")
    parser.add_argument("--resolution", type=int, default=256, help="grid nodes a side (%(default)s)")
    parser.add_argument(
        "--no-refine", action="store_true", help="leave the shape model out: what the network drew"
    )
    parser.add_argument(
        "--accept-untrusted",
        action="store_true",
        help="go on where this does not look like a knee; the report says so",
    )
    parser.add_argument(
        "--correspondence",
        action="store_true",
        help="also write BONE.corresponding.ply, whose vertices are numbered alike for everybody",
    )


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.reconstruct import reconstruct_files

    with Bar() as progress:
        report = reconstruct_files(
            options.ap,
            options.lateral,
            options.out,
            rig=options.rig,
            model=options.model,
            resolution=options.resolution,
            refined=not options.no_refine,
            accept_untrusted=options.accept_untrusted,
            correspondence=options.correspondence,
            progress=progress,
        )
    found = f"{', '.join(report['bones'])} in {report['seconds']['total']:.1f} s: {options.out}"
    absent = f" (not in view: {', '.join(report['absent'])})" if report["absent"] else ""
    print(found + absent)  # noqa: T201
    for warning in report["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201
