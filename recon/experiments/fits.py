"""Bones of a case by fits of a shape model, the methods before the networks in Table 1 of the paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from recon.bones import BoneSet
from recon.dataset import KneeCase
from recon.errors import InputError
from recon.experiments.baselines.ssim import fit_ssim
from recon.experiments.baselines.ssm import fit_ssm
from recon.experiments.definition import Kind
from recon.experiments.predict import trained
from recon.experiments.runs import Runs, Training
from recon.population.shape_model import ShapeModel
from recon.training.dataset import TRAINING_PEOPLE


def fit_method(kind: Kind, segmentation: Training, runs: Runs) -> Callable[[KneeCase], BoneSet]:
    """What turns a case into bones; for SSM the segmentation network finds the bones' shadows.

    Raises:
        InputError: no_weights.
    """
    model = ShapeModel.from_people(TRAINING_PEOPLE)
    if kind is Kind.SSIM:
        return lambda case: (
            fit_ssim(case.projections, case.pictures, model, side=case.entry.side, valid=case.valid).bones
        )
    network = trained(segmentation, runs)

    def contours(case: KneeCase) -> BoneSet:
        with torch.inference_mode():
            logits = network(torch.from_numpy(case.pictures)[:, None])[:, 0]
        shadows = np.asarray(logits.sigmoid().numpy() * case.valid)
        try:
            return fit_ssm(case.projections, shadows, model, side=case.entry.side, valid=case.valid).bones
        except InputError as error:
            if error.code == "empty_mask":  # the segmentation found nothing: the method fails here
                return BoneSet({})
            raise

    return contours
