"""Contact area that a person paints, outgrowths that the guide bridges, and wires that stand on bone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from guides.bones import Array, Bone, BoneSet, distance
from guides.cli import main
from guides.design import design_files
from guides.design.assembly import design_guide
from guides.design.contact_area import with_area
from guides.design.footprint import Footprint
from guides.design.osteophytes import find_bumps
from guides.design.painting import painted, read_strokes
from guides.design.placing import find_footprints
from guides.design.presets import settings
from guides.design.rims import outline
from guides.design.room import Face
from guides.design.wire_places import find_pair
from guides.errors import InputError
from guides.plan import plan_files
from guides.solids import from_mesh, to_mesh
from tests.guides.conftest import FolderOf

STROKE = {"centre": [0.0, 0.0, 0.0], "radius_mm": 5.0, "add": True}


@pytest.fixture(scope="module")
def leg(folder_of: FolderOf) -> tuple[Path, dict[str, Any], trimesh.Trimesh, Footprint]:
    """Bones, plan, tibia and the footprint that is found on it."""
    bones = folder_of("synthetic_l")
    plan = plan_files(bones, "L", correction_deg=8.0)
    tibia = BoneSet.read(bones, [Bone.TIBIA])[Bone.TIBIA]
    return bones, plan, tibia, find_footprints(tibia, None, plan, settings())[0].footprint


def on_bone(footprint: Footprint, u: float, v: float) -> Array:
    """The bone's surface over a place of the outline, LPS."""
    grids = (footprint.grid_u, footprint.grid_v)
    row, column = (int(np.argmin(np.abs(grid - at))) for grid, at in zip(grids, (u, v), strict=True))
    local = np.array([footprint.grid_u[row], footprint.grid_v[column], footprint.height[row, column]])
    return footprint.to_world(local)


@pytest.mark.parametrize(
    "document",
    [
        "text",
        [1],
        [{**STROKE, "radius_mm": 0.5}],
        [{**STROKE, "radius_mm": 25}],
        [{**STROKE, "radius_mm": True}],
        [{**STROKE, "centre": [0, 0]}],
        [{**STROKE, "centre": [0, 0, float("nan")]}],
        [{**STROKE, "centre": [0, 0, 1e6]}],
        [{**STROKE, "centre": [0, "x", 0]}],
        [{**STROKE, "add": 1}],
        [{**STROKE, "more": 1}],
        [STROKE] * 2001,
    ],
)
def test_strokes_that_make_no_sense_are_refused(document: Any) -> None:
    with pytest.raises(InputError) as refused:
        read_strokes(document)
    assert refused.value.code == "bad_painting"


def test_a_later_stroke_goes_over_an_earlier_one() -> None:
    strokes = read_strokes([STROKE, {"centre": [4, 0, 0], "radius_mm": 5, "add": False}])
    points = np.array([[-4.0, 0, 0], [2, 0, 0], [8, 0, 0], [20, 0, 0], [np.nan, 0, 0]])
    added, removed = painted(points, strokes)
    assert added.tolist() == [True, False, False, False, False]
    assert removed.tolist() == [False, True, True, False, False]
    assert [stroke.to_document() for stroke in read_strokes([STROKE])] == [STROKE]


def test_painted_area_is_honoured(leg: tuple[Any, ...], tmp_path: Path) -> None:
    bones, plan, tibia, footprint = leg
    middle = sum(footprint.u_distal) / 2
    below = on_bone(footprint, middle, footprint.v[0] - 3)
    off = on_bone(footprint, sum(footprint.u) / 2, footprint.v[1] - 5)
    strokes = [
        {"centre": below.tolist(), "radius_mm": 7.0, "add": True},
        {"centre": off.tolist(), "radius_mm": 4.0, "add": False},
    ]
    report = design_files(bones, plan, tmp_path, painting=strokes)
    assert not [check for check in report["checks"] if check["status"] == "block"]
    assert [one["add"] for one in report["painting"]] == [True, False]
    guide = trimesh.load_mesh(tmp_path / "guide.stl")
    assert guide.is_watertight and guide.body_count == 1
    gaps = distance(guide, np.stack([below, off]))
    assert gaps[0] == pytest.approx(0.3, abs=0.06), "added contact lies at the clearance"
    assert 1.6 < gaps[1] < 2.1, "where contact was taken away the guide bridges with a gap"
    plain = design_guide(tibia, plan, settings()).mesh
    assert distance(plain, below[None])[0] > 1.5 and distance(plain, off[None])[0] < 0.4
    # The relief is not counted as contact that does not touch.
    assert report["scores"]["fitting"]["contact_percent"] > 95


