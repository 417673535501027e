"""That a view stands elsewhere than stated is told by the bones in both views, and by how much."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.geometry import Camera
from recon.images import XrayView
from recon.refine.edges import EdgeImage
from recon.refine.poses import Disagreement, disagreement
from recon.refine.register import lay_on, place_knee
from recon.refine.shapes import left_knee
from tests.recon.knee_views import SEEN, drawn, knee, view


@cache
def xrays() -> tuple[XrayView, XrayView]:
    frontal, lateral = (view(list(knee().values()), angle) for angle in (0, 90))
    return frontal, lateral


def found_with(shift: tuple[float, float, float], turn_deg: tuple[float, float, float]) -> Disagreement:
    """What is found where the lateral view stands moved against what is stated."""
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_rotvec(turn_deg, degrees=True).as_matrix()
    motion[:3, 3] = shift
    frontal, lateral = xrays()
    true = lateral.camera
    stated = Camera(true.projection @ np.linalg.inv(motion), true.rows, true.columns)
    images = [EdgeImage.of_view(one) for one in (frontal, replace(lateral, camera=stated))]
    surfaces = {bone: drawn(knee()[bone]) for bone in Bone}
    start = place_knee(left_knee(), surfaces, SEEN.depth)
    fits = {
        bone: lay_on(left_knee()[bone], surfaces[bone], start, SEEN.depth, images=images) for bone in Bone
    }
    none = Disagreement.none([image.camera for image in images])
    return disagreement(fits, surfaces, SEEN.depth, images, none)


def parts(found: Disagreement) -> tuple[np.ndarray, np.ndarray]:
    """Shift in mm and turn in degrees."""
    moved = found.basis @ found.values
    return moved[:3], np.rad2deg(moved[3:])


def test_views_that_stand_as_stated_are_left_alone() -> None:
    found = found_with((0, 0, 0), (0, 0, 0))
    assert not found.noticed
    assert found.shift_mm == 0 and found.turn_deg == 0


@pytest.mark.parametrize("height", [3.0, -1.5])
def test_a_view_that_stands_higher_or_lower_than_stated_is_found(height: float) -> None:
    shift, turn = parts(found_with((0, 0, height), (0, 0, 0)))
    assert shift == pytest.approx([0, 0, height], abs=0.5)
    assert np.linalg.norm(turn) < 1.2


@pytest.mark.parametrize("turned", [(2.0, 0.0, 0.0), (0.0, -2.0, 0.0)])
def test_a_view_that_is_turned_is_found(turned: tuple[float, float, float]) -> None:
    shift, turn = parts(found_with((0, 0, 0), turned))
    assert turn == pytest.approx(turned, abs=0.8)
    assert np.linalg.norm(shift) < 0.5


def test_what_bones_cannot_tell_stays_as_stated() -> None:
    """A shift in the plane of the rays moves bones, a turn in it changes them; neither is corrected."""
    shift, turn = parts(found_with((1.5, 1.5, 0), (0, 0, 1.0)))
    assert abs(shift[0]) < 1e-9 and abs(shift[1]) < 1e-9 and abs(turn[2]) < 1e-9


def test_corrected_views_share_the_correction() -> None:
    cameras = [one.camera for one in xrays()]
    none = Disagreement.none(cameras)
    known = replace(none, values=np.array([2.0, 0.01, -0.02]))
    point = np.array([[10.0, 20.0, 30.0]])
    moved = [camera.project(point)[0][0] for camera in known.corrected(cameras)]
    stated = [camera.project(point)[0][0] for camera in cameras]
    # Heights in both pictures change by a millimetre each, in opposite directions.
    rows = [(after - before)[1] * 0.4 for after, before in zip(moved, stated, strict=True)]
    assert rows[0] * rows[1] < 0
    for camera, before in zip(none.corrected(cameras), cameras, strict=True):
        assert np.array_equal(camera.projection, before.projection)
    assert known.shift_mm == pytest.approx(2.0)
    assert known.turn_deg == pytest.approx(np.rad2deg(np.hypot(0.01, 0.02)))
