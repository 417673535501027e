"""The measures of a leg as data: function, unit, landmarks, definition, source and normal range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from guides.bones import Array
from guides.landmarks import Side
from guides.measures.angles import (
    Points,
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
    wbl,
)


@dataclass(frozen=True)
class NormalRange:
    """What is usual in healthy adults, in the unit of the measure, and who says so."""

    low: float
    high: float
    source: str


@dataclass(frozen=True)
class Measure:
    """What a measure is called, how it is computed and where its definition comes from.

    Attributes:
        function: of positions by landmark name and side.
        unit: deg, mm, % or empty for a ratio.
        needs: landmarks without which it cannot be given.
        definition: one line for a reader.
        source: of the definition.
        normal: None where no range holds for everybody.
    """

    function: Callable[[Points, Side], Array]
    unit: str
    needs: tuple[str, ...]
    definition: str
    source: str
    normal: NormalRange | None


_TIBIA = ("plateau_medial", "plateau_lateral", "tibia_knee_center", "ankle_center")
_FEMUR = ("hip_center", "femur_knee_center")
_CONDYLES = ("femur_medial_distal", "femur_lateral_distal")
_EDGES = ("plateau_medial_edge", "plateau_lateral_edge")
_PATELLA = ("patella_articular_superior", "patella_articular_inferior", "plateau_anterior")

MEASURES: dict[str, Measure] = {
    "mMPTA": Measure(
        mmpta, "deg", _TIBIA, "Plateau line to tibial mechanical axis, medial angle", "Paley; normal 87 ± 3",
        NormalRange(84, 90, "Paley, 87 ± 3"),
    ),
    "mLDFA": Measure(
        mldfa, "deg", _TIBIA + _FEMUR + _CONDYLES,
        "Distal condylar line to femoral mechanical axis, lateral angle",
        "Paley; normal 87 to 90 (PMC7481321)", NormalRange(87, 90, "PMC7481321"),
    ),
    "JLCA": Measure(
        jlca, "deg", _TIBIA + _CONDYLES, "Femoral to tibial joint line, positive when open laterally",
        "Paley; normal 0 to 2 (PMC7481321)", NormalRange(0, 2, "PMC7481321"),
    ),
    "PTS_medial": Measure(
        slope_medial, "deg", (*_TIBIA, "plateau_medial_anterior", "plateau_medial_posterior"),
        "Posterior slope of the medial plateau against the tibial mechanical axis",
        "6.2 (-4.1 to 17.2) on CT of 378 healthy people (PMC6984458); normal 7 to 10, common teaching",
        NormalRange(7, 10, "common teaching"),
    ),
    "PTS_lateral": Measure(
        slope_lateral, "deg", (*_TIBIA, "plateau_lateral_anterior", "plateau_lateral_posterior"),
        "Posterior slope of the lateral plateau against the tibial mechanical axis",
        "5.3 (-4.7 to 16.2) on CT of 378 healthy people (PMC6984458); no narrower range agreed on",
        NormalRange(-4.7, 16.2, "PMC6984458, least and most of 378 healthy people on CT"),
    ),
    "HKA": Measure(
        hka, "deg", _TIBIA + _FEMUR,
        "Femoral to tibial mechanical axis; 180 straight, below varus, above valgus",
        "Paley; normal 178 to 181", NormalRange(178, 181, "Paley"),
    ),
    "mFTA": Measure(
        mfta, "deg", _TIBIA + _FEMUR,
        "Femoral to tibial mechanical axis as a deviation from straight, valgus positive",
        "Paley; at most 3 of valgus after a correction (PMC8822774)", NormalRange(-2, 1, "Paley"),
    ),
    "WBL": Measure(
        wbl, "%", _TIBIA + _FEMUR + _EDGES,
        "Hip to ankle line across the plateau, 0 medial edge, 100 lateral edge",
        "Fujisawa; target 62.5, Miniaci (10.1177/26350254211032968)",
        NormalRange(30, 50, "Paley: 8 ± 7 mm medial of the centre, on a plateau of 75 mm"),
    ),
    "JLO": Measure(
        obliquity, "deg", _TIBIA + _FEMUR,
        "Plateau line against the line square to hip to ankle, medial side up",
        "warn above 5 (PMC8822774)", NormalRange(-5, 5, "PMC8822774, the bounds of an isolated osteotomy"),
    ),
    "Caton_Deschamps": Measure(
        caton_deschamps, "", ("plateau_medial", "plateau_lateral", *_PATELLA),
        "Patellar articular edge to anterosuperior tibia over the articular length, knee as it lay",
        "Caton and Deschamps 1982",
        NormalRange(0.8, 1.2, "Caton and Deschamps: 0.96 ± 0.13; low up to 0.8, high from 1.2"),
    ),
    "leg_length": Measure(
        leg_length, "mm", ("hip_center", "ankle_center"),
        "Hip centre to ankle centre; its change is what the correction adds", "Paley", None,
    ),
}  # fmt: skip
