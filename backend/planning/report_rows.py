"""What the plan report says, as rows of text."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from backend.imaging.models import Origin
from backend.planning import words
from backend.planning.models import Plan, Status
from backend.planning.solids import why_missing

Rows = list[list[str]]
Document = Mapping[str, Any]

_ORIGINS = {
    Origin.XRAY_NETWORK: "reconstructed from two X-rays",
    Origin.CT_NETWORK: "segmented from a CT",
    Origin.IMPORTED: "imported",
}
_SIZES = (
    *("gap_mm", "gap_anterior_mm", "gap_posterior_mm"),
    *("wedge_base_mm", "wedge_anterior_mm", "wedge_posterior_mm"),
)
_SIDES = {"L": "left", "R": "right"}


def title(plan: Plan) -> str:
    """Whose plan this is, and which."""
    case = plan.case
    return f"HTO plan {plan.revision}, case {case.patient.pseudonym}, {_SIDES[case.side]} knee"


def moment(at: datetime.datetime | None) -> str:
    """A time as it is printed."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def standing(plan: Plan) -> str:
    """Whether the plan may be followed, and who said so."""
    signer = plan.approved_by.name if plan.approved_by else "nobody"
    approval = f"approved by {signer}, {moment(plan.approved_at)}"
    if plan.status == Status.APPROVED:
        return f"A{approval[1:]}"
    if plan.status == Status.WITHDRAWN:
        who = plan.withdrawn_by.name if plan.withdrawn_by else "nobody"
        return (
            f"WITHDRAWN by {who}, {moment(plan.withdrawn_at)}: {plan.withdrawn_reason}."
            f" Do not use this plan. It had been {approval}"
        )
    if plan.status == Status.SUPERSEDED:
        return f"SUPERSEDED by a later plan. Do not use this one{f'; {approval}' if plan.approved_at else ''}"
    return "DRAFT, not approved: no guide can be designed from it"


def facts(plan: Plan) -> Rows:
    """Who planned what on which bones."""
    document, bones = plan.document, plan.bone_set
    found = [["Target", words.target(document)], ["Correction", correction(document)]]
    for label, value, unit in words.technique(document).values():
        found.append([label, f"{value} {unit}".strip()])
    placed = [name.split("_")[0] for name in document.get("cut", {})]
    found.append(["Cut", f"{' and '.join(placed)} placed by hand" if placed else "found automatically"])
    if sure := document.get("uncertainty_mm"):
        places = ", ".join(f"{value:.1f} mm at the {place}" for place, value in sure.items())
        found.append(["Expected error of the bone", places])
    saved = f"{plan.author.name}, {moment(plan.created_at)}"
    found += [
        ["Saved", f"{saved}: {plan.reason}" if plan.reason else saved],
        ["Bones", f"bones {bones.number}, {_ORIGINS[Origin(bones.origin)]} ({bones.model})"],
    ]
    return found


def correction(document: Document) -> str:
    """The angle, and how far the wedge opens or how thick its base is: what the saw and the ruler need."""
    numbers = words.osteotomy_numbers(document["osteotomy"])
    sizes = []
    for name in _SIZES:
        if numbers.get(name, 0.0) > 0:
            label, unit = words.OSTEOTOMY[name]
            sizes.append(f"{label.lower()} {words.number(numbers[name], unit)} {unit}")
    return "; ".join([f"{words.number(numbers['correction_deg'], 'deg')} deg", *sizes])


def fragments(plan: Plan) -> str:
    """What the pictures of the corrected knee were drawn from."""
    missing = why_missing(plan)
    if missing:
        return f"Drawn without exact fragments and without a second cut behind the tuberosity. Why: {missing}"
    biplanar = {"ascending", "descending"} & set(plan.document["osteotomy"])
    cuts = "both cuts, the one behind the tuberosity too" if biplanar else "the cuts"
    return f"Fragments: the exact solids of {cuts}, stored with this revision; the saw has no width."


