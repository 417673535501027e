"""Meshes of other software: the upload that checks them, and the job that places them in the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.cases.models import Case
from backend.core import storage
from backend.core.errors import Conflict, Invalid
from backend.imaging.bone_sets import (
    add_bone_set,
    cameras_of,
    kept_files,
    laid_onto,
    lay_out_onto,
    stated_cameras,
)
from backend.imaging.models import Frame, Origin, View
from backend.imaging.uploads import (
    NOTHING_STORED,
    check_idle,
    checked,
    save,
    upload_too_large,
    workplace,
)
from backend.jobs.handlers import Work
from backend.jobs.models import Job, Kind
from backend.jobs.services import request_job

TOO_LARGE = "Reduce the meshes; 200,000 triangles show every detail of a bone."
_FORMATS = (".stl", ".obj", ".ply")


def request_import(
    *,
    person: Person,
    case: Case,
    files: Sequence[UploadedFile],
    bones: Sequence[str],
    units: str,
    frame: str,
    align_on: Sequence[str] = (),
    software: str = "",
) -> Job:
    """Check meshes in a child process with limits, keep their geometry, and queue their import.

    Args:
        person: who asks.
        case: what they are bones of.
        files: STL, OBJ or PLY.
        bones: which bone each file holds, or "" for an OBJ with a group a bone. Empty: the names tell.
        units: of the files.
        frame: whether they lie in the frame of the case's X-rays already.
        align_on: bones to align on; all in common if empty.
        software: what they were made with.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``job_active`` or ``no_rig``.
        TooLarge: ``upload_too_large``.
        Invalid: the files cannot be used, with the code of the check that refused them.
    """
    require_role(person, case.site, Role.SURGEON, Role.ENGINEER)
    check_idle(case)
    if frame == Frame.RIG and case.images.count() < len(View):
        raise Conflict(
            "no_rig",
            "The case has no pair of X-rays, so there is no frame of theirs.",
            kept=NOTHING_STORED,
            remedy="Say that the meshes have a frame of their own.",
        )
    if sum(file.size or 0 for file in files) > settings.MESH_UPLOAD_LIMIT_BYTES:
        raise upload_too_large(settings.MESH_UPLOAD_LIMIT_BYTES, TOO_LARGE)
    given = _named(files, bones)
    with workplace() as folder:
        clean = folder / "clean"
        clean.mkdir()
        paths, names = {}, {}
        for bone, file in given.items():
            working = _working_name(bone, file)
            paths[bone], names[working] = save(file, folder / working), file.name or "A file"
        groups = paths.pop("", None)
        facts = checked(
            "backend.imaging.other_engines:check_meshes",
            {"files": paths, "groups": groups, "out": clean, "units": units, "side": case.side},
            names=names,
            remedy="Export the meshes again as binary STL, with fewer triangles.",
            time_limit_s=settings.UPLOAD_TIME_LIMIT_S,
            memory_bytes=settings.UPLOAD_MEMORY_BYTES,
        )
        keys = {bone: storage.put((clean / f"{bone}.ply").read_bytes(), ".ply") for bone in facts["bones"]}
    return request_job(
        person=person,
        case=case,
        kind=Kind.IMPORT_BONES,
        input={
            "meshes": keys,
            "files": facts["files"],
            "warnings": facts["warnings"],
            "units": units,
            "frame": frame,
            "align_on": list(align_on),
            "software": software,
        },
    )


def _named(files: Sequence[UploadedFile], bones: Sequence[str]) -> dict[str, UploadedFile]:
    """Files by bone; one OBJ that holds several under "".

    Raises:
        Invalid: ``unnamed_bone``, ``bone_twice`` or ``unreadable_mesh``.
    """
    # Imported late: the engine brings numpy and trimesh, which most processes of the backend do without.
    from recon.mesh_files import bone_in_name

    given: dict[str, UploadedFile] = {}
    for file, stated in zip(files, bones or [""] * len(files), strict=True):
        name = file.name or "A file"
        if not name.lower().endswith(_FORMATS):
            raise _refusal("unreadable_mesh", f"{name} is no STL, OBJ or PLY file.", "Export it as STL.")
        guess = bone_in_name(name)
        bone = stated or (guess.label if guess else "")
        if not bone and not (len(files) == 1 and name.lower().endswith(".obj")):
            raise _refusal(
                "unnamed_bone", f"{name} does not say which bone it is.", "Choose the bone beside the file."
            )
        if bone in given:
            raise _refusal(
                "bone_twice", f"{given[bone].name} and {name} both hold the {bone}.", "Give each bone once."
            )
        given[bone] = file
    return given


def _working_name(bone: str, file: UploadedFile) -> str:
    """What a file is called here: its bone and the side that its name states, nothing else of the name."""
    from recon.mesh_files import side_in_name

    name = file.name or ""
    side = {"L": "_left", "R": "_right"}.get(side_in_name(name) or "", "")
    return f"{bone or 'knee'}{side}{Path(name).suffix.lower()}"


def _refusal(code: str, message: str, remedy: str) -> Invalid:
    return Invalid(code, message, kept=NOTHING_STORED, remedy=remedy)


class ImportHandler:
    """How an import is prepared and kept."""

    queue = "recon"
    kept = "The meshes were kept, and so were all bones and plans of the case."

    @property
    def time_limit_s(self) -> float:
        return float(settings.IMPORT_TIME_LIMIT_S)

    def prepare(self, job: Job, folder: Path) -> Work:
        given, out = folder / "given", folder / "out"
        given.mkdir()
        out.mkdir()
        for bone, key in job.input["meshes"].items():
            (given / f"{bone}.ply").write_bytes(storage.get(key))
        onto, onto_folder = lay_out_onto(job.case, folder)
        frame = job.input["frame"]
        in_rig = onto is not None and onto.frame == Frame.RIG
        cameras = cameras_of(onto) if onto else {}
        if frame == Frame.RIG:
            cameras = stated_cameras(job.case)
        return Work(
            "backend.imaging.other_engines:place_meshes",
            {
                "bones": given,
                "out": out,
                "units": job.input["units"],
                "side": job.case.side,
                "frame": frame,
                # Bones in another frame say nothing of whether these lie in the rig's.
                "onto": onto_folder if in_rig or frame == Frame.OWN else None,
                "on": job.input["align_on"] or None,
                "software": job.input["software"],
                "files": job.input["files"],
                "remarks": job.input["warnings"],
                "cameras": cameras,
            },
        )

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        report = dict(result)
        meshes, outlines = kept_files(folder / "out", report)
        onto = laid_onto(folder) if report["alignment"] else None
        in_rig = job.input["frame"] == Frame.RIG or (onto is not None and onto.frame == Frame.RIG)

        def store() -> str:
            bone_set = add_bone_set(
                job=job,
                origin=Origin.IMPORTED,
                report=report,
                outlines=outlines,
                meshes=meshes,
                frame=Frame.RIG if in_rig else Frame.OWN,
                aligned_to=onto,
            )
            return f"Bones {bone_set.number}: {', '.join(mesh.bone for mesh in meshes)}"

        return store
