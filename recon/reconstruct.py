"""The one public way through the engine: two X-rays in, bones and a report out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.agreement import Agreement, Look, agreed
from recon.bones import Bone, BoneSet
from recon.correspondence import corresponding_name, write_corresponding
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.geometry import Camera
from recon.gridded import gridded
from recon.images import XrayView, read_pair
from recon.limb_end import FieldOfLimb, limb_ends
from recon.networks.picture import PIXELS, upright_picture
from recon.networks.registry import Model, find
from recon.output import output_folder
from recon.parallel import in_parallel
from recon.prediction import CUBE, bones_of_field, check_resolution, load_network, xray_field
from recon.refine import Refinement, refine
from recon.refine.edges import EdgeImage
from recon.stopwatch import Stopwatch
from recon.surface import Field
from recon.trust import Trust, judge, uncertainty_report, vertex_uncertainty
from recon.trust.breaks import break_logits
from recon.trust.calibration import Calibration, calibration_of
from recon.vertex_values import with_uncertainty

Progress = Callable[[str, float], None]
NETWORK_NODES = 128
"""Cells a side of the grid at whose nodes the network is asked: 1.6 mm, as its finest pixels."""
_CUT_PIECE = 0.2  # of the largest piece: a condyle apart from its fellow is not smaller


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Bones and what is known of them.

    Attributes:
        bones: watertight meshes in mm; bones that the views do not show are absent.
        uncertainty: (V,) expected distance in mm from each vertex to the true surface.
        trust: whether this is a knee like those that the network knows.
        calibrated: whether uncertainty and trust were measured with these very weights.
        refinement: how the shape model was laid on; its bones correspond to those of everybody.
        seen: what the views show.
        breaks: how much each bone looks broken, see ``recon.trust.breaks``.
        views: the X-rays with the cameras that the bones were reconstructed with.
        agreement: how far these are not those that were stated.
    """

    bones: BoneSet
    uncertainty: Mapping[Bone, npt.NDArray[np.float64]]
    trust: Trust
    calibrated: bool
    refinement: Refinement
    seen: FieldOfView
    breaks: Mapping[Bone, float]
    views: Sequence[XrayView]
    agreement: Agreement


def views_field(network: Any, views: Sequence[XrayView], segmentation: Any = None) -> Field:
    """The field that a network sees in calibrated views, see ``xray_field``."""
    pixels = max(PIXELS, getattr(network.config, "pixels", PIXELS))
    pictures, cameras = zip(
        *in_parallel(lambda v: upright_picture(v.line_integrals, v.exposed, v.camera, pixels), views),
        strict=True,
    )
    return xray_field(network, np.stack(pictures), cameras, segmentation)


def field_of_view(views: Sequence[XrayView]) -> FieldOfLimb:
    """What the cube and the exposed parts of all views show, short of where the limb ends in air."""
    corner = np.full(3, CUBE.side / 2)
    return FieldOfLimb(-corner, corner, tuple(exposed_camera(view) for view in views), (), limb_ends(views))


