"""The simulated surgeon: a good guide scores 6/6/6, a spoilt one loses where it should."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from scipy.optimize import minimize

from guides.bones import signed_distance
from guides.cli import main
from guides.errors import InputError
from guides.score import read_design, score_files, simulate
from guides.score.accuracy import surface_noise
from guides.score.alignment import align
from guides.score.bands import accuracy_score, fitting_score, stability_score
from guides.score.contact import Frame, find_contact
from guides.score.field import BoneField
from guides.score.freedom import weakest_motion
from guides.score.holding import Load
from guides.score.pose import Poses, rotation_matrices
from guides.score.pressing import FOUNDATION_N_PER_MM3, loaded, pressed
from guides.score.seating import FIT_MM, HAND_DEG, HAND_MM, PATCHES, PRESS_N, Seat, fitted
from tests.guides.conftest import Designed

Design = Callable[..., Designed]
REAL = ("hubmap_vhm_l", "staple_lhdl_ct_r")


def scores(document: Mapping[str, Any]) -> tuple[int, int, int]:
    return tuple(document[name]["score"] for name in ("fitting", "stability", "accuracy"))


def carried(report: dict[str, Any], matrix: np.ndarray) -> dict[str, Any]:
    """The report of a guide that was built elsewhere than planned; the plan in it stays."""
    moved = json.loads(json.dumps(report))

    def point(values: Any) -> list[float]:
        return (matrix[:3, :3] @ values + matrix[:3, 3]).tolist()

    def direction(values: Any) -> list[float]:
        return (matrix[:3, :3] @ values).tolist()

    for part in (moved["slot"], *moved["wires"]):
        part["point"], part["direction"] = point(part["point"]), direction(part["direction"])
    moved["slot"]["normal"] = direction(moved["slot"]["normal"])
    return moved


@pytest.mark.parametrize("name", REAL)
def test_a_perfect_guide_scores_six_three_times(designed: Design, name: str) -> None:
    made = designed(name)
    mesh, report = read_design(made.out)
    found = simulate(mesh, made.tibia(), report).document
    assert scores(found) == (6, 6, 6) and found["simulated"] is True
    assert found["seat"]["cut_angle_deg"] < 0.3 and found["seat"]["cut_distance_mm"] < 0.3
    # By hand alone it slides away, because its slot stands high above the bone.
    assert found["stability"]["score_without_wires"] < 6
    assert found["weakest"]["condition"] > 1


@pytest.mark.parametrize(("shift", "turn"), [(3.0, 0.0), (0.0, 4.0)])
def test_a_slot_beside_its_plan_loses_accuracy_alone(designed: Design, shift: float, turn: float) -> None:
    """Shifted along the bone, or tilted about the slot's length: it fits as well and cuts elsewhere."""
    made = designed("hubmap_vhm_l")
    mesh, report = read_design(made.out)
    slot = report["slot"]
    matrix = trimesh.transformations.rotation_matrix(np.radians(turn), slot["along"], slot["point"])
    matrix[:3, 3] += shift * np.array(slot["normal"])
    found = simulate(mesh, made.tibia(), carried(report, matrix)).document
    assert scores(found)[0] == 6 and scores(found)[2] <= 2


def test_a_guide_that_sits_higher_is_seated_back(designed: Design) -> None:
    """The whole guide designed 2 mm off in a direction that its shape resists finds its place."""
    made = designed("hubmap_vhm_l")
    mesh, report = read_design(made.out)
    out = np.array(report["withdrawal_direction"])
    bone = made.tibia()
    bone.apply_translation(2 * out)
    seat = np.array(simulate(mesh, bone, report).document["seat"]["matrix"])
    assert (seat[:3, 3] @ out - 2) == pytest.approx(-0.3, abs=0.15)


