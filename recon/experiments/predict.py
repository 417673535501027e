"""Bones of a case by a trained network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recon.bones import BoneSet
from recon.dataset import KneeCase
from recon.experiments.runs import Runs, Training
from recon.networks.build import build_network
from recon.networks.device import inference_device
from recon.prediction import bones_of_field, ct_field, xray_field
from recon.training.checkpoint import load_weights


def trained(training: Training, runs: Runs) -> Any:
    """The network of a finished run, ready to be asked.

    Raises:
        InputError: no_weights, wrong_weights.
    """
    network = build_network(training.config[training.part]["network"])
    load_weights(network, runs.require(training), training.part)
    return network.eval().to(inference_device())


def network_method(training: Training, runs: Runs, resolution: int) -> Callable[[KneeCase], BoneSet]:
    """What turns a case into bones with the weights of a finished run.

    Raises:
        InputError: no_weights. A case in which the network finds no bone gives an empty set.
    """
    network = trained(training, runs)
    segmentation = trained(training.segmentation, runs) if training.segmentation else None

    def reconstruct(case: KneeCase) -> BoneSet:
        field = xray_field(network, case.pictures, case.cameras(), segmentation)
        return bones_of_field(field, case.field_of_view(), resolution)

    return reconstruct


def ct_method(training: Training, runs: Runs, resolution: int) -> Callable[[KneeCase], BoneSet]:
    """What turns the CT of a case into bones: the teacher, judged in the field of view of the X-rays.

    Raises:
        InputError: no_weights.
    """
    network = trained(training, runs)

    def reconstruct(case: KneeCase) -> BoneSet:
        return bones_of_field(ct_field(network, case.volume()), case.field_of_view(), resolution)

    return reconstruct
