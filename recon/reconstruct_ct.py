"""The way through the engine from a CT: four bones by the CT network, in the frame of ``recon drr``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from recon.bones import Bone, BoneSet
from recon.coverage import ct_findings
from recon.dataset.cube import known_box, sample_cube
from recon.dataset.manifest import Settings
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.knee import isolate_limb, knee_centre
from recon.networks.registry import find
from recon.output import output_folder
from recon.overlay import ct_overlay
from recon.prediction import CUBE, bones_of_field, check_resolution, ct_field, load_network
from recon.stopwatch import Stopwatch
from recon.volumes import CtVolume, read_ct

Progress = Callable[[str, float], None]
Array = npt.NDArray[np.float64]
OVERLAY = "overlay.png"
_CONDYLE_SHARE = 0.2  # a CT may end below the notch, which parts a condyle from its fellow
_NODES = 128  # of the volumes that the network learns from, at least


def reconstruct_volume(
    volume: CtVolume,
    network: Any,
    *,
    resolution: int = 256,
    progress: Progress | None = None,
    stopwatch: Stopwatch | None = None,
) -> tuple[BoneSet, FieldOfView, npt.NDArray[np.float32]]:
    """Bones of a CT whose knee lies at the origin, alone in air as ``isolate_limb`` leaves it.

    Args:
        volume: the CT.
        network: of kind "vnet", in evaluation mode.
        resolution: grid cells along an edge of the 200 mm cube, see ``recon.prediction.RESOLUTIONS``.
        progress: told the stage and the share of the work that is done.
        stopwatch: receives the seconds of the stages encode, field and surface.

    Returns:
        Closed meshes in mm, cut flat where CT or cube end; the part of the cube that the CT shows; the CT on
        the nodes of the cube, (D, D, D) in Hounsfield units.

    Raises:
        InputError: bad_resolution; no_overlap, where the CT hardly reaches into the cube; no_bones_found.
    """
    tell = progress or (lambda _stage, _fraction: None)
    watch = stopwatch or Stopwatch()
    check_resolution(resolution)
    settings = Settings(cube_side_mm=CUBE.side, volume_size=max(_NODES, network.config.size))
    low, high = known_box(volume, settings)
    with watch.stage("encode"):
        tell("encode", 0.0)
        hu = sample_cube(volume, settings)
        field = ct_field(network, hu)
    seen = FieldOfView(low, high)
    bones = bones_of_field(
        field,
        seen,
        resolution,
        lambda stage, share: tell(stage, 0.2 + 0.8 * share),
        smallest_piece=_CONDYLE_SHARE,
        stopwatch=watch,
    )
    if not bones:
        raise InputError(
            "no_bones_found",
            "The network found no bone in the CT",
            "Check that it shows a knee in Hounsfield units, or give the isocentre by hand",
        )
    return bones, seen, hu


def reconstruct_ct_file(
    ct: Path,
    out: Path,
    *,
    model: str | None = None,
    resolution: int = 256,
    side: Literal["L", "R"] | None = None,
    isocentre: Array | None = None,
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
    bones, seen, hu = reconstruct_volume(
        limb,
        network,
        resolution=resolution,
        progress=lambda stage, share: tell(stage, 0.25 + 0.65 * share),
        stopwatch=watch,
    )
    findings = ct_findings(bones, seen)
    report: dict[str, Any] = {
        "origin": "ct_network",
        "model": {"name": chosen.name, "sha256": chosen.sha256},
        "resolution": resolution,
        "side": side or volume.laterality,
        "isocentre_lps": centre.tolist(),
        "field_of_view": {"box_mm": [seen.low.tolist(), seen.high.tolist()]},
        "bones": bones.describe(),
        "absent": [bone.label for bone in Bone if bone not in bones],
        "ct": {"file": ct.name, "voxels": list(volume.hu.shape[::-1]), "spacing_mm": volume.spacing.tolist()},
        "findings": [finding.document() for finding in findings],
        "warnings": [finding.message for finding in findings],
    }
    with output_folder(out, replaces=[*(f"{bone.label}.ply" for bone in Bone), OVERLAY]) as folder:
        with watch.stage("write"):
            tell("write", 0.92)
            bones.write(folder)
            if overlay:
                ct_overlay(hu, bones).save(folder / OVERLAY)
        report["seconds"] = {**watch.seconds, "total": round(time.perf_counter() - began, 3)}
        (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    tell("done", 1.0)
    return report
