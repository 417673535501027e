"""Whether printer, material and steriliser can do what the guide asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array, Flags, distance
from guides.catalogue import Rules
from guides.check.verdict import Check, verdict

SMALLEST_FONT_MM = 2.0
SHALLOWEST_TEXT_MM = 1.0
SAMPLES = 4000

OVERHANG_DEG = 45.0
"""Faces that look further down than this need supports."""

LEAST_OVERHANG_MM2 = 5.0
CONTACT_MM = 0.5
"""What lies no further off the bone than the clearance and this is contact face."""


def thickness(guide: trimesh.Trimesh, engraving: Mapping[str, Any] | None, least: float) -> Check:
    """First percentile, by area, of the wall thickness along the inward normal.

    The flanks of engraved strokes are no walls; what is left below the strokes is.
    """
    points, faces = trimesh.sample.sample_surface(guide, SAMPLES, seed=0)
    if engraving is not None:
        flank = _flanks(points, guide.face_normals[faces], engraving)
        points, faces = points[~flank], faces[~flank]
    inward = -guide.face_normals[faces]
    hits, rays, hit_faces = guide.ray.intersects_location(points + 1e-3 * inward, inward, multiple_hits=False)
    # A wall has two sides that look away from one another; at a mere corner the ray leaves through the next
    # face.
    wall = np.einsum("ij,ij->i", guide.face_normals[hit_faces], inward[rays]) > 0.7
    hits, rays = hits[wall], rays[wall]
    found = np.linalg.norm(hits - points[rays], axis=1)
    value = float(np.percentile(found, 1))
    return verdict(
        "thickness", value >= least, value, least, "mm", "Wall thickness that 99 % of the surface reaches",
        place=points[rays][np.argmin(found)], failed="warn",
        remedy="Make the shell thicker, or look at the mark and accept a thin rim",
    )  # fmt: skip


def overhang(guide: trimesh.Trimesh, tibia: trimesh.Trimesh, out: Array, clearance: float) -> Check:
    """Supports on the contact face, when the guide is printed with its outside down as the sheet says.

    Supports leave marks where they stood, and a contact face with marks does not seat. On the outside they
    do no harm, so that area is only told.

    Args:
        guide: the printed mesh.
        tibia: the bone.
        out: unit withdrawal direction; the printer builds against it.
        clearance: planned gap, mm.
    """
    down = guide.face_normals @ out > np.cos(np.radians(OVERHANG_DEG))
    # What stands on the plate needs none.
    height = guide.vertices @ out
    down &= height[guide.faces].min(axis=1) < height.max() - 0.1
    index = np.flatnonzero(down)
    near = (
        distance(tibia, guide.triangles_center[index]) < clearance + CONTACT_MM if len(index) else index > 0
    )
    on_contact, everywhere = (float(guide.area_faces[which].sum()) for which in (index[near], index))
    place = guide.triangles_center[index[near][0]] if near.any() else None
    return verdict(
        "overhang", on_contact <= LEAST_OVERHANG_MM2, on_contact, LEAST_OVERHANG_MM2, "mm2",
        f"Printed with its outside down, {on_contact:.0f} mm2 of the contact face need supports, and"
        f" {everywhere:.0f} mm2 of the outside",
        place=place, failed="warn", remedy="Smooth the contact face at the mark, or move the outline",
    )  # fmt: skip


def _flanks(points: Array, normals: Array, engraving: Mapping[str, Any]) -> Flags:
    """Which surface points lie on the upright sides of the engraved strokes."""
    out, along = (np.asarray(engraving[name], dtype=float) for name in ("direction", "along"))
    u, v, w = (
        (points - np.asarray(engraving["point"])) @ np.column_stack([along, np.cross(out, along), out])
    ).T
    inside = np.abs(u) < engraving["width_mm"] / 2 + 0.01
    inside &= np.abs(v) < engraving["height_mm"] / 2 + 0.01
    layer = (w < 0.01) & (w > -engraving["depth_mm"] - 0.01)
    return np.asarray(inside & layer & (np.abs(normals @ out) < 0.1))


def printable(guide: trimesh.Trimesh, report: Mapping[str, Any], rules: Rules) -> list[Check]:
    """Label, build room and sterilisation."""
    engraving = report.get("engraving")
    checks = []
    if engraving is not None and "font_mm" in engraving:
        font, depth = float(engraving["font_mm"]), float(engraving["depth_mm"])
        checks.append(
            verdict(
                "label_legible", font >= SMALLEST_FONT_MM and depth >= SHALLOWEST_TEXT_MM, font,
                SMALLEST_FONT_MM, "mm", f"Height of the engraved label, {depth:g} mm deep",
                place=np.asarray(engraving["point"]), failed="warn",
                remedy="Write side and plan on the bag: the face is too narrow for a legible label",
            )
        )  # fmt: skip
    if rules.build_mm is not None:
        # The smallest box in any turn is what a printer's operator would find; sorted edges decide.
        bounds: Any = trimesh.bounds
        size = np.sort(np.asarray(bounds.oriented_bounds(guide)[1]))
        fits = bool((size <= np.sort(rules.build_mm)).all())
        checks.append(
            verdict(
                "build_room", fits, float(size[-1]), float(max(rules.build_mm)), "mm",
                "The guide fits into the printer", remedy="Choose another printer, or less contact",
            )
        )  # fmt: skip
    if rules.withstands is not None:
        checks.append(
            verdict(
                "sterilisation", rules.withstands, None, None, "",
                f"{rules.material} withstands {rules.sterilisation}",
                remedy="Choose another material or another cycle",
            )
        )  # fmt: skip
    return checks
