"""What a surgeon should know about a plan before choosing it: warnings with value, limit and source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from guides.bones.uncertainty import Uncertainty
from guides.landmarks import Landmarks, Side
from guides.measures import SHAFT_MM, Axes, LongFilm, Points, axes, hka
from guides.osteotomy import CORTEX_MM, Cut, Osteotomy, Technique, jlca_compensation
from guides.reconstruction import Reconstruction

MPTA_LIMIT_DEG = 94.0
OBLIQUITY_LIMIT_DEG = 5.0
GAP_LIMIT_MM = 11.0
SLOPE_LIMIT_DEG = 1.0
HINGE_TO_JOINT_MM = 10.0
ZONE_TOLERANCE_MM = 1.0
JLCA_LIMIT_DEG = 2.0
_LEAST_TOLD_DEG = 0.05  # what is less reads as 0.0 degrees
PATELLA_LIMIT = 0.8
FILM_DIFFERS_DEG = 3.0
TARGET_TOLERANCE = {"deg": 2.0, "%": 10.0}
"""Distance of the band's far edge from the target up to which a plan needs no confirmation."""

UNSURE_MM = 2.0
"""Expected error of a reconstruction from which a plan needs a second look: what counts as a good placement
of a guide is 2 mm and 2 degrees, and plateaus that are 2 mm off, one up and one down, tilt the joint line by
more."""
PLATEAU_MM, ALONG_CUT_MM, AROUND_HINGE_MM = 15.0, 5.0, 20.0
"""How far from plateau, cut and hinge the surface counts."""

UNTRUSTED = "bones_untrusted"
_REPORT = "report of the reconstruction"
"""Code of the warning that whoever uses the guide must read as well."""

HINGE = "BJJ 2017;99B:1313"
ALIGNMENT = "PMC8822774"
KNEE_FILM = "10.1080/17453674.2020.1779516"
FIBULA = "10.3390/medicina61010091"


@dataclass(frozen=True)
class Judged:
    """A plan that is judged.

    Attributes:
        marks: landmarks as found.
        points: their positions, with what a long-leg film says.
        side: L or R.
        cut: plane, hinge and outline.
        osteotomy: the wedge.
        technique: what was chosen.
        film: what was read on a long-leg film.
        measures: the ``measures`` of the document.
        unsure: expected error of the reconstruction where the plan needs the bone, see ``unsure_places``.
    """

    marks: Landmarks
    points: Points
    side: Side
    cut: Cut
    osteotomy: Osteotomy
    technique: Technique
    film: LongFilm
    measures: Mapping[str, Any]
    unsure: Mapping[str, float]

    @property
    def frame(self) -> Axes:
        """Directions of the leg before the correction."""
        return axes(self.points, self.side)


def warning(
    code: str, message: str, source: str, value: float | None = None, limit: float | None = None
) -> dict[str, Any]:
    """One entry of ``warnings``; the value is in the unit that the message names."""
    found: dict[str, Any] = {"code": code, "message": message, "source": source}
    if value is not None:
        found["value"] = round(float(value), 4)
    if limit is not None:
        found["limit"] = limit
    return found


def warnings(judged: Judged) -> list[dict[str, Any]]:
    """Every warning that a plan gives, the leg first, then the cut, then what is out of view."""
    rules: tuple[Callable[[Judged], Iterator[dict[str, Any]]], ...] = (
        _leg,
        _wedge,
        _hinge,
        _unsure,
        _unseen,
    )
    return [found for rule in rules for found in rule(judged)]


def _leg(judged: Judged) -> Iterator[dict[str, Any]]:
    after = {name: measure["after"] for name, measure in judged.measures.items()}
    if after["mMPTA"] > MPTA_LIMIT_DEG:
        text = f"mMPTA becomes {after['mMPTA']:.1f} degrees, above 94; consider a double-level osteotomy"
        yield warning("mmpta_high", text, ALIGNMENT, after["mMPTA"], MPTA_LIMIT_DEG)
    if "JLO" in after and abs(after["JLO"]) > OBLIQUITY_LIMIT_DEG:
        text = f"Joint line obliquity becomes {after['JLO']:.1f} degrees, beyond 5"
        yield warning("obliquity_high", text, ALIGNMENT, after["JLO"], OBLIQUITY_LIMIT_DEG)
    slope = judged.measures["PTS_medial"]["change"]
    if abs(slope) > SLOPE_LIMIT_DEG:
        wanted = ", as was asked" if judged.technique.slope_change_deg else ""
        text = f"The medial slope changes by {slope:+.1f} degrees{wanted}"
        yield warning("slope_change", text, "S0749-8063(20)31277-9", slope, SLOPE_LIMIT_DEG)
    patella = judged.measures.get("Caton_Deschamps")
    if patella is not None and patella["after"] < min(PATELLA_LIMIT, patella["before"]):
        text = f"Caton-Deschamps falls from {patella['before']:.2f} to {patella['after']:.2f}: a low patella"
        yield warning("patella_low", text, "Caton and Deschamps 1982", patella["after"], PATELLA_LIMIT)
    opening = judged.measures.get("JLCA")
    if (
        opening is not None
        and (extra := jlca_compensation(opening["before"])) >= _LEAST_TOLD_DEG
        and not judged.technique.jlca_compensation
        and judged.osteotomy.correction_deg > 0
    ):
        text = (
            f"JLCA is {opening['before']:.1f} degrees; under load the leg may end {extra:.1f} degrees more"
            " valgus than planned, and this plan does not compensate for it"
        )
        yield warning("jlca_uncompensated", text, "PMC7481321", opening["before"], JLCA_LIMIT_DEG)


