"""The silhouette of a sphere is a conic that can be written down."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from recon.bones import Bone, BoneSet
from recon.images.view import XrayView
from recon.images.write import Positioner
from recon.outlines import bone_outlines
from recon.overlay import COLOURS, overlay

CENTRE, RADIUS = np.array([18.0, -12.0, 25.0]), 30.0


def ball(centre: np.ndarray = CENTRE) -> BoneSet:
    mesh = trimesh.creation.icosphere(6, radius=RADIUS)
    mesh.apply_translation(centre)
    return BoneSet({Bone.FEMUR: mesh})


@pytest.mark.parametrize("angle", [0, 90, 40])
def test_a_sphere_s_outline_touches_its_tangent_rays(angle: float) -> None:
    camera = Positioner(angle).camera
    (contour,) = bone_outlines(ball(), camera)[Bone.FEMUR]
    to_centre = CENTRE - camera.source
    distance = np.linalg.norm(to_centre)
    angles = np.arccos(camera.rays(contour) @ to_centre / distance)
    tangent = np.arcsin(RADIUS / distance)
    # One pixel is 0.3 mm at 1000 mm; the raster under the outline has 1.6 of them.
    assert angles == pytest.approx(np.full(len(contour), tangent), abs=1.2 * 1.6 * 0.3 / 1000)
    assert contour[0] == pytest.approx(contour[-1])
    assert np.ptp(contour, axis=0) == pytest.approx(
        [2 * RADIUS * 1000 / 700 / 0.3] * 2, rel=0.08
    )  # magnified, and a little wider off the axis


def test_a_bone_that_leaves_the_image_is_closed_along_its_border() -> None:
    camera = Positioner(0.0).camera
    edge = np.array([107.0, 0.0, 0.0])
    (contour,) = bone_outlines(ball(edge), camera)[Bone.FEMUR]
    assert contour[:, 0].max() == pytest.approx(camera.columns - 0.5, abs=1.0)
    assert contour[0] == pytest.approx(contour[-1])
    assert bone_outlines(ball(np.array([400.0, 0, 0])), camera) == {}


def test_the_overlay_draws_the_outline_where_the_bone_projects() -> None:
    positioner = Positioner(0.0, rows=400, columns=400, pixel_spacing=(0.75, 0.75))
    camera = positioner.camera
    grey = np.tile(np.linspace(0, 3, 400, dtype=np.float32), (400, 1))
    view = XrayView(grey, np.ones((400, 400), bool), camera, "geometry")
    picture = np.asarray(overlay(view, ball(), side=400)).astype(int)
    coloured = np.abs(picture - np.array(COLOURS[Bone.FEMUR])).max(-1) < 40
    rows, columns = np.nonzero(coloured)
    middle = np.array([columns.min() + columns.max(), rows.min() + rows.max()]) / 2
    assert middle == pytest.approx(camera.project(CENTRE[None])[0][0], abs=4)
