"""The command line: what it writes, and one line, status 2 and nothing written for every bad input."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import jsonschema
import numpy as np
import pytest
import trimesh

from guides.cli import main
from guides.errors import InputError
from guides.landmarks import Provenance
from guides.plan import plan_files, plan_hash, read_plan
from tests.guides.conftest import Designed, FolderOf

Design = Callable[..., Designed]
Refused = Callable[..., str]


@pytest.fixture
def refused(capfd: pytest.CaptureFixture[str]) -> Refused:
    """Run a command that must fail with one line and status 2; returns the line."""

    def run(*arguments: object) -> str:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse ends the program itself
            status = stop.code
        captured = capfd.readouterr()
        assert status == 2, captured
        assert captured.out == ""
        assert captured.err.startswith("error: ") and captured.err.count("\n") == 1, captured.err
        return captured.err

    return run


def test_the_whole_way(folder_of: FolderOf, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bones, plan, out = folder_of("synthetic_r"), tmp_path / "new" / "plan.json", tmp_path / "guide"
    assert (
        main(["plan", "--bones", str(bones), "--side", "R", "--target-hka", "182", "--out", str(plan)]) == 0
    )
    assert "mMPTA" in capfd.readouterr().out
    assert [path.name for path in plan.parent.iterdir()] == ["plan.json"]
    assert main(["design", "--bones", str(bones), "--plan", str(plan), "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "contact.ply",
        "guide.3mf",
        "guide.stl",
        "report.json",
        "scores.json",
    ]
    capfd.readouterr()
    command = ["check", "--guide", str(out / "guide.3mf"), "--bones", str(bones), "--plan", str(plan)]
    assert main([*command, "--json"]) == 0
    checks = json.loads(capfd.readouterr().out)
    assert {check["status"] for check in checks} <= {"pass", "warn"}
    spoilt = trimesh.load_mesh(out / "guide.stl")
    spoilt.apply_translation(
        -2 * np.array(json.loads((out / "report.json").read_text())["withdrawal_direction"])
    )
    spoilt.export(out / "guide.stl")
    assert main(["check", "--guide", str(out / "guide.stl"), *command[3:]]) == 1
    assert "block overlap" in capfd.readouterr().out


def test_what_is_printed_of_a_closing_wedge_is_its_base_and_no_negative_gap(
    folder_of: FolderOf, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, bones = tmp_path / "plan.json", ["--bones", str(folder_of("synthetic_l")), "--side", "L"]
    kind = ["--kind", "lateral_closing_wedge"]
    assert main(["plan", *bones, *kind, "--correction", "8", "--out", str(out)]) == 0
    base = json.loads(out.read_text())["osteotomy"]["wedge_base_mm"]
    first = capfd.readouterr().out.splitlines()[0]
    assert first.startswith(f"correction 8.00 deg, lateral base {base:.1f} mm, depth ")
    assert main(["alternatives", *bones, *kind]) == 0
    rows = [row for row in capfd.readouterr().out.splitlines() if "correction_deg" in row]
    assert rows and all(", lateral base " in row and "gap" not in row for row in rows)


@pytest.mark.parametrize("correction", ["-4", "21", "1e9", "nan", "inf", "-inf", "much"])
def test_plan_refuses_a_senseless_correction(
    folder_of: FolderOf, tmp_path: Path, refused: Refused, correction: str
) -> None:
    out = tmp_path / "plan.json"
    refused(
        "plan", "--bones", folder_of("synthetic_l"), "--side", "L", f"--correction={correction}", "--out", out
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "target", ["--target-wbl=nan", "--target-wbl=300", "--target-hka=150", "--target-hka=nan"]
)
def test_plan_refuses_a_target_out_of_reach(
    folder_of: FolderOf, tmp_path: Path, refused: Refused, target: str
) -> None:
    refused(
        "plan", "--bones", folder_of("synthetic_l"), "--side", "L", target, "--out", tmp_path / "plan.json"
    )
    assert list(tmp_path.iterdir()) == []


def broken_bones(kind: str, source: Path, folder: Path) -> Path:
    bones = folder / "bones"
    if kind == "missing":
        return bones
    shutil.copytree(source, bones)
    tibia = bones / "tibia.ply"
    mesh = trimesh.load_mesh(tibia, process=False)
    if kind == "no tibia":
        tibia.unlink()
    elif kind == "open":
        mesh.update_faces(np.arange(len(mesh.faces)) % 40 != 0)
        mesh.export(tibia)
    elif kind == "not finite":
        vertices = np.array(mesh.vertices)
        vertices[5] = np.nan
        trimesh.Trimesh(vertices, mesh.faces, process=False).export(tibia)
    elif kind == "metres":
        mesh.apply_scale(0.001)
        mesh.export(tibia)
    elif kind == "noise":
        tibia.write_bytes(b"ply\nformat binary_little_endian 1.0\nelement vertex 900\n")
    elif kind == "empty":
        tibia.write_bytes(b"")
    return bones


@pytest.mark.parametrize("kind", ["missing", "no tibia", "open", "not finite", "metres", "noise", "empty"])
def test_plan_refuses_bones_it_cannot_use(
    folder_of: FolderOf, tmp_path: Path, refused: Refused, kind: str
) -> None:
    bones = broken_bones(kind, folder_of("synthetic_l"), tmp_path)
    out = tmp_path / "plan.json"
    refused("plan", "--bones", bones, "--side", "L", "--correction", "8", "--out", out)
    assert not out.exists() and not list(tmp_path.glob(".plan*"))


def test_plan_refuses_the_other_side_and_an_unknown_one(
    folder_of: FolderOf, tmp_path: Path, refused: Refused
) -> None:
    command = ["plan", "--bones", folder_of("synthetic_l"), "--correction", "8", "--out", tmp_path / "p.json"]
    assert "left leg" in refused(*command, "--side", "R")
    assert "--side" in refused(*command, "--side", "X")
    assert "required" in refused("plan", "--side", "L")
    assert list(tmp_path.iterdir()) == []


def test_plan_refuses_a_place_it_cannot_write(folder_of: FolderOf, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for out in (tmp_path / "file" / "plan.json", tmp_path / "folder"):
        refused("plan", "--bones", folder_of("synthetic_l"), "--side", "L", "--correction", 8, "--out", out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert list((tmp_path / "folder").iterdir()) == []


def test_plan_takes_a_cut_placed_by_hand(folder_of: FolderOf, tmp_path: Path) -> None:
    command = ["plan", "--bones", str(folder_of("synthetic_l")), "--side", "L", "--correction", "8"]
    found, placed = tmp_path / "found.json", tmp_path / "placed.json"
    assert main([*command, "--out", str(found)]) == 0
    hinge = json.loads(found.read_text())["osteotomy"]["hinge_point"]
    hinge[2] -= 3.0
    (tmp_path / "cut.json").write_text(json.dumps({"hinge_point": hinge}))
    assert main([*command, "--cut", str(tmp_path / "cut.json"), "--out", str(placed)]) == 0
    plan = read_plan(json.loads(placed.read_text()))
    assert plan["cut"] == {"hinge_point": pytest.approx(hinge, abs=1e-3)}
    osteotomy = plan["osteotomy"]
    above = (np.array(hinge) - osteotomy["plane_point"]) @ osteotomy["plane_normal"]
    assert above == pytest.approx(0, abs=1e-3), "the plane runs through the hinge"
    assert "cut" not in json.loads(found.read_text())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ("[1, 2, 3]", "no JSON object"),
        ('{"start": [1, 2, 3]}', "start"),
        ('{"hinge_point": [1, 2]}', "hinge_point"),
        ('{"hinge_point": [NaN, 2, 3]}', "hinge_point"),
        ('{"start_point": [900, 0, 0]}', "start"),
    ],
)
def test_plan_refuses_what_is_no_cut(
    folder_of: FolderOf, tmp_path: Path, refused: Refused, text: str | None, said: str
) -> None:
    cut, out = tmp_path / "cut.json", tmp_path / "plan.json"
    if text is not None:
        cut.write_text(text)
    bones = folder_of("synthetic_l")
    line = refused("plan", "--bones", bones, "--side", "L", "--correction", 8, "--cut", cut, "--out", out)
    assert said in line
    assert not out.exists()


def test_the_published_schema_has_a_name_and_holds_for_a_plan(
    folder_of: FolderOf, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema"]) == 0
    published = json.loads(capfd.readouterr().out)
    assert published["$id"] == "urn:knee-guides:hto-plan:1"
    validator = jsonschema.Draft202012Validator(published)
    validator.check_schema(published)
    plan = json.loads(json.dumps(plan_files(folder_of("synthetic_l"), "L", correction_deg=8)))
    assert not list(validator.iter_errors(plan))
    plan["measures"]["mMPTA"]["unit"] = "rad"
    assert [error.json_path for error in validator.iter_errors(plan)] == ["$.measures.mMPTA.unit"]


@pytest.mark.parametrize("provenance", get_args(Provenance))
def test_every_provenance_that_is_read_is_one_that_a_plan_may_hold(
    folder_of: FolderOf, provenance: str
) -> None:
    bones = folder_of("synthetic_l")
    marks = dict(plan_files(bones, "L", correction_deg=8)["landmarks"])
    marks["hip_center"] = {**marks["hip_center"], "provenance": provenance}
    again = plan_files(bones, "L", correction_deg=8, landmarks=marks)
    assert read_plan(again)["landmarks"]["hip_center"]["provenance"] == provenance
    assert again["measures"]["HKA"]["provenance"] == provenance


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(plan: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            plan = plan[parent]
        plan[last] = value

    return change


TAMPERED = {
    "other schema": _set("schema", "hto-plan/9"),
    "other side letter": _set("side", "left"),
    "no landmarks": _set("landmarks", {}),
    "no osteotomy": _set("osteotomy", {}),
    "nan": _set("osteotomy.gap_mm", float("nan")),
    "infinite": _set("osteotomy.plane_point", [0, 0, float("inf")]),
    "text": _set("osteotomy.plane_normal", ["a", "b", "c"]),
    "huge correction": _set("osteotomy.correction_deg", 45),
    "other correction": _set("osteotomy.correction_deg", 9.0),
    "no direction": _set("osteotomy.plane_normal", [0, 0, 0]),
    "tilted plane": _set("osteotomy.plane_normal", [0, 0, 1]),
    "moved hinge": _set("osteotomy.hinge_point", [0, 0, 50]),
    "hinge the other way": _set("osteotomy.hinge_axis", [0, 1, 0]),
    "no bones": _set("bones_sha256", {}),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_design_and_check_refuse_a_tampered_plan(
    designed: Design, tmp_path: Path, refused: Refused, how: str
) -> None:
    made = designed("synthetic_l")
    document = json.loads(json.dumps(made.plan))
    TAMPERED[how](document)
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(document), "utf-8")
    out = tmp_path / "out"
    refused("design", "--bones", made.bones, "--plan", plan, "--out", out)
    refused("check", "--guide", made.stl, "--bones", made.bones, "--plan", plan)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_cut_moved_off_the_bone_as_a_whole_is_refused(
    designed: Design, tmp_path: Path, refused: Refused
) -> None:
    made = designed("synthetic_l")
    document = json.loads(json.dumps(made.plan))
    for name in ("plane_point", "hinge_point", "start_point"):
        document["osteotomy"][name][2] -= 600
    (tmp_path / "plan.json").write_text(json.dumps(document), "utf-8")
    refused("design", "--bones", made.bones, "--plan", tmp_path / "plan.json", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"plan"', "{}"])
def test_what_is_no_plan_is_refused(designed: Design, tmp_path: Path, refused: Refused, text: str) -> None:
    made = designed("synthetic_l")
    (tmp_path / "plan.json").write_text(text)
    refused("design", "--bones", made.bones, "--plan", tmp_path / "plan.json", "--out", tmp_path / "out")
    refused("design", "--bones", made.bones, "--plan", tmp_path / "absent.json", "--out", tmp_path / "out")


def test_design_refuses_other_bones_and_bad_parameters(
    designed: Design, folder_of: FolderOf, tmp_path: Path, refused: Refused
) -> None:
    made = designed("synthetic_l")
    plan = made.out.parent / "plan.json"
    out = tmp_path / "out"
    refused("design", "--bones", folder_of("synthetic_r"), "--plan", plan, "--out", out)
    (tmp_path / "parameters.json").write_text('{"wire_diameter_mm": 40}')
    command = ["design", "--bones", made.bones, "--plan", plan]
    refused(*command, "--out", out, "--parameters", tmp_path / "parameters.json")
    refused(*command, "--out", out, "--parameters", tmp_path / "absent.json")
    (tmp_path / "parameters.json").write_text("[1, 2]")
    refused(*command, "--out", out, "--parameters", tmp_path / "parameters.json")
    refused(*command, "--out", tmp_path / "parameters.json")
    assert [path.name for path in tmp_path.iterdir()] == ["parameters.json"]


def test_check_refuses_what_is_no_guide(designed: Design, tmp_path: Path, refused: Refused) -> None:
    made = designed("synthetic_l")
    plan = made.out.parent / "plan.json"
    (tmp_path / "guide.stl").write_bytes(b"solid nothing\nendsolid\n")
    for guide in (tmp_path / "absent.stl", tmp_path / "guide.stl", plan):
        refused("check", "--guide", guide, "--bones", made.bones, "--plan", plan)


def test_the_hash_of_a_plan_depends_on_its_content_alone(designed: Design) -> None:
    plan = designed("synthetic_l").plan
    turned = dict(reversed(list(plan.items())))
    assert plan_hash(read_plan(turned)) == plan_hash(plan)
    other = json.loads(json.dumps(plan))
    other["osteotomy"]["gap_mm"] += 0.001
    assert plan_hash(other) != plan_hash(plan)


def test_an_error_carries_code_message_and_remedy() -> None:
    error = InputError("code", "What is wrong", "What mends it")
    assert (error.code, str(error)) == ("code", "What is wrong. What mends it.")