def _wedge(judged: Judged) -> Iterator[dict[str, Any]]:
    osteotomy = judged.osteotomy
    if osteotomy.gap_mm > GAP_LIMIT_MM:
        text = f"The gap of {osteotomy.gap_mm:.1f} mm is above 11 mm; the risk of a hinge fracture rises"
        yield warning("gap_large", text, HINGE, osteotomy.gap_mm, GAP_LIMIT_MM)
    above = float((judged.points["tuberosity"] - judged.cut.point) @ judged.cut.normal)
    if above > 0 and osteotomy.KIND == Osteotomy.KIND:
        text = "The plane passes below the tuberosity; saw only to its back and finish with an ascending cut"
        if judged.technique.tuberosity == "proximal":
            text = text.replace("an ascending", "a descending")
        yield warning("tuberosity_above_cut", text, "biplanar technique, near 110 degrees", above)
    if osteotomy.KIND != Osteotomy.KIND:
        # An opening wedge turns about a hinge beside the fibula's upper joint and leaves the fibula whole.
        text = (
            "A closing wedge shortens the lateral side, which an intact fibula holds open: detach its upper"
            " joint or cut it; the pictures show it uncut"
        )
        yield warning("fibula_release", text, FIBULA, osteotomy.gap_mm)


def _hinge(judged: Judged) -> Iterator[dict[str, Any]]:
    osteotomy, points, frame = judged.osteotomy, judged.points, judged.frame
    opening = osteotomy.KIND == Osteotomy.KIND
    cortex = osteotomy.hinge_cortex_mm
    if cortex < CORTEX_MM - 0.01:
        text = f"Only {cortex:.1f} mm of {'lateral' if opening else 'medial'} cortex remain"
        yield warning("hinge_thin", text, HINGE, cortex, CORTEX_MM)
    plateau = osteotomy.HINGE_PLATEAU
    below = float((points[plateau] - osteotomy.hinge_point) @ frame.up)
    if below < HINGE_TO_JOINT_MM:
        text = f"The hinge lies only {below:.0f} mm below the {plateau.split('_')[1]} plateau"
        yield warning("hinge_near_joint", text, HINGE, below, HINGE_TO_JOINT_MM)
    if not opening or not {"ptfj_medial", "ptfj_proximal", "ptfj_distal"} <= set(points):
        return
    # The zone is read on a frontal section, so that only height and mediolateral place count.
    hinge = osteotomy.hinge_point
    high, low = (float((hinge - points[f"ptfj_{end}"]) @ frame.up) for end in ("proximal", "distal"))
    inwards = float((hinge - points["ptfj_medial"]) @ frame.medial)
    misses = [
        (high, f"{high:.0f} mm above"),
        (-low, f"{-low:.0f} mm below"),
        (inwards, f"{inwards:.0f} mm medial of"),
    ]
    worst, where = max(misses)
    if worst > ZONE_TOLERANCE_MM:
        text = f"The hinge lies {where} the zone of the proximal tibiofibular joint, where it is safest"
        yield warning("hinge_outside_safe_zone", text, HINGE, worst, ZONE_TOLERANCE_MM)


def unsure_places(uncertainty: Uncertainty | None, points: Points, osteotomy: Osteotomy) -> dict[str, float]:
    """Expected error of the tibia's surface in mm at the ``plateau``, along the ``cut`` and at the ``hinge``.

    Empty where the bones do not say how sure they are.
    """
    if uncertainty is None:
        return {}
    plateau = np.array([points["plateau_medial"], points["plateau_lateral"]])
    found = {
        "plateau": uncertainty.near(plateau, PLATEAU_MM),
        "cut": uncertainty.along(osteotomy.plane_point, osteotomy.plane_normal, ALONG_CUT_MM),
        "hinge": uncertainty.near(osteotomy.hinge_point, AROUND_HINGE_MM),
    }
    return {place: round(value, 3) for place, value in found.items() if value is not None}


