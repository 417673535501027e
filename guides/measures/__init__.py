"""Angles and lengths of a leg: how each is computed, what it is called, what is normal, how sure it is."""

from __future__ import annotations

from guides.measures.angles import (
    Axes,
    Points,
    Pose,
    axes,
    caton_deschamps,
    hka,
    jlca,
    leg_length,
    mfta,
    mldfa,
    mmpta,
    obliquity,
    slope_lateral,
    slope_medial,
    turn_to_varus,
    wbl,
)
from guides.measures.bands import BAND, DRAWS, SHAFT_MM, band, bands, drawn_points
from guides.measures.definitions import MEASURES, Measure, NormalRange
from guides.measures.document import measures_document
from guides.measures.doubt import PER_UNCERTAINTY, doubts
from guides.measures.film_points import FILM_POINTS
from guides.measures.film_reading import FilmAngles, check_side, measure_film, read_film
from guides.measures.long_film import NO_FILM, LongFilm

__all__ = [
    "BAND",
    "DRAWS",
    "FILM_POINTS",
    "MEASURES",
    "NO_FILM",
    "PER_UNCERTAINTY",
    "SHAFT_MM",
    "Axes",
    "FilmAngles",
    "LongFilm",
    "Measure",
    "NormalRange",
    "Points",
    "Pose",
    "axes",
    "band",
    "bands",
    "caton_deschamps",
    "check_side",
    "doubts",
    "drawn_points",
    "hka",
    "jlca",
    "leg_length",
    "measure_film",
    "measures_document",
    "mfta",
    "mldfa",
    "mmpta",
    "obliquity",
    "read_film",
    "slope_lateral",
    "slope_medial",
    "turn_to_varus",
    "wbl",
]
