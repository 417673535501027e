"""A view that stands elsewhere than stated is corrected on the way from X-ray files to bones, and told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recon.agreement import Agreement
from recon.bones import Bone, BoneSet
from recon.images import read_rig
from recon.images.rig import Rig, RigView, write_rig
from recon.metrics import surface_distances
from recon.population.demo import FOLDER, demo_bones
from recon.reconstruct import reconstruct_files

IMAGES = (FOLDER / "ap.dcm", FOLDER / "lateral.dcm")
HEIGHT_MM = 3.0


def made_with(height: float, folder: Path) -> dict[str, Any]:
    """The report where the rig states that the lateral view stands so much higher than it does."""
    motion = np.eye(4)
    motion[2, 3] = -height
    rig = read_rig(FOLDER / "rig.json")
    views = tuple(
        RigView(
            v.image, v.projection @ motion if v is rig.views[1] else v.projection, v.rows, v.columns, v.view
        )
        for v in rig.views
    )
    write_rig(folder / "rig.json", Rig(views, (0.0, 0.0, 0.0)))
    return reconstruct_files(*IMAGES, folder / "out", rig=folder / "rig.json", resolution=128)


def distance(folder: Path, height: float) -> float:
    """Mean distance in mm from the demo's true bones, raised by so much."""
    bones, truth = BoneSet.read(folder / "out"), demo_bones()
    inner = {bone: np.array(bones[bone].vertices) - [0, 0, height] for bone in Bone}
    inner = {bone: at[np.abs(at).max(axis=1) < 85] for bone, at in inner.items()}
    return float(np.mean([surface_distances(at, truth[bone]).mean() for bone, at in inner.items()]))


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("corrected")
    return made_with(HEIGHT_MM, folder), folder


def test_the_correction_is_reported_and_told(corrected: tuple[dict[str, Any], Path]) -> None:
    report, folder = corrected
    geometry = report["geometry"]
    assert geometry["corrected"]
    assert geometry["shift_mm"] == pytest.approx(HEIGHT_MM, abs=0.7)
    assert geometry["turn_deg"] < 1.2
    assert geometry["left_shift_mm"] == geometry["left_turn_deg"] == 0
    told = [text for text in report["warnings"] if "do not stand to each other as stated" in text]
    assert len(told) == 1
    assert f"{geometry['shift_mm']:.1f} mm" in told[0]
    assert json.loads((folder / "out" / "report.json").read_text())["geometry"] == geometry


def test_the_report_has_the_cameras_that_the_bones_belong_to(corrected: tuple[dict[str, Any], Path]) -> None:
    report, folder = corrected
    point = np.array([0.0, 0.0, 0.0, 1.0])
    moved = []
    for entry, image in zip(read_rig(folder / "rig.json").views, report["images"], strict=True):
        (_, row, depth), (_, before, scale) = (
            matrix @ point for matrix in (np.array(image["camera"]["projection"]), entry.projection)
        )
        moved.append(row / depth - before / scale)
    # Each view takes half of it.
    assert moved[0] * moved[1] < 0
    assert abs(moved[0] + moved[1]) < 0.2 * abs(moved[0] - moved[1])


def test_the_bones_are_nearer_to_the_true_ones_than_without(
    corrected: tuple[dict[str, Any], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recon.reconstruct.agreed", lambda first, _look: (first, Agreement()))
    report = made_with(HEIGHT_MM, tmp_path)
    assert not report["geometry"]["corrected"] and not report["warnings"]
    # Which of the views is wrong is not known: bones are to lie half way.
    with_it, without = (distance(folder, HEIGHT_MM / 2) for folder in (corrected[1], tmp_path))
    assert with_it < 0.9 * without


def test_views_that_stand_as_stated_are_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = made_with(0.0, tmp_path)
    assert report["geometry"] == Agreement().report()
    assert not report["geometry"]["corrected"]
    before = [(tmp_path / "out" / f"{bone.label}.ply").read_bytes() for bone in Bone]
    monkeypatch.setattr("recon.reconstruct.agreed", lambda first, _look: (first, Agreement()))
    made_with(0.0, tmp_path)
    assert before == [(tmp_path / "out" / f"{bone.label}.ply").read_bytes() for bone in Bone]


def test_what_cannot_be_mended_is_told() -> None:
    (text,) = Agreement(left_mm=4.2, left_deg=0.3).warnings()
    assert "contradict each other" in text and "4.2 mm and 0.3 degrees" in text
    assert not Agreement(shift_mm=0.6, turn_deg=0.9, left_mm=0.9, left_deg=0.5).warnings()
