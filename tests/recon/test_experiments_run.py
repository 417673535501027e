"""An experiment from the command line: trainings, figures, pages, and nothing done twice."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recon.bones import Bone
from recon.cli import main
from recon.dataset import Dataset
from recon.errors import InputError
from recon.experiments import presets
from recon.experiments.catalogue import experiment
from recon.experiments.definition import Method, People
from recon.experiments.plan import Planner, trainings
from recon.experiments.presets import Preset
from recon.networks.registry import find
from tests.recon.tiny import tiny_dataset

VNET = {"kind": "vnet", "size": 16, "base": 4, "levels": 2, "features": 8, "decoder": [8]}
HOURGLASS = {
    "kind": "hourglass",
    "pixels": 64,
    "inputs": 2,
    "stem": [8, 8],
    "channels": 8,
    "features": 8,
    "stacks": 1,
    "groups": 2,
    "decoder": [16],
}
TRAINING = {"steps": 2, "batch": 2, "learning_rate": 1e-3, "validations": 1}
CONFIG: dict[str, Any] = {
    "seed": 1,
    "data": {"points": 200},
    "ssr_kd": {"pseudo": 0.5, "distillation": 0.1, "points": 200},
    "ct": {"network": VNET, "training": TRAINING},
    "segmentation": {
        "network": {"kind": "unet", "pixels": 64, "base": 4, "levels": 3},
        "training": TRAINING,
    },
    "xray": {"network": HOURGLASS, "training": TRAINING},
}


class Tiny(Preset):
    def configuration(self) -> dict[str, Any]:
        return json.loads(json.dumps(CONFIG))  # a copy of its own


TINY = Tiny("", 128, labelled=(1,), unlabelled=(0.0,), seconds={"ct": 1.0, "segmentation": 1.0, "xray": 1.0})


@pytest.fixture(scope="module")
def knees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("knees")
    tiny_dataset(folder)
    return folder


def test_an_experiment_from_the_command_line_and_again(
    knees: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(presets.PRESETS, "small", TINY)
    out, runs = tmp_path / "out", tmp_path / "runs"
    arguments = ["experiment", "external", "--dataset", str(knees), "--external", str(knees)]
    arguments += ["--runs", str(runs), "--jobs", "1", "--out", str(out)]
    assert main(arguments) == 0
    said = capsys.readouterr()
    plan = said.out.splitlines()
    for part in ("ct-vnet", "segmentation-unet", "xray-hourglass"):
        assert sum(part in line and "to do" in line for line in plan) == 1
    assert sorted(path.name for path in out.iterdir()) == [
        "external-bones.png",
        "external.csv",
        "external.md",
        "external.png",
    ]
    with (out / "external.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 2 * len(Bone)
    assert {line["person"] for line in lines} == {"llp26-22"}
    page = (out / "external.md").read_text()
    assert "up to 2 labelled and 2 unlabelled cases" in page
    assert "1 external people" in page

    finished = {path: path.stat().st_mtime_ns for path in runs.glob("*/done.json")}
    assert len(finished) == 3
    assert main(arguments) == 0
    assert "0 reconstructions to do" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in runs.glob("*/done.json")} == finished
    assert (out / "external.md").read_text() == page


def planner(knees: Path) -> Planner:
    config = TINY.configuration()
    config["data"].update(labelled=2, unlabelled=2)
    dataset = Dataset.open(knees)
    return Planner(TINY, config, dict.fromkeys(People, dataset))


def test_every_view_count_has_its_network_and_the_teacher_is_shared(knees: Path) -> None:
    from recon.experiments.definition import Condition, Experiment

    conditions = tuple(
        Condition(str(len(views)), Method(views=views), "views", float(len(views)))
        for views in (("000",), ("000", "090"), ("000", "045", "090"))
    )
    planned = planner(knees).plan(Experiment("views", "", "", "", conditions))
    networks = [one.measurement.training.config["xray"]["network"] for one in planned]
    assert [network.get("views", 2) for network in networks] == [1, 2, 3]
    parts = [training.part for training in trainings(planned).values()]
    assert sorted(parts) == ["ct", "segmentation", "xray", "xray", "xray"]


def test_fewer_labelled_cases_are_fewer_for_the_teacher_too(knees: Path) -> None:
    planned = planner(knees).plan(experiment("labelled", TINY, 2, 2))
    taught = {one.condition.label: one.measurement.training.teacher for one in planned}
    assert taught["2 labelled, 0 unlabelled"] is None
    few, all_of_them = taught["1 labelled, 2 unlabelled"], taught["2 labelled, 2 unlabelled"]
    assert few is not None
    assert all_of_them is not None
    assert few.config["data"]["labelled"] == 1
    assert few.key != all_of_them.key


def test_a_shipped_teacher_is_not_trained_but_fewer_labels_have_their_own(knees: Path) -> None:
    one = planner(knees)
    shipped = Planner(replace(TINY, teacher="ct"), one.config, one.datasets)
    needed = trainings(shipped.plan(experiment("table1", TINY, 2, 2))).values()
    teachers = [training for training in needed if training.part == "ct"]
    assert [training.given for training in teachers] == [find("ct", "ct").weights]
    student = next(training for training in needed if training.teacher is not None)
    assert student.config["ct"]["network"] == find("ct", "ct").network
    assert student.key != one.training(Method()).key, "another teacher, another student"
    own = trainings(shipped.plan(experiment("labelled", TINY, 2, 2))).values()
    assert [training.given for training in own if training.part == "ct"] == [None, None]


def test_nobody_is_measured_who_was_trained_on(knees: Path, tmp_path: Path) -> None:
    from recon.dataset import Manifest
    from recon.dataset.manifest import Person

    manifest = Manifest.read(knees)
    people = {
        name: Person(name, "test", p.source, p.licence, p.derivable, ("llp26-00",))
        for name, p in manifest.people.items()
        if p.split == "test"
    }
    (tmp_path / "cases").symlink_to(knees / "cases")
    cases = tuple(case for case in manifest.cases if case.person in people)
    Manifest("leak", 1, manifest.settings, people, cases).write(tmp_path)
    one = planner(knees)
    leaking = Planner(TINY, one.config, {**one.datasets, People.EXTERNAL: Dataset.open(tmp_path)})
    with pytest.raises(InputError) as caught:
        leaking.plan(experiment("external", TINY, 2, 2))
    assert caught.value.code == "person_in_two_splits"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--jobs", "0"], "--jobs is 0"),
        (["--dataset", "absent"], "recon dataset synthetic --out absent"),
        (["--external", "absent"], "recon dataset meshes --out absent"),
    ],
)
def test_bad_input_ends_before_any_work(
    more: list[str], said: str, knees: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, runs = tmp_path / "out", tmp_path / "runs"
    arguments = ["experiment", "external", "--dataset", str(knees), "--external", str(knees), *more]
    assert main([*arguments, "--runs", str(runs), "--out", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()
    assert not runs.exists()


def test_a_group_without_a_case_is_said_before_any_work(knees: Path) -> None:
    with pytest.raises(InputError) as caught:
        planner(knees).plan(experiment("implants", TINY, 2, 2))
    assert caught.value.code == "no_cases"
