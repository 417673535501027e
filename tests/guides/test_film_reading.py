"""Angles from marks on a long-leg film: worked examples, films as they come, and marks of no leg."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guides.bones import Bone, BoneSet
from guides.errors import InputError
from guides.measures import FILM_POINTS, axes, measure_film, read_film
from guides.plan import plan_files, read_plan
from tests.data import ROOT
from tests.film_marks import marked_places
from tests.guides.conftest import FolderOf

EXAMPLES: list[dict[str, Any]] = json.loads((ROOT / "tests" / "film_examples.json").read_text())
LEFT = EXAMPLES[0]
Points = dict[str, list[float]]


def measured(example: dict[str, Any], **changed: Any) -> Any:
    given = example | changed
    return measure_film(given["points"], given["pixel_spacing"], given["side"])


def reading_of(example: dict[str, Any], **changed: Any) -> dict[str, Any]:
    names = ("points", "pixel_spacing", "mirrored")
    return {"film_sha256": "a" * 64} | {name: deepcopy(example[name]) for name in names} | changed


class TestAngles:
    @pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
    def test_every_example_of_the_table_is_measured(self, example: dict[str, Any]) -> None:
        """The table is that of the browser's twin too: ``frontend/src/domain/filmAngles.test.ts``."""
        found = measured(example)
        assert found.angles == pytest.approx(example["angles"], abs=0.011)
        assert found.mirrored is example["mirrored"]

    def test_by_hand(self) -> None:
        # Tibia upright; hip 60 pixels medial of the notch and 860 above it; the plateau falls medially by 6
        # in 80, the condyles by 10 in 90.
        lean, condyles, plateau = (np.degrees(np.arctan(x)) for x in (60 / 860, 10 / 90, 6 / 80))
        assert measured(LEFT).angles == pytest.approx(
            {
                "HKA": 180 - lean,
                "JLCA": condyles - plateau,
                "mLDFA": 90 + lean - condyles,
                "mMPTA": 90 - plateau,
            },
            abs=0.006,
        )

    def test_other_proportions_of_the_pixels_are_another_leg(self) -> None:
        flat = next(
            example for example in EXAMPLES if example["pixel_spacing"][0] != example["pixel_spacing"][1]
        )
        assert abs(measured(flat, pixel_spacing=[0.3, 0.2]).angles["HKA"] - flat["angles"]["HKA"]) > 1

    def test_the_scale_and_the_place_on_the_film_do_not_matter(self) -> None:
        moved = {name: [x + 311.5, y + 77.25] for name, (x, y) in LEFT["points"].items()}
        assert measured(LEFT, points=moved, pixel_spacing=[0.143, 0.143]) == measured(LEFT)

    def test_a_mark_that_is_a_pixel_off_moves_hka_by_what_it_subtends(self) -> None:
        points = deepcopy(LEFT["points"])
        points["femoral_notch"][0] += 1
        turned = measured(LEFT).angles["HKA"] - measured(LEFT, points=points).angles["HKA"]
        assert turned == pytest.approx(np.degrees(1 / 860), abs=0.011)


def without(name: str) -> Callable[[Points], None]:
    return lambda points: points.pop(name) and None


def moved(name: str, *place: float) -> Callable[[Points], None]:
    return lambda points: points.update({name: list(place)})


def exchanged(one: str, other: str) -> Callable[[Points], None]:
    def change(points: Points) -> None:
        points[one], points[other] = points[other], points[one]

    return change


def spread_out(points: Points) -> None:
    """The condyles' line falls by a third: the joint gapes as none does."""
    points["femur_medial_distal"][1] += 30