def test_a_shrunken_contact_face_loses_fitting_and_accuracy(designed: Design) -> None:
    """Scaled by 0.93 as a printer with a wrong unit of shrinkage would: it rides on its edges."""
    made = designed("hubmap_vhm_l")
    mesh, report = read_design(made.out)
    middle = mesh.bounds.mean(axis=0)
    small = trimesh.Trimesh(middle + 0.93 * (mesh.vertices - middle), mesh.faces, process=False)
    whole, shrunken = (
        simulate(m, made.tibia(), report | {"clearances_mm": {"bone": 0.1}}).document for m in (mesh, small)
    )
    assert shrunken["fitting"]["contact_percent"] < whole["fitting"]["contact_percent"] - 5
    assert shrunken["seat"]["cut_distance_mm"] > whole["seat"]["cut_distance_mm"]


def flattened(mesh: trimesh.Trimesh, report: dict[str, Any]) -> trimesh.Trimesh:
    """The guide with a flat contact face."""
    frame = Frame.of_report(report)
    local = frame.mesh(mesh)
    contact = find_contact(local, report)
    level = float(contact.points[:, 2].max())
    vertices = np.array(local.vertices)
    vertices[:, 2] = np.where(vertices[:, 2] < level, level, vertices[:, 2])
    flat = trimesh.Trimesh(frame.world(vertices), mesh.faces, process=False)
    flat.update_faces(flat.area_faces > 1e-9)
    return flat


def test_a_flat_guide_loses_everywhere(designed: Design) -> None:
    made = designed("hubmap_vhm_l")
    mesh, report = read_design(made.out)
    found = simulate(flattened(mesh, report), made.tibia(), report).document
    assert scores(found)[0] <= 4 and scores(found)[2] <= 3
    assert found["stability"]["score_without_wires"] <= 2
    condition = found["weakest"]["condition"]
    assert condition is None or condition > 100


def seat_of(made: Designed, noise: float = 0.0) -> Seat:
    mesh, report = read_design(made.out)
    frame = Frame.of_report(report)
    contact = find_contact(frame.mesh(mesh), report, 150)
    bone = frame.mesh(made.tibia())
    rng = np.random.default_rng(5)
    return Seat(
        contact,
        BoneField.about(bone, contact.points),
        0.3,
        surface_noise(contact.points, 1, noise, rng) if noise else np.zeros((1, 1)),
    )


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("start", [(0.0, 0.0), (2.0, 2.0)])
def test_the_fit_agrees_with_an_independent_optimiser(
    designed: Design, name: str, start: tuple[float, float]
) -> None:
    """The same objective by BFGS, with exact distances instead of the grid."""
    made = designed(name)
    seat = seat_of(made, noise=0.3)
    bone = Frame.of_report(made.report).mesh(made.tibia())
    # Only the near faces, which makes each call quick and changes no distance near the guide.
    near = np.linalg.norm(bone.triangles_center - seat.contact.centre, axis=1) < 50
    bone = trimesh.Trimesh(bone.vertices, bone.faces[near], process=False)
    turn, shift = np.full((1, 3), np.radians(start[0]) / 2), np.full((1, 3), start[1] / 2)
    begin = seat.start(turn, shift)

    def cost(x: np.ndarray) -> float:
        pose = begin.moved(np.array([[*x[:3], *np.radians(x[3:])]]))
        gap = signed_distance(bone, pose.apply(seat.contact.points)[0]) - seat.noise[0] - 0.3
        size = np.abs(gap) / FIT_MM
        huber = np.where(size <= 1, size**2 / 2, size - 0.5)
        prior = (x[:3] @ x[:3]) / HAND_MM**2 + (x[3:] @ x[3:]) / HAND_DEG**2
        return float(PATCHES / len(gap) * huber.sum() + prior / 2)

    best = minimize(cost, np.zeros(6), method="BFGS", options={"eps": 1e-4, "gtol": 1e-3})
    other = begin.moved(np.array([[*best.x[:3], *np.radians(best.x[3:])]]))
    mine = fitted(seat, begin)
    assert np.linalg.norm(mine.shift - other.shift) < 0.15
    relative = replace(mine, rotation=mine.rotation @ other.rotation.transpose(0, 2, 1))
    assert relative.angles_deg()[0] < 0.3


