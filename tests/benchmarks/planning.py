"""How true a plan is: measured again on the moved solids, slope kept, and X-ray bones against true bones.

``python -m tests.benchmarks.planning [--quick]``.

- ``remeasured_max_deg``: a correction of 10 degrees on whole legs. The solids are cut and moved; the motion
  of the distal fragment is taken from its vertices before and after (Kabsch), and mMPTA, HKA and both slopes
  are computed from the moved points by formulas of this file, with numpy alone. Largest difference to plan.
- ``slope_neutral_max_deg``: change of the medial slope over corrections of 4 to 16 degrees, by the same
  formulas; ``slope_wanted_max_deg`` the same for a wanted change of 2 degrees up and down.
- ``xray_vs_true_mean_deg``: bones reconstructed by the default model from two rendered X-rays of people whom
  training never saw, against their true bones. Differences of mMPTA, medial slope, the correction for a
  weight-bearing line of 62.5 % and its gap: against whole bones, which is what a surgeon would want to know,
  and against the same bones cropped as the X-rays crop them, which leaves the reconstruction alone. Legs that
  no opening brings to 62.5 % (their pose is drawn) have no correction. ``film`` is the correction
  where the plan is given the true HKA, as a long-leg film would; the gap is that plan's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from scipy.linalg import expm
from scipy.spatial import cKDTree

from guides.bones import Array, Bone, BoneSet
from guides.errors import InputError
from guides.landmarks import Side
from guides.osteotomy import read_osteotomy, simulate
from guides.plan import plan_files
from guides.solids import from_mesh, to_mesh
from recon.drr.scene import Scene, standard_stations
from recon.images.write import Positioner
from recon.population.sample import person_bones
from recon.reconstruct import reconstruct_files
from recon.training.dataset import TEST_PEOPLE
from tests.benchmarks import report
from tests.data import FOLDER

CORRECTION_DEG = 10.0
SLOPE_CORRECTIONS_DEG = (4.0, 8.0, 12.0, 16.0)
WANTED_SLOPE_DEG = 2.0
POSES = 3
TARGET_WBL = 62.5
FIGURES = ("mMPTA", "PTS_medial", "correction", "film", "gap")


def whole_legs(*, quick: bool) -> Iterator[tuple[str, Path, Side]]:
    """The whole legs of the folder of real bones."""
    folders = sorted((FOLDER / "bones").glob("*_[lr]"))
    whole = [f for f in folders if np.ptp(BoneSet.read(f, [Bone.TIBIA])[Bone.TIBIA].bounds[:, 2]) > 250]
    for folder in whole[:2] if quick else whole:
        yield folder.name, folder, "L" if folder.name.endswith("_l") else "R"


def positions(plan: Mapping[str, Any]) -> dict[str, Array]:
    """Landmarks of a plan document."""
    return {name: np.array(mark["position"]) for name, mark in plan["landmarks"].items()}


def angles(points: Mapping[str, Array]) -> dict[str, float]:
    """HKA, mMPTA and slopes, degrees, from inner angles of projected points; nothing of the planner is used.

    Frontal and sagittal pictures are taken square to one another, along the tibial mechanical axis and the
    plateau line. Medial and anterior need no sign by side: they point from one landmark to another.
    """
    knee, ankle = points["tibia_knee_center"], points["ankle_center"]
    axis = (ankle - knee) / np.linalg.norm(ankle - knee)
    plateau = points["plateau_medial"] - points["plateau_lateral"]
    medial = plateau - axis * (plateau @ axis)
    medial /= np.linalg.norm(medial)
    frontal, sagittal = (np.outer(n, n) for n in (np.cross(axis, medial), medial))
    found = {"mMPTA": _between(plateau - frontal @ plateau, axis)}
    if "hip_center" in points:
        thigh = points["hip_center"] - points["femur_knee_center"]
        thigh = thigh - frontal @ thigh
        bend = 180 - _between(thigh, axis)
        found["HKA"] = 180 - bend if thigh @ medial > 0 else 180 + bend
    for name in ("medial", "lateral"):
        line = points[f"plateau_{name}_anterior"] - points[f"plateau_{name}_posterior"]
        found[f"PTS_{name}"] = _between(line - sagittal @ line, axis) - 90
    return found


def _between(a: Array, b: Array) -> float:
    """Angle between two vectors, degrees, by Kahan's formula."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


def rigid_motion(before: Array, after: Array) -> tuple[Array, Array]:
    """Rotation and shift that take points to points, both (N, 3), by Kabsch's algorithm."""
    middle, there = before.mean(axis=0), after.mean(axis=0)
    u, _, v = np.linalg.svd((before - middle).T @ (after - there))
    turn = v.T @ np.diag([1, 1, np.linalg.det(v.T @ u.T)]) @ u.T
    return turn, there - turn @ middle


