"""The lift network: geometry enters through projection matrices only, and weights come back as they were."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from recon.errors import InputError
from recon.networks.lift import LiftConfig, LiftNetwork, project_unit
from recon.networks.picture import PIXELS, channels, normalise, upright_picture
from recon.networks.registry import SHIPPED, Model, find
from recon.prediction import load_network
from tests.recon.views import SOURCE_TO_ISOCENTRE, camera, picture_camera, unit_projections

SMALL = LiftConfig(image_channels=(8, 16, 16, 16), lift_channels=8, volume_channels=(8, 16, 16), hidden=16)


def test_the_network_projects_as_the_camera_does() -> None:
    points = np.random.default_rng(0).uniform(-60, 60, (30, 3))
    picture = picture_camera(90)
    pixels, depth = picture.project(points)
    at, relative = project_unit(unit_projections(90), torch.from_numpy(points / 100).float()[None])
    assert ((at[0, 0].numpy() + 1) / 2 * (PIXELS - 1)) == pytest.approx(pixels, abs=1e-3)
    assert relative[0, 0].numpy() * 100 == pytest.approx(depth - SOURCE_TO_ISOCENTRE, abs=1e-3)


def test_layers_that_were_added_later_do_nothing_before_they_are_trained() -> None:
    torch.manual_seed(0)
    network = LiftNetwork(SMALL).eval()
    with torch.inference_mode():
        picture, volume = torch.rand(1, 16, 8, 8), torch.rand(1, 16, 4, 4, 4)
        assert torch.equal(network.image.deeper(picture), picture)
        assert torch.equal(network.volume.reason(volume), volume)
        assert torch.equal(network.volume.settle[0](volume), volume)
        assert (network.agree(torch.randn(3, 2 * SMALL.hidden)) == 0).all()
        assert (network.refine(torch.randn(3, SMALL.hidden)) == 0).all()


@pytest.mark.parametrize("views", [1, 2, 3])
def test_any_number_of_views_gives_five_logits_a_point(views: int) -> None:
    torch.manual_seed(0)
    network = LiftNetwork(SMALL).eval()
    images = torch.randn(1, views, 2, PIXELS, PIXELS)
    points = torch.rand(1, 100, 3) * 2 - 1
    with torch.inference_mode():
        assert network(images, unit_projections(*(0, 90, 45)[:views]), points).shape == (1, 100, 5)


def test_there_is_a_shadow_of_each_bone_in_each_view() -> None:
    torch.manual_seed(0)
    network = LiftNetwork(SMALL).eval()
    with torch.inference_mode():
        encoding = network.encode(
            torch.randn(2, 3, 2, PIXELS, PIXELS), unit_projections(0, 90, 45).repeat(2, 1, 1, 1)
        )
        assert network.shadows(encoding).shape == (2, 3, 4, PIXELS // 2, PIXELS // 2)


def test_the_order_of_the_views_does_not_matter() -> None:
    torch.manual_seed(0)
    network = LiftNetwork(SMALL).eval()
    images = torch.randn(1, 2, 2, PIXELS, PIXELS)
    points = torch.rand(1, 100, 3) * 2 - 1
    with torch.inference_mode():
        one = network(images, unit_projections(0, 90), points)
        other = network(images.flip(1), unit_projections(90, 0), points)
    assert torch.allclose(one, other, atol=1e-5)


def test_exposure_and_unit_of_a_film_do_not_reach_the_network() -> None:
    image = np.random.default_rng(0).gamma(2, 1, (64, 64)).astype(np.float32)
    valid = np.ones((64, 64), bool)
    assert normalise(image * 700 + 30, valid) == pytest.approx(normalise(image, valid), abs=1e-4)


def test_unexposed_pixels_are_black_and_change_nothing_else() -> None:
    image = np.random.default_rng(0).gamma(2, 1, (64, 64)).astype(np.float32)
    valid = np.ones((64, 64), bool)
    valid[:, 40:] = False
    spoiled = np.where(valid, image, 1e4).astype(np.float32)
    assert (normalise(spoiled, valid) == normalise(np.where(valid, image, 0), valid)).all()
    assert (normalise(spoiled, valid)[:, 40:] == 0).all()


def test_a_blank_image_makes_a_blank_picture() -> None:
    view = camera(0)
    picture, _ = upright_picture(np.zeros((700, 800), np.float32), np.zeros((700, 800), bool), view)
    assert np.isfinite(channels(picture)).all()


def test_a_peak_stays_where_the_camera_of_the_picture_says() -> None:
    view, bead = camera(20), np.array([[12.0, -30.0, 25.0]])
    (column, row), _ = (value[0] for value in view.project(bead))
    rows, columns = np.mgrid[:700, :800]
    image = (1000 - np.hypot(rows - row, columns - column)).astype(np.float32)
    picture, after = upright_picture(image, np.ones((700, 800), bool), view)
    peak = np.array(np.unravel_index(picture.argmax(), picture.shape))[::-1]
    assert peak == pytest.approx(after.project(bead)[0][0], abs=0.75)


def test_the_registry_says_what_is_missing() -> None:
    with pytest.raises(InputError) as caught:
        find("no-such-model")
    assert caught.value.code == "unknown_model"
    assert "compact" in caught.value.remedy


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "other.safetensors"
    save_file(LiftNetwork(SMALL).state_dict(), weights)
    with pytest.raises(InputError) as caught:
        load_network(find(str(weights)))
    assert caught.value.code == "wrong_weights"


def test_weights_survive_the_way_to_half_precision_and_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = LiftNetwork(SMALL).eval()
    weights, config = tmp_path / "small.safetensors", tmp_path / "small.toml"
    save_file({name: value.half().contiguous() for name, value in network.state_dict().items()}, weights)
    table = "\n".join(f"{k} = {json.dumps(v)}" for k, v in dataclasses.asdict(SMALL).items())
    config.write_text(f"[xray.network]\n{table}\n")
    loaded = load_network(Model("small", weights, config))
    for name, value in network.state_dict().items():
        assert torch.allclose(loaded.state_dict()[name], value, atol=2e-3)


def test_shipped_weights_fit_the_limit_and_their_configuration() -> None:
    assert SHIPPED["compact"].weights.is_file()
    installed = [model for model in SHIPPED.values() if model.weights.is_file()]
    assert sum(model.weights.stat().st_size for model in installed) < 32e6
    for model in installed:
        load_network(model)
        assert len(model.sha256) == 64
