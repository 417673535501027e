"""What measures, landmarks and choices of a plan are called where people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEASURES = {
    "mMPTA": "mMPTA",
    "mLDFA": "mLDFA",
    "JLCA": "JLCA",
    "PTS_medial": "Posterior slope, medial",
    "PTS_lateral": "Posterior slope, lateral",
    "HKA": "HKA",
    "mFTA": "mFTA",
    "WBL": "Weight-bearing line",
    "JLO": "Joint line obliquity",
    "Caton_Deschamps": "Patellar height (Caton-Deschamps)",
    "leg_length": "Leg length",
}

KINDS = {
    "medial_opening_wedge": "medial opening wedge",
    "lateral_closing_wedge": "lateral closing wedge",
}

PROVENANCES = {
    "auto": "found on the bones",
    "edited": "set by hand",
    "imputed": "imputed, out of view",
    "measured": "read on the long-leg film",
}

OSTEOTOMY = {
    "correction_deg": ("Correction", "deg"),
    "gap_mm": ("Gap at the start of the cut", "mm"),
    "gap_anterior_mm": ("Gap in front", "mm"),
    "gap_posterior_mm": ("Gap at the back", "mm"),
    "wedge_base_mm": ("Lateral base of the wedge", "mm"),
    "wedge_anterior_mm": ("Wedge in front", "mm"),
    "wedge_posterior_mm": ("Wedge at the back", "mm"),
    "cut_depth_mm": ("Depth of the cut", "mm"),
    "lateral_cortex_mm": ("Lateral cortex kept", "mm"),
    "medial_cortex_mm": ("Medial cortex kept", "mm"),
    "hinge_below_joint_mm": ("Hinge below the joint line", "mm"),
    "wedge_volume_mm3": ("Wedge volume", "cm³"),
    "miniaci_deg": ("Angle after Miniaci", "deg"),
    "dugdale_deg": ("Angle after Dugdale", "deg"),
}
"""Name and unit of each number of the osteotomy; ``number`` turns volumes into cm³."""

_OF_OPENING = ("gap_mm", "gap_anterior_mm", "gap_posterior_mm", "lateral_cortex_mm")


def osteotomy_numbers(osteotomy: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of the ``osteotomy`` of a document by the names of ``OSTEOTOMY``, as far as it has them.

    A closing wedge opens no gap, and the saw enters through its lateral cortex: the engine's gaps are
    negative there and mean bone that is taken out, so that they are given as thickness of the wedge.
    """
    found = dict(osteotomy)
    if osteotomy.get("kind") == "lateral_closing_wedge":
        found |= {f"wedge_{end}_mm": -osteotomy[f"gap_{end}_mm"] for end in ("anterior", "posterior")}
        found = {name: value for name, value in found.items() if name not in _OF_OPENING}
    return {name: found[name] for name in OSTEOTOMY if found.get(name) is not None}


def osteotomy_bands(osteotomy: Mapping[str, Any]) -> dict[str, list[float]]:
    """The 90 % bands of these numbers, of those that have one; plans of before there were bands have none."""
    bands = dict(osteotomy.get("bands", {}))
    if osteotomy.get("kind") == "lateral_closing_wedge":
        for end in ("anterior", "posterior"):
            gap = bands.get(f"gap_{end}_mm")
            bands[f"wedge_{end}_mm"] = gap and [-gap[1], -gap[0]]
    return {name: bands[name] for name in osteotomy_numbers(osteotomy) if bands.get(name)}


def measure_name(name: str) -> str:
    """What a measure is called; one that is new here goes by its own name."""
    return MEASURES.get(name, name.replace("_", " "))


def landmark_name(name: str) -> str:
    """What a landmark is called."""
    spelt = name.replace("_", " ").replace("ptfj", "proximal tibiofibular joint").replace("center", "centre")
    return spelt.capitalize()


def number(value: float | None, unit: str) -> str | None:
    """A number with as many decimals as mean something: two for a ratio, one for all else."""
    if value is None:
        return None
    if unit == "cm³":
        value = value / 1000
    text = f"{value:.2f}" if unit == "" else f"{value:.1f}"
    return text.removeprefix("-") if float(text) == 0 else text


def target(document: Mapping[str, Any]) -> str:
    """What the plan aims at, with its unit."""
    aim = document.get("target")
    if aim is None:
        return f"{document['osteotomy']['correction_deg']:.1f} deg of correction"
    unit = document["measures"][aim["measure"]]["unit"]
    return f"{measure_name(aim['measure'])} {number(aim['value'], unit)} {unit}".strip()


def technique(document: Mapping[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Choices of a plan besides its target: path to label, value in words, and unit."""
    chosen, film = document.get("technique", {}), document.get("long_film", {})
    found = {
        "technique.kind": ("Technique", KINDS.get(chosen.get("kind", ""), "medial opening wedge"), ""),
        "technique.tuberosity": (
            "Tuberosity stays with",
            f"the {chosen.get('tuberosity', 'distal')} fragment",
            "",
        ),
        "technique.slope_change_deg": (
            "Wanted change of slope",
            number(chosen.get("slope_change_deg", 0.0), "deg") or "",
            "deg",
        ),
        "technique.jlca_compensation": (
            "Compensation of JLCA",
            "yes" if chosen.get("jlca_compensation") else "no",
            "",
        ),
    }
    for name in ("HKA", "JLCA"):
        if film.get(name) is not None:
            label = f"{name} on the long-leg film"
            found[f"long_film.{name}"] = (label, number(film[name], "deg") or "", "deg")
    if film:
        found["long_film.reading"] = ("Angles of the long-leg film", film_source(film), "")
    return found


def film_source(film: Mapping[str, Any]) -> str:
    """Whether the angles of a long-leg film were typed, or on which film they were measured and by whom."""
    reading = film.get("reading")
    if reading is None:
        return "typed"
    found = f"measured on film {reading['film_sha256'][:12]}"
    if reading.get("read_by"):
        found += f" by {reading['read_by']}"
    if reading.get("read_at"):
        found += f", {reading['read_at'][:16].replace('T', ' ')} UTC"
    return f"{found}; the film is mirrored" if reading["mirrored"] else found
