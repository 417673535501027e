"""The engine's command line. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from recon.errors import InputError

if TYPE_CHECKING:
    from recon.geometry import Array

Progress = Callable[[str, float], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0, or 2 for bad input."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except InputError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m recon", description="Knee bones from two X-rays.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_drr(commands.add_parser("drr", help="render X-rays of a CT or of bone meshes"))
    _add_reconstruct(commands.add_parser("reconstruct", help="four bones from an AP and a lateral X-ray"))
    _add_evaluate(commands.add_parser("evaluate", help="compare bones with a reference"))
    _add_train(commands.add_parser("train", help="train a network"))
    return parser


class _Bar(AbstractContextManager[Progress | None]):
    """A progress bar on a terminal, nothing elsewhere."""

    def __enter__(self) -> Progress | None:
        if not sys.stderr.isatty():
            return None
        from tqdm import tqdm

        self._bar = tqdm(total=100, bar_format="{desc:16} {bar} {n:3.0f} % {elapsed}", leave=False)
        return self._show

    def _show(self, stage: str, fraction: float) -> None:
        self._bar.set_description_str(stage, refresh=False)
        self._bar.n = 100 * fraction
        self._bar.refresh()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if hasattr(self, "_bar"):
            self._bar.close()


def _point(text: str) -> Array:
    import numpy as np

    values = np.array([float(part) for part in text.split(",")])
    if values.shape != (3,):
        raise argparse.ArgumentTypeError("three numbers separated by commas, for example 12,-5,480")
    return values


def _add_drr(parser: argparse.ArgumentParser) -> None:
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
    geometry.add_argument("--isocentre", type=_point, help="x,y,z in the CT's own frame instead of the joint")
    detector = parser.add_argument_group("detector")
    detector.add_argument("--bits", type=int, choices=range(8, 17), default=14, metavar="8..16")
    detector.add_argument(
        "--relationship", choices=("LIN", "LOG"), default="LIN", help="stored against exposure"
    )
    detector.add_argument("--photometric", choices=("MONOCHROME1", "MONOCHROME2"), default="MONOCHROME1")
    detector.add_argument(
        "--photons", type=float, default=20_000.0, help="a pixel in the open beam (%(default)s)"
    )
    parser.set_defaults(run=_drr)


def _drr(options: argparse.Namespace) -> None:
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
    with _Bar() as progress:
        if options.ct:
            scene.render_ct(options.ct, options.out, isocentre=options.isocentre, progress=progress)
        else:
            scene.render_bones(options.bones, options.out, progress=progress)


def _add_reconstruct(parser: argparse.ArgumentParser) -> None:
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
    parser.set_defaults(run=_reconstruct)


def _reconstruct(options: argparse.Namespace) -> None:
    from recon.reconstruct import reconstruct_files

    with _Bar() as progress:
        report = reconstruct_files(
            options.ap,
            options.lateral,
            options.out,
            rig=options.rig,
            model=options.model,
            resolution=options.resolution,
            progress=progress,
        )
    found = f"{', '.join(report['bones'])} in {report['seconds']['total']:.1f} s: {options.out}"
    absent = f" (not in view: {', '.join(report['absent'])})" if report["absent"] else ""
    print(found + absent)  # noqa: T201


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "DSC, HD, HD95 and ASSD a bone, in the field of view of the prediction's report.json."
    )
    parser.add_argument("--predicted", type=Path, required=True, help="folder with bones and report.json")
    parser.add_argument("--reference", type=Path, required=True, help="folder with the true bones")
    parser.add_argument("--seed", type=int, default=0, help="of the surface sampling (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of a table")
    parser.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> None:
    from recon.metrics import evaluate_folders, table

    result = evaluate_folders(options.predicted, options.reference, seed=options.seed)
    print(json.dumps(result) if options.json else table(result))  # noqa: T201


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", choices=("xray",))
    parser.add_argument("--config", type=Path, required=True, help="recon/configs/NAME.toml")
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    from recon.training.loop import train

    train(options.config)
