"""CTs of a case: upload, removal, and the job that makes bones from one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.cases.models import Case
from backend.cases.services import log
from backend.core import storage
from backend.core.errors import Conflict
from backend.imaging.bone_sets import add_bone_set, cameras_of, kept_files, laid_onto, lay_out_onto
from backend.imaging.discarding import discard
from backend.imaging.models import CtScan, Frame, Origin
from backend.imaging.uploads import check_idle, checked, save, upload_too_large, workplace
from backend.jobs.handlers import Work
from backend.jobs.models import Job, Kind
from backend.jobs.services import request_job

TOO_LARGE = "Crop the CT to one knee, or export it with fewer slices."


def upload_ct(*, person: Person, case: Case, file: UploadedFile) -> CtScan:
    """Check a CT in a child process with limits and keep it de-identified.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``job_active``.
        TooLarge: ``upload_too_large``.
        Invalid: the file cannot be used, with the code of the check that refused it.
    """
    require_role(person, case.site, Role.SURGEON)
    check_idle(case)
    if (file.size or 0) > settings.CT_UPLOAD_LIMIT_BYTES:
        raise upload_too_large(settings.CT_UPLOAD_LIMIT_BYTES, TOO_LARGE)
    with workplace() as folder:
        arrived, out, work = save(file, folder / "arrived"), folder / "ct.nii.gz", folder / "work"
        work.mkdir()
        facts = checked(
            "backend.imaging.ct_ingest:ingest_ct",
            {"path": arrived, "work": work, "out": out, "name": file.name or "", "side": case.side},
            names={
                "arrived": "The file",
                "ct.nii.gz": "The file",
                "ct.nii": "The file",
                str(work): "The zip",
            },
            remedy="Crop the CT to one knee and upload that.",
            time_limit_s=settings.CT_TIME_LIMIT_S,
            memory_bytes=settings.CT_MEMORY_BYTES,
        )
        key = storage.put(out.read_bytes(), ".nii.gz")
    with transaction.atomic():
        scan = CtScan.objects.create(case=case, file=key, uploaded_by=person, **facts)
        log(
            case=case,
            person=person,
            action="ct.uploaded",
            text=f"CT uploaded: {' x '.join(map(str, scan.voxels))} voxels",
            data={"ct": str(scan.pk), "sha256": digest_of(scan)},
        )
    return scan


def digest_of(scan: CtScan) -> str:
    """The hash of the kept file, which is the first part of its key's name."""
    return Path(scan.file).name.partition(".")[0]


def delete_ct(*, person: Person, scan: CtScan) -> None:
    """Take a CT out of a case; nothing may have been made from it.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``ct_in_use`` or ``job_active``.
    """
    require_role(person, scan.case.site, Role.SURGEON)
    with transaction.atomic():
        case = Case.objects.select_for_update(of=("self",)).get(pk=scan.case_id)
        check_idle(case)
        if case.bone_sets.filter(origin=Origin.CT_NETWORK, report__ct__id=str(scan.pk)).exists():
            raise Conflict(
                "ct_in_use",
                "Bones were made from this CT, so it stays.",
                remedy="Open a new case for another CT.",
            )
        key, data = scan.file, {"ct": str(scan.pk), "sha256": digest_of(scan)}
        scan.delete()
        log(case=case, person=person, action="ct.deleted", text="CT removed", data=data)
        discard(key)


def request_ct_reconstruction(*, person: Person, scan: CtScan) -> Job:
    """Queue the reconstruction of bones from a CT.

    Raises:
        WrongRole: the person is neither surgeon nor engineer at the site.
        Conflict: ``job_active``.
    """
    require_role(person, scan.case.site, Role.SURGEON, Role.ENGINEER)
    return request_job(
        person=person, case=scan.case, kind=Kind.RECONSTRUCT_CT, input={"ct_scan": str(scan.pk)}
    )


class CtReconstructionHandler:
    """How a reconstruction from CT is prepared and kept."""

    queue = "recon"
    kept = "The CT was kept, and so were all bones and plans of the case."

    @property
    def time_limit_s(self) -> float:
        return float(settings.RECONSTRUCTION_TIME_LIMIT_S)

    def prepare(self, job: Job, folder: Path) -> Work:
        scan = CtScan.objects.filter(pk=job.input["ct_scan"]).first()
        if scan is None:
            raise Conflict("ct_gone", "The CT was removed since.", remedy="Upload it again.")
        ct, out = folder / "ct.nii.gz", folder / "out"
        ct.write_bytes(storage.get(scan.file))
        out.mkdir()
        onto, onto_folder = lay_out_onto(job.case, folder)
        return Work(
            "backend.imaging.other_engines:reconstruct_ct",
            {
                "ct": ct,
                "out": out,
                "side": job.case.side,
                "resolution": settings.RECONSTRUCTION_RESOLUTION,
                "model": settings.CT_MODEL,
                "onto": onto_folder,
                "cameras": cameras_of(onto) if onto else {},
            },
        )

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        report = dict(result)
        report["ct"] = {**report.get("ct", {}), "id": job.input["ct_scan"]}
        meshes, outlines = kept_files(folder / "out", report)
        onto = laid_onto(folder) if report["alignment"] else None

        def store() -> str:
            bone_set = add_bone_set(
                job=job,
                origin=Origin.CT_NETWORK,
                report=report,
                outlines=outlines,
                meshes=meshes,
                frame=Frame(onto.frame) if onto else Frame.OWN,
                aligned_to=onto,
            )
            return f"Bones {bone_set.number}: {', '.join(mesh.bone for mesh in meshes)}"

        return store
