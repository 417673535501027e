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
from recon.experiments.baselines.views import Fit
from recon.experiments.definition import Kind
from recon.experiments.predict import trained
from recon.experiments.runs import Runs, Training
from recon.networks.device import inference_device
from recon.population.shape_model import ShapeModel
from recon.training.dataset import TRAINING_PEOPLE


def fit_method(kind: Kind, segmentation: Training, runs: Runs) -> Callable[[KneeCase], BoneSet]:
    """What turns a case into bones; the segmentation network finds the bones' shadows.

    SSIM goes on from the fit of SSM. Where the segmentation finds nothing, SSIM searches its start in the
    pictures, and SSM leaves all bones out.

    Raises:
        InputError: no_weights.
    """
    model = ShapeModel.from_people(TRAINING_PEOPLE)
    network = trained(segmentation, runs)

    def contours(case: KneeCase) -> Fit | None:
        with torch.inference_mode():
            pictures = torch.from_numpy(case.pictures)[:, None].to(inference_device())
            logits = network(pictures)[:, 0].cpu()
        shadows = np.asarray(logits.sigmoid().numpy() * case.valid)
        try:
            return fit_ssm(case.projections, shadows, model, side=case.entry.side, valid=case.valid)
        except InputError as error:
            if error.code == "empty_mask":
                return None
            raise

    def ssm(case: KneeCase) -> BoneSet:
        fit = contours(case)
        return BoneSet({}) if fit is None else fit.bones

    def ssim(case: KneeCase) -> BoneSet:
        start, side = contours(case), case.entry.side
        fit = fit_ssim(case.projections, case.pictures, model, side=side, valid=case.valid, start=start)
        return fit.bones

    return ssim if kind is Kind.SSIM else ssm
