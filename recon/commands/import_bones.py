"""``python -m recon import-bones``: meshes of other software as a bone set."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "bring in bone meshes of other software"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = (
        "Checks STL, OBJ or PLY meshes (closed, plausible in size and side), names them, turns them into "
        "millimetres and, if asked, aligns them onto another bone set. Writes one PLY a bone and report.json."
    )
    parser.add_argument(
        "--bones",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="one file a bone, named after it; or one OBJ with a group a bone",
    )
    parser.add_argument(
        "--name",
        nargs="+",
        metavar="BONE",
        help="the bone of each file in the same order, where the names of the files do not say it",
    )
    parser.add_argument("--units", choices=("mm", "cm", "m", "in"), required=True, help="of the files")
    parser.add_argument("--side", choices=("L", "R"), help="of the knee; checked against the bones")
    parser.add_argument(
        "--frame",
        choices=("own", "rig"),
        default="own",
        help="whether the files are in the frame of the X-ray rig already (%(default)s)",
    )
    parser.add_argument("--onto", type=Path, metavar="DIR", help="bone set to align onto or to check against")
    parser.add_argument(
        "--on", nargs="+", metavar="BONE", help="bones to align on (default: all that both have)"
    )
    parser.add_argument("--software", default="", help="what made the meshes, for the report")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.bar import Bar
    from recon.bones import Bone
    from recon.errors import InputError
    from recon.imported import import_bones

    def bone(name: str) -> Bone:
        try:
            return Bone[name.upper()]
        except KeyError as error:
            raise InputError(
                "unnamed_bone", f"{name} is no bone of the knee", "Give femur, patella, tibia or fibula"
            ) from error

    files = options.bones
    if options.name:
        if len(options.name) != len(files) or len(set(options.name)) != len(options.name):
            raise InputError(
                "unnamed_bone",
                f"{len(options.name)} names were given for {len(files)} files",
                "Give one name a file, each once",
            )
        files = {bone(name): path for name, path in zip(options.name, files, strict=True)}
    with Bar() as progress:
        report = import_bones(
            files,
            units=options.units,
            out=options.out,
            side=options.side,
            frame=options.frame,
            onto=options.onto,
            on=[bone(name) for name in options.on] if options.on else None,
            software=options.software,
            progress=progress,
        )
    aligned = report["alignment"]
    for name, facts in report["bones"].items():
        left = (
            f", {aligned['residual_mm'][name]:.2f} mm" if aligned and name in aligned["residual_mm"] else ""
        )
        print(f"{name:8} {facts['volume_mm3'] / 1000:8.1f} cm3{left}")  # noqa: T201
    if aligned:
        print(  # noqa: T201
            f"aligned on {', '.join(aligned['bones'])}: {aligned['mean_mm']:.2f} mm remain on average "
            f"(turned {aligned['rotation_deg']:.1f} degrees)"
        )
    for warning in report["warnings"]:
        print(f"note: {warning}")  # noqa: T201
    print(f"written to {options.out}")  # noqa: T201