def test_area_beside_the_narrow_shaft_part_counts(leg: tuple[Any, ...]) -> None:
    _, _, _, footprint = leg
    (a, b), (c, d) = footprint.u, footprint.u_distal
    assert b - d > 1 or c - a > 1, "nothing is narrower there"
    u = d + 1 if b - d > c - a else c - 1
    place = on_bone(footprint, u, footprint.neck - 12)
    stroke = read_strokes([{"centre": place.tolist(), "radius_mm": 4.0, "add": True}])
    wider = outline(with_area(footprint, stroke)).area() - outline(footprint).area()
    assert wider > 5


def test_area_apart_from_the_guide_is_left_out_and_said(leg: tuple[Any, ...]) -> None:
    _, plan, tibia, footprint = leg
    apart = on_bone(footprint, sum(footprint.u_distal) / 2, footprint.v[0] - 12)
    chosen = settings(painting=[{"centre": apart.tolist(), "radius_mm": 3.0, "add": True}])
    guide = design_guide(tibia, plan, chosen)
    assert any("does not join" in what for what in guide.missing)
    assert guide.mesh.body_count == 1


def test_an_outgrowth_is_found_and_kept_clear_of(leg: tuple[Any, ...]) -> None:
    _, plan, tibia, footprint = leg
    assert not find_bumps(footprint).any()
    place = on_bone(footprint, sum(footprint.u) / 2, footprint.v[1] - 8)
    ball = trimesh.creation.icosphere(3, 4.0)
    ball.apply_translation(place - 0.5 * footprint.withdrawal)
    bone = to_mesh(from_mesh(tibia) + from_mesh(ball))
    grown = find_footprints(bone, None, plan, settings())[0].footprint
    names = with_area(grown, ())
    rows, columns = np.nonzero(names.outgrowths)
    centre = np.array([grown.grid_u[rows].mean(), grown.grid_v[columns].mean()])
    assert np.linalg.norm(centre - grown.to_local(place)[:2]) < 2
    assert (names.relief[rows, columns] > 1.0).all()
    guide = design_guide(bone, plan, settings())
    near = np.linalg.norm(bone.vertices - place, axis=1) < 4.2
    top = bone.vertices[near & ((bone.vertices - place) @ footprint.withdrawal > 1.5)]
    assert distance(guide.mesh, top).min() > 1.2, (
        "square to its flanks the gap is less than along the way out"
    )
    assert len(top) and any("outgrowth" in one["message"] for one in guide.outgrowths)
    # A person who paints contact there is believed.
    stroke = read_strokes([{"centre": place.tolist(), "radius_mm": 9.0, "add": True}])
    assert not with_area(grown, stroke).outgrowths.any()


def test_wires_stand_on_bone() -> None:
    grid = np.arange(-30, 30.1, 0.5)
    height = np.where(grid[:, None] > 5, -25.0, 0.0) + np.zeros((len(grid), len(grid)))
    face = Face(np.zeros(3), np.eye(3), grid, grid, height, 1, np.zeros(3), np.eye(3)[1], None)
    chosen = settings()
    around = chosen.sleeve_diameter_mm / 2
    pair = find_pair(face, (-20, 20), 0.0, -18.0, chosen)
    assert pair[1, 0] + around <= 5.5 and pair[0, 0] >= -20 + around
    assert pair[1, 0] - pair[0, 0] > chosen.sleeve_diameter_mm
    flat = dataclasses.replace(face, height=np.zeros_like(height))
    wide = find_pair(flat, (-20, 20), 0.0, -1.5, chosen)
    assert wide[:, 0] == pytest.approx([-chosen.wire_spacing_mm / 2, chosen.wire_spacing_mm / 2])
    with pytest.raises(InputError) as refused:
        find_pair(face, (-8, 20), 0.0, -18.0, chosen)
    assert refused.value.code == "bone_too_small"


def test_the_command_reads_strokes(
    leg: tuple[Any, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bones, plan, _, _ = leg
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    common = ["design", "--bones", str(bones), "--plan", str(tmp_path / "plan.json")]

    def run(strokes: str) -> int:
        (tmp_path / "painting.json").write_text(strokes)
        files = ["--painting", str(tmp_path / "painting.json"), "--out", str(tmp_path / "out")]
        return main([*common, *files])

    assert run("[") == 2 and "JSON" in capsys.readouterr().err
    assert run('[{"radius_mm": 3}]') == 2 and "stroke 1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