def measures(document: Document) -> Rows:
    """Each measure before and after, with bands, normal range and how it was obtained."""
    found = [["Measure", "Before", "After", "Change", "Normal", "Obtained"]]
    for name, measure in document["measures"].items():
        unit = measure["unit"]
        label = f"{words.measure_name(name)}{f', {unit}' if unit else ''}"
        normal = measure.get("normal")
        # Of the numbers that are printed: a reader who subtracts them must find what is said.
        shown = [float(words.number(measure[when], unit) or 0) for when in ("before", "after")]
        change = words.number(shown[1] - shown[0], unit) or ""
        found.append(
            [
                label,
                _with_band(measure["before"], measure["band"], unit),
                _with_band(measure["after"], measure.get("band_after"), unit),
                change if change.startswith("-") or float(change) == 0 else f"+{change}",
                _normal(normal, shown[1]) if normal else "",
                words.PROVENANCES.get(measure["provenance"], measure["provenance"]),
            ]
        )
    return found


def _normal(normal: Mapping[str, Any], after: float) -> str:
    """The normal range, and on which side of it the leg is after the correction."""
    side = "; below" if after < normal["low"] else "; above" if after > normal["high"] else ""
    return f"{normal['low']:g} to {normal['high']:g}{side}"


def _with_band(value: float, band: list[float] | None, unit: str) -> str:
    text = words.number(value, unit) or ""
    return f"{text} ({words.number(band[0], unit)} to {words.number(band[1], unit)})" if band else text


def warnings(document: Document) -> Rows:
    """What a surgeon should know before choosing this plan, with sources."""
    found = [["Warning", "Source"]]
    return found + [[warning["message"], warning["source"]] for warning in document["warnings"]]


def osteotomy(document: Document) -> Rows:
    """The numbers of the osteotomy with their bands, two a row."""
    numbers = document["osteotomy"]
    bands = words.osteotomy_bands(numbers)
    cells = []
    for name, value in words.osteotomy_numbers(numbers).items():
        label, unit = words.OSTEOTOMY[name]
        cells.append((label, f"{_with_band(value, bands.get(name), unit)} {unit}"))
    for name in ("ascending", "descending"):
        if name in numbers:
            second = numbers[name]
            cells.append(
                (f"Second cut, {name}, to the first", f"{words.number(second['angle_deg'], 'deg')} deg")
            )
            thickness = words.number(second["tuberosity_thickness_mm"], "mm")
            cells.append(("Bone in front of the second cut", f"{thickness} mm"))
    if len(cells) % 2:
        cells.append(("", ""))
    return [[*one, *other] for one, other in zip(cells[::2], cells[1::2], strict=True)]


def landmarks(document: Document) -> Rows:
    """Every landmark with its place and how it was obtained."""
    found = [["Landmark", "x", "y", "z", "Obtained"]]
    for name, mark in document["landmarks"].items():
        place = [words.number(x, "mm") or "" for x in mark["position"]]
        found.append([words.landmark_name(name), *place, words.PROVENANCES[mark["provenance"]]])
    return found


def definitions(document: Document) -> Rows:
    """How each measure is defined, and by whom."""
    found = [["Measure", "Definition", "Source"]]
    for name, measure in document["measures"].items():
        found.append([words.measure_name(name), measure["definition"], measure["source"]])
    return found


def hashes(plan: Plan) -> Rows:
    """What the plan stands on, and the plan itself."""
    found = [[bone, sha256] for bone, sha256 in plan.document["bones_sha256"].items()]
    if reading := plan.document.get("long_film", {}).get("reading"):
        found.append(["long-leg film", reading["film_sha256"]])
    solids = plan.made_solids
    made = [[f"{part} fragment", sha256] for part, sha256 in (solids.sha256 if solids else {}).items()]
    return [*found, ["plan document", plan.sha256], *made]
