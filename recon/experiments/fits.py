"""Bones of a case by fits of a shape model, the methods before the networks in Table 1 of the paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from recon.bones import BoneSet
from recon.dataset import KneeCase
from recon.errors import InputError
from recon.experiments.baselines.ssim import fit_ssim
from recon.experiments.baselines.ssm import fit_ssm
from recon.experiments.definition import Kind
from recon.experiments.runs import Runs, Training
from recon.population.shape_model import ShapeModel
from recon.training.dataset import TRAINING_PEOPLE
from recon.training.parts import frozen


def fit_method(kind: Kind, segmentation: Training, runs: Runs) -> Callable[[KneeCase], BoneSet]:
    """What turns a case into bones; the segmentation network finds the bones' shadows for both fits.

    Raises:
        InputError: no_weights.
    """
    weights = runs.require(segmentation)
    network = frozen(segmentation.config, "segmentation", str(weights), "segmentation")
    model = ShapeModel.from_people(TRAINING_PEOPLE)

    def shadows(case: KneeCase) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            logits = network(torch.from_numpy(case.pictures)[:, None])[:, 0]
        return np.asarray(logits.sigmoid().numpy() * case.valid, np.float32)

    def reconstruct(case: KneeCase) -> BoneSet:
        side, valid = case.entry.side, case.valid
        try:
            fit = fit_ssm(case.projections, shadows(case), model, side=side, valid=valid)
            if kind is Kind.SSIM:
                fit = fit_ssim(case.projections, case.pictures, model, side=side, valid=valid, start=fit)
        except InputError as error:
            if error.code == "empty_mask":  # the segmentation found nothing: the method fails here
                return BoneSet({})
            raise
        return fit.bones

    return reconstruct
