"""Bones from other software: STL, OBJ or PLY meshes, checked, in millimetres and in a stated frame.

Nothing is guessed silently: units are the user's word and are held against the sizes of human bones, an open
surface is refused with its place, and a motion onto other bones is reported with what remains after it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trimesh

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.handedness import Side, side_of
from recon.mesh_files import MILLIMETRES, check_size, closed, named_meshes, side_in_name
from recon.output import output_folder
from recon.placing import SIDES, Frame, PlacedBones, place_bones, wrong_side

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class ImportedBones:
    """Meshes of other software that passed every check.

    Attributes:
        bones: closed meshes in mm, faces turned outwards, in the frame of the files.
        files: name and SHA-256 of the file of each bone.
        warnings: what was mended, one sentence each.
    """

    bones: BoneSet
    files: dict[Bone, dict[str, str]]
    warnings: list[str] = field(default_factory=list)


def read_bones(
    files: Sequence[Path] | Mapping[Bone, Path], *, units: str, side: Side | None = None
) -> ImportedBones:
    """Read and check meshes, one a bone; one OBJ with a named group or object a bone will do.

    Args:
        files: STL, OBJ or PLY files named after their bones (``femur.stl``, ``Tibia_left.ply``), or which
            file holds which bone.
        units: of the coordinates in the files: mm, cm, m or in.
        side: of the knee; names of files and the build of the bones must agree.

    Raises:
        InputError: bad_units, no_bones, no_file, unnamed_bone, bone_twice, unreadable_mesh, bad_values,
            empty_mesh, too_many_faces, wrong_units, open_mesh, in_pieces, wrong_side.
    """
    if units not in MILLIMETRES:
        raise InputError("bad_units", f"{units} is no unit that is known", "Give mm, cm, m or in")
    found = named_meshes(files)
    if not found:
        raise InputError("no_bones", "No mesh was given", "Give one STL, OBJ or PLY file a bone")
    for item in found.values():
        stated = side_in_name(item.name)
        if side and stated and stated != side:
            raise wrong_side(f"{item.name} is named as a {SIDES[stated]} bone", side)
    check_size({bone: item.mesh for bone, item in found.items()}, units)
    meshes: dict[Bone, trimesh.Trimesh] = {}
    warnings: list[str] = []
    for bone, item in found.items():
        meshes[bone], remarks = closed(bone, item.scaled(MILLIMETRES[units]))
        warnings += remarks
    bones = BoneSet(meshes)
    built = side_of(bones)
    if side and built and built != side:
        raise wrong_side(f"The bones are built like those of a {SIDES[built]} knee", side)
    files_of = {
        bone: {"file": item.path.name, "sha256": hashlib.sha256(item.path.read_bytes()).hexdigest()}
        for bone, item in found.items()
    }
    return ImportedBones(bones, files_of, warnings)


def import_bones(
    files: Sequence[Path] | Mapping[Bone, Path],
    *,
    units: str,
    out: Path,
    side: Side | None = None,
    frame: Frame = "own",
    onto: Path | None = None,
    on: Sequence[Bone] | None = None,
    software: str = "",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Bones of other software as a bone-set folder: one PLY a bone in mm and ``report.json``, or nothing.

    Args:
        files, units, side: as of ``read_bones``.
        out: folder for the results.
        frame, on: as of ``place_bones``.
        onto: bone-set folder to align onto.
        software: what made the meshes, for the report.
        progress: told the stage and the share of the whole that is done.

    Returns:
        The report, as written.

    Raises:
        InputError: as of ``read_bones`` and ``place_bones``, or a folder that cannot be read or written.
    """
    tell = progress or (lambda _stage, _fraction: None)
    began = time.perf_counter()
    tell("read", 0.0)
    imported = read_bones(files, units=units, side=side)
    tell("align", 0.3)
    placed = place_bones(
        imported.bones,
        frame=frame,
        side=side,
        onto=BoneSet.read(onto) if onto else None,
        onto_field=FieldOfView.of_folder(onto) if onto else None,
        on=on,
    )
    report = placed_report(
        placed,
        files=list(imported.files.values()),
        units=units,
        software=software,
        warnings=imported.warnings,
    )
    with output_folder(out, replaces=[f"{bone.label}.ply" for bone in Bone]) as folder:
        tell("write", 0.9)
        placed.bones.write(folder)
        report["seconds"] = {"total": round(time.perf_counter() - began, 3)}
        (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    tell("done", 1.0)
    return report


def placed_report(
    placed: PlacedBones,
    *,
    files: Sequence[Mapping[str, str]],
    units: str,
    software: str,
    warnings: Sequence[str],
) -> dict[str, Any]:
    """The report of an import, shaped like those of the other ways to bones; the caller adds ``seconds``."""
    fingerprint = hashlib.sha256("".join(sorted(file["sha256"] for file in files)).encode()).hexdigest()
    return {
        "model": {"name": software or "imported", "sha256": fingerprint},
        "units": units,
        "files": [dict(file) for file in files],
        "frame": placed.frame,
        "alignment": placed.alignment.report() if placed.alignment else None,
        "field_of_view": placed.field_of_view.report(),
        "bones": placed.bones.describe(),
        "absent": [bone.label for bone in Bone if bone not in placed.bones],
        "warnings": [*warnings, *placed.warnings],
    }
