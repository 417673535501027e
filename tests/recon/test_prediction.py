"""From any network to margins at points, and from margins to closed bones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from recon.bones import Bone
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.networks.build import build_network
from recon.networks.enhance import enhance
from recon.networks.picture import channels
from recon.networks.registry import Model, find
from recon.networks.vnet import normalise_hu
from recon.prediction import bones_of_field, ct_field, load_network, network_images, xray_field
from recon.stopwatch import Stopwatch
from tests.recon.test_network_kinds import HOURGLASS, VNET, XRAY
from tests.recon.views import picture_camera, unit_projections

PIXELS = 64
UNET = {"kind": "unet", "pixels": PIXELS, "base": 8, "levels": 3}
CENTRES = {
    Bone.PATELLA: (0, -60, 30),
    Bone.FEMUR: (0, 0, 45),
    Bone.FIBULA: (45, 10, -40),
    Bone.TIBIA: (-5, 0, -45),
}
RADII = {Bone.PATELLA: 15, Bone.FEMUR: 32, Bone.FIBULA: 12, Bone.TIBIA: 34}


def spheres(points: np.ndarray) -> np.ndarray:
    """Margins of four balls: millimetres to each surface, positive inside."""
    return np.stack(
        [RADII[b] - np.linalg.norm(points - np.array(CENTRES[b]), axis=1) for b in Bone], 1
    ).astype(np.float32)


def everything() -> FieldOfView:
    return FieldOfView(np.full(3, -100.0), np.full(3, 100.0))


def made(kind: str) -> Any:
    torch.manual_seed(0)
    return build_network(XRAY[kind]).eval()


@pytest.mark.parametrize("kind", list(XRAY))
def test_margins_are_a_bones_logit_over_the_best_other(kind: str) -> None:
    network = made(kind)
    rng = np.random.default_rng(0)
    pictures = rng.random((2, PIXELS, PIXELS), dtype=np.float32)
    points = rng.uniform(-80, 80, (200, 3))
    cameras = [picture_camera(angle, PIXELS) for angle in (0, 90)]
    segmentation = build_network(UNET).eval()
    found = xray_field(network, pictures, cameras, segmentation)(points)
    with torch.inference_mode():
        images = network_images(network, torch.from_numpy(pictures)[None], segmentation)
        logits = network(
            images, unit_projections(0, 90, pixels=PIXELS), torch.from_numpy(points / 100).float()[None]
        )
    expected = logits[0].numpy()
    for bone in Bone:
        others = np.delete(expected, bone, axis=1).max(1)
        assert found[:, bone - 1] == pytest.approx(expected[:, bone] - others, abs=1e-3)
    assert ((found > 0).sum(1) <= 1).all()


def test_each_kind_of_network_gets_its_pictures() -> None:
    pictures = torch.rand(1, 2, PIXELS, PIXELS)
    segmentation = build_network(UNET).eval()
    raw = network_images(made("volume_cnn"), pictures)
    contrast = network_images(made("lift"), pictures)
    with torch.inference_mode():
        enhanced = network_images(made("hourglass"), pictures, segmentation)
        mask = segmentation(pictures[0, 1][None, None])[0, 0] > 0
    assert torch.equal(raw, pictures[:, :, None])
    assert contrast[0, 1].numpy() == pytest.approx(channels(pictures[0, 1].numpy()))
    assert torch.allclose(enhanced[0, 1, 0], pictures[0, 1])
    assert torch.allclose(enhanced[0, 1, 1], enhance(pictures[0, 1], mask.float()))


def test_what_a_network_lacks_is_said() -> None:
    pictures = np.zeros((2, PIXELS, PIXELS), np.float32)
    cameras = [picture_camera(angle, PIXELS) for angle in (0, 90)]
    with pytest.raises(InputError) as caught:
        xray_field(made("hourglass"), pictures, cameras)
    assert caught.value.code == "no_segmentation"
    with pytest.raises(InputError) as caught:
        xray_field(made("volume_cnn"), pictures[:1], cameras[:1])
    assert caught.value.code == "wrong_views"
    assert "2 views" in str(caught.value)


@pytest.mark.parametrize("nodes", [16, 31])
def test_a_ct_field_is_the_networks_answer_in_millimetres(nodes: int) -> None:
    torch.manual_seed(0)
    network: Any = build_network(VNET).eval()
    axis = np.linspace(-1, 1, nodes)
    hu = (300 * axis[:, None, None] + 200 * axis[:, None] - 150 * axis).astype(np.float32)  # linear: exact
    points = np.random.default_rng(0).uniform(-90, 90, (100, 3))
    found = ct_field(network, hu)(points)
    own = np.linspace(-1, 1, 16)
    volume = (300 * own[:, None, None] + 200 * own[:, None] - 150 * own).astype(np.float32)
    with torch.inference_mode():
        logits = network(
            torch.from_numpy(normalise_hu(volume))[None, None], torch.from_numpy(points / 100).float()[None]
        )[0].numpy()
    best = np.sort(logits, axis=1)
    others = np.where(logits == best[:, -1:], best[:, -2:-1], best[:, -1:])
    assert found == pytest.approx((logits - others)[:, 1:], abs=1e-3)


def test_balls_come_back_as_they_were() -> None:
    watch, told = Stopwatch(), []
    bones = bones_of_field(
        spheres, everything(), 128, lambda stage, share: told.append((stage, share)), stopwatch=watch
    )
    assert list(bones) == list(Bone)
    for bone, mesh in bones.items():
        assert mesh.is_watertight
        off = np.linalg.norm(mesh.vertices - np.array(CENTRES[bone]), axis=1) - RADII[bone]
        assert np.abs(off).max() < 0.1
    assert set(watch.seconds) == {"field", "surface"}
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert {stage for stage, _ in told} == {"field", "surface"}


def test_bones_end_flat_where_the_field_of_view_does() -> None:
    seen = FieldOfView(np.array([-100.0, -100, -50]), np.array([100.0, 100, 100]))
    bones = bones_of_field(spheres, seen, 128)
    tibia = bones[Bone.TIBIA]
    assert tibia.is_watertight
    assert tibia.vertices[:, 2].min() == pytest.approx(-50, abs=0.5)
    whole = 4 / 3 * np.pi * RADII[Bone.TIBIA] ** 3
    depth = RADII[Bone.TIBIA] - 5  # of the cap below the cut
    cap = np.pi * depth**2 * (3 * RADII[Bone.TIBIA] - depth) / 3
    assert tibia.volume == pytest.approx(whole - cap, rel=0.02)


def test_an_empty_field_holds_no_bones() -> None:
    assert not bones_of_field(lambda points: np.full((len(points), 4), -1, np.float32), everything(), 128)


def test_an_impossible_resolution_is_refused_before_any_question() -> None:
    def never(points: np.ndarray) -> np.ndarray:
        raise AssertionError

    with pytest.raises(InputError) as caught:
        bones_of_field(never, everything(), 100)
    assert caught.value.code == "bad_resolution"


def write_model(folder: Path, name: str, tables: dict[str, dict[str, Any]], **networks: nn.Module) -> Path:
    """Weights with their configuration beside them, as they are found by path."""
    lines = []
    for part, table in tables.items():
        lines += [f"[{part}.network]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    (folder / f"{name}.toml").write_text("\n".join(lines) + "\n")
    for suffix, network in networks.items():
        path = folder / (f"{name}.safetensors" if suffix == "weights" else f"{name}-{suffix}.safetensors")
        save_file({key: value.half().contiguous() for key, value in network.state_dict().items()}, path)
    return folder / f"{name}.safetensors"


def test_a_model_of_ones_own_brings_its_configuration_and_segmentation(tmp_path: Path) -> None:
    network, shadow = build_network(HOURGLASS), build_network(UNET)
    path = write_model(
        tmp_path, "mine", {"xray": HOURGLASS, "segmentation": UNET}, weights=network, segmentation=shadow
    )
    model = find(str(path))
    assert model.config == tmp_path / "mine.toml"
    assert load_network(model).config.channels == HOURGLASS["channels"]
    assert model.segmentation is not None
    loaded = load_network(model.segmentation).state_dict()
    for name, value in shadow.state_dict().items():
        assert torch.allclose(loaded[name].float(), value.float(), atol=2e-3)


def test_a_model_of_the_other_part_is_not_found() -> None:
    with pytest.raises(InputError) as caught:
        find("compact", "ct")
    assert caught.value.code == "unknown_model"
    assert "ct" in caught.value.remedy


def test_the_same_weights_in_another_configuration_are_refused(tmp_path: Path) -> None:
    weights = write_model(tmp_path, "mine", {"ct": VNET}, weights=build_network(VNET))
    (tmp_path / "other.toml").write_text('[ct.network]\nkind = "vnet"\nsize = 32\nbase = 16\nlevels = 3\n')
    with pytest.raises(InputError) as caught:
        load_network(Model("mine", weights, tmp_path / "other.toml", "ct"))
    assert caught.value.code == "wrong_weights"
    weights.write_bytes(b"not safetensors")
    with pytest.raises(InputError) as caught:
        load_network(find(str(weights), "ct"))
    assert caught.value.code == "wrong_weights"
