"""Pictures of bones drawn over the X-rays that they came from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from recon.bones import Bone, BoneSet
from recon.images.view import XrayView
from recon.outlines import bone_outlines

COLOURS = {
    Bone.PATELLA: (255, 196, 61),
    Bone.FEMUR: (86, 180, 233),
    Bone.FIBULA: (240, 128, 190),
    Bone.TIBIA: (102, 214, 133),
}


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
