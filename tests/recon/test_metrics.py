"""Distances between spheres, whose truth is known, and what the field of view leaves out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.metrics import (
    MARGIN_MM,
    SAMPLES,
    assd_and_hd,
    compare,
    dice_percent,
    evaluate_bones,
    evaluate_folders,
    sample_surface,
    surface_distances,
    table,
)


def ball(radius: float, centre: tuple[float, float, float] = (0, 0, 0)) -> trimesh.Trimesh:
    mesh = trimesh.creation.icosphere(5, radius=radius)
    mesh.apply_translation(centre)
    return mesh


def test_the_paper_s_formulas_on_points_worked_by_hand() -> None:
    first = np.array([[0.0, 0, 0], [4, 0, 0]])
    second = np.array([[0.0, 3, 0], [4, 0, 0], [4, 0, 1]])
    # first to second: 3, 0; second to first: 3, 0, 1
    assd, hd = assd_and_hd(first, second)
    assert assd == pytest.approx((1.5 + 4 / 3) / 2)
    assert hd == pytest.approx(3)


def test_concentric_spheres_are_their_difference_apart() -> None:
    found = compare(ball(30), ball(32))
    assert found is not None
    assert found.p2s_assd_mm == pytest.approx(2, abs=0.03)
    assert found.p2s_hd_mm == pytest.approx(2, abs=0.05)
    assert found.p2s_hd95_mm == pytest.approx(2, abs=0.05)
    assert found.dsc_percent == pytest.approx(200 * 30**3 / (30**3 + 32**3), abs=0.3)
    assert 2 < found.assd_16k_mm < 2.2
    assert found.hd_16k_mm < 3


def test_the_floor_is_what_a_perfect_prediction_scores() -> None:
    found = compare(ball(30), ball(30))
    assert found is not None
    assert found.p2s_assd_mm < 1e-3
    assert found.dsc_percent == pytest.approx(100)
    assert found.assd_16k_mm == pytest.approx(found.floor_16k_mm, rel=0.03)
    assert found.hd_16k_mm == pytest.approx(found.hd_floor_16k_mm, rel=0.3)
    assert found.hd_floor_16k_mm > found.floor_16k_mm
    # Uniform points of density n have neighbours at 1 / (2 sqrt(n)) on average.
    density = SAMPLES / (4 * np.pi * 30**2)
    assert found.floor_16k_mm == pytest.approx(0.5 / np.sqrt(density), rel=0.05)


def test_a_shifted_sphere_has_the_shift_as_its_largest_distance() -> None:
    found = compare(ball(30, (3, 0, 0)), ball(30))
    assert found is not None
    assert found.p2s_hd_mm == pytest.approx(3, abs=0.05)
    # |x . e| averages to a half over a sphere.
    assert found.p2s_assd_mm == pytest.approx(1.5, abs=0.05)


def test_samples_are_uniform_and_inside_the_field_of_view() -> None:
    field = FieldOfView(np.array([-np.inf, -np.inf, 0.0]), np.full(3, np.inf))
    points = sample_surface(ball(30), field)
    assert points is not None
    assert points.shape == (SAMPLES, 3)
    assert points[:, 2].min() >= MARGIN_MM
    # Archimedes: height is uniform on a sphere.
    counts, _ = np.histogram(points[:, 2], bins=9, range=(MARGIN_MM, 30))
    assert counts == pytest.approx(np.full(9, SAMPLES / 9), rel=0.1)


def test_what_is_out_of_view_does_not_count() -> None:
    field = FieldOfView(np.full(3, -np.inf), np.array([np.inf, np.inf, 10.0]))
    bulged = ball(30)
    bulged.vertices[bulged.vertices[:, 2] > 12] *= 1.3
    within = compare(bulged, ball(30), field)
    without = compare(bulged, ball(30))
    assert within is not None
    assert without is not None
    assert within.p2s_assd_mm < 0.01
    assert without.p2s_assd_mm > 0.5
    assert sample_surface(ball(5, (0, 0, 40)), field) is None


def test_an_open_mesh_has_distances_and_no_volume() -> None:
    open_ball = ball(30)
    open_ball.update_faces(np.arange(len(open_ball.faces)) > 5)
    assert dice_percent(open_ball, ball(30), FieldOfView.everything()) is None
    assert surface_distances(np.array([[0.0, 0, 0]]), open_ball) == pytest.approx([30], abs=0.05)


def test_folders_are_compared_and_say_what_is_missing(tmp_path: Path) -> None:
    for name, bones in (("predicted", (Bone.FEMUR, Bone.PATELLA)), ("reference", (Bone.FEMUR, Bone.TIBIA))):
        (tmp_path / name).mkdir()
        BoneSet({bone: ball(30) for bone in bones}).write(tmp_path / name)
    result = evaluate_folders(tmp_path / "predicted", tmp_path / "reference")
    assert list(result["bones"]) == ["femur"]
    assert result["missing"] == ["tibia"]
    assert result["unmatched"] == ["patella"]
    assert json.loads(json.dumps(result)) == result
    text = table(result)
    assert "not reconstructed: tibia" in text
    assert "no reference: patella" in text


def test_what_is_not_compared_is_said() -> None:
    field = FieldOfView(np.full(3, -50.0), np.full(3, 50.0))
    opened = ball(30)
    opened.update_faces(np.arange(len(opened.faces)) > 300)
    bones = {Bone.FEMUR: ball(30), Bone.TIBIA: ball(30), Bone.FIBULA: ball(0.03)}
    result = evaluate_bones(BoneSet({**bones, Bone.TIBIA: opened}), BoneSet(bones), field)
    assert result["open"] == ["tibia"]
    assert result["out_of_view"] == ["fibula"]
    assert result["bones"]["tibia"]["dsc_percent"] is None
    assert result["mean"]["dsc_percent"] == result["bones"]["femur"]["dsc_percent"]
    text = table(result)
    assert "not closed" in text
    assert "outside the common field of view: fibula" in text


def test_a_bone_in_another_frame_is_an_error_not_a_figure() -> None:
    field = FieldOfView(np.full(3, -50.0), np.full(3, 50.0))
    with pytest.raises(InputError) as caught:
        evaluate_bones(BoneSet({Bone.TIBIA: ball(30, (500, 0, 0))}), BoneSet({Bone.TIBIA: ball(30)}), field)
    assert caught.value.code == "empty_bone"
    with pytest.raises(InputError) as caught:
        evaluate_bones(BoneSet({Bone.TIBIA: ball(30)}), BoneSet({Bone.FEMUR: ball(30)}), field)
    assert caught.value.code == "no_common_bone"


def test_a_report_that_is_no_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"field_of_view": {"cube_side_mm": "wide"}}')
    with pytest.raises(InputError) as caught:
        FieldOfView.of_folder(tmp_path)
    assert caught.value.code == "bad_report"
