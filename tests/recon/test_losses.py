"""Eq. 3 to 8 of the paper, computed again with numpy alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from recon.networks.enhance import enhance
from recon.training.losses import (
    IGNORED,
    Alignment,
    distillation_loss,
    joint_loss,
    mask_loss,
    occupancy_loss,
    shadow_loss,
    unlabelled_loss,
)

Array = npt.NDArray[np.float64]
RNG = np.random.default_rng(3)


def softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def cross_entropy(logits: Array, labels: npt.NDArray[np.int64]) -> float:
    one_hot = np.eye(5)[labels]
    return float(-(one_hot * np.log(softmax(logits))).sum(-1).mean())


def test_equations_3_to_8_agree_with_another_computation() -> None:
    batch, points, inputs, outputs, w_u, w_k, w_m = 2, 50, 514, 64, 0.5, 0.1, 0.5
    logits_labelled, logits_unlabelled, logits_teacher = RNG.normal(0, 3, (3, batch, points, 5))
    truth = RNG.integers(0, 5, (batch, points))
    pseudo = softmax(logits_teacher).argmax(-1)
    student, teacher = RNG.normal(size=(batch, points, inputs)), RNG.normal(size=(batch, points, outputs))
    matrix = RNG.normal(0, 0.05, (outputs, inputs))

    labelled = cross_entropy(logits_labelled, truth)
    semi = cross_entropy(logits_unlabelled, pseudo)
    norms = np.abs(student @ matrix.T - teacher).sum(-1)
    distillation = norms.mean() / outputs
    joint = (1 - w_u) * labelled + w_u * semi + w_k * distillation

    align = Alignment(inputs, outputs).double()
    align.map.weight.data = torch.from_numpy(matrix)
    ours_labelled = occupancy_loss(torch.from_numpy(logits_labelled), torch.from_numpy(truth))
    ours_semi = occupancy_loss(torch.from_numpy(logits_unlabelled), torch.from_numpy(pseudo))
    ours_distillation = distillation_loss(align(torch.from_numpy(student)), torch.from_numpy(teacher))
    ours_unlabelled = unlabelled_loss(
        ours_semi, ours_distillation, pseudo_weight=w_u, distillation_weight=w_k
    )
    assert ours_labelled.item() == pytest.approx(labelled, abs=1e-6)
    assert ours_semi.item() == pytest.approx(semi, abs=1e-6)
    assert ours_distillation.item() == pytest.approx(distillation, abs=1e-6)
    assert ours_distillation.item() * outputs == pytest.approx(norms.mean(), abs=1e-6)
    assert ours_unlabelled.item() == pytest.approx(w_u * semi + w_k * distillation, abs=1e-6)
    assert joint_loss(ours_labelled, ours_unlabelled, pseudo_weight=w_u).item() == pytest.approx(
        joint, abs=1e-6
    )

    image, mask = RNG.random((7, 9)), (RNG.random((7, 9)) < 0.4).astype(float)
    dimmed = np.where(mask == 1, image, w_m * image)
    assert enhance(torch.from_numpy(image), torch.from_numpy(mask), w_m).numpy() == pytest.approx(
        dimmed, abs=1e-6
    )


def test_points_without_a_label_count_in_neither_loss() -> None:
    logits, labels = torch.randn(1, 30, 5), torch.randint(0, 5, (1, 30))
    student, teacher = torch.randn(1, 30, 8), torch.randn(1, 30, 8)
    hidden = labels.clone()
    hidden[:, 20:] = IGNORED
    assert occupancy_loss(logits, hidden).item() == pytest.approx(
        occupancy_loss(logits[:, :20], labels[:, :20]).item(), abs=1e-6
    )
    assert distillation_loss(student, teacher, hidden != IGNORED).item() == pytest.approx(
        distillation_loss(student[:, :20], teacher[:, :20]).item(), abs=1e-6
    )


def test_without_unlabelled_cases_the_joint_loss_is_the_labelled_one() -> None:
    labelled = torch.tensor(1.7)
    nothing = unlabelled_loss(torch.tensor(3.0), torch.tensor(5.0), pseudo_weight=0, distillation_weight=0)
    assert joint_loss(labelled, nothing, pseudo_weight=0).item() == pytest.approx(1.7)


def test_the_mask_loss_leaves_out_unexposed_pixels() -> None:
    logits, masks = torch.randn(2, 1, 8, 8), (torch.rand(2, 1, 8, 8) < 0.5).float()
    valid = torch.zeros(2, 1, 8, 8)
    valid[:, :, :4] = 1
    probability = 1 / (1 + np.exp(-logits.numpy()[:, :, :4].astype(float)))
    truth = masks.numpy()[:, :, :4]
    expected = -(truth * np.log(probability) + (1 - truth) * np.log(1 - probability)).mean()
    assert mask_loss(logits, masks, valid).item() == pytest.approx(expected, abs=1e-5)


def test_the_gradient_of_the_distillation_reaches_map_and_features() -> None:
    align = Alignment(10, 4)
    features = torch.randn(1, 5, 10, requires_grad=True)
    distillation_loss(align(features), torch.randn(1, 5, 4)).backward()
    assert features.grad is not None and features.grad.abs().sum() > 0
    assert align.map.weight.grad is not None and align.map.weight.grad.abs().sum() > 0


def test_shadows_count_where_the_path_lengths_are_known() -> None:
    # Two pixels of four bones; shadows of 10 and 40 mm are 1 and 2. The last bone is known nowhere.
    lengths = torch.tensor([[0.0, 10.0], [40.0, -1.0], [10.0, 10.0], [-1.0, -1.0]]).reshape(1, 1, 4, 1, 2)
    shadows = torch.tensor([[0.6, 0.2], [1.0, 9.0], [1.0, 1.0], [9.0, 9.0]]).reshape(1, 1, 4, 1, 2)
    assert shadow_loss(shadows, lengths).item() == pytest.approx((1.0 + 0.5 + 0) / 3, abs=1e-3)
    assert shadow_loss(shadows, torch.full_like(lengths, -1)).item() == 0


def test_a_small_bone_that_is_not_drawn_is_as_wrong_as_a_large_one() -> None:
    lengths = torch.zeros(1, 2, 4, 8, 8)
    lengths[:, :, 0, 0, 0], lengths[:, :, 1:] = 10.0, 40.0
    drawn = (lengths / 10).sqrt()
    for bone in range(4):
        missing = drawn.clone()
        missing[:, :, bone] = 0
        assert shadow_loss(missing, lengths).item() == pytest.approx(0.25, abs=1e-3)


def test_shadows_without_an_error_have_a_gradient() -> None:
    lengths = torch.full((1, 1, 4, 2, 2), 10.0)
    shadows = torch.ones_like(lengths, requires_grad=True)
    shadow_loss(shadows, lengths).backward()
    assert shadows.grad is not None and bool(torch.isfinite(shadows.grad).all())
