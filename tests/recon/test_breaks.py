"""Bones that break in virtual legs, and what learns to see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import trimesh
from safetensors.torch import load_file, save_file

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.images import XrayView
from recon.networks.build import build_network
from recon.networks.registry import find
from recon.population.fracture import Break, Depression, Fracture, draw_break
from recon.population.phantom import Tissue, render_leg
from recon.population.sample import draw_cameras, person_bones
from recon.reconstruct import reconstruct_views
from recon.training import train
from recon.training.dataset import VALIDATION_PEOPLE
from recon.training.fractures import FracturesTask
from recon.training.settings import Settings
from recon.trust.breaks import NO_BREAK, break_logits
from recon.trust.calibrate import xray
from tests.benchmarks.fracture import broken

TABLE = {"first_seed": 7, "samples": 10, "validation_samples": 1}
NETWORK = {"kind": "fractures", "image_channels": [8, 8, 8, 8], "lift_channels": 8, "hidden": 8}


@pytest.fixture(scope="module")
def leg() -> BoneSet:
    return person_bones(VALIDATION_PEOPLE[0], np.random.default_rng(4))


@pytest.fixture(scope="module")
def breaks(leg: BoneSet) -> list[Break]:
    return [draw_break(leg, np.random.default_rng(seed)) for seed in range(40)]


def _volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    return float(trimesh.Trimesh(vertices, faces, process=False).volume)


def test_fragments_together_are_the_whole_bone(leg: BoneSet, breaks: list[Break]) -> None:
    broken = [(wrong, bone) for wrong in breaks if isinstance(wrong, Fracture) for bone in wrong.bones]
    assert {bone for _, bone in broken} == set(Bone)
    for wrong, bone in broken:
        mesh = leg[bone]
        volumes = [_volume(piece, mesh.faces) for piece in wrong.pieces(bone, np.array(mesh.vertices))]
        assert len(volumes) == 2
        assert sum(volumes) == pytest.approx(mesh.volume, rel=0.03)


def test_what_is_not_broken_stays_as_it_is(leg: BoneSet, breaks: list[Break]) -> None:
    for wrong in breaks:
        whole = set(Bone) - (wrong.bones if isinstance(wrong, Fracture) else {Bone.TIBIA})
        for bone in whole:
            pieces = wrong.pieces(bone, np.array(leg[bone].vertices))
            assert len(pieces) == 1 and (pieces[0] == leg[bone].vertices).all()


def test_a_break_is_to_be_seen_at_the_rims_of_its_fragments(leg: BoneSet, breaks: list[Break]) -> None:
    for wrong in breaks:
        if not isinstance(wrong, Fracture):
            continue
        traces = wrong.traces(leg)
        fixed, moved = traces[: len(traces) // 2], traces[len(traces) // 2 :]
        assert len(fixed) > 20
        assert np.abs(wrong.beyond(fixed)).max() < 2
        # Of one piece with what moved.
        assert np.linalg.norm(moved - trimesh.transform_points(fixed, wrong.motion), axis=1).max() < 1e-9
        apart = np.linalg.norm(moved - fixed, axis=1)
        assert 1 < apart.mean() < 25


def test_a_plateau_sinks_where_it_is_traced(leg: BoneSet, breaks: list[Break]) -> None:
    sunken = [wrong for wrong in breaks if isinstance(wrong, Depression)]
    assert sunken
    points = np.array(leg[Bone.TIBIA].vertices)
    for wrong in sunken:
        (after,) = wrong.pieces(Bone.TIBIA, points)
        lowered = points[:, 2] - after[:, 2]
        assert (after[:, :2] == points[:, :2]).all()
        assert lowered.min() >= 0 and 0.6 * wrong.depth < lowered.max() <= wrong.depth
        traces = wrong.traces(leg)
        assert len(traces) and np.abs(traces[:, :2] - wrong.middle[:2]).max() < 25


def test_a_broken_leg_has_as_much_bone_as_a_whole_one(leg: BoneSet, breaks: list[Break]) -> None:
    rng = np.random.default_rng(1)
    cameras, tissue = draw_cameras(rng), Tissue.draw(rng)
    wrong = next(w for w in breaks if isinstance(w, Fracture) and w.bones == {Bone.PATELLA})
    whole, broken = (
        render_leg(leg, cameras, tissue, np.random.default_rng(2), broken=b).bones for b in (None, wrong)
    )
    patella = Bone.PATELLA - 1
    assert broken[:, patella].sum() == pytest.approx(whole[:, patella].sum(), rel=0.05)
    assert np.abs(broken[:, patella] - whole[:, patella]).max() > 3
    others = [bone - 1 for bone in Bone if bone is not Bone.PATELLA]
    assert (broken[:, others] == whole[:, others]).all()


def _task(**table: Any) -> FracturesTask:
    network: Any = build_network(NETWORK)
    return FracturesTask(network, TABLE | table, Settings.from_table({"steps": 1, "batch": 2}), seed=3)


def test_pictures_of_a_knee_differ_in_its_break_alone() -> None:
    batch = next(iter(_task().stream(0, 0, 1)))
    assert batch.images.shape == (8, 2, 256, 256)
    assert batch.masks.shape == batch.valid.shape == (8, 1, 128, 128)
    for first in (0, 4):
        broken, sound = slice(first, first + 2), slice(first + 2, first + 4)
        assert batch.masks[broken].any() and not batch.masks[sound].any()
        assert (batch.valid[broken] == batch.valid[sound]).all()
        change = (batch.images[broken] - batch.images[sound]).abs().amax(1, keepdim=True)
        change = torch.nn.functional.avg_pool2d(change, 2)
        on, off = batch.masks[broken] > 0, (batch.masks[broken] == 0) & (batch.valid[broken] > 0)
        assert change[on].mean() > 2 * change[off].mean()


def test_the_stream_is_a_function_of_its_number() -> None:
    first = next(iter(_task().stream(1, 0, 1)))
    again = iter(_task().stream(0, 0, 1))
    next(again)
    assert torch.equal(first.images, next(again).images)


def test_an_encoder_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        _task(encoder=str(tmp_path / "nowhere.safetensors"))
    assert caught.value.code == "no_weights"
    save_file({"image.stem.0.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError) as caught:
        _task(encoder=str(tmp_path / "other.safetensors"))
    assert caught.value.code == "wrong_weights"


def test_it_trains_to_weights_that_fit_the_network(tmp_path: Path) -> None:
    config = {
        "data": TABLE,
        "fractures": {"network": NETWORK, "training": {"steps": 2, "batch": 1, "validations": 1}},
    }
    weights = train("fractures", config, tmp_path / "run")
    log = (tmp_path / "run" / "log.jsonl").read_text()
    assert '"validation_auc"' in log
    network: Any = build_network(NETWORK)
    network.begin_with({name: value for name, value in _read(weights).items() if name.startswith("image.")})


def _read(weights: Path) -> dict[str, torch.Tensor]:
    return {name: value.float() for name, value in load_file(weights).items()}


def _looks(views: Sequence[XrayView]) -> dict[Bone, float]:
    made = reconstruct_views(views, model=find(None), resolution=128)
    assert set(made.breaks) == set(Bone)
    return dict(made.breaks)


@pytest.mark.parametrize("bone", [Bone.FEMUR, Bone.FIBULA, Bone.PATELLA])
def test_a_broken_bone_of_somebody_new_looks_broken_and_the_whole_one_does_not(
    leg: BoneSet, bone: Bone
) -> None:
    sound = _looks(xray(leg, 5))
    wrong = broken(leg, bone, np.random.default_rng(3), (6.0, 6.0))  # not by what it has learnt from
    assert _looks(xray(wrong, 5))[bone] > sound[bone] + 1


def test_nothing_looks_broken_where_nothing_is_seen(leg: BoneSet) -> None:
    views = xray(leg, 5)
    made = reconstruct_views(views, model=find(None), resolution=128)
    assert break_logits(made.views, {}, made.seen) == dict.fromkeys(Bone, NO_BREAK)
    dark = [replace(view, exposed=np.zeros_like(view.exposed)) for view in made.views]
    found = break_logits(dark, made.refinement.fits, made.seen)
    assert list(found.values()) == pytest.approx([NO_BREAK] * len(Bone))