def remeasured(folder: Path, side: Side, **technique: Any) -> dict[str, float]:
    """Measured on the moved solids minus planned: the turn itself and every angle, degrees."""
    plan = plan_files(folder, side, correction_deg=CORRECTION_DEG, **technique)
    osteotomy = read_osteotomy(plan["osteotomy"])
    tibia = BoneSet.read(folder, [Bone.TIBIA])[Bone.TIBIA]
    moved = simulate(tibia, osteotomy).distal
    # Vertices well below the cut are in both meshes.
    vertices = np.asarray(tibia.vertices)
    low = vertices[(vertices - osteotomy.plane_point) @ osteotomy.plane_normal < -40]
    guess = trimesh.transformations.rotation_matrix(
        np.radians(CORRECTION_DEG), osteotomy.hinge_axis, osteotomy.hinge_point
    )
    turn, shift = rigid_motion(low, _found_again(low, np.asarray(moved.vertices), guess))
    points = positions(plan)
    for name in ("ankle_center", "tibia_shaft_proximal", "tibia_shaft_distal"):
        points[name] = turn @ points[name] + shift
    measured = angles(points)
    turned = float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))
    return {"turn": turned - CORRECTION_DEG} | {
        name: value - plan["measures"][name]["after"] for name, value in measured.items()
    }


def _found_again(before: Array, after: Array, guess: Array) -> Array:
    """The same vertices in a moved mesh that keeps them in another order.

    Args:
        before: (N, 3) vertices.
        after: (M, 3) vertices of the moved mesh.
        guess: (4, 4) motion that brings each near its own.

    Raises:
        ValueError: a vertex is not there: the mesh did not move as it was said to.
    """
    placed = trimesh.transform_points(before, guess)
    distance, nearest = cKDTree(after).query(placed)
    if distance.max() > 1e-3:
        raise ValueError(f"a vertex of the moved bone lies {distance.max():.3f} mm from where it should be")
    return after[nearest]


def slope_errors(folder: Path, side: Side, *, wanted: float = 0.0) -> list[float]:
    """Change of the medial slope minus the wanted one, for every correction, degrees."""
    found = []
    landmarks = plan_files(folder, side, correction_deg=0.0)["landmarks"]
    for degrees in SLOPE_CORRECTIONS_DEG[1 if wanted else 0 :]:
        plan = plan_files(folder, side, correction_deg=degrees, slope_change_deg=wanted, landmarks=landmarks)
        osteotomy, points = read_osteotomy(plan["osteotomy"]), positions(plan)
        before = angles(points)["PTS_medial"]
        turn = _axis_turn(osteotomy.hinge_axis, degrees)
        points["ankle_center"] = osteotomy.hinge_point + turn @ (
            points["ankle_center"] - osteotomy.hinge_point
        )
        found.append(angles(points)["PTS_medial"] - before - wanted)
    return found


def _axis_turn(axis: Array, degrees: float) -> Array:
    """Rotation matrix about a unit axis by the exponential of its cross-product matrix."""
    x, y, z = axis * np.radians(degrees)
    return np.asarray(expm(np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])))


@dataclass(frozen=True)
class Knee:
    """One person's bones: true and whole, true and cropped, and as X-rays gave them."""

    name: str
    side: Side
    whole: Path
    cropped: Path
    reconstructed: Path


def knees(folder: Path, *, quick: bool) -> Iterator[Knee]:
    """People whom training never saw, in drawn poses, X-rayed and reconstructed."""
    for person in TEST_PEOPLE[: 1 if quick else None]:
        for pose in range(1 if quick else POSES):
            seed = 1000 * person + pose
            here = folder / f"{person}_{pose}"
            whole, cropped, xrays, reconstructed = (
                here / name for name in ("whole", "cropped", "xrays", "reconstructed")
            )
            whole.mkdir(parents=True)
            cropped.mkdir()
            person_bones(person, np.random.default_rng(seed)).write(whole)
            stations = standard_stations(0.0, 90.0, Positioner(0.0))
            Scene(stations, seed=seed).render_bones(whole, xrays)
            reconstruct_files(xrays / "ap.dcm", xrays / "lateral.dcm", reconstructed, resolution=256)
            true, seen = BoneSet.read(whole), BoneSet.read(reconstructed)
            crop(true, seen).write(cropped)
            lateral = true[Bone.FIBULA].vertices[:, 0].mean() > true[Bone.TIBIA].vertices[:, 0].mean()
            yield Knee(
                f"person {person}, pose {pose}", "L" if lateral else "R", whole, cropped, reconstructed
            )