def test_the_press_agrees_with_an_independent_optimiser(designed: Design) -> None:
    """Friction apart, the rest under a press is the least energy of springs and weight."""
    made = designed("hubmap_vhm_l")
    seat = seat_of(made)
    area = seat.contact.area / len(seat.contact.points)

    def energy(pose: Poses) -> float:
        depth = np.maximum(-seat.gaps(pose.apply(seat.contact.points))[0], 0)
        middle = pose.apply(seat.contact.centre[None])[0, 0, 2]
        return float(FOUNDATION_N_PER_MM3 * area / 2 * (depth**2).sum() + PRESS_N * middle)

    still = seat.start(np.zeros((1, 3)), np.zeros((1, 3)))
    mine = pressed(seat, fitted(seat, still))

    def cost(x: np.ndarray) -> float:
        return energy(mine.moved(np.array([[0, 0, x[0], *np.radians(x[1:3]), 0.0]])))

    best = minimize(cost, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-7})
    # Friction may hold it a little above; it never comes to rest deep in the bone.
    assert abs(best.x[0]) < 0.1 and np.abs(best.x[1:]).max() < 0.5
    gaps = seat.gaps(mine.apply(seat.contact.points))[0]
    assert gaps.min() > -0.03 and (gaps < 0.001).sum() >= 3


def flat_on_flat(friction_push: float) -> tuple[Seat, Poses, Load]:
    """A flat guide of 20 by 20 mm on a flat bone, pressed with 30 N and pushed along it."""
    slab = trimesh.creation.box((80, 80, 10))
    slab.apply_translation([0, 0, -5])
    face = trimesh.creation.box((20, 20, 1))
    face.apply_translation([0, 0, 0.5])
    report = {
        "footprint": {
            "outline": [[-10, -10], [10, -10], [10, 10], [-10, 10]],
            "rim_mm": 0.0,
            "bottom_mm": -9.0,
        }
    }
    contact = find_contact(face.subdivide().subdivide(), report, 200)
    seat = Seat(contact, BoneField.about(slab, contact.points), 0.3)
    pose = seat.start(np.zeros((1, 3)), np.array([[0, 0, 0.5]]))
    press = seat.press(1)
    return seat, pose, replace(press, force=press.force + np.array([[friction_push, 0.0, 0.0]]))


@pytest.mark.parametrize(("push", "slides"), [(5.0, False), (20.0, True)])
def test_friction_holds_up_to_its_coefficient(push: float, slides: bool) -> None:
    """30 N and 0.3: 9 N hold."""
    seat, pose, load = flat_on_flat(push)
    rest = pressed(seat, pose)
    assert rest.shift[0, 2] == pytest.approx(0, abs=0.01)
    moved = loaded(seat, rest, load).shift[0, 0] - rest.shift[0, 0]
    assert (moved > 1) == slides and (slides or moved < 0.05)


