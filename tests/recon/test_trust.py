"""Uncertainty that means millimetres, and a refusal that says why."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.geometry import Camera
from recon.images.write import Positioner
from recon.refine import Refinement
from recon.refine.matching import Surface
from recon.refine.register import Fit
from recon.trust import BROKEN, SUSPECT, Trust, judge, uncertainty_report, vertex_uncertainty
from recon.trust.calibrate import Known, points_of
from recon.trust.calibration import (
    MOST_MM,
    SEPARATIONS_DEG,
    Calibration,
    calibration_of,
    fit_spread,
    read_calibration,
)
from recon.trust.evidence import FIGURES, SIGNS, knee_evidence, point_evidence
from recon.trust.slopes import Array, Points, fit_by_bone, fit_slopes
from recon.trust.temper import Temper
from recon.vertex_values import uncertainty_of, with_uncertainty

SEEN = FieldOfView(np.full(3, -100.0), np.full(3, 100.0))
AS_FORETOLD = Temper(0.0, 1.0, 0.0, 9.0)


def nothing() -> Refinement:
    """A refinement of pictures in which no bone was found."""
    return Refinement(lambda points: np.zeros((len(points), 4), np.float32), {}, {}, {}, {})


def calibration() -> Calibration:
    return replace(Calibration.blank("0" * 64), threshold=2.0)


def test_the_regression_is_true_on_average_in_every_tenth() -> None:
    rng = np.random.default_rng(0)
    signs = rng.normal(0, 0.6, (20000, len(SIGNS)))
    mean = np.exp(0.2 + signs @ rng.uniform(-0.5, 0.8, len(SIGNS)))
    errors = mean * rng.gamma(1.5, 1 / 1.5, len(mean))  # as skewed as distances are
    slopes = fit_slopes(signs, errors, np.ones(len(errors)))
    predicted = np.exp(slopes[0] + signs @ slopes[1:])
    for part in np.array_split(np.argsort(predicted), 10):
        assert errors[part].mean() == pytest.approx(predicted[part].mean(), rel=0.1)


class KnownErrors(Known):
    """A reconstruction of which three points are so far off, on every bone."""

    def errors(self, bone: Bone) -> tuple[Array, Array]:
        return np.zeros((3, len(SIGNS))), np.array([0.5, 2.0, 8.0])


def test_what_a_repair_invented_teaches_nothing() -> None:
    found = replace(nothing(), surfaces=_knee(3.0).surfaces)
    knee = KnownErrors(found, SEEN, BoneSet({}), "she", repaired=frozenset([Bone.FEMUR]))
    taught = {points.bone: points.errors.tolist() for points in points_of([knee])}
    assert taught[Bone.FEMUR] == [0.5, 2.0]
    assert taught[Bone.TIBIA] == [0.5, 2.0, 8.0]


def test_bones_that_a_model_foretold_are_nobodys() -> None:
    found = replace(nothing(), surfaces=_knee(3.0).surfaces)
    knee = KnownErrors(found, SEEN, BoneSet({}), "he", foretold=frozenset([Bone.TIBIA]))
    people = {points.bone: points.people for points in points_of([knee])}
    assert people[Bone.TIBIA] is None
    assert people[Bone.FEMUR] == people[Bone.PATELLA] == "he"


def _errors(rng: np.random.Generator, foretold: Array, temper: Temper) -> Array:
    return np.asarray(np.exp(temper(foretold)) * rng.gamma(1.5, 1 / 1.5, len(foretold)))


def test_slopes_are_believed_as_far_as_they_held_for_others() -> None:
    rng = np.random.default_rng(3)
    foretold = rng.normal(0.2, 1.0, 20000)
    errors = _errors(rng, foretold, Temper(0.1, 0.5, -0.05, 9.0))
    found = Temper.fit(foretold, errors, np.ones(len(errors)))
    assert [found.level, found.power, found.bend] == pytest.approx([0.1, 0.5, -0.05], abs=0.03)
    assert found.known == pytest.approx(0.2 + 2.33, abs=0.1)


def test_how_far_slopes_hold_is_told_by_real_people_alone_each_as_much_as_the_next() -> None:
    rng = np.random.default_rng(4)

    def points(people: str | None, number: int, times: float) -> list[Points]:
        signs = rng.normal(0, 0.7, (number, 1))
        errors = times * _errors(rng, signs[:, 0], AS_FORETOLD)
        return [Points(bone, people, signs, errors) for bone in Bone]

    virtual = [points(None, 1600, 1.0) for _ in range(30)]
    real = [points("one", 8000, 2.0), points("another", 800, 0.5)]
    temper = Temper.of_people([part for parts in (*virtual, *real) for part in parts])
    assert np.exp(temper(np.zeros(1))) == pytest.approx((2.0 + 0.5) / 2, abs=0.12)


def test_a_bone_that_is_nobodys_teaches_less_than_a_real_one() -> None:
    signs = np.zeros((50, len(SIGNS)))
    points = [
        Points(bone, people, signs, np.full(50, error))
        for bone in Bone
        for people, error in ((None, 1.0), ("she", 4.0))
    ]
    foretold = np.exp(fit_by_bone(points)[Bone.FEMUR][0])
    assert foretold == pytest.approx((0.2 * 1.0 + 4.0) / 1.2, rel=0.02)


def test_more_signs_of_error_never_mean_less_of_it() -> None:
    signs = np.zeros((200, len(SIGNS)))
    signs[:, 0] = np.linspace(-3, 9, 200)
    slopes = {bone: np.eye(1 + len(SIGNS))[1] for bone in Bone}

    def largest(temper: Temper) -> float:
        told = replace(calibration(), slopes=slopes, temper=temper)
        expected = told.expected_error(Bone.TIBIA, signs)
        assert (np.diff(expected) >= 0).all()
        return float(expected[-1])

    apex, half_way = np.exp(0.1 + 0.5 * 1.25 - 0.2 * 1.25**2), 0.5 - 2 * 0.2 * 0.625
    assert largest(Temper(0.1, 0.5, -0.2, 9.0)) == pytest.approx(apex)
    # Beyond what it was fitted to, as steep as there.
    beyond = 0.1 + 0.5 * 0.625 - 0.2 * 0.625**2 + half_way * (9 - 0.625)
    assert largest(Temper(0.1, 0.5, -0.2, 0.625)) == pytest.approx(np.exp(beyond))


def test_spread_is_that_of_the_knees_and_blind_to_what_is_absent() -> None:
    rng = np.random.default_rng(1)
    knees = [{"a": float(rng.normal(3, 0.5)), "b": float("nan") if i % 5 == 0 else 1.0} for i in range(400)]
    centre, spread = fit_spread(knees)
    assert centre["a"] == pytest.approx(3, abs=0.1)
    assert spread["a"] == pytest.approx(0.5, abs=0.1)
    assert centre["b"] == 1.0 and spread["b"] > 0


def test_what_is_too_much_depends_on_the_angle_between_the_views() -> None:
    blank = calibration()
    centre = {**blank.centre, "femur.distance": [3.0, 1.0, 0.0]}
    spread = {**blank.spread, "femur.distance": [2.0, 1.0, 0.5]}
    usual = replace(blank, centre=centre, spread=spread)
    found = [usual.excess("femur.distance", 3.0, separation) for separation in (10, 30, 45, 60, 90)]
    assert found == pytest.approx([0, 0, 1 / 1.5, 2, 6])


def test_the_angle_between_views_is_the_widest_of_all_pairs() -> None:
    assert SEEN.separation == 0

    def view(angle: float) -> Camera:
        return Positioner(angle).camera

    def seen(*angles: float) -> float:
        return FieldOfView(SEEN.low, SEEN.high, tuple(view(angle) for angle in angles)).separation

    assert seen(20.0) == 0
    assert seen(0.0, 60.0) == pytest.approx(60)
    assert seen(0.0, 30.0, 75.0) == pytest.approx(75)
    assert seen(0.0, 150.0) == pytest.approx(30)


@pytest.mark.parametrize(("separation", "counts_as"), [(90.0, 90.0), (30.0, 30.0), (3.0, 15.0)])
def test_little_is_known_along_rays_that_are_near_one_another(separation: float, counts_as: float) -> None:
    cameras = tuple(Positioner(angle).camera for angle in (-separation / 2, separation / 2))
    between = sum(camera.source for camera in cameras)
    normals = np.array([[0.0, 0.0, 1.0], between / np.linalg.norm(between)])
    knee = _knee(4.0)
    surface = Surface(np.zeros((2, 3)), normals, np.ones(2), cKDTree(np.zeros((2, 3))))
    knee = replace(knee, surfaces={**knee.surfaces, Bone.TIBIA: surface})
    signs = point_evidence(knee, replace(SEEN, cameras=cameras), Bone.TIBIA).signs
    up, along = np.exp(signs[:, SIGNS.index("dilution")])
    assert up == pytest.approx(np.sqrt(0.5), abs=1e-3)
    assert along / up == pytest.approx(1 / np.sin(np.deg2rad(counts_as / 2)), rel=0.01)


def test_pictures_without_bones_are_refused_with_a_reason_and_a_remedy() -> None:
    trust = judge(nothing(), SEEN, {}, calibration())
    assert not trust.trusted
    assert trust.reasons[0] == "no patella was found"
    with pytest.raises(InputError) as caught:
        trust.require()
    assert caught.value.code == "untrusted"
    assert "no patella was found" in str(caught.value)
    assert "implant" in caught.value.remedy
    assert "no patella was found" in trust.warnings()[0]


def _knee(steepest: float) -> Refinement:
    """Four bones that fit well, and the steepest edge."""
    fits, surfaces = {}, {}
    for bone in Bone:
        points = trimesh.creation.icosphere(radius=20).vertices + np.array([0.0, 0.0, 30.0 * bone])
        ones, all_ = np.ones(len(points)), np.ones(len(points), bool)
        fits[bone] = Fit(
            points, points / 20, 0 * ones, ones, all_, ~all_, (np.eye(3), np.zeros(3)), 0.0, 0.0, 0.1, 2.0
        )
        surfaces[bone] = Surface(points, points / 20, ones, cKDTree(points))
    return Refinement(nothing().field, {}, {}, surfaces, fits, steepest)


def _looking(logit: float) -> dict[Bone, float]:
    """How much bones look broken: the tibia so much, the others as usual."""
    return {bone: logit if bone is Bone.TIBIA else 0.0 for bone in Bone}


def _usual() -> Calibration:
    known = [knee_evidence(_knee(steepest), SEEN) for steepest in (3.0, 4.0, 5.0)]
    centre, spread = (
        {name: [value] * len(SEPARATIONS_DEG) for name, value in usual.items()} for usual in fit_spread(known)
    )
    return Calibration("0" * 64, calibration().slopes, AS_FORETOLD, centre, spread, 2.0)


def test_metal_in_the_pictures_is_refused_however_well_the_bones_fit() -> None:
    usual = _usual()
    assert judge(_knee(4.0), SEEN, _looking(0.0), usual).trusted
    metal = judge(_knee(40.0), SEEN, _looking(0.0), usual)
    assert not metal.trusted
    assert metal.reasons == ("something much denser than bone hides part of the bones",)


def test_a_broken_bone_is_refused_however_well_the_rest_fits() -> None:
    usual = _usual()
    assert judge(_knee(4.0), SEEN, _looking(BROKEN - 0.1), usual).trusted
    broken = judge(_knee(4.0), SEEN, _looking(BROKEN + 0.1), usual)
    assert not broken.trusted
    assert broken.reasons == ("the tibia looks broken: there may be a fracture",)
    assert "fracture" in broken.warnings()[0]
    both = judge(_knee(4.0), SEEN, {Bone.FEMUR: BROKEN + 0.3, Bone.PATELLA: BROKEN + 0.5}, usual)
    assert both.reasons == ("the patella or the femur looks broken: there may be a fracture",)


def test_a_bone_that_may_be_broken_is_to_be_looked_at_and_not_refused() -> None:
    usual = _usual()
    assert judge(_knee(4.0), SEEN, _looking(SUSPECT - 0.1), usual).warnings() == []
    doubtful = judge(_knee(4.0), SEEN, _looking((SUSPECT + BROKEN) / 2), usual)
    doubtful.require()
    assert doubtful.reasons == ()
    assert doubtful.report()["suspected"] == ["tibia"]
    assert doubtful.warnings()[0].startswith("Look at the tibia in both images: there may be a fracture")


def test_a_usual_knee_is_let_pass() -> None:
    trust = Trust(0.4, 0.8, 2.5, ("the femur is unusually shaped",))
    trust.require()
    assert trust.warnings() == []
    assert trust.report() == {
        "score": 0.8,
        "threshold": 2.5,
        "trusted": True,
        "reasons": ["the femur is unusually shaped"],
        "suspected": [],
    }


def test_bones_of_which_nothing_is_known_are_as_uncertain_as_can_be() -> None:
    bones = BoneSet({Bone.TIBIA: trimesh.creation.icosphere(radius=30)})
    found = vertex_uncertainty(bones, nothing(), SEEN, calibration())
    assert (found[Bone.TIBIA] == MOST_MM).all()
    assert uncertainty_report(found) == {"tibia": {"mean_mm": MOST_MM, "p95_mm": MOST_MM}}


def test_a_calibration_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.trust.json"
    calibration().write(path)
    back = calibration_of(tmp_path / "mine.safetensors")
    assert back.model == "0" * 64 and back.threshold == 2.0
    assert back.expected_error(Bone.FEMUR, np.zeros((3, len(SIGNS)))) == pytest.approx(np.ones(3))
    stated = json.loads(path.read_text())
    del stated["centre"]["tibia.size"]
    for number, other in enumerate(({"signs": ["colour"]}, {"separations_deg": [90]}, {})):
        (tmp_path / f"{number}.trust.json").write_text(json.dumps({**stated, **other}))
        with pytest.raises(InputError) as caught:
            read_calibration(tmp_path / f"{number}.trust.json")
        assert caught.value.code == "no_calibration"


def test_weights_without_a_calibration_of_their_own_get_the_shipped_one(tmp_path: Path) -> None:
    shipped = calibration_of(tmp_path / "unknown.safetensors")
    assert set(shipped.slopes) == set(Bone)
    assert set(shipped.centre) == set(FIGURES) == set(knee_evidence(nothing(), SEEN))
    # The steeper the margin, the nearer the surface.
    for slopes in shipped.slopes.values():
        assert slopes[1 + SIGNS.index("steepness")] > 0


def test_uncertainty_survives_the_way_through_a_file(tmp_path: Path) -> None:
    mesh = trimesh.creation.icosphere(radius=20)
    values = np.linspace(0.2, 3, len(mesh.vertices))
    BoneSet({Bone.PATELLA: with_uncertainty(mesh, values)}).write(tmp_path)
    back = BoneSet.read(tmp_path)[Bone.PATELLA]
    assert uncertainty_of(back) == pytest.approx(values, rel=1e-6)
    assert uncertainty_of(trimesh.creation.icosphere()) is None