def crop(true: BoneSet, seen: BoneSet) -> BoneSet:
    """True bones between the lowest and the highest point that the reconstruction shows of each."""
    cut = {}
    for bone, mesh in true.items():
        if bone in seen:
            low, high = seen[bone].bounds[:, 2]
            solid = from_mesh(mesh).trim_by_plane((0, 0, 1), low).trim_by_plane((0, 0, -1), -high)
            cut[bone] = to_mesh(solid)
    return BoneSet(cut)


def planned(folder: Path, side: Side, true_hka: float | None) -> dict[str, float | None]:
    """What a plan for a weight-bearing line of 62.5 % says; None where no opening reaches it."""
    unchanged = plan_files(folder, side, correction_deg=0.0)
    found: dict[str, float | None] = {"gap": None} | {
        name: unchanged["measures"][name]["before"] for name in ("mMPTA", "PTS_medial", "HKA")
    }
    for name, film in (("correction", None), ("film", true_hka)):
        try:
            plan = plan_files(
                folder,
                side,
                target_wbl=TARGET_WBL,
                long_film_hka=film,
                landmarks=unchanged["landmarks"],
            )
        except InputError as error:
            if error.code != "target_out_of_reach":
                raise
            found[name] = None
        else:
            found[name] = plan["osteotomy"]["correction_deg"]
            if name == "film":
                found["gap"] = plan["osteotomy"]["gap_mm"]
    return found


def compared(knee: Knee) -> dict[str, list[float | None]]:
    """Differences by what the X-ray bones are compared with, in the order of ``FIGURES``."""
    film = planned(knee.whole, knee.side, None)["HKA"]
    whole = planned(knee.whole, knee.side, film)
    cropped, seen = (planned(folder, knee.side, film) for folder in (knee.cropped, knee.reconstructed))
    return {
        "whole": [_minus(seen[name], whole[name]) for name in FIGURES],
        "cropped": [_minus(seen[name], cropped[name]) for name in FIGURES],
    }


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__)
    turned, rows, neutral, wanted = [], [], [], []
    for name, folder, side in whole_legs(quick=options.quick):
        for kind in ("medial_opening_wedge", "lateral_closing_wedge"):
            errors = remeasured(folder, side, kind=kind)
            turned += list(errors.values())
            rows.append([f"{name}, {kind}", *(f"{value:+.4f}" for value in errors.values())])
        neutral += slope_errors(folder, side)
        wanted += [x for sign in (1, -1) for x in slope_errors(folder, side, wanted=sign * WANTED_SLOPE_DEG)]
    if rows:
        heads = ["measured again minus planned, deg", "turn", "mMPTA", "HKA", "PTS_medial", "PTS_lateral"]
        print(report.table(heads, rows), end="\n\n")
    differences: dict[str, list[list[float | None]]] = {"whole": [], "cropped": []}
    cases: list[list[Any]] = []
    with tempfile.TemporaryDirectory() as folder_name:
        for knee in knees(Path(folder_name), quick=options.quick):
            for against, values in compared(knee).items():
                differences[against].append(values)
                cases.append([knee.name, against, *("-" if v is None else v for v in values)])
    units = [f"{name} {'mm' if name == 'gap' else 'deg'}" for name in FIGURES]
    print(report.table(["X-ray bones minus true bones", "true", *units], cases), end="\n\n")
    line: dict[str, Any] = {"quick": options.quick}
    line["remeasured_max_deg"] = _worst(turned)
    line["slope_neutral_max_deg"], line["slope_wanted_max_deg"] = _worst(neutral), _worst(wanted)
    summary: list[list[Any]] = []
    for against, found in differences.items():
        columns = [[abs(v) for v in column if v is not None] for column in zip(*found, strict=True)]
        summary.append([f"mean, {against}", *(float(np.mean(c)) if c else "-" for c in columns)])
        summary.append([f"worst, {against}", *(max(c, default="-") for c in columns)])
        angular = [value for column in columns[:3] for value in column]
        key = "xray_vs_true" if against == "whole" else "xray_vs_cropped"
        line[f"{key}_mean_deg"] = float(np.mean(angular))
        for name, column in zip(FIGURES, columns, strict=True):
            unit = "mm" if name == "gap" else "deg"
            line[f"{key}_{name}_{unit}"] = float(np.mean(column)) if column else None
    print(report.table(["absolute difference", *units], summary), end="\n\n")
    report.finish(line)


def _worst(values: list[float]) -> float | None:
    return float(np.abs(values).max()) if values else None


if __name__ == "__main__":
    main()
