"""Measures against legs whose angles are known because they were put in by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from scipy.stats import t as student_t

from guides.bones import Array
from guides.landmarks import PRIORS, Landmark, Landmarks, Side
from guides.measures import (
    MEASURES,
    Pose,
    axes,
    band,
    bands,
    caton_deschamps,
    drawn_points,
    hka,
    jlca,
    mfta,
    mldfa,
    mmpta,
    obliquity,
    turn_to_varus,
    wbl,
)
from guides.osteotomy import dugdale, miniaci, move

ANGLE = st.floats(-12, 12)


def leg(
    side: str = "L", *, mpta: float = 90.0, ldfa: float = 90.0, lean: float = 0.0, slope: float = 0.0
) -> dict[str, Array]:
    """A leg with the knee centre at the origin and the ankle 400 mm below.

    ``lean`` tips the hip towards medial (varus); the femoral joint line makes ``ldfa`` with the femoral axis.
    """
    out = 1.0 if side == "L" else -1.0  # lateral is +x on a left leg

    def point(medial: float, anterior: float, up: float) -> Array:
        return np.array([-out * medial, -anterior, up], dtype=float)

    rise = np.tan(np.radians(mpta - 90))
    tip = np.radians(lean)
    # Its joint line is square to the femoral axis at 90 degrees; above 90 it rises towards medial.
    femur = np.radians(ldfa - 90 - lean)
    points = {
        "tibia_knee_center": point(0, 0, 0),
        "ankle_center": point(0, 0, -400),
        "hip_center": point(450 * np.sin(tip), 0, 450 * np.cos(tip)),
        "femur_knee_center": point(0, 0, 0),
        "tibia_shaft_proximal": point(0, 0, -60),
        "tibia_shaft_distal": point(0, 0, -120),
        "femur_medial_distal": point(20 * np.cos(femur), 0, 20 * np.sin(femur)),
        "femur_lateral_distal": point(-20 * np.cos(femur), 0, -20 * np.sin(femur)),
    }
    for name, across in (("medial", 20.0), ("lateral", -20.0)):
        points[f"plateau_{name}"] = point(across, 0, across * rise)
        points[f"plateau_{name}_edge"] = point(2 * across, 0, 2 * across * rise)
        for suffix, along in (("anterior", 15.0), ("posterior", -15.0)):
            drop = along * np.tan(np.radians(slope))
            points[f"plateau_{name}_{suffix}"] = point(across, along, across * rise + drop)
    return points


def everything(points: dict[str, Array], side: str) -> dict[str, float]:
    return {
        name: float(measure.function(points, side))
        for name, measure in MEASURES.items()
        if set(measure.needs) <= set(points)
    }


@pytest.mark.parametrize("side", ["L", "R"])
def test_a_straight_leg(side: str) -> None:
    found = everything(leg(side), side)
    straight = {"mMPTA": 90, "mLDFA": 90, "JLCA": 0, "PTS_medial": 0, "PTS_lateral": 0, "HKA": 180,
                "WBL": 50, "JLO": 0, "mFTA": 0, "leg_length": 850}  # fmt: skip
    assert found == pytest.approx(straight, abs=1e-9)


@given(side=st.sampled_from("LR"), mpta=st.floats(80, 96), slope=st.floats(-5, 18), lean=ANGLE)
def test_each_angle_that_was_put_in_comes_out(side: str, mpta: float, slope: float, lean: float) -> None:
    points = leg(side, mpta=mpta, slope=slope, lean=lean)
    found = everything(points, side)
    assert found["mMPTA"] == pytest.approx(mpta, abs=1e-6)
    assert found["PTS_medial"] == pytest.approx(slope, abs=1e-6)
    assert found["PTS_lateral"] == pytest.approx(slope, abs=1e-6)
    assert found["HKA"] == pytest.approx(180 - lean, abs=1e-6)


@given(ldfa=st.floats(80, 98), mpta=st.floats(80, 98), lean=ANGLE, side=st.sampled_from("LR"))
def test_the_angles_of_a_leg_add_up(ldfa: float, mpta: float, lean: float, side: str) -> None:
    # Paley: varus is what femur, tibia and joint line contribute. 180 - HKA = mLDFA - mMPTA + JLCA.
    points = leg(side, mpta=mpta, ldfa=ldfa, lean=lean)
    assert mldfa(points, side) == pytest.approx(ldfa, abs=1e-6)
    assert 180 - hka(points, side) == pytest.approx(
        mldfa(points, side) - mmpta(points, side) + jlca(points, side), abs=1e-6
    )


def test_the_weight_bearing_line_by_hand() -> None:
    # Hip 45 mm medial and 450 above, ankle 400 below: at the knee the line is 45 * 400 / 850 mm medial.
    points = leg("L")
    points["hip_center"] = points["hip_center"] + [-45, 0, 0]
    share = (40 - 45 * 400 / 850) / 80
    assert wbl(points, "L") == pytest.approx(100 * share, abs=1e-9)
    assert obliquity(points, "L") == pytest.approx(np.degrees(np.arctan2(45, 850)), abs=1e-9)


def test_patellar_height_by_hand() -> None:
    # Articular surface 30 mm, its lower edge 24 mm above and 7 mm in front of the tibia's angle: 25 / 30.
    for side in "LR":
        out = 1.0 if side == "L" else -1.0
        points = leg(side, mpta=87) | {
            "patella_articular_superior": np.array([out * 9, -37.0, 54]),
            "patella_articular_inferior": np.array([out * 9, -37.0, 24]),
            "plateau_anterior": np.array([out * 9, -30.0, 0]),
        }
        flat = points | {name: points[name] * [1, 1, 0] for name in ("plateau_medial", "plateau_lateral")}
        assert caton_deschamps(flat, side) == pytest.approx(25 / 30, abs=1e-9)
        tilted = caton_deschamps(points, side)
        moved = move(
            points | {"tuberosity": np.array([0, -30.0, -35])}, np.zeros(3), np.array([0, -1.0, 0]), 0
        )
        assert caton_deschamps(moved, side) == pytest.approx(float(tilted), abs=1e-12)


@pytest.mark.parametrize("side", ["L", "R"])
@pytest.mark.parametrize("degrees", [-3.0, 2.0, 6.0])
def test_turning_the_femur_to_varus_takes_hka_and_adds_jlca(side: str, degrees: float) -> None:
    points = leg(side, mpta=86, ldfa=89, lean=3)
    turned = turn_to_varus(points, side, degrees)
    assert hka(turned, side) == pytest.approx(hka(points, side) - degrees, abs=1e-6)
    assert mfta(turned, side) == pytest.approx(-3 - degrees, abs=1e-6)
    assert jlca(turned, side) == pytest.approx(jlca(points, side) + degrees, abs=1e-6)
    assert mldfa(turned, side) == pytest.approx(mldfa(points, side), abs=1e-6)
    hip = turn_to_varus(points, side, degrees, ("hip_center",))
    assert jlca(hip, side) == pytest.approx(jlca(points, side), abs=1e-9)


def test_every_measure_has_a_normal_range_or_none_at_all() -> None:
    for name, measure in MEASURES.items():
        assert measure.definition and measure.source
        if name == "leg_length":
            assert measure.normal is None
        else:
            assert measure.normal.low < measure.normal.high and measure.normal.source


def test_miniaci_and_dugdale_by_hand() -> None:
    # Hinge at the origin, ankle 500 below, hip over the point 300 lateral: the ankle ends at (300, -400), the
    # triangle 3-4-5 makes the angle atan(3 / 4). Dugdale at T = (300, 0): 180 - angle H T A = atan(3 / 5).
    hinge, ankle = np.zeros(3), np.array([0, 0, -500.0])
    hip, target, anterior = np.array([300.0, 20, 400]), np.array([300.0, -10, 0]), np.array([0, -1.0, 0])
    assert miniaci(hip, ankle, hinge, target, anterior) == pytest.approx(36.8699, abs=1e-4)
    assert dugdale(hip, ankle, target, anterior) == pytest.approx(30.9638, abs=1e-4)
    # A leg of usual size: hinge 33 mm lateral and 20 below the joint, hip 45 medial and 430 above, ankle 365
    # below, line through 62.5 % of a plateau of 75 mm: where that line meets the circle about the hinge.
    hinge, hip = np.array([33.0, 0, -20]), np.array([-45.0, 0, 430])
    ankle, target = np.array([0, 0, -365.0]), np.array([9.375, 0, 0])
    ray = np.array([54.375, -430]) / np.hypot(54.375, 430)
    along = (33 + 45) * ray[0] + (-20 - 430) * ray[1]
    across = (33 + 45) * ray[1] - (-20 - 430) * ray[0]
    reach = along + np.sqrt(33**2 + 345**2 - across**2)
    there = np.array([-45, 430]) + reach * ray - [33, -20]
    by_hand = np.degrees(np.arctan2(there[0], -there[1]) - np.arctan2(-33, 345))
    assert 8 < by_hand < 15
    assert miniaci(hip, ankle, hinge, target, anterior) == pytest.approx(by_hand, abs=1e-9)


@given(turn=st.tuples(*[st.floats(-180, 180)] * 3), shift=st.tuples(*[st.floats(-500, 500)] * 3))
def test_measures_do_not_depend_on_where_the_leg_lies(
    turn: tuple[float, float, float], shift: tuple[float, float, float]
) -> None:
    points = leg("R", mpta=86, ldfa=88, lean=5, slope=8)
    rotation = Rotation.from_euler("xyz", turn, degrees=True)
    moved = {name: rotation.apply(point) + shift for name, point in points.items()}
    assert everything(moved, "R") == pytest.approx(everything(points, "R"), abs=1e-6)


@given(degrees=st.floats(0, 20))
def test_turning_the_shaft_about_a_hinge_at_the_knee_centre_adds_its_angle(degrees: float) -> None:
    points = leg("L", mpta=86, lean=4)
    # Left leg: anterior is -y. Turned about it, the ankle of the wedge goes lateral, +x.
    moved = move(points, points["tibia_knee_center"], np.array([0.0, -1, 0]), degrees)
    assert moved["ankle_center"][0] == pytest.approx(400 * np.sin(np.radians(degrees)))
    assert mmpta(moved, "L") == pytest.approx(86 + degrees, abs=1e-6)
    assert hka(moved, "L") == pytest.approx(176 + degrees, abs=1e-6)


@given(degrees=st.floats(0.5, 18))
def test_miniaci_finds_the_angle_that_was_turned(degrees: float) -> None:
    points = leg("L", mpta=84, lean=6)
    hinge, axis = np.array([33.0, 0, -20]), np.array([0.0, -1, 0])
    moved = move(points, hinge, axis, degrees)
    hip, ankle = points["hip_center"], moved["ankle_center"]
    target = hip + 0.5 * (ankle - hip)
    assert miniaci(hip, points["ankle_center"], hinge, target, axis) == pytest.approx(degrees, abs=1e-6)


def for_another_person(spread: float) -> float:
    """Half width of the 90 % prediction interval from a mean and a spread over the people of the priors."""
    people = PRIORS.people
    return float(student_t.ppf(0.95, people - 1) * spread * np.sqrt(1 + 1 / people))


def test_only_imputed_ends_are_drawn_and_always_the_same() -> None:
    points = leg("L")

    def marks(hip: str, ankle: str) -> Landmarks:
        given = {"hip_center": hip, "ankle_center": ankle}
        return Landmarks({n: Landmark(p, given.get(n, "auto")) for n, p in points.items()})

    seen = drawn_points(marks("auto", "edited"), "L")
    assert all(point.shape == (3,) for point in seen.values())
    drawn = drawn_points(marks("imputed", "auto"), "L")
    assert drawn["hip_center"].shape == (4000, 3) and drawn["ankle_center"].shape == (3,)
    half = np.ptp(np.percentile(hka(drawn, "L"), [5, 95])) / 2
    assert half == pytest.approx(for_another_person(PRIORS.hip_medial_deg.spread), rel=0.05)
    short = leg("L") | {"tibia_shaft_distal": np.array([0, 0, -85.0])}
    shorter = Landmarks(
        {n: Landmark(p, "imputed" if n == "ankle_center" else "auto") for n, p in short.items()}
    )
    half = np.ptp(np.percentile(mmpta(drawn_points(shorter, "L"), "L"), [5, 95])) / 2
    spread = PRIORS.ankle_lateral_deg.spread
    assert half == pytest.approx(for_another_person(spread * 50 / 25), rel=0.05)
    again = drawn_points(marks("imputed", "auto"), "L")
    assert np.array_equal(drawn["hip_center"], again["hip_center"])


@pytest.mark.parametrize("side", ["L", "R"])
def test_measures_together_are_those_of_each_alone(side: Side) -> None:
    points = leg(side, mpta=85, lean=3, slope=7)
    provenance = {"hip_center": "imputed", "ankle_center": "imputed"}
    drawn = drawn_points(
        Landmarks({n: Landmark(p, provenance.get(n, "auto")) for n, p in points.items()}), side
    )
    given = [one for one in MEASURES.values() if all(need in drawn for need in one.needs)]
    pose = Pose(drawn, side)
    for name in ("up", "medial", "anterior"):
        assert np.array_equal(getattr(axes(pose, side), name), getattr(axes(drawn, side), name))
    for one, found in zip(given, bands(given, pose, side), strict=True):
        low, high = np.percentile(one.function(drawn, side), (5, 95))
        assert found == band(one, drawn, side) == (low, high)


def test_a_measure_that_rests_on_nothing_drawn_has_no_band() -> None:
    points = leg("L")
    drawn = points | {"hip_center": points["hip_center"] + np.linspace(-5, 5, 11)[:, None]}
    assert bands([MEASURES["mMPTA"], MEASURES["HKA"]], drawn, "L")[0] is None
    assert bands([MEASURES["mMPTA"]], points, "L") == [None]
