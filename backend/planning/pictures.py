"""Pictures of a plan: the bones before and after, shaded, and simulated X-rays of the corrected knee."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import trimesh
from PIL import Image, ImageDraw

from guides.bones import Bone, BoneSet, cross_section
from guides.landmarks import Landmarks, Side
from guides.measures import axes
from guides.osteotomy import (
    CorrectedKnee,
    Correction,
    Osteotomy,
    TuberositySide,
    corrected_knee,
    exact_knee,
    read_osteotomy,
    read_second_cut,
)
from recon.render import Surface, render

Array = npt.NDArray[np.float64]
Points = Mapping[str, Array]

COLOURS = {
    Bone.PATELLA: (0.93, 0.86, 0.72),
    Bone.FEMUR: (0.90, 0.86, 0.78),
    Bone.FIBULA: (0.86, 0.82, 0.74),
    Bone.TIBIA: (0.95, 0.92, 0.85),
}
DISTAL = (0.60, 0.78, 0.92)
CUT, LINE, HINGE = (196, 60, 30), (30, 90, 200), (160, 20, 120)
WIDTH_MM, HEIGHT_MM, PIXELS = 150.0, 190.0, 560
BELOW_MM = 25.0
"""The middle of a picture lies this far below the centre of the knee."""


@dataclass(frozen=True)
class PlannedLeg:
    """A plan with its bones: landmarks before and after, and the knee as it is to become."""

    side: Side
    bones: BoneSet
    osteotomy: Osteotomy
    before: Points
    after: Points
    knee: CorrectedKnee

    @classmethod
    def of(
        cls, folder: Path, document: Mapping[str, Any], fragments: tuple[bytes, bytes] | None = None
    ) -> PlannedLeg:
        """Read bones, plan document and fragments.

        Args:
            folder: of the bones.
            document: of the plan.
            fragments: PLY files of the proximal fragment and of the distal one as it has turned; None cuts
                the tibia here, by the first plane alone.

        Raises:
            InputError: as of the engine; a document that was planned on these bones gives none.
        """
        side: Side = "L" if document["side"] == "L" else "R"
        bones, osteotomy = BoneSet.read(folder), read_osteotomy(document["osteotomy"])
        film = document.get("long_film", {}).get("landmarks", {})
        points = Landmarks.from_document({**document["landmarks"], **film}).positions()
        tuberosity: TuberositySide = document["technique"]["tuberosity"]
        joint = document.get("jlca_compensation", {})
        closing = joint["deg"] if joint.get("applied") else 0.0
        turn = (osteotomy.hinge_point, osteotomy.hinge_axis, osteotomy.correction_deg)
        after = Correction(*turn, tuberosity, closing).of_leg(points, side)
        if fragments is None:
            knee = corrected_knee(bones, points, osteotomy, tuberosity)
        else:
            proximal, distal = (_mesh(content) for content in fragments)
            second = read_second_cut(document["osteotomy"])
            knee = exact_knee(bones, points, osteotomy, (proximal, distal), tuberosity, second)
        return cls(side, bones, osteotomy, points, after, knee)


def _mesh(content: bytes) -> trimesh.Trimesh:
    return trimesh.load_mesh(io.BytesIO(content), file_type="ply", process=False)


def shaded_pictures(leg: PlannedLeg) -> dict[str, bytes]:
    """PNG files ``frontal_before``, ``frontal_after``, ``sagittal_before``, ``sagittal_after``.

    Frontal from in front of the leg, sagittal from its lateral side. The distal fragment is blue, the cut
    red, the hinge magenta and the line from hip to ankle, on frontal pictures, dark blue.
    """
    before = [Surface(mesh, np.array(COLOURS[bone])) for bone, mesh in leg.bones.items()]
    knee = leg.knee
    after = [Surface(mesh, np.array(COLOURS[bone])) for bone, mesh in knee.others.items()]
    after += [Surface(knee.proximal, np.array(COLOURS[Bone.TIBIA])), Surface(knee.distal, np.array(DISTAL))]
    frame = axes(leg.before, leg.side)
    frontal, sagittal = _standing(frame.anterior), _standing(-frame.medial)
    found = {}
    for view, angle in (("frontal", frontal), ("sagittal", sagittal)):
        for when, surfaces, points in (("before", before, leg.before), ("after", after, leg.after)):
            canvas = _Canvas(angle, leg.before["tibia_knee_center"] - [0, 0, BELOW_MM])
            canvas.picture = canvas.shade(surfaces)
            _draw_plan(canvas, leg, points, frontal=view == "frontal", cut=when == "before")
            found[f"{view}_{when}"] = canvas.png()
    return found


def _standing(direction: Array) -> float:
    """Angle, as of ``render``, of a viewer who stands in a direction from the knee."""
    return float(np.degrees(np.arctan2(direction[0], -direction[1])))


def _draw_plan(canvas: _Canvas, leg: PlannedLeg, points: Points, *, frontal: bool, cut: bool) -> None:
    osteotomy = leg.osteotomy
    if cut:
        outline = cross_section(leg.bones[Bone.TIBIA], osteotomy.plane_point, osteotomy.plane_normal)
        for start, end in outline:
            canvas.line(start, end, CUT, 3)
    if frontal and "hip_center" in points:
        canvas.line(points["hip_center"], points["ankle_center"], LINE, 2)
    anterior = axes(leg.before, leg.side).anterior
    if frontal:
        canvas.dot(osteotomy.hinge_point, HINGE)
    else:
        reach = 22.0 * anterior
        canvas.line(osteotomy.hinge_point - reach, osteotomy.hinge_point + reach, HINGE, 3)


class _Canvas:
    """A shaded picture with lines over it, in parallel projection."""

    def __init__(self, angle: float, centre: Array) -> None:
        radians = np.deg2rad(angle)
        self._angle, self._centre = angle, np.asarray(centre)
        self._right = np.array([np.cos(radians), np.sin(radians), 0.0])
        self.picture = Image.new("RGB", (1, 1))

    def shade(self, surfaces: list[Surface]) -> Image.Image:
        return render(
            surfaces,
            self._angle,
            centre=self._centre,
            width_mm=WIDTH_MM,
            height_mm=HEIGHT_MM,
            pixels=PIXELS,
        )

    def _pixel(self, point: Array) -> tuple[float, float]:
        scale, offset = PIXELS / HEIGHT_MM, point - self._centre
        across = float(offset @ self._right) * scale + (self.picture.width - 1) / 2
        return across, (PIXELS - 1) / 2 - float(offset[2]) * scale

    def line(self, start: Array, end: Array, colour: tuple[int, int, int], width: int) -> None:
        ImageDraw.Draw(self.picture).line([self._pixel(start), self._pixel(end)], fill=colour, width=width)

    def dot(self, point: Array, colour: tuple[int, int, int]) -> None:
        x, y = self._pixel(point)
        ImageDraw.Draw(self.picture).ellipse((x - 7, y - 7, x + 7, y + 7), fill=colour, outline="white")

    def png(self) -> bytes:
        return png(self.picture)


def png(picture: Image.Image) -> bytes:
    """The bytes of a PNG file."""
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=False)
    return stream.getvalue()
