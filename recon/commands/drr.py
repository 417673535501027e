"""``python -m recon drr``: render X-rays of a CT or of bone meshes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from recon.bar import Bar

if TYPE_CHECKING:
    from recon.geometry import Array

HELP = "render X-rays of a CT or of bone meshes"


def point(text: str) -> Array:
    """(3,) of ``x,y,z``."""
    import numpy as np

    values = np.array([float(part) for part in text.split(",")])
    if values.shape != (3,):
        raise argparse.ArgumentTypeError("three numbers separated by commas, for example 12,-5,480")
    return values


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = "Write ap.dcm, lateral.dcm and rig.json. The knee joint lies at the isocentre."
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--ct", type=Path, help="folder with a DICOM series, or a NIfTI file")
    source.add_argument(
        "--bones", type=Path, help="folder with patella.ply, femur.ply, fibula.ply, tibia.ply"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--rig", type=Path, help="projection matrices; replaces all geometry options below")
    parser.add_argument("--side", choices=("L", "R"), help="side of the patient, written into the images")
    parser.add_argument("--seed", type=int, default=0, help="of noise and simulated tissue (%(default)s)")
    geometry = parser.add_argument_group("geometry")
    geometry.add_argument("--ap-angle", type=float, default=0.0, help="primary angle, degrees (%(default)s)")
    geometry.add_argument(
        "--angle-separation", type=float, default=90.0, help="from AP to lateral, degrees (%(default)s)"
    )
    geometry.add_argument("--source-to-detector", type=float, default=1000.0, help="mm (%(default)s)")
    geometry.add_argument("--source-to-isocentre", type=float, default=700.0, help="mm (%(default)s)")
    geometry.add_argument("--size", type=int, default=1024, help="pixels a side (%(default)s)")
    geometry.add_argument("--pixel", type=float, default=0.3, help="pixel size in mm (%(default)s)")
    geometry.add_argument("--isocentre", type=point, help="x,y,z in the CT's own frame instead of the joint")
    detector = parser.add_argument_group("detector")
    detector.add_argument("--bits", type=int, choices=range(8, 17), default=14, metavar="8..16")
    detector.add_argument(
        "--relationship", choices=("LIN", "LOG"), default="LIN", help="stored against exposure"
    )
    detector.add_argument("--photometric", choices=("MONOCHROME1", "MONOCHROME2"), default="MONOCHROME1")
    detector.add_argument(
        "--photons", type=float, default=20_000.0, help="a pixel in the open beam (%(default)s)"
    )


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.drr.physics import Detector
    from recon.drr.scene import Scene, rig_stations, standard_stations
    from recon.images import read_rig
    from recon.images.limits import check_size
    from recon.images.write import Positioner

    if options.rig:
        stations = rig_stations(read_rig(options.rig))
    else:
        check_size(options.size, options.size, "--size")
        base = Positioner(
            0.0,
            source_to_detector=options.source_to_detector,
            source_to_isocentre=options.source_to_isocentre,
            pixel_spacing=(options.pixel, options.pixel),
            rows=options.size,
            columns=options.size,
        )
        stations = standard_stations(options.ap_angle, options.angle_separation, base)
    detector = Detector(
        photons=options.photons,
        bits=options.bits,
        relationship=options.relationship,
        bone_bright=options.photometric == "MONOCHROME2",
    )
    scene = Scene(stations, detector, options.side, options.seed)
    with Bar() as progress:
        if options.ct:
            scene.render_ct(options.ct, options.out, isocentre=options.isocentre, progress=progress)
        else:
            scene.render_bones(options.bones, options.out, progress=progress)
