"""What the benchmarks make of their cases: summaries, and things that no renderer makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from recon.bones import Bone, BoneSet
from recon.images.write import Positioner
from recon.population.phantom import render_bones
from tests.benchmarks.accuracy_summary import FIGURES, Judged, markdown, summarised
from tests.benchmarks.fracture import BELOW_PLATEAU_MM, TILTED_DEG, Fracture, render_fractured


def judged(side: str, score: float, *values: float) -> Judged:
    bones = {
        bone.label: dict.fromkeys(FIGURES, value) | {"dsc_percent": 100 - value}
        for bone, value in zip((Bone.FEMUR, Bone.TIBIA), values, strict=True)
    }
    return Judged("people", side, "L" if side == "L" else "R", bones, (), score, 2.0)


def test_a_summary_has_mean_and_worst_of_every_figure_and_each_side_by_itself() -> None:
    found = summarised([judged("L", 1.0, 1.0, 2.0), judged("R", 3.0, 3.0, 6.0)])["people"]
    assert found["p2s_assd_mm"] == {"femur": 2.0, "tibia": 4.0, "mean": 3.0}
    assert found["hd95_mm"] == found["p2s_hd95_mm"] == found["p2s_assd_mm"]
    assert found["worst_p2s_assd_mm"] == {"femur": 3.0, "tibia": 6.0, "mean": 6.0}
    assert found["worst_dsc_percent"] == {"femur": 97.0, "tibia": 94.0, "mean": 94.0}
    assert found["sides"]["left"]["p2s_assd_mm"] == {"femur": 1.0, "tibia": 2.0, "mean": 1.5}
    assert found["sides"]["right"]["cases"] == 1
    assert (found["cases"], found["refused"], found["largest_score"]) == (2, 1, 3.0)


def test_the_model_card_gets_mean_and_worst() -> None:
    text = markdown(summarised([judged("L", 1.0, 1.0, 2.0), judged("R", 3.0, 3.0, 6.0)]))
    assert "| people | femur | 2 | 2.00 / 3.00 |" in text
    assert "| 98.0 / 97.0 |" in text
    assert "| people | 2 | 1 | 3.00 | 0 |" in text


def shank() -> BoneSet:
    bones = {}
    for bone, x, radius, top in ((Bone.TIBIA, 0.0, 14.0, 0.0), (Bone.FIBULA, 30.0, 6.0, -15.0)):
        bones[bone] = trimesh.creation.cylinder(radius, segment=[[x, 0, top], [x, 0, top - 250.0]])
        bones[bone] = bones[bone].subdivide_to_size(12.0)
    return BoneSet(bones)


@pytest.mark.parametrize("seed", range(8))
def test_fragments_of_a_fracture_are_moved_apart(seed: int) -> None:
    bones = shank()
    fracture = Fracture.draw(bones, np.random.default_rng(seed))
    height = fracture.along / fracture.normal[2]
    assert -BELOW_PLATEAU_MM[1] - 4 < height < -BELOW_PLATEAU_MM[0] + 4
    turn = trimesh.transformations.rotation_from_matrix(fracture.motion)[0]
    assert TILTED_DEG[0] <= np.rad2deg(abs(turn)) + 1e-6 and np.rad2deg(abs(turn)) <= TILTED_DEG[1] + 1e-6
    for bone in bones.values():
        lower = bone.vertices[bone.vertices @ fracture.normal < fracture.along]
        moved = trimesh.transform_points(lower, fracture.motion)
        assert (moved @ fracture.normal).max() < fracture.along


def test_a_fracture_that_moves_nothing_leaves_the_picture_of_the_whole_leg() -> None:
    bones = shank()
    camera = Positioner(0.0, rows=128, columns=128, pixel_spacing=(2.4, 2.4)).camera
    drawn = Fracture.draw(bones, np.random.default_rng(0))
    still = replace(drawn, motion=np.eye(4))
    (whole,) = render_bones(bones, [camera], 3)
    (same,) = render_fractured(bones, [camera], still, 3)
    (broken,) = render_fractured(bones, [camera], drawn, 3)
    assert np.quantile(np.abs(same - whole), 0.99) < 1e-3
    assert np.quantile(np.abs(broken - whole), 0.99) > 0.05
