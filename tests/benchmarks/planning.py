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
  where the plan is given the true HKA, as a long-leg film would; the gap is that plan's. ``plane_angle`` is
  between the normals of the two cut planes, ``plane_start`` how far the X-ray plan's plane passes from where
  the true plan's saw enters. ``worst_`` before a name gives the largest.
- ``xray_band_coverage_percent``: how often the 90 % band that the plan on X-ray bones states before the
  correction holds the value of the true, whole bones, over the measures of ``BANDED`` and all knees.
- ``xray_number_band_coverage_percent``: the same of the numbers of the osteotomy (``NUMBERED``). The target
  is the weight-bearing line that true bones reach with ``AIMED_DEG``, so that this is the true correction.
- ``external_xray_vs_true_...`` and so on: the same of the five external limbs (evaluation only), as they are.
  A limb that the trust would refuse is marked, and planned all the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
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
from guides.osteotomy import ClosingWedge, Osteotomy, read_osteotomy, simulate
from guides.plan import plan_files
from guides.solids import from_mesh, to_mesh
from recon.drr.scene import Scene, standard_stations
from recon.images.write import Positioner
from recon.population.pose import side_of
from recon.reconstruct import reconstruct_files
from tests.benchmarks import report
from tests.benchmarks.accuracy import people
from tests.data import FOLDER

CORRECTION_DEG = 10.0
SLOPE_CORRECTIONS_DEG = (4.0, 8.0, 12.0, 16.0)
WANTED_SLOPE_DEG = 2.0
TARGET_WBL = 62.5
UNITS = {
    "mMPTA": "deg",
    "PTS_medial": "deg",
    "correction": "deg",
    "film": "deg",
    "gap": "mm",
    "plane_angle": "deg",
    "plane_start": "mm",
}
"""What X-ray bones and true bones are compared in."""
BANDED = (
    "mMPTA", "PTS_medial", "PTS_lateral", "mLDFA", "JLCA", "HKA", "WBL", "JLO", "Caton_Deschamps",
)  # fmt: skip
AIMED_DEG = 8.0
NUMBERED = (
    "correction_deg", "gap_mm", "gap_anterior_mm", "gap_posterior_mm", "cut_depth_mm", "wedge_volume_mm3",
)  # fmt: skip
_ANGULAR = ("mMPTA", "PTS_medial", "correction")  # of which one mean is given
_KEYS = {"whole": "xray_vs_true", "cropped": "xray_vs_cropped"}


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

    source: str
    name: str
    side: Side
    whole: Path
    cropped: Path
    reconstructed: Path


def knees(folder: Path, *, quick: bool) -> Iterator[Knee]:
    """People whom training never saw, X-rayed and reconstructed: LLP26 in drawn poses, external limbs."""
    for number, (source, name, bones, seed) in enumerate(people(quick=quick)):
        here = folder / str(number)
        whole, cropped, xrays, reconstructed = (
            here / part for part in ("whole", "cropped", "xrays", "reconstructed")
        )
        whole.mkdir(parents=True)
        cropped.mkdir()
        bones().write(whole)
        stations = standard_stations(0.0, 90.0, Positioner(0.0))
        Scene(stations, seed=seed).render_bones(whole, xrays)
        trust = reconstruct_files(
            xrays / "ap.dcm", xrays / "lateral.dcm", reconstructed, resolution=256, accept_untrusted=True
        )["trust"]
        true, seen = BoneSet.read(whole), BoneSet.read(reconstructed)
        crop(true, seen).write(cropped)
        marked = name if trust["trusted"] else f"{name} (would be refused)"
        yield Knee(source, marked, side_of(true), whole, cropped, reconstructed)


def crop(true: BoneSet, seen: BoneSet) -> BoneSet:
    """True bones between the lowest and the highest point that the reconstruction shows of each."""
    cut = {}
    for bone, mesh in true.items():
        if bone in seen:
            low, high = seen[bone].bounds[:, 2]
            solid = from_mesh(mesh).trim_by_plane((0, 0, 1), low).trim_by_plane((0, 0, -1), -high)
            cut[bone] = to_mesh(solid)
    return BoneSet(cut)


def planned(
    folder: Path, side: Side, true_hka: float | None
) -> tuple[dict[str, float | None], Osteotomy | ClosingWedge]:
    """What a plan for a weight-bearing line of 62.5 % says, None where no opening reaches it; and its cut."""
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
    # Start and direction of the cut do not depend on how far it opens.
    return found, read_osteotomy(unchanged["osteotomy"])


def compared(knee: Knee) -> dict[str, dict[str, float | None]]:
    """Differences in ``UNITS`` by what the X-ray bones are compared with."""
    film = planned(knee.whole, knee.side, None)[0]["HKA"]
    seen, cut = planned(knee.reconstructed, knee.side, film)
    found = {}
    for against, folder in (("whole", knee.whole), ("cropped", knee.cropped)):
        true, true_cut = planned(folder, knee.side, film)
        found[against] = {
            **{name: _minus(seen[name], true[name]) for name in UNITS if name in true},
            "plane_angle": _between(cut.plane_normal, true_cut.plane_normal),
            "plane_start": float((cut.plane_point - true_cut.start_point) @ cut.plane_normal),
        }
    return found