# What is done to the points, the code that comes back, and words that the message holds.
BAD: dict[str, tuple[Callable[[Points], None], str, str]] = {
    "a point is missing": (without("talus_medial"), "film_points_missing", "medial edge of the talar dome"),
    "none is there": (lambda points: points.clear(), "film_points_missing", "these points are missing"),
    "one too many": (moved("nose", 1, 2), "film_points_unknown", "nose"),
    "no number": (moved("tibial_spines", float("nan"), 3), "bad_film_point", "tibial spines"),
    "three numbers": (moved("tibial_spines", 1, 2, 3), "bad_film_point", "tibial spines"),
    "the head's points coincide": (moved("femoral_head_2", 390, 100), "film_circle", "femoral head"),
    "the head's points on a line": (moved("femoral_head_2", 440, 100), "film_circle", "femoral head"),
    "a circle larger than a head": (moved("femoral_head_2", 440, 88), "film_points_apart", "too large"),
    "condyles coincide": (moved("femur_lateral_distal", 455, 990), "film_points_apart", "lies on"),
    "the notch at the hip": (
        moved("femoral_notch", 440, 130),
        "film_points_apart",
        "top of the intercondylar",
    ),
    "a thumbnail": (
        lambda points: points.update({name: [x / 10, y / 10] for name, (x, y) in points.items()}),
        "film_points_apart",
        "only 170 pixels",
    ),
    "condyles exchanged": (
        exchanged("femur_medial_distal", "femur_lateral_distal"),
        "film_points_swapped",
        "condyles",
    ),
    "talus exchanged": (exchanged("talus_medial", "talus_lateral"), "film_points_swapped", "talar dome"),
    "a joint that gapes": (spread_out, "film_angles_impossible", "JLCA of 19.7"),
    "a notch beside the femur": (moved("femoral_notch", 60, 960), "film_angles_impossible", "mLDFA of"),
}


class TestBadMarks:
    @pytest.mark.parametrize("kind", BAD)
    def test_it_says_what_would_mend_it(self, kind: str) -> None:
        change, code, words = BAD[kind]
        points = deepcopy(LEFT["points"])
        change(points)
        with pytest.raises(InputError) as refused:
            measured(LEFT, points=points)
        assert refused.value.code == code, refused.value
        assert words in refused.value.message and refused.value.remedy

    @pytest.mark.parametrize("spacing", [[0, 1], [1], [float("nan"), 1], "ab", [-1, 1]])
    def test_pixels_without_a_size(self, spacing: Any) -> None:
        with pytest.raises(InputError, match="pixels have no size"):
            measured(LEFT, pixel_spacing=spacing)

    def test_the_other_leg_is_not_taken_for_this_one(self) -> None:
        """The marks of a right leg, on a film that nobody says is mirrored, for the plan of a left one."""
        right = next(example for example in EXAMPLES if example["side"] == "R")
        with pytest.raises(InputError) as refused:
            read_film("L", right["angles"]["HKA"], right["angles"]["JLCA"], reading_of(right))
        assert refused.value.code == "film_side"
        assert "right of the picture, as that of a left leg does not" in refused.value.message
        assert "say that the film is mirrored" in refused.value.remedy
        film = read_film(
            "L", right["angles"]["HKA"], right["angles"]["JLCA"], reading_of(right, mirrored=True)
        )
        assert film.reading is not None and film.reading["mirrored"] is True

    def test_a_film_that_is_said_to_be_mirrored_and_is_not(self) -> None:
        with pytest.raises(InputError) as refused:
            read_film("L", 176.0, 2.1, reading_of(LEFT, mirrored=True))
        assert refused.value.code == "film_side" and "not mirrored" in refused.value.remedy


class TestInAPlan:
    def test_the_plan_keeps_film_and_marks(self, folder_of: FolderOf) -> None:
        asked = {"correction_deg": 8.0, "long_film_hka": 176.0, "long_film_jlca": 2.1}
        typed = plan_files(folder_of("synthetic_l"), "L", **asked)
        reading = reading_of(LEFT, read_by="Dr Who", read_at="2026-11-29T22:00:00+00:00")
        plan = read_plan(plan_files(folder_of("synthetic_l"), "L", **asked, film_reading=reading))
        kept = plan["long_film"].pop("reading")
        assert plan == typed, "measured or typed, the same angles make the same plan"
        assert kept["points"] == LEFT["points"] and kept["film_sha256"] == "a" * 64
        assert kept["angles"] == pytest.approx(LEFT["angles"], abs=0.011)
        assert (kept["read_by"], kept["mirrored"]) == ("Dr Who", False)
        assert "reading" not in typed["long_film"]

    @pytest.mark.parametrize(
        ("hka", "jlca"), [(176.2, 2.1), (176.0, None), (None, 2.1), (176.0, float("nan"))]
    )
    def test_no_other_angle_passes_for_measured(
        self, folder_of: FolderOf, hka: float | None, jlca: float | None
    ) -> None:
        with pytest.raises(InputError) as refused:
            plan_files(
                folder_of("synthetic_l"),
                "L",
                correction_deg=8.0,
                long_film_hka=hka,
                long_film_jlca=jlca,
                film_reading=reading_of(LEFT),
            )
        assert refused.value.code == "film_reading_differs"

    def test_a_reading_without_its_film(self) -> None:
        reading = reading_of(LEFT)
        del reading["film_sha256"]
        with pytest.raises(InputError) as refused:
            read_film("L", 176.0, 2.1, reading)
        assert refused.value.code == "bad_film_reading"


