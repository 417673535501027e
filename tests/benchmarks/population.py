"""How good the statistical models are: ``python -m tests.benchmarks.population [--quick]``.

Compactness, generalisation (leave one person out) and specificity after Styner et al. 2003, of the shape
model and of shapes in the poses that training draws, made from the people that training may see. The last
line's ``generalisation_mm`` and ``specificity_mm`` are those of all bones with the most modes.
"""

from __future__ import annotations

import time

from recon.commands.population import measure
from recon.training.dataset import TRAINING_PEOPLE
from tests.benchmarks import report


def main() -> None:
    """Measure and print."""
    quick = report.options(__doc__).quick
    start = time.perf_counter()
    lines, found = measure(TRAINING_PEOPLE, seed=0, samples=50 if quick else 1000, poses=2 if quick else 16)
    print("\n".join(lines))
    line = {}
    for name in ("shape", "shape_and_pose"):
        model = found[name]
        line[name] = {
            "modes": model["modes"][-1],
            "modes_for_95_percent": next(
                m for m, share in zip(model["modes"], model["compactness"], strict=True) if share >= 0.95
            ),
            "generalisation_mm": model["generalisation"]["all"]["mean_mm"][-1],
            "specificity_mm": model["specificity"]["all"]["mean_mm"][-1],
        }
    report.finish(
        {
            **line,
            "surface_mm": found["surface_mm"],
            "people": len(TRAINING_PEOPLE),
            "seconds": time.perf_counter() - start,
            "quick": quick,
        }
    )


if __name__ == "__main__":
    main()
