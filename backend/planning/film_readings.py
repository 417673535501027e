"""Measuring the long-leg film of a case, and how plans stand on what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.cases.models import Case
from backend.cases.services import log
from backend.core.errors import Conflict, Invalid
from backend.imaging.models import LegFilm
from backend.planning.engine import film_angles
from backend.planning.models import FilmReading, Plan


def read_film(
    *, person: Person, film: LegFilm, points: Mapping[str, Sequence[float]], mirrored: bool
) -> FilmReading:
    """Keep what a person marked on a film, with the angles that follow from it.

    Args:
        points: (column, row) in pixels of the film.
        mirrored: whether the person says that the film is mirrored.

    Raises:
        WrongRole: the person is no surgeon of the site.
        Invalid: the engine refuses the marks, with its code; ``off_film``.
    """
    require_role(person, film.case.site, Role.SURGEON)
    _check_inside(film, points)
    angles = film_angles(points, film.pixel_spacing, film.case.side, mirrored=mirrored)
    with transaction.atomic():
        reading = FilmReading.objects.create(
            case=film.case,
            film_sha256=film.sha256,
            points=points,
            pixel_spacing=film.pixel_spacing,
            mirrored=mirrored,
            angles=angles,
            person=person,
        )
        log(
            case=film.case,
            person=person,
            action="film.measured",
            text=f"Long-leg film measured: HKA {angles['HKA']:.1f}°, JLCA {angles['JLCA']:.1f}°",
            data={"reading": str(reading.pk), "film_sha256": film.sha256, "angles": angles},
        )
    return reading


def _check_inside(film: LegFilm, points: Mapping[str, Sequence[float]]) -> None:
    for column, row in points.values():
        if not (-0.5 <= column <= film.columns - 0.5 and -0.5 <= row <= film.rows - 0.5):
            raise Invalid(
                "off_film",
                f"A point lies beside the film, which has {film.columns} columns and {film.rows} rows.",
                kept="Nothing was stored.",
                remedy="Place every point on the film.",
            )


def reading_for(case: Case, id: UUID | None) -> dict[str, Any] | None:
    """A reading of a case as the engine takes it, None where none is asked for.

    Raises:
        Invalid: ``unknown_reading``.
    """
    if id is None:
        return None
    reading = case.film_readings.select_related("person").filter(pk=id).first()
    if reading is None:
        raise Invalid(
            "unknown_reading",
            "The long-leg film of this case was never measured like that.",
            kept="Nothing was stored.",
            remedy="Measure the film again, or type its angles.",
        )
    return reading.to_engine()


def check_film_there(plan: Plan) -> None:
    """Refuse to approve what was measured on a film that is gone.

    Raises:
        Conflict: ``film_gone``.
    """
    wanted = plan.document.get("long_film", {}).get("reading", {}).get("film_sha256")
    film = LegFilm.objects.filter(case=plan.case).first()
    if wanted is not None and (film is None or film.sha256 != wanted):
        raise Conflict(
            "film_gone",
            "The long-leg film that this plan was measured on was removed or replaced since.",
            remedy="Upload it again; or measure the present film or type the angles, and save the plan anew.",
        )
