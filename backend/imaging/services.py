"""What changes the X-rays of a case: check, execute, log."""

from __future__ import annotations

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
from backend.imaging.discarding import discard
from backend.imaging.models import Frame, Image, View
from backend.imaging.uploads import check_idle, checked, save, upload_too_large, workplace

TOO_LARGE = "Export a single X-ray image, not a whole study."
WORDS = {View.AP: "AP", View.LATERAL: "lateral"}


def upload_image(*, person: Person, case: Case, view: View, file: UploadedFile) -> Image:
    """Check an X-ray in a child process with limits and keep it de-identified, replacing that view.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``image_in_use`` or ``job_active``.
        TooLarge: ``upload_too_large``.
        Invalid: the file cannot be used, with the code of the check that refused it.
    """
    require_role(person, case.site, Role.SURGEON)
    _check_replaceable(case)
    if (file.size or 0) > settings.UPLOAD_LIMIT_BYTES:
        raise upload_too_large(settings.UPLOAD_LIMIT_BYTES, TOO_LARGE)
    with workplace() as folder:
        facts = _ingest(folder, case, view, file)
        stored = storage.put((folder / "image.dcm").read_bytes(), ".dcm")
        pixels = storage.put((folder / "pixels.u16").read_bytes(), ".u16")
    with transaction.atomic():
        # Locked and asked again: the upload took seconds, in which a reconstruction may have begun.
        case = Case.objects.select_for_update(of=("self",)).select_related("site").get(pk=case.pk)
        _check_replaceable(case)
        replaced = case.images.filter(view=view).first()
        if replaced:
            _remove(replaced)
        image = Image.objects.create(
            case=case, view=view, file=stored, pixels=pixels, uploaded_by=person, **facts
        )
        log(
            case=case,
            person=person,
            action="image.replaced" if replaced else "image.uploaded",
            text=f"{WORDS[view]} X-ray {'replaced' if replaced else 'uploaded'}",
            data={"view": view.value, "sha256": storage.sha256_of(stored)},
        )
    return image


def delete_image(*, person: Person, image: Image) -> None:
    """Take an X-ray out of a case that has not used it yet.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``image_in_use`` or ``job_active``.
    """
    require_role(person, image.case.site, Role.SURGEON)
    with transaction.atomic():
        case = Case.objects.select_for_update(of=("self",)).get(pk=image.case_id)
        _check_replaceable(case)
        _remove(image)
        log(
            case=case,
            person=person,
            action="image.deleted",
            text=f"{WORDS[View(image.view)]} X-ray removed",
            data={"view": image.view, "sha256": storage.sha256_of(image.file)},
        )


def _check_replaceable(case: Case) -> None:
    check_idle(case)
    # Outlines of all bones in the rig's frame were drawn with the cameras of these images.
    if case.bone_sets.filter(frame=Frame.RIG).exists():
        raise Conflict(
            "image_in_use",
            "Bones were made from the X-rays of this case, so they stay as they are.",
            remedy="Open a new case for other X-rays.",
        )


def _ingest(folder: Path, case: Case, view: View, file: UploadedFile) -> dict[str, Any]:
    arrived = save(file, folder / "arrived")
    partner = case.images.exclude(view=view).first()
    other = folder / "other.dcm" if partner else None
    if partner and other:
        other.write_bytes(storage.get(partner.file))
    given = file.name or "The file"
    return checked(
        "backend.imaging.ingest:ingest",
        {
            "path": arrived,
            "out": folder / "image.dcm",
            "pixels": folder / "pixels.u16",
            "view": view.value,
            "side": case.side,
            "other": other,
            "key": settings.DEIDENTIFICATION_KEY,
        },
        names={"image.dcm": given, "arrived": given},
        remedy="Export it again, uncompressed, and upload that.",
        time_limit_s=settings.UPLOAD_TIME_LIMIT_S,
        memory_bytes=settings.UPLOAD_MEMORY_BYTES,
    )


def _remove(image: Image) -> None:
    image.delete()
    discard(image.file, image.pixels)
