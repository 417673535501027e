"""How well landmarks hold: left against right, knee-only against whole legs, one tibia moved and remeshed.

``python -m tests.benchmarks.landmarks [--quick] [--priors]``. Whole legs with a known truth: the folder of
real bones, and the 26 people of LLP26 (whose knees are posed by this program, so that their HKA is made, not
measured). A knee-only field of view is 110 mm of tibia and 90 mm of femur. The priors of
``guides/landmarks/priors.py`` come from LLP26 (``--priors`` prints them again), so only the people of the
folder test them.

Left and right of ``staple_mc22`` differ by 4.6 degrees of mMPTA, and pictures of both plateaus show that the
bones differ, not the landmarks: on the right the lateral rim stands 4 mm up in two round lobes and the medial
plateau lies 2 mm lower; the femora differ by 2 degrees of mLDFA too. Other windows and other robust fits move
the difference by less than 1 degree. The meshes come from an MRI with thick slices, so that person and
segmentation cannot be told apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import fast_simplification
import numpy as np
import trimesh

from guides.bones import Array, Bone, BoneSet
from guides.landmarks import Frame, Landmarks, Side, find_landmarks
from guides.landmarks.frame import rise
from guides.measures import BAND, MEASURES, band, drawn_points
from guides.solids import from_mesh, to_mesh
from recon.population.people import PEOPLE, bones_from_nodes, people_nodes
from recon.population.pose import KneePose, pose_leg
from tests.benchmarks import report
from tests.data import FOLDER

TIBIA_MM, FEMUR_MM = 110.0, 90.0
SPINES_MM = 8.0
PAIRED = ("mMPTA", "PTS_medial", "PTS_lateral", "mLDFA", "HKA")
CROPPED = ("mMPTA", "PTS_medial", "PTS_lateral")
MOVES = 50


@dataclass(frozen=True)
class Leg:
    """A whole leg and the same leg as a knee image shows it."""

    name: str
    side: Side
    bones: BoneSet

    @property
    def person(self) -> str:
        return self.name.removesuffix("_l").removesuffix("_r")

    def knee_only(self) -> BoneSet:
        joint = float(self.bones[Bone.TIBIA].bounds[1, 2]) - SPINES_MM
        cut = {}
        for bone, mesh in self.bones.items():
            solid = from_mesh(mesh).trim_by_plane((0, 0, 1), joint - TIBIA_MM)
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


def prior_rows(legs: list[Leg]) -> list[list[object]]:
    """What the priors state, measured on whole legs against the same legs cropped."""
    samples: dict[str, list[float]] = {}
    anatomical, mechanical = [], []
    for leg in legs:
        whole, part = (find_landmarks(bones, leg.side).positions() for bones in (leg.bones, leg.knee_only()))
        knee, ankle = whole["tibia_knee_center"], whole["ankle_center"]
        width_vector = part["plateau_medial_edge"] - part["plateau_lateral_edge"]
        up = part["tibia_shaft_proximal"] - part["tibia_shaft_distal"]
        frame = Frame.of(up, width_vector, leg.side)
        width = float(width_vector @ frame.medial)
        length = float(np.linalg.norm(knee - ankle))
        down = part["tibia_shaft_distal"] - frame.up * (
            part["tibia_shaft_distal"] @ frame.up - (part["tibia_knee_center"] @ frame.up - length)
        )
        prolonged, true = _angles(down - part["tibia_knee_center"], frame), _angles(ankle - knee, frame)
        samples.setdefault("TIBIA_PER_WIDTH", []).append(length / width)
        samples.setdefault("ANKLE_LATERAL_DEG", []).append(-(true[0] - prolonged[0]))
        samples.setdefault("ANKLE_ANTERIOR_DEG", []).append(true[1] - prolonged[1])

        thigh = part["femur_shaft_proximal"] - part["femur_shaft_distal"]
        femur = Frame.of(thigh, part["femur_medial_posterior"] - part["femur_lateral_posterior"], leg.side)
        hip = whole["hip_center"] - part["femur_knee_center"]
        medial, anterior = _angles(-hip, femur)
        anatomical.append(90 + rise(part["femur_medial_distal"] - part["femur_lateral_distal"], femur))
        mechanical.append(anatomical[-1] - medial)
        samples.setdefault("FEMUR_PER_WIDTH", []).append(float(np.linalg.norm(hip)) / width)
        samples.setdefault("HIP_ANTERIOR_DEG", []).append(-anterior)
    slope, offset = np.polyfit(np.array(anatomical) - 80, mechanical, 1)
    left = np.array(mechanical) - offset - slope * (np.array(anatomical) - 80)
    rows: list[list[object]] = [[name, float(np.mean(v)), float(np.std(v))] for name, v in samples.items()]
    rows.append(["MLDFA_AT_ALDFA_80_DEG", float(offset), float(left.std())])
    rows.append(["MLDFA_PER_ALDFA", float(slope), 0.0])
    return rows


def _angles(down: Array, frame: Frame) -> tuple[float, float]:
    """Degrees by which a downward vector leans towards medial and towards anterior."""
    return (
        float(np.degrees(np.arctan2(down @ frame.medial, -(down @ frame.up)))),
        float(np.degrees(np.arctan2(down @ frame.anterior, -(down @ frame.up)))),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer people and moves; ends within a minute")
    parser.add_argument(
        "--priors", action="store_true", help="print what priors.py states, measured on LLP26"
    )
    options = parser.parse_args()
    if options.priors:
        print(report.table(["prior", "mean", "spread"], prior_rows(list(population_legs()))))
        return
    real, people = list(real_legs()), list(population_legs(4 if options.quick else PEOPLE))
    whole = {leg.name: find_landmarks(leg.bones, leg.side) for leg in [*real, *people]}
    part = {leg.name: find_landmarks(leg.knee_only(), leg.side) for leg in [*real, *people]}

    pairs = []
    for leg in real:
        other = f"{leg.person}_r"
        if leg.side == "L" and other in whole:
            left = measured(whole[leg.name], "L", PAIRED)
            right = measured(whole[other], "R", PAIRED)
            pairs.append([leg.person, *(left[name] - right[name] for name in PAIRED)])
    print(report.table(["left minus right, deg", *PAIRED], pairs), end="\n\n")

    crops, inside = [], []
    for leg in [*real, *people]:
        truth = measured(whole[leg.name], leg.side, (*CROPPED, "HKA"))
        found = measured(part[leg.name], leg.side, (*CROPPED, "HKA"))
        stated = band(MEASURES["HKA"], drawn_points(part[leg.name], leg.side), leg.side)
        assert stated is not None
        covered = stated[0] <= truth["HKA"] <= stated[1]
        inside.append(covered)
        crops.append(
            [
                leg.name,
                *(found[name] - truth[name] for name in CROPPED),
                truth["HKA"],
                found["HKA"],
                *stated,
                "yes" if covered else "no",
            ]
        )
    heads = [*(f"{name} diff" for name in CROPPED), "HKA true", "found", "low", "high", "inside"]
    print(report.table(["knee only against whole leg", *heads], crops), end="\n\n")

    spread = repeatability(real[-1] if real else people[0], 10 if options.quick else MOVES)
    print(report.table(["repeated", "sd deg"], list(spread.items())), end="\n\n")
    differences = np.array([row[1:4] for row in crops], dtype=float)
    tested = slice(0, len(real)) if real else slice(None)
    report.finish(
        {
            "left_right_max_deg": float(
                np.abs(np.array([row[1:] for row in pairs], dtype=float)).max(initial=0)
            ),
            "crop_max_deg": float(np.abs(differences[tested]).max()),
            "crop_rms_deg": float(np.sqrt((differences[tested] ** 2).mean())),
            "crop_rms_llp26_deg": float(np.sqrt((differences[len(real) :] ** 2).mean())),
            "repeat_sd_deg": max(spread.values()),
            "band_coverage_percent": 100 * float(np.mean(inside[tested])),
            "band_coverage_llp26_percent": 100 * float(np.mean(inside[len(real) :])),
            "band_states_percent": BAND[1] - BAND[0],
        }
    )


if __name__ == "__main__":
    main()