def _unsure(judged: Judged) -> Iterator[dict[str, Any]]:
    where = {
        "plateau": "of the plateau, which every angle rests on",
        "cut": "along the cut, where the guide is to sit",
        "hinge": "at the hinge",
    }
    for place, value in judged.unsure.items():
        if value > UNSURE_MM:
            text = (
                f"The reconstruction expects to be {value:.1f} mm off {where[place]}, more than"
                f" {UNSURE_MM:g}; compare the bone with the X-rays there, or plan on a CT"
            )
            yield warning(f"unsure_{place}", text, "calibration of the reconstruction", value, UNSURE_MM)


def _unseen(judged: Judged) -> Iterator[dict[str, Any]]:
    marks, points = judged.marks, judged.points
    if marks["fibula_tip"].provenance == "imputed":
        text = "No fibula is in view: the aim of the cut and the side of the leg rest on typical anatomy"
        yield warning("fibula_missing", text, "priors of this program")
    shaft = float((points["tibia_shaft_proximal"] - points["tibia_shaft_distal"]) @ judged.frame.up)
    filmed = "HKA" in judged.film.measured
    if marks["ankle_center"].provenance == "imputed":
        text = (
            "The ankle is out of view: its place, HKA, WBL and mMPTA are imputed, and how the shaft bows"
            " below the view is not known; check them on a long-leg film"
        )
        if judged.film.mmpta is not None:
            text = (
                "The ankle is out of view: HKA and mMPTA are as measured on the film, the slope is to an"
                " imputed axis"
            )
        elif filmed:
            text = "The ankle is out of view: its place and mMPTA are imputed, HKA is as read on the film"
        yield warning("ankle_imputed", text, KNEE_FILM)
        if shaft < SHAFT_MM:
            text = (
                f"Only {shaft:.0f} mm of tibial shaft are in view; its axis is uncertain below {SHAFT_MM:g}"
            )
            yield warning("shaft_short", text, "10.1080/23335432.2021.1916406", shaft, SHAFT_MM)
    if "hip_center" not in marks:
        text = "Too little femur is in view: HKA and WBL cannot be given"
        yield warning("femur_missing", text, KNEE_FILM)
    elif marks["hip_center"].provenance == "imputed" and not filmed:
        text = "The hip is out of view and imputed from the femoral shaft; check HKA on a long-leg film"
        yield warning("hip_imputed", text, "PMC7875943")
    elif filmed and marks["hip_center"].provenance != "imputed":
        seen = float(hka(marks.positions(), judged.side))
        differs = judged.measures["HKA"]["before"] - seen
        if abs(differs) > FILM_DIFFERS_DEG:
            text = (
                f"HKA on the long-leg film differs by {differs:+.1f} degrees from {seen:.1f} on the bones;"
                " check that both show the same leg"
            )
            yield warning("film_differs", text, "this program", differs, FILM_DIFFERS_DEG)


def trust_warnings(made: Reconstruction | None) -> list[dict[str, Any]]:
    """Whether what made the bones says not to trust them, or that one of them may be broken."""
    if made is None:
        return []
    if made.suspected:
        text = (
            f"Look at the {' and the '.join(made.suspected)} in both images: there may be a fracture; bones"
            " are drawn whole, whatever the images show"
        )
        return [warning("bones_suspected", text, _REPORT)]
    if not made.doubts:
        return []
    text = (
        "The reconstruction does not trust these bones, so that how far they and the numbers here may be off"
        f" is not known: {'; '.join(made.doubts)}"
    )
    return [warning(UNTRUSTED, text, _REPORT)]


def target_warnings(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Whether the band of the measure that was aimed at reaches far beyond the target."""
    target = document["target"]
    measure = document["measures"][target["measure"]]
    band, unit = measure["band_after"], measure["unit"]
    if band is None:
        return []
    far = max(band[1] - target["value"], target["value"] - band[0])
    if far <= TARGET_TOLERANCE[unit]:
        return []
    text = (
        f"{target['measure']} after the correction may lie anywhere from {band[0]:.1f} to {band[1]:.1f}"
        f" {unit} (90 %); confirm the correction on a long-leg film"
    )
    return [warning("band_misses_target", text, KNEE_FILM, far, TARGET_TOLERANCE[unit])]
