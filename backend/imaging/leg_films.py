"""The long-leg film of a case: upload, replacement, removal."""

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
from backend.imaging.models import LegFilm
from backend.imaging.uploads import checked, save, upload_too_large, workplace

TOO_LARGE = "Export the film alone, as one image and not as a study."
_WORKING = ("film.dcm", "film.png", "arrived")


def upload_film(*, person: Person, case: Case, file: UploadedFile) -> LegFilm:
    """Check a long-leg film in a child process with limits and keep it de-identified, in place of another.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``film_in_use``.
        TooLarge: ``upload_too_large``.
        Invalid: the file cannot be used, with the code of the check that refused it.
    """
    require_role(person, case.site, Role.SURGEON)
    check_unused(case)
    if (file.size or 0) > settings.UPLOAD_LIMIT_BYTES:
        raise upload_too_large(settings.UPLOAD_LIMIT_BYTES, TOO_LARGE)
    with workplace() as folder:
        facts = _ingest(folder, case, file)
        kept = folder / facts.pop("name")
        stored = storage.put(kept.read_bytes(), kept.suffix)
        pixels = storage.put((folder / "pixels.u16").read_bytes(), ".u16")
    with transaction.atomic():
        # Locked and asked again: the upload took seconds, in which a plan may have been approved.
        case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        check_unused(case)
        replaced = LegFilm.objects.filter(case=case).first()
        if replaced:
            _remove(replaced)
        film = LegFilm.objects.create(case=case, file=stored, pixels=pixels, uploaded_by=person, **facts)
        log(
            case=case,
            person=person,
            action="film.replaced" if replaced else "film.uploaded",
            text=f"Long-leg film {'replaced' if replaced else 'uploaded'}",
            data={"film": str(film.pk), "sha256": film.sha256},
        )
    return film


def delete_film(*, person: Person, film: LegFilm) -> None:
    """Take the long-leg film out of a case; what was measured on it is kept with the plans that use it.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Conflict: ``film_in_use``.
    """
    require_role(person, film.case.site, Role.SURGEON)
    with transaction.atomic():
        case = Case.objects.select_for_update(of=("self",)).get(pk=film.case_id)
        check_unused(case)
        data = {"film": str(film.pk), "sha256": film.sha256}
        _remove(film)
        log(case=case, person=person, action="film.deleted", text="Long-leg film removed", data=data)


def check_unused(case: Case) -> None:
    """Refuse to touch a film that an approved plan was measured on, superseded or withdrawn though it be.

    Raises:
        Conflict: ``film_in_use``.
    """
    film = LegFilm.objects.filter(case=case).first()
    if film is None:
        return
    approved = case.plans.filter(approved_at__isnull=False)
    plan = approved.filter(document__long_film__reading__film_sha256=film.sha256).first()
    if plan is not None:
        raise Conflict(
            "film_in_use",
            f"Plan {plan.revision}, which was approved, was measured on this film, so it stays.",
            remedy="Type the angles of another film, or open a new case for it.",
        )


def _ingest(folder: Path, case: Case, file: UploadedFile) -> dict[str, Any]:
    arrived, partners = save(file, folder / "arrived"), folder / "partners"
    partners.mkdir()
    for image in case.images.all():
        (partners / f"{image.view}.dcm").write_bytes(storage.get(image.file))
    given = file.name or "The file"
    return checked(
        "backend.imaging.film_ingest:ingest_film",
        {
            "path": arrived,
            "folder": folder,
            "pixels": folder / "pixels.u16",
            "side": case.side,
            "partners": partners,
            "key": settings.DEIDENTIFICATION_KEY,
        },
        names=dict.fromkeys(_WORKING, given),
        remedy="Export it again, uncompressed, and upload that.",
        time_limit_s=settings.UPLOAD_TIME_LIMIT_S,
        memory_bytes=settings.UPLOAD_MEMORY_BYTES,
    )


def _remove(film: LegFilm) -> None:
    film.delete()
    discard(film.file, film.pixels)
