"""How far blunt corners slide along a bone whose surface is off.

``python -m tests.benchmarks.landmark_slides [--quick]``

Patella and tibial plateau of the 20 training people of LLP26 are given errors along their normals, a Gaussian
field of 0.5 and 1 mm standard deviation that is correlated over 8 and over 15 mm, as that of a reconstruction
is over whole areas. The table says by how many of these standard deviations the landmarks of the
Caton-Deschamps index move (root mean square), by direction. ``guides.measures.doubt.SLIDES`` states the
mean of the sagittal directions that the index is read in: up, and for the plateau's angle anterior too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import trimesh

from guides.bones import Array, Bone
from guides.landmarks import Frame, find_landmarks
from guides.landmarks.patella import find_patellar
from guides.landmarks.tibia import anterior_angle
from tests.benchmarks import report
from tests.benchmarks.landmarks import TRAINING_PEOPLE, Leg, population_legs

NAMES = ("patella_articular_superior", "patella_articular_inferior", "plateau_anterior")
DEVIATIONS_MM, CORRELATED_MM = (0.5, 1.0), (8.0, 15.0)
DRAWS, WAVES = 10, 60
TOP_MM = 40.0
"""Of the tibia, as much as the plateau's anterior angle is looked for in, and some."""


def errors(vertices: Array, correlated_mm: float, rng: np.random.Generator) -> Array:
    """(N,) values of a Gaussian field of unit variance at (N, 3) places, by random Fourier features."""
    waves = rng.standard_normal((WAVES, 3)) / correlated_mm
    phases = rng.uniform(0, 2 * np.pi, WAVES)
    return np.asarray(np.sqrt(2 / WAVES) * np.cos(vertices @ waves.T + phases).sum(axis=1))


def slides(leg: Leg, deviation: float, correlated: float, rng: np.random.Generator) -> Iterator[Array]:
    """(3, 3) moves of ``NAMES`` to medial, anterior and up over the deviation, of ``DRAWS`` fields."""
    marks = find_landmarks(leg.bones, leg.side)
    points = marks.positions()
    frame = Frame.of(
        points["tibia_knee_center"] - points["ankle_center"],
        points["plateau_medial"] - points["plateau_lateral"],
        leg.side,
    )
    tibia = leg.bones[Bone.TIBIA]
    top = tibia.vertices @ frame.up > (tibia.vertices @ frame.up).max() - TOP_MM
    tibia = tibia.submesh([np.flatnonzero(top[tibia.faces].all(axis=1))], append=True)
    patella = leg.bones[Bone.PATELLA]

    def off(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
        further = deviation * errors(mesh.vertices, correlated, rng)
        return trimesh.Trimesh(
            mesh.vertices + further[:, None] * mesh.vertex_normals, mesh.faces, process=False
        )

    def found(one: trimesh.Trimesh, other: trimesh.Trimesh) -> Array:
        edges = find_patellar(one, dict(marks), frame)
        return np.array([*(edges[name].position for name in NAMES[:2]), anterior_angle(other, frame)])

    still = found(patella, tibia)
    for _ in range(DRAWS):
        yield (found(off(patella), off(tibia)) - still) @ frame.basis / deviation


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__)
    rng = np.random.default_rng(0)
    legs = list(population_legs(4 if options.quick else len(TRAINING_PEOPLE)))
    rows, every = [], []
    for correlated in CORRELATED_MM:
        for deviation in DEVIATIONS_MM:
            moves = np.array([move for leg in legs for move in slides(leg, deviation, correlated, rng)])
            every.append(np.sqrt((moves**2).mean(axis=0)))
            rows += [[n, deviation, correlated, *size] for n, size in zip(NAMES, every[-1], strict=True)]
    print(report.table(["landmark", "surface mm", "over mm", "medial", "anterior", "up"], rows), end="\n\n")
    mean = np.mean(every, axis=0)
    report.finish(
        {
            "superior_up": float(mean[0, 2]),
            "inferior_up": float(mean[1, 2]),
            "anterior_angle_sagittal": float(mean[2, 1:].mean()),
        }
    )


if __name__ == "__main__":
    main()
