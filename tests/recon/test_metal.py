"""Metal that hides bone is told from wires on the skin and from plaster round the leg."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from recon.drr.raster import path_lengths
from recon.images import XrayView
from recon.refine.metal import ThickEdges
from tests.recon.knee_views import knee, view

STEEL_PER_MM = 0.5  # the bones have 0.04


def before(*metal: trimesh.Trimesh, per_mm: float = STEEL_PER_MM) -> float:
    """Steepness before the bones of a real knee behind or beside something dense."""
    shown = view(list(knee().values()), 0)
    image = shown.line_integrals.astype(float)
    for mesh in metal:
        image += per_mm * np.abs(path_lengths(np.array(mesh.vertices), np.array(mesh.faces), shown.camera))
    edges = ThickEdges.of_image(image.astype(np.float32), shown.exposed, shown.camera)
    return edges.before(np.concatenate([np.array(mesh.vertices) for mesh in knee().values()]))


def rod(radius: float, length: float = 150.0) -> trimesh.Trimesh:
    """Across the knee at an angle, before the bones."""
    made = trimesh.creation.cylinder(radius, length, sections=24)
    made.apply_transform(trimesh.transformations.rotation_matrix(0.5, [0, 1, 0]))
    made.apply_translation([0, -60, 0])
    return made


def test_a_wire_over_the_knee_is_as_good_as_none_and_a_screw_is_not() -> None:
    plain = before()
    assert before(rod(0.5)) == pytest.approx(plain, rel=0.25)
    assert before(rod(2.25, 60.0)) > 2 * plain


def test_a_plate_before_the_bones_counts_and_beside_them_does_not() -> None:
    plate = trimesh.creation.box([15, 4, 90])
    plate.apply_translation([0, -50, -40])
    plain = before()
    assert before(plate) > 2.5 * plain
    plate.apply_translation([75, 0, 0])
    assert before(plate) == pytest.approx(plain, rel=1e-6)


def test_plaster_round_the_leg_does_not_count() -> None:
    outer = trimesh.creation.annulus(r_min=72, r_max=78, height=220)
    assert before(outer, per_mm=0.04) == pytest.approx(before(), rel=0.25)


def test_what_was_not_exposed_has_no_edges_and_no_bone_none_before_it() -> None:
    shown = view([rod(10)], 0)
    exposed = np.ones_like(shown.exposed)
    exposed[:, :360] = False
    half = XrayView(shown.line_integrals * exposed, exposed, shown.camera, "rig")
    edges = ThickEdges.of_image(half.line_integrals, exposed, half.camera)
    border = 360 // edges.cell
    assert not edges.steepest[:, : border + 1].any()
    assert edges.steepest[:, border + 3 :].any()
    assert edges.before(np.empty((0, 3))) == 0
    assert edges.before(np.array([[500.0, 0, 0]])) == 0
