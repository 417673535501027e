"""The measures of a plan before and after its correction, as a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from guides.landmarks import Landmarks, Side
from guides.measures.angles import Points, Pose
from guides.measures.bands import bands, drawn_points
from guides.measures.definitions import MEASURES
from guides.measures.long_film import NO_FILM, SAGITTAL, LongFilm


def measures_document(
    landmarks: Landmarks,
    side: Side,
    after: Callable[[Points], Points],
    film: LongFilm = NO_FILM,
    drawn: Points | None = None,
) -> dict[str, dict[str, Any]]:
    """The ``measures`` part of a plan document; a measure whose landmarks are absent is left out.

    Args:
        landmarks: the leg before the correction, as its landmarks were found.
        side: L or R.
        after: moves positions, drawn or not, as the correction does.
        film: what was read on a long-leg film.
        drawn: the leg with draws of what is in doubt; None draws what is imputed or read on the film.
    """
    seen = film.moved(landmarks, side)
    points = Pose(seen.positions(), side)
    moved = Pose(after(points), side)
    drawn = Pose(drawn_points(landmarks, side, film) if drawn is None else drawn, side)
    drawn_moved = Pose(after(drawn), side)
    given = {name: one for name, one in MEASURES.items() if all(need in points for need in one.needs)}
    of_before, of_after = (bands(list(given.values()), leg, side) for leg in (drawn, drawn_moved))
    document = {}
    for (name, measure), before_band, after_band in zip(given.items(), of_before, of_after, strict=True):
        marks = landmarks if name in SAGITTAL else seen
        provenances = {marks[need].provenance for need in measure.needs}
        # The least sure of the landmarks decides, except for an angle that the film gives itself.
        provenance = next((p for p in ("imputed", "measured", "edited") if p in provenances), "auto")
        before, then = float(measure.function(points, side)), float(measure.function(moved, side))
        document[name] = {
            "value": round(before, 4),
            "before": round(before, 4),
            "after": round(then, 4),
            "change": round(then - before, 4),
            "unit": measure.unit,
            "band": None if before_band is None else [round(x, 2) for x in before_band],
            "band_after": None if after_band is None else [round(x, 2) for x in after_band],
            "provenance": "measured" if name in film.measured else provenance,
            "definition": measure.definition,
            "source": measure.source,
            "normal": None if measure.normal is None else asdict(measure.normal),
        }
    return document