def held(knee: Knee) -> dict[str, bool]:
    """Whether the band of each measure of the X-ray bones holds the value of the true, whole ones."""
    seen, true = (
        plan_files(folder, knee.side, correction_deg=0.0)["measures"]
        for folder in (knee.reconstructed, knee.whole)
    )
    found = {}
    for name in BANDED:
        if name in seen and name in true:
            low, high = seen[name]["band"] or [seen[name]["before"]] * 2
            found[name] = low <= true[name]["before"] <= high
    return found


def numbers_held(knee: Knee) -> dict[str, bool]:
    """Whether the band of each number of the X-ray plan holds that of the plan on the true, whole bones."""
    true = plan_files(knee.whole, knee.side, correction_deg=AIMED_DEG)
    target = true["measures"]["WBL"]["after"]
    try:
        seen = plan_files(knee.reconstructed, knee.side, target_wbl=target)["osteotomy"]
    except InputError as error:
        if error.code != "target_out_of_reach":
            raise
        return {}
    bands = {name: seen["bands"][name] or [seen[name]] * 2 for name in NUMBERED}
    return {name: low <= true["osteotomy"][name] <= high for name, (low, high) in bands.items()}


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def absolute(differences: Sequence[Mapping[str, float | None]]) -> dict[str, list[float]]:
    """Sizes of the known differences by figure."""
    return {name: [abs(value) for each in differences if (value := each[name]) is not None] for name in UNITS}


def coverage(
    what: str, names: Sequence[str], held_of: Mapping[str, list[dict[str, bool]]]
) -> tuple[list[list[str]], dict[str, float]]:
    """Rows of how many bands hold the true value by source, and the share of all by its key."""
    rows, line = [], {}
    for source, each in held_of.items():
        by_name = {name: [one[name] for one in each if name in one] for name in names}
        rows.append([source, *(f"{sum(found)} of {len(found)}" for found in by_name.values())])
        key = f"xray{what}_band_coverage_percent"
        line[key if source == "llp26" else f"{source}_{key}"] = 100 * float(
            np.mean([value for found in by_name.values() for value in found])
        )
    return rows, line


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
    differences: dict[tuple[str, str], list[dict[str, float | None]]] = {}
    cases: list[list[Any]] = []
    inside: dict[str, list[dict[str, bool]]] = {}
    numbered: dict[str, list[dict[str, bool]]] = {}
    with tempfile.TemporaryDirectory() as folder_name:
        for knee in knees(Path(folder_name), quick=options.quick):
            for against, values in compared(knee).items():
                differences.setdefault((knee.source, against), []).append(values)
                cells = ["-" if values[name] is None else values[name] for name in UNITS]
                cases.append([knee.source, knee.name, against, *cells])
            inside.setdefault(knee.source, []).append(held(knee))
            numbered.setdefault(knee.source, []).append(numbers_held(knee))
    units = [f"{name} {unit}" for name, unit in UNITS.items()]
    print(report.table(["X-ray bones minus true bones", "case", "true", *units], cases), end="\n\n")
    line: dict[str, Any] = {"quick": options.quick}
    line["remeasured_max_deg"] = _worst(turned)
    line["slope_neutral_max_deg"], line["slope_wanted_max_deg"] = _worst(neutral), _worst(wanted)
    summary: list[list[Any]] = []
    for (source, against), found in differences.items():
        sizes = absolute(found)
        means = {name: float(np.mean(column)) if column else None for name, column in sizes.items()}
        worst = {name: max(column, default=None) for name, column in sizes.items()}
        for kind, figures in (("mean", means), ("worst", worst)):
            cells = ["-" if value is None else value for value in figures.values()]
            summary.append([source, kind, against, len(found), *cells])
        key = _KEYS[against] if source == "llp26" else f"{source}_{_KEYS[against]}"
        line[f"{key}_mean_deg"] = float(np.mean([value for name in _ANGULAR for value in sizes[name]]))
        for name, unit in UNITS.items():
            line[f"{key}_{name}_{unit}"] = means[name]
            line[f"worst_{key}_{name}_{unit}"] = worst[name]
    print(report.table(["absolute difference", "", "true", "knees", *units], summary), end="\n\n")
    for what, names, found_of in (("", BANDED, inside), ("_number", NUMBERED, numbered)):
        shares, covered = coverage(what, names, found_of)
        print(report.table(["bands that hold the true value", *names], shares), end="\n\n")
        line |= covered
    report.finish(line)


def _worst(values: list[float]) -> float | None:
    return float(np.abs(values).max()) if values else None


if __name__ == "__main__":
    main()
