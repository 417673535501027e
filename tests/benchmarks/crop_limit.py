"""How much of the axis of a whole tibia its uppermost 110 mm foretell, whoever reads them.

``python -m tests.benchmarks.crop_limit [--quick]``. All 26 people of LLP26, laid onto each other by the upper
part of their tibiae. From its whole shape (the leading components, ridge regression) the direction of the
ankle is foretold for each person by the others. What is left (``frontal_rms_deg`` of the mMPTA,
``sagittal_rms_deg`` of the slope) is a bound on what any rule for knee-only images can reach, learned from as
many people and with a perfect reconstruction: the number of components and the ridge are the best ones for
the very people that are tested.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from recon.bones import Bone
from recon.population.people import PEOPLE, bones_from_nodes, people_nodes
from recon.refine.register import rigid_motion
from tests.benchmarks import report

Array = npt.NDArray[np.float64]
SEEN_MM = 110.0
_PLATEAU_MM, _ANKLE_MM = 14.0, 12.0
_ROUNDS = 4
_COMPONENTS = (1, 2, 3, 4, 5, 6, 8, 10, 15)
_RIDGES = (0.2, 2.0)


def tibiae() -> Array:
    """(26, V, 3) vertices of left tibiae, mm."""
    nodes = people_nodes()
    people = ({part: every[person] for part, every in nodes.items()} for person in range(PEOPLE))
    return np.array([bones_from_nodes(person)[Bone.TIBIA].vertices for person in people])


def aligned(shapes: Array, part: npt.NDArray[np.bool_]) -> Array:
    """Shapes laid rigidly onto their mean by a part of them."""
    laid = shapes
    for _ in range(_ROUNDS):
        mean = laid.mean(axis=0)
        motions = [rigid_motion(shape[part], mean[part]) for shape in shapes]
        laid = np.array([s @ r.T + t for s, (r, t) in zip(shapes, motions, strict=True)])
    return laid


def left_over(shapes: Array, angles: Array, components: int, ridge: float) -> Array:
    """(N,) degrees by which each of N angles differs from what the other people's shapes foretell."""
    errors = []
    for person in range(len(shapes)):
        others = np.arange(len(shapes)) != person
        middle, usual = shapes[others].mean(axis=0), angles[others].mean()
        _, _, axes = np.linalg.svd(shapes[others] - middle, full_matrices=False)
        known = (shapes[others] - middle) @ axes[:components].T
        spread = known.std(axis=0)
        known, own = known / spread, (shapes[person] - middle) @ axes[:components].T / spread
        slopes = np.linalg.solve(
            known.T @ known + ridge * np.eye(components), known.T @ (angles[others] - usual)
        )
        errors.append(angles[person] - usual - own @ slopes)
    return np.array(errors)


def main() -> None:
    """Measure and print."""
    quick = report.options(__doc__).quick
    shapes = tibiae()
    height = shapes.mean(axis=0)[:, 2]
    upper = height > height.max() - SEEN_MM
    shapes = aligned(shapes, upper)
    up = shapes[:, height > height.max() - _PLATEAU_MM].mean(axis=1)
    up -= shapes[:, height < height.min() + _ANKLE_MM].mean(axis=1)
    seen = shapes[:, upper].reshape(len(shapes), -1)
    rows: list[list[Any]] = []
    result: dict[str, Any] = {"quick": quick, "people": len(shapes)}
    for plane, axis in (("frontal", 0), ("sagittal", 1)):
        angles = np.rad2deg(np.arctan2(up[:, axis], up[:, 2]))
        tried = [
            left_over(seen, angles, components, ridge)
            for components in (_COMPONENTS[:2] if quick else _COMPONENTS)
            for ridge in _RIDGES
        ]
        best = min(tried, key=lambda errors: float((errors**2).mean()))
        within = float(100 * (np.abs(best) <= 1).mean())
        rms, worst = float(np.sqrt((best**2).mean())), float(np.abs(best).max())
        rows.append([plane, float(angles.std(ddof=1)), rms, worst, within])
        result |= {
            f"{plane}_rms_deg": rms,
            f"{plane}_max_deg": worst,
            f"{plane}_within_1_deg_percent": within,
        }
    print(
        report.table(["plane", "spread", "left over, rms deg", "worst deg", "within 1 deg %"], rows),
        end="\n\n",
    )
    report.finish(result)


if __name__ == "__main__":
    main()
