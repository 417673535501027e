"""A shaft broken in the images is told from a whole one, though what is laid on it has no step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from recon.bones import Bone
from recon.population.crop import Crop
from recon.refine.edges import EdgeImage, Outline, Rim
from recon.refine.gaps import widest_gap
from recon.refine.register import Fit, lay_on, place_knee
from recon.refine.shapes import left_knee
from tests.recon.knee_views import SEEN, drawn, knee, view

UP = np.array([0.0, 0.0, 1.0])
JOINT = np.array([0.0, 0.0, -41.0])  # below the shaft of ``line``


def line(steepness: np.ndarray) -> Outline:
    """Both sides of a shaft 100 mm long, in one view, with an edge at each millimetre."""
    height = np.concatenate([np.arange(100.0)] * 2)
    points = np.stack([np.repeat([-15.0, 15.0], 100), 0 * height, height], axis=1)
    none = np.zeros(200, np.int64)
    rim = Rim(none, none, 0 * height, points, np.sign(points) * [1, 0, 0], np.ones(200))
    return Outline(rim, 0 * height, steepness, np.ones(200), np.ones(200, bool))


def test_a_height_without_edges_on_both_sides_counts_whole_and_on_one_side_half() -> None:
    steepness = np.ones((2, 100))
    assert widest_gap([line(steepness.ravel())] * 2, JOINT, UP) == 0
    steepness[:, 60:80] = 0
    assert widest_gap([line(steepness.ravel())], JOINT, UP) == pytest.approx(1)
    assert widest_gap([line(np.ones(200)), line(steepness.ravel())], JOINT, UP) == pytest.approx(0.5)
    steepness[0] = 1
    assert widest_gap([line(steepness.ravel())], JOINT, UP) == pytest.approx(0.5)


def test_weaker_edges_are_edges_and_no_outline_has_no_gap() -> None:
    steepness = np.where(np.arange(200) % 100 < 40, 0.6, 1.0)
    assert widest_gap([line(steepness)], JOINT, UP) == 0
    assert widest_gap([line(np.zeros(200))], JOINT, UP) == 1
    nothing = line(np.ones(200)).rim.kept(np.zeros(200, bool))
    assert widest_gap([Outline(nothing, *[np.empty(0)] * 3, np.empty(0, bool))], JOINT, UP) == 0


def test_what_a_collimator_hides_is_no_gap() -> None:
    steepness = np.ones((2, 100))
    steepness[:, 80:] = 0
    whole = line(steepness.ravel())
    assert widest_gap([whole], JOINT, UP) == pytest.approx(1)
    assert widest_gap([replace(whole, shown=np.tile(np.arange(100) < 80, 2))], JOINT, UP) == 0


def test_where_the_outlines_of_other_bones_cross_nothing_is_told() -> None:
    steepness = np.ones((2, 100))
    steepness[:, :20] = 0
    assert widest_gap([line(steepness.ravel())], JOINT, UP) == pytest.approx(1)
    assert widest_gap([line(steepness.ravel())], JOINT + 21 * UP, UP) == 0
    assert widest_gap([line(steepness.ravel())], 200 * UP, -UP) == pytest.approx(1)


def fit(displaced_mm: float) -> Fit:
    """The tibia's model laid on a whole bone, in images of one broken 70 mm below its top."""
    bones = knee()
    tibia = bones[Bone.TIBIA]
    height = float(tibia.vertices[:, 2].max()) - 70
    upper, lower = (
        trimesh.Trimesh(Crop(UP, *slab).flattened(np.array(tibia.vertices)), tibia.faces, process=False)
        for slab in ((height, np.inf), (-np.inf, height))
    )
    lower.apply_translation([0.8 * displaced_mm, 0.6 * displaced_mm, 0])
    others = [mesh for bone, mesh in bones.items() if bone is not Bone.TIBIA]
    images = [EdgeImage.of_view(view([*others, upper, lower], angle)) for angle in (0, 90)]
    surfaces = {bone: drawn(mesh) for bone, mesh in bones.items()}
    start = place_knee(left_knee(), surfaces, SEEN.depth)
    return lay_on(left_knee()[Bone.TIBIA], surfaces[Bone.TIBIA], start, SEEN.depth, images=images)


def test_a_displaced_fracture_leaves_a_gap_in_the_outlines_of_a_real_tibia() -> None:
    whole, broken = fit(0.0), fit(5.0)
    assert whole.gap is not None and broken.gap is not None
    assert whole.gap < 0.12
    assert broken.gap > 0.25
    assert broken.gap > 3 * whole.gap
