"""``python -m recon population``: how good the statistical models of shape, and of shape and pose, are."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

HELP = "compactness, generalisation and specificity of the statistical models"

_MODES = (1, 2, 3, 5, 8, 12, 18, 24, 40)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = (
        "Compactness, generalisation (leave one person out) and specificity, after Styner et al. 2003, of "
        "the shape model of the four bones, and of shapes in the poses that training draws."
    )
    parser.add_argument(
        "--people",
        choices=("training", "all"),
        default="training",
        help="whom the models are made from: the people that training may see, or all 26 (%(default)s)",
    )
    parser.add_argument(
        "--samples", type=int, default=200, help="random shapes for specificity (%(default)s)"
    )
    parser.add_argument(
        "--poses", type=int, default=8, help="poses a person; 0 for shapes only (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of samples and poses (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of tables")


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.population.people import PEOPLE
    from recon.training.dataset import TRAINING_PEOPLE

    people = TRAINING_PEOPLE if options.people == "training" else tuple(range(PEOPLE))
    lines, result = measure(people, options.seed, samples=options.samples, poses=options.poses)
    print(json.dumps(result) if options.json else "\n".join(lines))  # noqa: T201


def measure(
    people: Sequence[int], seed: int, *, samples: int, poses: int
) -> tuple[list[str], dict[str, Any]]:
    """Lines for people, and plain numbers: ``shape``, ``surface_mm`` and, with poses, ``shape_and_pose``.

    Raises:
        InputError: too few people, samples or poses.
    """
    import numpy as np

    from recon.errors import InputError
    from recon.population.observations import shapes, shapes_and_poses, surface_generalisation
    from recon.population.quality import quality

    if samples < 2 or poses < 0:
        raise InputError(
            "bad_count",
            "There are too few samples or poses",
            "Give two or more samples, and no negative poses",
        )
    rng = np.random.default_rng(seed)
    shape = quality(shapes(people), _MODES, rng, samples=samples)
    surface = surface_generalisation(people)
    distances = ", ".join(f"{name} {error.mean:.2f}" for name, error in surface.items())
    lines = [
        f"Shape: whole bones, each aligned on its own; {shape.people} people",
        shape.table(),
        f"generalisation with all modes, mm to the surface: {distances}",
    ]
    result = {
        "shape": shape.summary(),
        "surface_mm": {name: round(error.mean, 4) for name, error in surface.items()},
    }
    if poses:
        posed = quality(shapes_and_poses(people, rng, poses=poses), _MODES, rng, samples=samples)
        lines += [
            "",
            f"Shape and pose: within 100 mm of the knee; {posed.people} people, {posed.observations} knees. "
            "Poses are a prior, drawn as for training",
            posed.table(),
        ]
        result["shape_and_pose"] = posed.summary()
    return lines, result