def film_of(folder: Path, side: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plan of a whole leg, and marks where its landmarks fall on a film seen from in front."""
    plan = plan_files(folder, side, correction_deg=0.0)  # type: ignore[arg-type]
    places = {name: np.array(mark["position"]) for name, mark in plan["landmarks"].items()}
    frame = axes(places, side)  # type: ignore[arg-type]
    # Seen from in front, the patient's left at the right of the picture.
    right = frame.medial * (1 if side == "R" else -1)
    origin = np.asarray(BoneSet.read(folder, [Bone.TIBIA])[Bone.TIBIA].vertices).mean(axis=0)

    def seen(place: np.ndarray) -> list[float]:
        return [2000 + 5 * float((place - origin) @ right), 4000 - 5 * float((place - origin) @ frame.up)]

    marks = marked_places(places, frame)
    return plan, {name: seen(marks[name]) for name in FILM_POINTS}


@pytest.mark.parametrize("leg", ["vsd_z013_l", "hubmap_vhm_r", "staple_mc22_l"])
def test_a_parallel_film_of_real_bones_measures_what_the_bones_do(folder_of: FolderOf, leg: str) -> None:
    side = leg[-1].upper()
    plan, points = film_of(folder_of(leg), side)
    found = measure_film(points, [0.2, 0.2], side)  # type: ignore[arg-type]
    assert not found.mirrored
    for name, value in found.angles.items():
        assert value == pytest.approx(plan["measures"][name]["before"], abs=0.02), name


@pytest.mark.parametrize("leg", ["staple_lhdl_ct_r", "vsd_z013_l"])
def test_a_film_tells_where_the_ankle_lies_that_a_knee_image_does_not_show(
    folder_of: FolderOf, leg: str
) -> None:
    side: Any = leg[-1].upper()
    whole, points = film_of(folder_of(leg), side)
    angles = measure_film(points, [0.2, 0.2], side).angles
    reading = {"film_sha256": "a" * 64, "points": points, "pixel_spacing": [0.2, 0.2], "mirrored": False}
    asked = {"correction_deg": 8.0, "long_film_hka": angles["HKA"], "long_film_jlca": angles["JLCA"]}
    knee = folder_of(f"{leg}/110")
    typed = plan_files(knee, side, **asked)
    plan = read_plan(plan_files(knee, side, **asked, film_reading=reading))
    measures = plan["measures"]
    for name in ("HKA", "mMPTA"):
        assert measures[name]["before"] == pytest.approx(whole["measures"][name]["before"], abs=0.05)
        assert measures[name]["provenance"] == "measured"
    # Two angles that were typed leave the ankle where it was imputed.
    wrong = abs(typed["measures"]["mMPTA"]["before"] - whole["measures"]["mMPTA"]["before"])
    assert wrong > 0.3 and typed["measures"]["mMPTA"]["provenance"] == "imputed"
    low, high = measures["mMPTA"]["band"]
    assert 1.5 < high - low < 0.8 * np.subtract(*typed["measures"]["mMPTA"]["band"][::-1])
    # From in front nothing is seen of the slope.
    assert measures["PTS_medial"]["provenance"] == "imputed"
    assert "ankle_center" in plan["long_film"]["landmarks"]
    assert plan["landmarks"] == typed["landmarks"]
