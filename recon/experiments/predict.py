"""Bones of a case by a trained network."""

from __future__ import annotations

from collections.abc import Callable

from recon.bones import BoneSet
from recon.dataset import KneeCase
from recon.experiments.runs import Runs, Training
from recon.prediction import bones_of_field, xray_field
from recon.training.parts import frozen


def network_method(training: Training, runs: Runs, resolution: int) -> Callable[[KneeCase], BoneSet]:
    """What turns a case into bones with the weights of a finished run.

    Raises:
        InputError: no_weights. A case in which the network finds no bone gives an empty set.
    """
    network = frozen(training.config, "xray", str(runs.require(training)), "weights")
    segmentation = None
    if training.segmentation is not None:
        weights = runs.require(training.segmentation)
        segmentation = frozen(training.segmentation.config, "segmentation", str(weights), "segmentation")

    def reconstruct(case: KneeCase) -> BoneSet:
        field = xray_field(network, case.pictures, case.cameras(), segmentation)
        return bones_of_field(field, case.field_of_view(), resolution)

    return reconstruct