def test_the_weakest_motion_of_known_shapes() -> None:
    rng = np.random.default_rng(0)
    angle, height = rng.uniform(0, 1.5, 500), rng.uniform(-15, 15, 500)
    normals = np.column_stack([np.cos(angle), np.zeros(500), np.sin(angle)])
    cylinder = weakest_motion(20 * normals + np.outer(height, [0, 1.0, 0]), normals)
    # A part of a cylinder slides along it and turns about it alike: its axis is y.
    assert cylinder.condition > 1e6 and abs(cylinder.arrow[1]) > 0.9
    normals = rng.normal(size=(500, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    ball = weakest_motion(20 * normals, normals)
    assert not ball.slides and ball.resistance < 1e-6


def test_the_field_is_the_distance_and_its_gradient_the_normal() -> None:
    ball = trimesh.creation.icosphere(subdivisions=5, radius=20)
    rng = np.random.default_rng(1)
    directions = rng.normal(size=(300, 3)) + np.array([0.0, 0.0, 4.0])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = directions * rng.uniform(18.5, 23, (300, 1))
    field = BoneField.about(ball, points)
    assert np.abs(field.distance(points) - (np.linalg.norm(points, axis=1) - 20)).max() < 0.05
    assert np.einsum("ij,ij->i", field.normal(points), directions).min() > 0.999


def test_poses_turn_about_their_centre() -> None:
    turn = np.array([[0.0, 0.0, np.pi / 2], [0, 0, 0]])
    poses = Poses.of(np.array([1.0, 0, 0]), turn, np.array([[0, 0, 5.0], [0, 0, 0]]))
    moved = poses.apply(np.array([[2.0, 0, 0]]))
    assert moved[0, 0] == pytest.approx([1, 1, 5]) and moved[1, 0] == pytest.approx([2, 0, 0])
    assert (poses.matrix()[0] @ [2, 0, 0, 1])[:3] == pytest.approx([1, 1, 5])
    assert poses.angles_deg() == pytest.approx([90, 0], abs=1e-6)
    assert rotation_matrices(np.zeros((1, 3)))[0] == pytest.approx(np.eye(3))


def test_the_bands_are_those_of_the_paper() -> None:
    assert [fitting_score(x) for x in (9, 10, 29, 31, 51, 71, 89.9, 90, 100)] == [1, 2, 2, 3, 4, 5, 5, 6, 6]
    assert [stability_score(x) for x in (91, 90, 61, 31, 11, 9, 1, 0.9)] == [1, 2, 2, 3, 4, 5, 5, 6]
    assert [accuracy_score(x) for x in (9, 11, 31, 51, 71, 90, 90.5)] == [1, 2, 3, 4, 5, 5, 6]


def test_a_bone_is_laid_on_another_picture_of_itself(designed: Design) -> None:
    fixed = designed("hubmap_vhm_l").tibia()
    matrix = trimesh.transformations.rotation_matrix(np.radians(2), [0.3, 0.5, 0.8], fixed.centroid)
    matrix[:3, 3] += [1, -2, 1.5]
    moving = fixed.copy()
    moving.apply_transform(np.linalg.inv(matrix))
    assert align(moving, fixed) == pytest.approx(matrix, abs=0.02)


def test_the_command_writes_scores_and_contact_map(
    designed: Design, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = designed("hubmap_vhm_l")
    folder = tmp_path / "guide"
    shutil.copytree(made.out, folder)
    command = ["score", "--guide", str(folder), "--bones", str(made.bones), "--placements", "20"]
    assert main(command) == 0
    assert "fitting    6 of 6 (simulated)" in capfd.readouterr().out
    first = (folder / "scores.json").read_bytes()
    document = json.loads(first)
    assert json.loads((folder / "report.json").read_text())["scores"] == document
    assert document["bones_sha256"]["tibia"] == made.plan["bones_sha256"]["tibia"]
    face = trimesh.load_mesh(folder / "contact.ply", process=False)
    assert len(face.faces) > 500 and face.visual.vertex_colors.shape[1] == 4
    gaps = face.metadata["_ply_raw"]["vertex"]["data"]["gap_mm"]
    assert np.median(gaps) < 0.3
    assert main([*command, "--json"]) == 0 and (folder / "scores.json").read_bytes() == first


@pytest.mark.parametrize(
    ("spoil", "code"),
    [("no report", "no_guide"), ("old report", "bad_report"), ("other guide", "no_contact_face"),
     ("no placements", "bad_placements"), ("much noise", "bad_placements")],
)  # fmt: skip
def test_what_cannot_be_scored_is_refused(designed: Design, tmp_path: Path, spoil: str, code: str) -> None:
    made = designed("hubmap_vhm_l")
    folder = tmp_path / "guide"
    shutil.copytree(made.out, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    options: dict[str, Any] = {}
    if spoil == "no report":
        (folder / "report.json").unlink()
    elif spoil == "old report":
        report = json.loads((folder / "report.json").read_text())
        del report["footprint"]
        (folder / "report.json").write_text(json.dumps(report))
    elif spoil == "other guide":
        trimesh.creation.box((5, 5, 5)).export(folder / "guide.stl")
    elif spoil == "no placements":
        options["count"] = 0
    else:
        options["noise_mm"] = float("nan")
    with pytest.raises(InputError) as error:
        score_files(folder, made.bones, **options)
    assert error.value.code == code
    assert {p.name for p in folder.iterdir()} <= set(before)
