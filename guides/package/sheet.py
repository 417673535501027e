"""The instruction sheet: pictures of the guide on the bone, lengths of wires and blade, checks and scores."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import trimesh
from PIL import Image as Picture
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Image, Paragraph, SimpleDocTemplate, Table, TableStyle

from guides.judgement import UNTRUSTED
from guides.letters import BOLD, FONT, printable
from guides.picture import View, draw

BONE, GUIDE, WIRE = (226, 216, 192), (70, 130, 190), (110, 110, 110)
SEEN_MM, ROUND_MM = 84.0, 12.0
"""Width of a picture, at least, and what is seen round a guide that is longer."""

PIXELS = 420
SIDES = {"L": "left", "R": "right"}


def pictures(
    guide: trimesh.Trimesh, bone: trimesh.Trimesh, report: Mapping[str, Any]
) -> list[tuple[str, Picture.Image]]:
    """Six views of the guide with its wires on the bone, named."""
    u, v, w = (np.asarray(report["footprint"][name], dtype=float) for name in "uvw")
    scene = [(bone, BONE), (guide, GUIDE)]
    for wire in report["wires"]:
        point, into = np.asarray(wire["point"]), np.asarray(wire["direction"])
        segment = [point - (wire["guided_mm"] + 15) * into, point + 10 * into]
        scene.append((trimesh.creation.cylinder(wire["diameter_mm"] / 2, segment=segment), WIRE))
    along = guide.vertices @ np.column_stack([u, v, w])
    centre, seen = guide.bounds.mean(axis=0), max(SEEN_MM, float(np.ptp(along, axis=0).max()) + ROUND_MM)
    views = {
        "Against the way out": (w, v, scene), "From above": (v, -w, scene), "From below": (-v, w, scene),
        "One side": (u, v, scene), "Other side": (-u, v, scene), "Contact face": (-w, v, scene[1:2]),
    }  # fmt: skip
    return [
        (name, Picture.fromarray(draw(shown, View(towards, up, centre, seen, seen, seen / PIXELS))))
        for name, (towards, up, shown) in views.items()
    ]


def write_sheet(
    path: Path,
    guide: trimesh.Trimesh,
    bone: trimesh.Trimesh,
    report: Mapping[str, Any],
    document: Mapping[str, Any],
    pseudonym: str,
) -> None:
    """Write the PDF; the same design gives the same bytes."""
    style = _styles()
    correction = document["osteotomy"]["correction_deg"]
    kind = document["osteotomy"].get("kind", "medial_opening_wedge").replace("_", " ")
    gap = abs(document["osteotomy"]["gap_mm"])
    story: list[Flowable] = [
        _text(f"Cutting guide {report['label']}: {pseudonym}, {SIDES[report['side']]} knee", style["Title"]),
        _text(
            f"{kind.capitalize()}, {correction:.1f} degrees, {gap:.1f} mm at its base. Plan SHA-256"
            f" {report['plan_sha256']}. Not a medical device; simulated scores are not clinical.",
            style["BodyText"],
        ),
        *[
            _text(f"{warning['message']}.", style["Warning"])
            for warning in document["warnings"]
            if warning["code"] == UNTRUSTED
        ],
        _gallery(pictures(guide, bone, report)),
        _text("Wires", style["Heading2"]),
        _table(["wire", "diameter mm", "drill mm", "from sleeve mm", "ends at"], _wire_rows(report)),
        _text("Saw", style["Heading2"]),
        _table(["slot", "blade mm", "depth front", "depth middle", "depth back"], _saw_rows(report)),
        _text("Order", style["Heading2"]),
        *[_text(f"{n}. {text}", style["BodyText"]) for n, text in enumerate(_steps(report), 1)],
        _text("Checks and simulated scores", style["Heading2"]),
        _table(["", "score of 6", "simulated"], _score_rows(report, style)),
    ]
    looks = [check for check in report["checks"] if check["status"] == "warn"]
    story += [_text(f"Look: {c['message']}. {c['remedy']}.", style["BodyText"]) for c in looks]
    story.append(
        _text(
            f"{len(report['checks'])} checks of the exported files, none blocks. Clearances mm:"
            f" {', '.join(f'{name} {value:g}' for name, value in report['clearances_mm'].items())}."
            " All lengths are in millimetres; print at 100 %, with the outside down.",
            style["BodyText"],
        )
    )
    SimpleDocTemplate(
        str(path), pagesize=A4, invariant=1, title=f"{pseudonym} {report['label']}", author="Knee Guides",
        leftMargin=16 * mm, rightMargin=16 * mm, topMargin=12 * mm, bottomMargin=12 * mm,
    ).build(story)  # fmt: skip


def _styles() -> Any:
    """The usual styles in letters that are embedded and know more than western European names."""
    styles = getSampleStyleSheet()
    for name, font in (("Title", BOLD), ("Heading2", BOLD), ("BodyText", FONT)):
        styles[name].fontName = font
    styles.add(ParagraphStyle("Warning", styles["BodyText"], fontName=BOLD))
    return styles


def _text(words: str, style: Any) -> Paragraph:
    """A paragraph of plain words."""
    return Paragraph(escape(printable(words)), style)


def _gallery(named: Sequence[tuple[str, Picture.Image]]) -> Table:
    cells: list[Any] = []
    for _, picture in named:
        packed = io.BytesIO()
        picture.save(packed, "PNG")
        packed.seek(0)
        cells.append(Image(packed, width=56 * mm, height=56 * mm))
    names = [name for name, _ in named]
    return Table([cells[:3], names[:3], cells[3:], names[3:]], style=[("FONT", (0, 0), (-1, -1), FONT, 9)])


def _wire_rows(report: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            wire["name"],
            f"{wire['diameter_mm']:g}",
            f"{wire['drill_depth_mm']:.0f}",
            f"{wire['drill_depth_mm'] + wire['guided_mm']:.0f}",
            wire["drill_depth_ends_at"],
        ]
        for wire in report["wires"]
    ]


def _saw_rows(report: Mapping[str, Any]) -> list[list[str]]:
    slot = report["slot"]
    depths = [f"{slot[f'blade_to_hinge_{part}mm']:.1f}" for part in ("front_", "", "back_")]
    blade = f"{report['parameters']['blade_thickness_mm']:g}"
    others = [[other["name"], blade, "to the", "first", "cut"] for other in report.get("other_slots", [])]
    return [[slot.get("name", "cut"), blade, *depths], *others]


def _steps(report: Mapping[str, Any]) -> list[str]:
    pin = any(wire.get("kind") == "hinge" for wire in report["wires"])
    steps = [
        "Clear the contact face of soft tissue. The engraved arrow points to the knee.",
        "Press the guide on and look through the windows: it lies on the bone everywhere.",
        "Drill the proximal and distal wires to the lengths above, read at the outer end of each sleeve.",
    ]
    if pin:
        steps.append("Drill the hinge pin; the saw ends at it.")
    steps.append("Saw to the depths above, read at the outer face of the slot.")
    if pin:
        steps.append("Pull the hinge pin before the guide: it runs obliquely and would lock it.")
    return [*steps, "Slide the guide off along its wires; check the correction with spacer and gauge."]


def _score_rows(report: Mapping[str, Any], style: Any) -> list[list[Any]]:
    scores = report.get("scores")
    if scores is None:
        return [["none", "", ""]]
    return [
        [name, scores[name]["score"], _text(scores[name]["reason"], style["BodyText"])]
        for name in ("fitting", "stability", "accuracy")
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    wide = [30 * mm, 22 * mm, 120 * mm] if len(heads) == 3 else None
    table = Table([list(heads), *map(list, rows)], colWidths=wide, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.6, colors.black),
                ("LINEBELOW", (0, 1), (-1, -1), 0.2, colors.grey),
                ("FONT", (0, 0), (-1, -1), FONT, 9),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
    )
    return table
