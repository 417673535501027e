"""Bone sets of a case, whatever they were made from: storing them, and choosing what is planned on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.cases.models import Case
from backend.cases.services import log
from backend.core import storage
from backend.core.errors import Conflict
from backend.imaging.folders import lay_out_reported
from backend.imaging.models import BoneMesh, BoneName, BoneSet, Frame, Image, Origin
from backend.imaging.reported import reported_projections
from backend.jobs.models import Job

WORDS = {
    Origin.XRAY_NETWORK: "reconstructed from X-rays",
    Origin.CT_NETWORK: "reconstructed from CT",
    Origin.IMPORTED: "imported",
}
ACTIONS = {
    Origin.XRAY_NETWORK: "bones.reconstructed",
    Origin.CT_NETWORK: "bones.reconstructed_from_ct",
    Origin.IMPORTED: "bones.imported",
}


def add_bone_set(
    *,
    job: Job,
    origin: Origin,
    report: dict[str, Any],
    outlines: str,
    meshes: list[BoneMesh],
    frame: Frame = Frame.RIG,
    aligned_to: BoneSet | None = None,
) -> BoneSet:
    """Store the rows of finished bones. Call it in the transaction that ends the job.

    The first bones of a case are those that it is planned on; later ones wait until a surgeon chooses them.
    """
    case = Case.objects.select_for_update(of=("self",)).get(pk=job.case_id)
    number = (case.bone_sets.aggregate(last=Max("number"))["last"] or 0) + 1
    bone_set = BoneSet.objects.create(
        case=case,
        number=number,
        origin=origin,
        model=report["model"]["name"][:80],
        author=job.requested_by,
        frame=frame,
        aligned_to=aligned_to,
        alignment=report.get("alignment"),
        report=report,
        outlines=outlines,
    )
    for mesh in meshes:
        mesh.bone_set = bone_set
    BoneMesh.objects.bulk_create(meshes)
    if case.current_bone_set_id is None:
        Case.objects.filter(pk=case.pk).update(current_bone_set=bone_set)
    log(
        case=case,
        person=job.requested_by,
        action=ACTIONS[origin],
        text=f"Bones {number} {WORDS[origin]}: {', '.join(mesh.bone for mesh in meshes)}",
        data={
            "bone_set": str(bone_set.pk),
            "job": str(job.pk),
            "model": report["model"],
            "aligned_to": str(aligned_to.pk) if aligned_to else None,
            "meshes": {mesh.bone: storage.sha256_of(mesh.mesh) for mesh in meshes},
        },
    )
    return bone_set


def choose_bone_set(*, person: Person, bone_set: BoneSet) -> None:
    """Plan on these bones from now on. Plans on other bones stay as they are, and stay with their bones.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``no_tibia``: nothing can be planned on bones without one.
    """
    require_role(person, bone_set.case.site, Role.SURGEON)
    if not bone_set.meshes.filter(bone=BoneName.TIBIA).exists():
        raise Conflict(
            "no_tibia",
            f"Bones {bone_set.number} have no tibia, so an osteotomy cannot be planned on them.",
            remedy="Choose bones with a tibia.",
        )
    with transaction.atomic():
        case = (
            Case.objects.select_for_update(of=("self",))
            .select_related("current_bone_set")
            .get(pk=bone_set.case_id)
        )
        before = case.current_bone_set
        if before is not None and before.pk == bone_set.pk:
            return
        Case.objects.filter(pk=case.pk).update(current_bone_set=bone_set)
        log(
            case=case,
            person=person,
            action="bones.chosen",
            text=f"Planned on bones {bone_set.number} from now on ({WORDS[Origin(bone_set.origin)]})",
            data={"before": str(before.pk) if before else None, "after": str(bone_set.pk)},
        )


def reference_set(case: Case) -> BoneSet | None:
    """The bones that others are aligned to: those of the X-rays, else the first that keep their own frame."""
    xray = case.bone_sets.filter(origin=Origin.XRAY_NETWORK).order_by("-number").first()
    return xray or case.bone_sets.filter(aligned_to=None).order_by("number").first()


def lay_out_source(bone_set: BoneSet, folder: Path) -> Path:
    """Write a bone set as the engine knows them, meshes and report, into a new folder."""
    folder.mkdir(parents=True)
    lay_out_reported(bone_set, folder)
    return folder


def lay_out_onto(case: Case, folder: Path) -> tuple[BoneSet | None, Path | None]:
    """The bones that new ones are to be aligned to, and where they lie in the workspace of a job."""
    onto = reference_set(case)
    return onto, lay_out_source(onto, folder / "onto" / str(onto.pk)) if onto else None


def laid_onto(folder: Path) -> BoneSet | None:
    """The bone set that ``lay_out_onto`` laid out."""
    found = next(iter((folder / "onto").glob("*")), None)
    return BoneSet.objects.get(pk=found.name) if found else None


def cameras_of(bone_set: BoneSet) -> dict[str, dict[str, Any]]:
    """The cameras that bones are seen by over the X-rays of their case.

    Those that they, or the bones that they were moved onto, were reconstructed with, which the engine may
    have corrected; for other bones those that the X-rays state.

    Returns:
        Projection (3 x 4), rows and columns by view; empty outside the rig's frame.
    """
    if bone_set.frame != Frame.RIG:
        return {}
    cameras, seen = stated_cameras(bone_set.case), bone_set.aligned_to or bone_set
    if seen.origin == Origin.XRAY_NETWORK:
        for view, projection in reported_projections(seen.report).items():
            if view in cameras:
                cameras[view]["projection"] = projection
    return cameras


def stated_cameras(case: Case) -> dict[str, dict[str, Any]]:
    """Projection (3 x 4), rows and columns that each X-ray of a case states, by view."""
    images: list[Image] = list(case.images.all())
    return {
        str(image.view): {"projection": image.projection, "rows": image.rows, "columns": image.columns}
        for image in images
    }


def kept_files(out: Path, report: dict[str, Any]) -> tuple[list[BoneMesh], str]:
    """Put what an engine wrote into storage: rows of the meshes, unsaved, and the key of the outlines."""
    meshes = []
    for bone in BoneName:
        path = out / "bones" / f"{bone}.ply"
        if path.is_file():
            facts = report["bones"][bone.value]
            meshes.append(
                BoneMesh(
                    bone=bone,
                    mesh=storage.put(path.read_bytes(), ".ply"),
                    display=storage.put((out / "display" / path.name).read_bytes(), ".ply"),
                    vertices=facts["vertices"],
                    faces=facts["faces"],
                )
            )
    outlines = out / "outlines.json"
    return meshes, storage.put(outlines.read_bytes(), ".json") if outlines.is_file() else ""
