"""What training leaves is a model: the commands that reconstruct take it as it is."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from recon.bones import Bone, BoneSet
from recon.cli import main
from recon.networks.registry import find, network_tables, tables_text
from recon.population.demo import FOLDER
from recon.population.sample import person_bones
from recon.training import train
from tests.data import ROOT
from tests.recon.tiny import simple_ct, tiny_dataset
from tests.recon.training_config import tiny_config, toml


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "tiny"
    tiny_dataset(folder, labelled=3, unlabelled=0, validation=1, test=0, points=1000)
    return folder


def trained(part: str, config: Path, out: Path) -> Path:
    assert main(["train", part, "--config", str(config), "--out", str(out)]) == 0
    return out / f"{part}.safetensors"


def report(out: Path) -> dict[str, object]:
    return dict(json.loads((out / "report.json").read_text()))


def test_an_x_ray_network_reconstructs_with_the_segmentation_that_it_was_trained_with(
    dataset: Path, tmp_path: Path
) -> None:
    config = tiny_config(dataset, steps=120, learning_rate=0.02, augmentation=0.0, validations=1)
    config["segmentation"]["training"]["steps"] = 40
    config["data"]["points"] = 1000
    segmentation = tmp_path / "segmentation" / "segmentation.safetensors"
    config["ssr_kd"] = {"pseudo": 0.0, "distillation": 0.0, "segmentation": str(segmentation)}
    file = tmp_path / "tiny.toml"
    file.write_text(toml(config))
    trained("segmentation", file, tmp_path / "segmentation")
    weights = trained("xray", file, tmp_path / "xray")
    model = find(str(weights))
    assert model.network == config["xray"]["network"]
    assert model.segmentation is not None
    assert model.segmentation.network == config["segmentation"]["network"]
    assert model.segmentation.weights.read_bytes() == segmentation.read_bytes()
    segmentation.unlink()  # the model stands alone
    out = tmp_path / "bones"
    views = ["--ap", str(FOLDER / "ap.dcm"), "--lateral", str(FOLDER / "lateral.dcm"), "--out", str(out)]
    more = ["--resolution", "128", "--no-refine", "--accept-untrusted"]
    assert main(["reconstruct", *views, "--model", str(weights), *more]) == 0
    assert report(out)["model"] == {"name": "xray", "sha256": model.sha256}
    assert {Bone.FEMUR, Bone.TIBIA} & set(BoneSet.read(out))


def test_a_ct_network_reconstructs(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, steps=60, learning_rate=0.01, augmentation=0.0, validations=1)
    weights = train("ct", config, tmp_path / "run")
    model = find(str(weights), "ct")
    assert model.network == config["ct"]["network"]
    assert model.segmentation is None
    volume = simple_ct(person_bones(22, np.random.default_rng(22)))
    affine = np.diag([-1.0, -1, 1, 1]) @ volume.affine  # NIfTI is RAS
    nibabel.save(nibabel.Nifti1Image(volume.hu.transpose(2, 1, 0), affine), tmp_path / "ct.nii")
    out = tmp_path / "bones"
    arguments = ["--ct", str(tmp_path / "ct.nii"), "--out", str(out), "--isocentre=0,0,0", "--no-refine"]
    assert main(["reconstruct-ct", *arguments, "--model", str(weights), "--resolution", "128"]) == 0
    assert report(out)["model"] == {"name": "ct", "sha256": model.sha256}
    assert Bone.FEMUR in BoneSet.read(out)


@pytest.mark.parametrize("name", ["compact", "ct", "paper", "released", "small"])
def test_tables_that_are_written_are_read_as_they_were(name: str, tmp_path: Path) -> None:
    tables = network_tables(ROOT / "recon" / "configs" / f"{name}.toml")
    (tmp_path / "written.toml").write_text(tables_text(tables))
    assert network_tables(tmp_path / "written.toml") == tables
