"""Bones from a CT and from other software as the backend wants them; in a child process, without Django."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from backend.imaging.engine import draw
from recon.alignment import align, moved
from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.geometry import Camera
from recon.imported import placed_report, read_bones
from recon.placing import Frame, place_bones

Progress = Callable[[str, float], None]

# The engine's words for its stages of a CT, and those for the people who wait.
CT_STAGES = {
    "load": "Loading the network",
    "read": "Reading the CT",
    "locate": "Looking for the knee",
    "encode": "Looking at the CT",
    "refine": "Fitting the shapes of bones",
    "field": "Finding the bones",
    "surface": "Making the surfaces",
    "write": "Writing the bones",
    "done": "Writing the bones",
}


def reconstruct_ct(
    ct: Path,
    out: Path,
    *,
    side: Literal["L", "R"],
    resolution: int,
    model: str | None,
    onto: Path | None,
    cameras: dict[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    """Bones from a CT, aligned onto other bones of the case if there are any.

    Args:
        ct: NIfTI file.
        out: an existing folder; gets ``bones/`` (PLY, mm), ``display/`` and, with cameras, ``outlines.json``.
        side: of the knee.
        resolution: samples along an edge of the reconstruction cube.
        model: name of the network, or None for the standard one.
        onto: bone-set folder whose frame is wanted. Bones that do not fit onto it keep their own frame, and
            the report says so.
        cameras: of the X-rays in the frame of ``onto``, by view.
        progress: told the stage and the share done.

    Returns:
        The engine's report, with ``alignment`` (null where the bones kept their own frame).

    Raises:
        InputError: as of the engine.
    """
    from recon.reconstruct_ct import reconstruct_ct_file

    report = reconstruct_ct_file(
        ct,
        out / "bones",
        model=model,
        resolution=resolution,
        side=side,
        progress=lambda stage, fraction: progress(CT_STAGES.get(stage, stage), 0.8 * fraction),
    )
    bones, report["alignment"] = BoneSet.read(out / "bones"), None
    if onto is not None:
        progress("Aligning with the other bones", 0.82)
        seen = FieldOfView.of_folder(out / "bones")
        try:
            found = align(
                bones, BoneSet.read(onto), moving_field=seen, fixed_field=FieldOfView.of_folder(onto)
            )
        except InputError as error:
            report["warnings"].append(f"Not aligned, kept in the frame of the CT. {error.message}")
        else:
            bones, report["alignment"] = moved(bones, found.transform), found.report()
            report["field_of_view"] = seen.moved(found.transform).report()
            bones.write(out / "bones")
    draw(bones, out, _cameras(cameras) if report["alignment"] else {}, progress)
    return report


def check_meshes(
    files: dict[str, Path], groups: Path | None, out: Path, *, units: str, side: Literal["L", "R"]
) -> dict[str, Any]:
    """Read meshes of other software and write them anew, geometry alone, as closed PLY in mm.

    Args:
        files: one file a bone, by the bone's name.
        groups: an OBJ with a group a bone, in place of ``files``.
        out: an existing folder for ``femur.ply`` and so on.
        units: of the files.
        side: of the knee.

    Returns:
        ``bones``: names of those found; ``files``: name and SHA-256 of each; ``warnings``.

    Raises:
        InputError: as of ``recon.imported.read_bones``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parsers' remarks on sloppy files help nobody here
        given = [groups] if groups else {Bone[name.upper()]: path for name, path in files.items()}
        read = read_bones(given, units=units, side=side)
    read.bones.write(out)
    return {
        "bones": [bone.label for bone in read.bones],
        "files": list(read.files.values()),
        "warnings": read.warnings,
    }


def place_meshes(
    bones: Path,
    out: Path,
    *,
    units: str,
    side: Literal["L", "R"],
    frame: Frame,
    onto: Path | None,
    on: list[str] | None,
    software: str,
    files: list[dict[str, str]],
    remarks: list[str],
    cameras: dict[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    """Checked meshes brought into the frame that the case keeps them in.

    Args:
        bones: folder of checked PLYs.
        out: an existing folder; gets ``bones/``, ``display/`` and, in the rig's frame, ``outlines.json``.
        units, side, frame, onto, on, software: as of ``recon.imported.import_bones``.
        files: name and SHA-256 of each original.
        remarks: what was mended when they were checked.
        cameras: of the X-rays in the frame of ``onto``, by view.
        progress: told the stage and the share done.

    Returns:
        The report of the import.

    Raises:
        InputError: as of ``recon.placing.place_bones``.
    """
    progress("Aligning with the other bones" if onto else "Reading the bones", 0.1)
    placed = place_bones(
        BoneSet.read(bones),
        frame=frame,
        side=side,
        onto=BoneSet.read(onto) if onto else None,
        onto_field=FieldOfView.of_folder(onto) if onto else None,
        on=[Bone[name.upper()] for name in on] if on else None,
    )
    report = placed_report(placed, files=files, units=units, software=software, warnings=remarks)
    shutil.rmtree(out / "bones", ignore_errors=True)
    (out / "bones").mkdir()
    placed.bones.write(out / "bones")
    in_rig = placed.alignment is not None or frame == "rig"
    draw(placed.bones, out, _cameras(cameras) if in_rig else {}, progress)
    return report


def _cameras(stated: dict[str, Any]) -> dict[str, Camera]:
    return {
        view: Camera(np.asarray(camera["projection"]), int(camera["rows"]), int(camera["columns"]))
        for view, camera in stated.items()
    }
