"""Assemble the guide from shell, slots, sleeves and label, and cut it free of the bone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import manifold3d
import numpy as np
import trimesh

from guides.bones import Array, distance
from guides.bones.uncertainty import Uncertainty
from guides.design.choice import Choice, choose
from guides.design.clearance import FINE_MM, Swept, swept_distance
from guides.design.contact_area import described, with_area
from guides.design.footprint import Footprint
from guides.design.layout import Layout, lay_out
from guides.design.placing import find_footprints
from guides.design.plate import label_text
from guides.design.presets import Settings
from guides.design.rims import outline, parted, rims
from guides.design.solid_parts import Parts
from guides.design.soundness import check_sound
from guides.drilling import drill_depth_mm
from guides.errors import InputError
from guides.osteotomy import Osteotomy, read_osteotomy
from guides.plan import Progress
from guides.solids import checked, placed, to_mesh, to_printable

LIFT_MM = 0.05
"""Shortfall of the clearance that is not worth lifting the contact face for."""

ATTEMPTS = 4
"""Places that are tried when no sound solid comes out on the best one."""

CRUMB_MM3 = 5.0
"""Smaller pieces are slivers at the rim of the shell; anything larger means a broken guide."""


@dataclass(frozen=True)
class Guide:
    """A designed guide in the world frame with what a check or a surgeon needs to know of it.

    ``bottom`` is the local w at which it ends towards the bone's far side; ``missing`` says what was
    wanted and found no room; ``outgrowths`` holds place (LPS mm), area and words for each bony outgrowth that
    the guide keeps clear of; ``choice`` says which footprints were compared.
    """

    mesh: trimesh.Trimesh
    footprint: Footprint
    bottom: float
    settings: Settings
    layout: Layout
    label: str
    missing: list[str]
    outgrowths: list[dict[str, Any]]
    choice: Choice


def design_guide(
    tibia: trimesh.Trimesh,
    document: Mapping[str, Any],
    chosen: Settings,
    progress: Progress | None = None,
    fibula: trimesh.Trimesh | None = None,
    *,
    uncertainty: Uncertainty | None = None,
    fill_undercuts: bool = True,
) -> Guide:
    """Design one guide for a validated plan document.

    Args:
        tibia: the bone of the plan.
        document: the plan.
        chosen: parameters.
        progress: told the stage and the share done.
        fibula: kept clear by the guide of a lateral wedge.
        uncertainty: of the bone, which says on what bones the guide should fit as well.
        fill_undercuts: False leaves them, which makes a guide that may lock; only to show that.

    Raises:
        InputError: no room on the bone, or no valid solid comes out.
    """
    report = progress or (lambda _stage, _fraction: None)
    report("footprint", 0.05)
    osteotomy = read_osteotomy(document["osteotomy"])
    check_sound(tibia, osteotomy.start_point)
    refusal: InputError | None = None
    places = find_footprints(tibia, fibula, document, chosen)
    report("footprint", 0.1)
    candidates = choose(places, tibia, document, chosen, uncertainty)
    for candidate in candidates[:ATTEMPTS]:
        try:
            choice = Choice(candidates, candidate)
            return _built(tibia, document, chosen, osteotomy, choice, report, fill_undercuts)
        except InputError as error:
            # The best place is the one whose refusal a person can do something about.
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def _built(
    tibia: trimesh.Trimesh,
    document: Mapping[str, Any],
    chosen: Settings,
    osteotomy: Osteotomy,
    choice: Choice,
    report: Progress,
    fill_undercuts: bool,
) -> Guide:
    """The guide on the footprint that is to be built."""
    footprint = choice.built.footprint
    if choice.built.trial is None:
        footprint = with_area(footprint, chosen.painting)
    report("distance", 0.2)
    swept = swept_distance(tibia, footprint, chosen, fill=fill_undercuts)
    report("solids", 0.4)
    top = swept.origin[2] + swept.values.shape[2] * FINE_MM
    label = label_text(document)
    layout = lay_out(footprint, chosen, osteotomy, label, top)
    missing = list(layout.missing)
    if parted(footprint):
        missing.append("Painted contact area that does not join the guide was left out")
    body = _assembled(footprint, swept, tibia, chosen, layout.parts, top)
    for wire in layout.wires:
        wire["drill_depth_mm"], wire["drill_depth_ends_at"] = drill_depth_mm(tibia, wire, document)
    mesh = to_printable(placed(body, footprint.basis, footprint.origin))
    return Guide(
        mesh, footprint, swept.bottom, chosen, layout, label[2:], missing, described(footprint), choice,
    )  # fmt: skip


def _assembled(
    footprint: Footprint, swept: Swept, tibia: trimesh.Trimesh, chosen: Settings, parts: Parts, top: float
) -> manifold3d.Manifold:
    base = swept.bottom
    prism = manifold3d.Manifold.extrude(outline(footprint), top - base + 40).translate((0, 0, base))
    # Nothing fits on the outer face: it may be coarser than the one that touches bone.
    outer = swept.solid(chosen.bone_clearance_mm + chosen.shell_thickness_mm, every=2)
    shell = checked(outer ^ prism, "the shell")
    added = [part.trim_by_plane((0, 0, 1), base) for part in parts.added]
    body = manifold3d.Manifold.batch_boolean([shell, *added], manifold3d.OpType.Add)
    bone = _bone_clearance(footprint, swept, tibia, chosen.bone_clearance_mm)
    body = manifold3d.Manifold.batch_boolean(
        [body, bone, *parts.cut, *rims(footprint, base)], manifold3d.OpType.Subtract
    )
    pieces = sorted(
        checked(body, "the guide").simplify(0.005).decompose(), key=lambda piece: float(piece.volume())
    )
    if any(piece.volume() > CRUMB_MM3 for piece in pieces[:-1]):
        raise InputError(
            "guide_in_pieces",
            f"The guide falls into {len(pieces)} pieces",
            "Make the slot shorter or the shell thicker, or move the wires",
        )
    return checked(pieces[-1], "the guide")


def _bone_clearance(
    footprint: Footprint, swept: Swept, tibia: trimesh.Trimesh, clearance: float
) -> manifold3d.Manifold:
    """The swept bone grown by the clearance.

    The grid cuts the crests of bones with steps or sharp edges; where its surface comes too close to such a
    crest, the whole surface is lifted by what is missing.
    """
    solid = swept.solid(clearance)
    surface = to_mesh(solid)
    bone = np.vstack([tibia.vertices, tibia.triangles_center])
    # Both ways: a crest of the bone may lie under the middle of a triangle of the contact face.
    points = np.vstack([surface.vertices, surface.triangles_center])
    to_bone = distance(tibia, footprint.to_world(_within(points, footprint, swept.bottom)))
    to_surface = distance(surface, _within(footprint.to_local(bone), footprint, swept.bottom))
    missing = clearance - float(min(to_bone.min(), to_surface.min()))
    return swept.solid(clearance + missing) if missing > LIFT_MM else solid


def _within(points: Array, footprint: Footprint, bottom: float) -> Array:
    """The (N, 3) points in the local frame that lie under the contact outline."""
    (a, b), (low, high) = footprint.bounds
    u, v, w = points.T
    return np.asarray(points[(u > a) & (u < b) & (v > low) & (v < high) & (w > bottom)])