def exposed_camera(view: XrayView) -> Camera:
    """The camera of the rectangle round the exposed part of a view: what it can say anything about."""
    rows, columns = np.flatnonzero(view.exposed.any(1)), np.flatnonzero(view.exposed.any(0))
    if len(rows) == 0:
        raise InputError("blank_image", "An image is black from border to border", "Export the X-ray again")
    return view.camera.cropped(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _extracted(field: Field, seen: FieldOfLimb, resolution: int, **options: Any) -> BoneSet:
    """Bones in one piece each, but where a limb ends femur and tibia in as many as there are condyles."""
    if not seen.ends:
        return bones_of_field(field, seen, resolution, **options)
    bones = bones_of_field(field, seen, resolution, smallest_piece=_CUT_PIECE, **options)
    return BoneSet(
        {
            bone: mesh
            if bone in (Bone.FEMUR, Bone.TIBIA)
            else max(mesh.split(), key=lambda part: part.volume)
            for bone, mesh in bones.items()
        }
    )


def reconstruct_views(
    views: Sequence[XrayView],
    *,
    model: Model,
    resolution: int = 256,
    refined: bool = True,
    calibration: Calibration | None = None,
    progress: Progress | None = None,
    stopwatch: Stopwatch | None = None,
) -> Reconstruction:
    """Bones from calibrated views, whatever the trust in them.

    Args:
        views: two or more X-rays with cameras in one frame.
        model: which network.
        resolution: grid cells along an edge of the 200 mm cube, see ``recon.prediction.RESOLUTIONS``.
        refined: whether the shape model mends what the network is unsure of.
        calibration: of uncertainty and trust; that beside the weights where it is None.
        progress: told the stage and the share of the whole that is done.
        stopwatch: receives the seconds of the stages load, encode, refine, geometry, field, surface and
            trust.

    Raises:
        InputError: bad resolution, missing weights, or no bone in the pictures.
    """
    tell = progress or (lambda _stage, _fraction: None)
    watch = stopwatch or Stopwatch()
    check_resolution(resolution)
    with watch.stage("load"):
        tell("load", 0.05)
        network = load_network(model)
        segmentation = load_network(model.segmentation) if model.segmentation else None

    def look(views: Sequence[XrayView], watch: Stopwatch) -> Look:
        with watch.stage("encode"):
            seen = field_of_view(views)
            field = gridded(views_field(network, views, segmentation), CUBE, NETWORK_NODES)
        with watch.stage("refine"):
            tell("refine", 0.25)
            rough = _extracted(field, seen, NETWORK_NODES)
            images = in_parallel(EdgeImage.of_view, views)
            return Look(views, seen, field, images, refine(field, rough, seen, CUBE, images))

    tell("encode", 0.15)
    first = look(views, watch)
    with watch.stage("geometry"):
        tell("geometry", 0.35)
        best, agreement = agreed(first, lambda corrected: look(corrected, Stopwatch()))
    seen, refinement = best.seen, best.refinement
    if not refined:
        refinement = replace(refinement, field=best.field, bones={})
    bones = _extracted(
        refinement.field,
        seen,
        resolution,
        progress=lambda stage, share: tell(stage, 0.4 + 0.5 * share),
        stopwatch=watch,
    )
    if not bones:
        raise InputError(
            "no_bones_found",
            "No bone was found in the two images",
            "Check that both show the knee and that their geometry belongs to them",
        )
    with watch.stage("trust"):
        calibration = calibration or calibration_of(model.weights)
        uncertainty = vertex_uncertainty(bones, refinement, seen, calibration)
        breaks = break_logits(best.views, refinement.fits, seen)
        trust = judge(refinement, seen, breaks, calibration)
    return Reconstruction(
        BoneSet({bone: with_uncertainty(mesh, uncertainty[bone]) for bone, mesh in bones.items()}),
        uncertainty,
        trust,
        calibration.model == model.sha256,
        refinement,
        seen,
        breaks,
        best.views,
        agreement,
    )


def reconstruct_files(
    ap: Path,
    lateral: Path,
    out: Path,
    *,
    rig: Path | None = None,
    model: str | None = None,
    resolution: int = 256,
    refined: bool = True,
    accept_untrusted: bool = False,
    correspondence: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Reconstruct from files; writes one PLY a bone and ``report.json`` into ``out``, or nothing.

    The PLYs carry the uncertainty in mm as the vertex property ``recon.vertex_values.PROPERTY``.

    Args:
        ap: frontal X-ray.
        lateral: side X-ray.
        out: folder for the results.
        rig: projection matrices that override the images' attributes.
        model: name of a shipped model or path of weights.
        resolution: grid cells along an edge of the cube.
        refined: whether the shape model mends what the network is unsure of.
        accept_untrusted: whether to go on where this does not look like a knee; the report says so.
        correspondence: whether to write, beside the bones, the refined ones with the same vertices for
            everybody, see ``recon.correspondence``; the report lists them.
        progress: told the stage and the share of the whole that is done.

    Returns:
        The report, as written.

    Raises:
        InputError: anything wrong with the images, the geometry, the model or the output folder; untrusted.
    """
    began = time.perf_counter()
    tell = progress or (lambda _stage, _fraction: None)
    watch = Stopwatch()
    chosen = find(model)
    with watch.stage("read"):
        tell("read", 0.0)
        views = list(read_pair(ap, lateral, rig))
    made = reconstruct_views(
        views, model=chosen, resolution=resolution, refined=refined, progress=progress, stopwatch=watch
    )
    if not accept_untrusted:
        made.trust.require()
    bones, cameras = made.bones, made.seen.cameras
    report: dict[str, Any] = {
        "model": {"name": chosen.name, "sha256": chosen.sha256},
        "resolution": resolution,
        "field_of_view": {
            "cube_side_mm": CUBE.side,
            "projections": [camera.projection.tolist() for camera in cameras],
            "rows": [camera.rows for camera in cameras],
            "columns": [camera.columns for camera in cameras],
        },
        "bones": bones.describe(),
        "absent": [bone.label for bone in Bone if bone not in bones],
        "refined": [bone.label for bone in made.refinement.bones],
        "not_refined": {bone.label: reason for bone, reason in made.refinement.rejected.items()},
        "uncertainty": uncertainty_report(made.uncertainty),
        "geometry": made.agreement.report(),
        "trust": {**made.trust.report(), "calibrated": made.calibrated},
        "images": [
            {
                "file": path.name,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "camera": {"projection": view.camera.projection.tolist()},
                "provenance": view.provenance,
            }
            for path, view in zip((ap, lateral), made.views, strict=True)
        ],
        "warnings": [
            *made.trust.warnings(),
            *made.agreement.warnings(),
            *(warning for view in views for warning in view.warnings),
        ],
    }
    names = [name for bone in Bone for name in (f"{bone.label}.ply", corresponding_name(bone))]
    with output_folder(out, replaces=names) as folder:
        with watch.stage("write"):
            tell("write", 0.95)
            bones.write(folder)
            if correspondence:
                report["correspondence"] = write_corresponding(
                    made.refinement, made.seen, calibration_of(chosen.weights), folder
                )
        report["seconds"] = {**watch.seconds, "total": round(time.perf_counter() - began, 3)}
        (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    tell("done", 1.0)
    return report
