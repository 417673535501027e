"""The way through the engine from a CT: four bones by the CT network, in the frame of ``recon drr``.

As in X-rays, the shape model mends what the network is unsure of; then surfaces are drawn to edges of the CT.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.bones import Bone, BoneSet
from recon.coverage import ct_findings
from recon.ct_edges import drawn_to_edges
from recon.dataset.cube import known_box, sample_cube
from recon.dataset.manifest import Settings
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.handedness import Side
from recon.knee import isolate_limb, knee_centre
from recon.networks.registry import find
from recon.output import output_folder
from recon.overlay import ct_overlay
from recon.prediction import CUBE, bones_of_field, check_resolution, ct_field, load_network
from recon.refine import refine
from recon.remembered import remembered
from recon.stopwatch import Stopwatch
from recon.volumes import CtVolume, read_ct

Progress = Callable[[str, float], None]
Array = npt.NDArray[np.float64]
OVERLAY = "overlay.png"
_CONDYLE_SHARE = 0.2  # a CT may end below the notch, which parts a condyle from its fellow
_NODES = 128  # of the volumes that the network learns from, at least
_ROUGH = 128  # grid on which the network is asked for what refinement begins with


@dataclass(frozen=True, eq=False)
class CtReconstruction:
    """Bones of a CT and how they were made.

    Attributes:
        bones: closed meshes in mm, cut flat where CT or cube end.
        seen: the part of the cube that the CT shows.
        hu: (D, D, D) Hounsfield units on the nodes of the cube, [z, y, x].
        refined: bones that the shape model mended.
        rejected: why others were left as the network drew them.
    """

    bones: BoneSet
    seen: FieldOfView
    hu: npt.NDArray[np.float32]
    refined: tuple[Bone, ...] = ()
    rejected: Mapping[Bone, str] = field(default_factory=dict)


def reconstruct_volume(
    volume: CtVolume,
    network: Any,
    *,
    resolution: int = 256,
    refined: bool = True,
    side: Side | None = None,
    progress: Progress | None = None,
    stopwatch: Stopwatch | None = None,
) -> CtReconstruction:
    """Bones of a CT whose knee lies at the origin, alone in air as ``isolate_limb`` leaves it.

    Args:
        volume: the CT.
        network: of kind "vnet", in evaluation mode.
        resolution: grid cells along an edge of the 200 mm cube, see ``recon.prediction.RESOLUTIONS``.
        refined: whether the shape model mends what the network is unsure of and surfaces are drawn to edges
            of the CT.
        side: of the patient, needed where the network finds no fibula; the fibula tells it otherwise.
        progress: told the stage and the share of the work that is done.
        stopwatch: receives the seconds of the stages encode, refine, field, surface and edges.

    Raises:
        InputError: bad_resolution; no_overlap, where the CT hardly reaches into the cube; no_bones_found.
    """
    tell = progress or (lambda _stage, _fraction: None)
    watch = stopwatch or Stopwatch()
    check_resolution(resolution)
    settings = Settings(cube_side_mm=CUBE.side, volume_size=max(_NODES, network.config.size))
    low, high = known_box(volume, settings)
    seen = FieldOfView(low, high)
    with watch.stage("encode"):
        tell("encode", 0.0)
        hu = sample_cube(volume, settings)
        margins = remembered(ct_field(network, hu), CUBE, _ROUGH)
    mended: tuple[Bone, ...] = ()
    rejected: Mapping[Bone, str] = {}
    if refined:
        with watch.stage("refine"):
            tell("refine", 0.15)
            rough = bones_of_field(margins, seen, _ROUGH, smallest_piece=_CONDYLE_SHARE)
            way = _side(rough) or side
            if way is not None:
                refinement = refine(margins, rough, seen, CUBE, side=way)
                margins, rejected = refinement.field, refinement.rejected
                mended = tuple(refinement.bones)
    bones = bones_of_field(
        margins,
        seen,
        resolution,
        lambda stage, share: tell(stage, 0.4 + 0.5 * share),
        smallest_piece=_CONDYLE_SHARE,
        stopwatch=watch,
    )
    if not bones:
        raise InputError(
            "no_bones_found",
            "The network found no bone in the CT",
            "Check that it shows a knee in Hounsfield units, or give the isocentre by hand",
        )
    if refined:
        with watch.stage("edges"):
            tell("surface", 0.92)
            bones = drawn_to_edges(bones, volume, seen)
    return CtReconstruction(bones, seen, hu, mended, rejected)


def _side(bones: BoneSet) -> Side | None:
    """Where the fibula lies beside the tibia, in LPS; None where one of them is absent."""
    if Bone.FIBULA not in bones or Bone.TIBIA not in bones:
        return None
    return "L" if bones[Bone.FIBULA].centroid[0] > bones[Bone.TIBIA].centroid[0] else "R"


def reconstruct_ct_file(
    ct: Path,
    out: Path,
    *,
    model: str | None = None,
    resolution: int = 256,
    side: Side | None = None,
    isocentre: Array | None = None,
    refined: bool = True,
    overlay: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Reconstruct from a CT; writes one PLY a bone and ``report.json`` into ``out``, or nothing.

    Args:
        ct: DICOM folder or NIfTI file.
        out: folder for the results.
        model: name of a shipped CT model or path of weights.
        resolution: grid cells along an edge of the cube.
        side: of the patient, written into the report; what the files say where it is None.
        isocentre: (3,) point of the CT's own frame that becomes the origin, as ``recon drr`` returns it; the
            knee joint is found where it is None, as there.
        refined: whether shape model and edges of the CT mend what the network drew.
        overlay: whether ``overlay.png`` shows the bones' outlines on sections of the CT.
        progress: told the stage and the share of the whole that is done.

    Returns:
        The report, as written.

    Raises:
        InputError: anything wrong with the CT, the model or the output folder.
    """
    began = time.perf_counter()
    tell = progress or (lambda _stage, _fraction: None)
    watch = Stopwatch()
    check_resolution(resolution)
    with watch.stage("load"):
        tell("load", 0.0)
        chosen = find(model, "ct")
        network = load_network(chosen)
    with watch.stage("read"):
        tell("read", 0.05)
        volume = read_ct(ct)
    with watch.stage("locate"):
        tell("locate", 0.15)
        centre = knee_centre(volume) if isocentre is None else np.asarray(isocentre, dtype=np.float64)
        limb = isolate_limb(volume, centre).centred_on(centre)
    known = side or volume.laterality
    made = reconstruct_volume(
        limb,
        network,
        resolution=resolution,
        refined=refined,
        side=known,
        progress=lambda stage, share: tell(stage, 0.25 + 0.65 * share),
        stopwatch=watch,
    )
    bones, seen = made.bones, made.seen
    findings = ct_findings(bones, seen)
    report: dict[str, Any] = {
        "origin": "ct_network",
        "model": {"name": chosen.name, "sha256": chosen.sha256},
        "resolution": resolution,
        "side": known,
        "isocentre_lps": centre.tolist(),
        "field_of_view": {"box_mm": [seen.low.tolist(), seen.high.tolist()]},
        "bones": bones.describe(),
        "absent": [bone.label for bone in Bone if bone not in bones],
        "refined": [bone.label for bone in made.refined],
        "not_refined": {bone.label: reason for bone, reason in made.rejected.items()},
        "ct": {"file": ct.name, "voxels": list(volume.hu.shape[::-1]), "spacing_mm": volume.spacing.tolist()},
        "findings": [finding.document() for finding in findings],
        "warnings": [finding.message for finding in findings],
    }
    with output_folder(out, replaces=[*(f"{bone.label}.ply" for bone in Bone), OVERLAY]) as folder:
        with watch.stage("write"):
            tell("write", 0.92)
            bones.write(folder)
            if overlay:
                ct_overlay(made.hu, bones).save(folder / OVERLAY)
        report["seconds"] = {**watch.seconds, "total": round(time.perf_counter() - began, 3)}
        (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    tell("done", 1.0)
    return report
