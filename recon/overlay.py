"""Pictures of bones drawn over the X-rays or the CT that they came from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from trimesh.intersections import mesh_plane

from recon.bones import Bone, BoneSet
from recon.geometry import ReconstructionCube
from recon.images.view import XrayView
from recon.outlines import bone_outlines

COLOURS = {
    Bone.PATELLA: (255, 196, 61),
    Bone.FEMUR: (86, 180, 233),
    Bone.FIBULA: (240, 128, 190),
    Bone.TIBIA: (102, 214, 133),
}
# Sections of a CT: axis of the normal, shares of the bones' extent along it, axis to the right, axis up
_SECTIONS = (
    (1, (0.3, 0.5, 0.7), 0, (2, 1)),  # coronal, patient's left on the right
    (0, (0.3, 0.5, 0.7), 1, (2, 1)),  # sagittal, anterior on the left
    (2, (0.75, 0.5, 0.25), 0, (1, -1)),  # axial, seen from the feet
)
_HU_WINDOW = (-200.0, 1200.0)


def overlay(view: XrayView, bones: BoneSet, *, side: int = 800) -> Image.Image:
    """An X-ray in its window with the bones' outlines, ``side`` pixels along its larger side."""
    centre, width = view.window
    grey = np.clip((view.display_pixels() - (centre - width / 2)) / width, 0, 1) * 255
    picture = Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    scale = side / max(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    draw = ImageDraw.Draw(picture)
    for bone, contours in bone_outlines(bones, view.camera).items():
        for contour in contours:
            points = [tuple(point) for point in (contour + 0.5) * scale - 0.5]
            draw.line(points, fill=COLOURS[bone], width=2, joint="curve")
    return picture


def write_overlays(views: Sequence[XrayView], bones: BoneSet, path: Path) -> None:
    """Write the views side by side, with outlines, as one PNG."""
    pictures = [overlay(view, bones) for view in views]
    sheet = Image.new("RGB", (sum(p.width for p in pictures), max(p.height for p in pictures)))
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width
    sheet.save(path)


def ct_overlay(hu: npt.NDArray[np.float32], bones: BoneSet, *, side: int = 480) -> Image.Image:
    """Nine sections of a CT with the bones' outlines: coronal, sagittal and axial, a row each.

    Args:
        hu: (D, D, D) Hounsfield units on the nodes of the reconstruction cube, [z, y, x].
        bones: one mesh or more, mm; the sections are spread over their extent.
        side: pixels of one section.
    """
    low = np.min([mesh.bounds[0] for mesh in bones.values()], axis=0)
    high = np.max([mesh.bounds[1] for mesh in bones.values()], axis=0)
    sheet = Image.new("RGB", (3 * side, len(_SECTIONS) * side))
    for row, (axis, shares, right, up) in enumerate(_SECTIONS):
        for column, share in enumerate(shares):
            place = float(low[axis] + share * (high[axis] - low[axis]))
            sheet.paste(_section(hu, bones, axis, place, right, up, side), (column * side, row * side))
    return sheet


def _section(
    hu: npt.NDArray[np.float32],
    bones: BoneSet,
    axis: int,
    place: float,
    right: int,
    up: tuple[int, int],
    side: int,
) -> Image.Image:
    """One section at ``place`` mm along an axis, with outlines and its name."""
    half = ReconstructionCube().side / 2
    node = round((place + half) / (2 * half) * (len(hu) - 1))
    # Of the two axes that are left, the array holds the later one (z before y before x) in its rows.
    image: npt.NDArray[np.float32] = np.take(hu, [node], axis=2 - axis).squeeze(2 - axis)[:: -up[1]]
    low, high = _HU_WINDOW
    grey = (np.clip((image - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(grey).resize((side, side), Image.Resampling.BILINEAR).convert("RGB")
    draw = ImageDraw.Draw(picture)
    centre, nodes = np.zeros(3), len(hu)
    centre[axis] = node / (nodes - 1) * 2 * half - half

    def pixels(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(N, 2) columns and rows of (N, 3) points: the outermost nodes are half a node's pixel inside."""
        at = np.stack([points[:, right], -up[1] * points[:, up[0]]], 1)
        return ((at / (2 * half) + 0.5) * (nodes - 1) + 0.5) * side / nodes - 0.5

    for bone, mesh in bones.items():
        segments = mesh_plane(mesh, np.eye(3)[axis], centre)  # type: ignore[no-untyped-call]
        for segment in segments:
            draw.line([tuple(p) for p in pixels(segment)], fill=COLOURS[bone], width=2)
    draw.text((8, 8), f"{'xyz'[axis]} = {centre[axis]:.0f} mm", fill=(255, 255, 255))
    return picture
