"""How well landmarks hold: left against right, knee-only against whole legs, one tibia moved and remeshed.

``python -m tests.benchmarks.landmarks [--quick] [--priors]``. Whole legs with a known truth: the folder of
real bones, and the 26 people of LLP26 (whose knees are posed by this program, so that their HKA is made, not
measured). A knee-only field of view is 110 mm of tibia and 90 mm of femur.

- Priors: those of ``guides/landmarks/priors.py`` come from people 0 to 19 of LLP26 (``--priors`` prints them
  again), and the people of the folder test them. For the people of LLP26 the priors are measured anew each
  time without the person that they are tried on.
- Left and right: healthy people differ by 1.5 degrees of HKA, 1.1 of MPTA, 1.2 of LDFA and 1.4 of slope on
  average (CT of 233 people, 10.1007/s00167-019-05524-0), so that a difference is not a fault of a landmark by
  itself. The second table tells it apart: what the surfaces of both bones say, without landmarks.
  ``left_right_max_deg`` is over everybody but ``staple_mc22``, the pair from an MRI, which has a key of its
  own, ``left_right_mri_deg``. Left and right of HuBMAP are near mirrors of one another and say little, and
  of ``staple_lhdl`` there is one leg: the figure rests on ``vsd_z013``.
- ``staple_mc22`` comes from an MRI whose slices left steps of some 4 mm: its right femoral head reaches 27 mm
  up from its centre and 24 mm sideways, the lateral rim of the right plateau stands up in a flat lobe, and
  the lateral joint space is 7 mm wide on the left and 4 on the right. The condyles of its femora lie alike
  (2.9 and 2.6 degrees to the tibial axis): what its plateaus differ by is in good part the scan's.
- ``staple_lhdl``: a tibia that bows by 10 mm, most of it below the view. Drawn over the bone, plateau line
  and ankle centre of the whole leg are right; the axis from the view is 3.6 degrees off, and the plateau
  line, which moves with it, takes 0.3 of that back. Nothing in the view tells of it
  (``guides/landmarks/priors.py``).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import fast_simplification
import numpy as np
import trimesh

from guides.bones import Bone, BoneSet
from guides.landmarks import PRIORS, Landmarks, Priors, Side, find_landmarks
from guides.measures import BAND, MEASURES, band, drawn_points
from guides.solids import from_mesh, to_mesh
from recon.population.people import PEOPLE, bones_from_nodes, people_nodes
from recon.population.pose import KneePose, pose_leg
from recon.training.dataset import TRAINING_PEOPLE
from tests.benchmarks import landmark_priors, report
from tests.benchmarks.mirrored import surface_differences
from tests.data import FOLDER

TIBIA_MM, FEMUR_MM = 110.0, 90.0
SHORT_TIBIA_MM = (58.0, 62.0, 66.0)
SPINES_MM = 8.0
PAIRED = ("mMPTA", "PTS_medial", "PTS_lateral", "mLDFA", "HKA")
CROPPED = ("mMPTA", "PTS_medial", "PTS_lateral")
MOVES = 50
QUICK_PEOPLE = 6
MRI = ("staple_mc22",)


@dataclass(frozen=True)
class Leg:
    """A whole leg and the same leg as a knee image shows it."""

    name: str
    side: Side
    bones: BoneSet

    @property
    def person(self) -> str:
        return self.name.removesuffix("_l").removesuffix("_r")

    def knee_only(self, tibia_mm: float = TIBIA_MM) -> BoneSet:
        joint = float(self.bones[Bone.TIBIA].bounds[1, 2]) - SPINES_MM
        cut = {}
        for bone, mesh in self.bones.items():
            solid = from_mesh(mesh).trim_by_plane((0, 0, 1), joint - tibia_mm)
            cut[bone] = to_mesh(solid.trim_by_plane((0, 0, -1), -(joint + FEMUR_MM)))
        return BoneSet(cut)


def real_legs() -> Iterator[Leg]:
    """The whole legs of the folder of real bones."""
    for folder in sorted((FOLDER / "bones").glob("*_[lr]")):
        bones = BoneSet.read(folder)
        if np.ptp(bones[Bone.TIBIA].bounds[:, 2]) > 250:
            yield Leg(folder.name, "L" if folder.name.endswith("_l") else "R", bones)


def population_legs(count: int = PEOPLE) -> Iterator[Leg]:
    """People of LLP26, straight, in poses drawn from a seed."""
    rng = np.random.default_rng(5)
    for person in range(count):
        bones = bones_from_nodes({part: nodes[person] for part, nodes in people_nodes().items()})
        pose = replace(
            KneePose.draw(rng), flexion=0.0, leg_rotation=(0.0, 0.0, 0.0), leg_shift=(0.0, 0.0, 0.0)
        )
        posed = pose_leg(bones, pose)
        yield Leg(
            f"llp26_{person:02d}", "L", BoneSet({Bone(int(bone)): mesh for bone, mesh in posed.items()})
        )


def measured(marks: Landmarks, side: Side, names: tuple[str, ...]) -> dict[str, float]:
    """Value of each measure that the landmarks allow."""
    points = marks.positions()
    return {
        name: float(MEASURES[name].function(points, side))
        for name in names
        if all(need in points for need in MEASURES[name].needs)
    }


def repeatability(leg: Leg, moves: int) -> dict[str, float]:
    """Standard deviation of each angle over rigid moves and remeshings of one tibia."""
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {name: [] for name in CROPPED}
    for _ in range(moves):
        mesh = leg.knee_only()[Bone.TIBIA]
        thinned = fast_simplification.simplify(
            np.asarray(mesh.vertices, np.float32),
            np.asarray(mesh.faces, np.int32),
            target_reduction=rng.uniform(0.1, 0.6),
        )
        vertices, faces = trimesh.remesh.subdivide_to_size(*thinned, rng.uniform(3.0, 6.0))
        turn = trimesh.transformations.euler_matrix(*np.radians(rng.uniform(-5, 5, 3)))
        turn[:3, 3] = rng.uniform(-20, 20, 3)
        moved = trimesh.Trimesh(vertices, faces).apply_transform(turn)
        for name, value in measured(
            find_landmarks(BoneSet({Bone.TIBIA: moved}), leg.side), leg.side, CROPPED
        ).items():
            found[name].append(value)
    return {name: float(np.std(values)) for name, values in found.items()}


def samples(legs: list[Leg], tibia_mm: float = TIBIA_MM) -> list[dict[str, float]]:
    """What each leg tells of the priors when so much of its tibia is in view."""
    return [
        landmark_priors.sample(
            find_landmarks(leg.bones, leg.side).positions(),
            find_landmarks(leg.knee_only(tibia_mm), leg.side).positions(),
            leg.side,
        )
        for leg in legs
    ]


def left_right(real: list[Leg], whole: dict[str, Landmarks]) -> tuple[list[list[Any]], list[list[Any]]]:
    """Left minus right of each person of the folder: by landmarks, and of the tibia by surfaces alone."""
    by_name = {leg.name: leg for leg in real}
    marks, surfaces = [], []
    for leg in real:
        other = by_name.get(f"{leg.person}_r")
        if leg.side == "L" and other is not None:
            left, right = whole[leg.name], whole[other.name]
            values = measured(left, "L", PAIRED), measured(right, "R", PAIRED)
            marks.append([leg.person, *(values[0][name] - values[1][name] for name in PAIRED)])
            tibiae = leg.bones[Bone.TIBIA], other.bones[Bone.TIBIA]
            found = surface_differences(*tibiae, left.positions(), right.positions(), CROPPED)
            surfaces.append([leg.person, *found.values()])
    return marks, surfaces


def cropped_row(leg: Leg, whole: Landmarks, priors: Priors) -> list[Any]:
    """A knee-only leg against the whole one: differences, HKA with its band, and whether that holds it."""
    part = find_landmarks(leg.knee_only(), leg.side, priors)
    truth, found = (measured(marks, leg.side, (*CROPPED, "HKA")) for marks in (whole, part))
    stated = band(MEASURES["HKA"], drawn_points(part, leg.side, priors=priors), leg.side)
    assert stated is not None
    inside = stated[0] <= truth["HKA"] <= stated[1]
    differences = [found[name] - truth[name] for name in CROPPED]
    return [leg.name, *differences, truth["HKA"], found["HKA"], *stated, "yes" if inside else "no"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer people and moves; ends within a minute")
    parser.add_argument(
        "--priors", action="store_true", help="print what priors.py states, measured on LLP26"
    )
    options = parser.parse_args()
    if options.priors:
        trained = list(population_legs(len(TRAINING_PEOPLE)))
        usual, short = samples(trained), [one for mm in SHORT_TIBIA_MM for one in samples(trained, mm)]
        fitted = landmark_priors.fit(usual, landmark_priors.per_short_mm(usual, short))
        print(report.table(["prior", "mean", "spread"], landmark_priors.rows(fitted)))
        return
    real, people = list(real_legs()), list(population_legs(QUICK_PEOPLE if options.quick else PEOPLE))
    whole = {leg.name: find_landmarks(leg.bones, leg.side) for leg in [*real, *people]}
    pairs, surfaces = left_right(real, whole)
    print(report.table(["left minus right, deg", *PAIRED], pairs), end="\n\n")
    print(report.table(["the same by surfaces alone", *CROPPED], surfaces), end="\n\n")

    tested = [cropped_row(leg, whole[leg.name], PRIORS) for leg in real]
    told = samples(people)
    others = [landmark_priors.fit(told[:index] + told[index + 1 :]) for index in range(len(people))]
    left_out = [cropped_row(leg, whole[leg.name], p) for leg, p in zip(people, others, strict=True)]
    heads = [*(f"{name} diff" for name in CROPPED), "HKA true", "found", "low", "high", "inside"]
    print(report.table(["knee only against whole leg", *heads], tested + left_out), end="\n\n")

    spread = repeatability(real[-1] if real else people[0], 10 if options.quick else MOVES)
    print(report.table(["repeated", "sd deg"], list(spread.items())), end="\n\n")
    line: dict[str, Any] = {
        "left_right_max_deg": _largest([row for row in pairs if row[0] not in MRI]),
        "left_right_mri_deg": _largest([row for row in pairs if row[0] in MRI]),
        "crop_max_deg": _largest([row[:4] for row in tested]),
        "crop_within_1_deg_percent": _percent([max(map(abs, row[1:4])) <= 1 for row in tested]),
        "repeat_sd_deg": max(spread.values()),
        "band_states_percent": BAND[1] - BAND[0],
    }
    for name, rows in (("", tested), ("_llp26", left_out)):
        differences = np.array([row[1:4] for row in rows], dtype=float)
        line[f"crop_rms{name}_deg"] = float(np.sqrt((differences**2).mean()))
        line[f"band_coverage{name}_percent"] = _percent([row[-1] == "yes" for row in rows])
        line[f"band_half_width{name}_deg"] = float(np.mean([(row[7] - row[6]) / 2 for row in rows]))
    report.finish(line)


def _largest(rows: list[list[Any]]) -> float:
    """Largest number of rows that begin with a name."""
    return float(np.abs(np.array([row[1:] for row in rows], dtype=float)).max(initial=0))


def _percent(held: list[bool]) -> float | None:
    return 100 * float(np.mean(held)) if held else None


if __name__ == "__main__":
    main()
