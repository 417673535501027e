"""Definitions, keys of shared runs, and tasks that need each other."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import trimesh

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.experiments import catalogue, fits
from recon.experiments.baselines.views import Fit
from recon.experiments.definition import Kind
from recon.experiments.presets import PRESETS, changed
from recon.experiments.runs import Runs, Training
from recon.experiments.schedule import State, Task, run_tasks

SMALL = PRESETS["small"]
MEETING_SECONDS = 120.0  # far longer than any machine takes to start a process


# Definitions


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_every_experiment_has_a_reference_among_its_conditions(name: str) -> None:
    experiment = catalogue.experiment(name, SMALL, 70, 140)
    labels = [condition.label for condition in experiment.conditions]
    assert experiment.reference in labels
    assert set(experiment.pictures) <= set(labels)


def test_series_of_labelled_and_unlabelled_cases_end_at_all_of_them() -> None:
    experiment = catalogue.experiment("labelled", SMALL, 20, 100)
    places = {
        series: [c.x for c in experiment.conditions if c.series == series]
        for series in ("labelled", "unlabelled")
    }
    assert places == {"labelled": [14, 20], "unlabelled": [0, 25, 100]}
    changes = {c.label: c.method.changes for c in experiment.conditions}
    assert changes["20 labelled, 100 unlabelled"] == {}
    assert changes["14 labelled, 100 unlabelled"] == {"data.labelled": 14}
    assert changes["20 labelled, 0 unlabelled"]["ssr_kd.pseudo"] == 0


def test_an_unknown_experiment_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        catalogue.experiment("table2", SMALL, 70, 140)
    assert caught.value.code == "unknown_experiment"


def test_changes_replace_values_and_whole_tables_and_leave_the_original() -> None:
    config = {"data": {"labelled": 70, "points": 5}, "xray": {"network": {"kind": "lift", "hidden": 64}}}
    new = changed(config, {"data.labelled": 7, "xray.network": {"kind": "volume_cnn"}, "ssr_kd.pseudo": 0.0})
    assert new == {
        "data": {"labelled": 7, "points": 5},
        "xray": {"network": {"kind": "volume_cnn"}},
        "ssr_kd": {"pseudo": 0.0},
    }
    assert config["data"]["labelled"] == 70
    assert config["xray"]["network"]["kind"] == "lift"


# Runs


def training(part: Any = "ct", teacher: Training | None = None, **changes: Any) -> Training:
    config = {
        "seed": 1,
        "data": {"views": ["000", "090"], "labelled": 70, "unlabelled": 140, "points": 500},
        "ssr_kd": {"pseudo": 0.5, "distillation": 0.1},
        **{
            name: {"network": {"kind": kind}, "training": {"steps": 10, "threads": 1}}
            for name, kind in (("ct", "vnet"), ("xray", "hourglass"))
        },
    }
    changes = {key.replace("__", "."): value for key, value in changes.items()}
    return Training(part, changed(config, changes), Path("knees"), "0123", teacher)


def test_equal_trainings_share_a_run() -> None:
    assert training().key == training().key
    moved = Training("ct", training().config, Path("elsewhere"), "0123")
    assert moved.key == training().key, "where the data set lies does not matter"
    assert training(ct__training__threads=2).key == training().key
    assert training(data__views=["000", "030"]).key == training().key, "a CT network sees no views"
    assert training(data__unlabelled=0).key == training().key


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 2},
        {"data__labelled": 14},
        {"ct__training__steps": 11},
        {"ct__network": {"kind": "vnet", "base": 8}},
    ],
)
def test_other_weights_have_another_run(changes: dict[str, Any]) -> None:
    assert training(**changes).key != training().key
    student = training("xray", training())
    assert training("xray", training(**changes)).key != student.key, "another teacher, another student"


def test_students_differ_by_views_and_weights_of_losses() -> None:
    keys = {
        training("xray", training(), **changes).key
        for changes in ({}, {"data__views": ["000"]}, {"ssr_kd__distillation": 0.0}, {"data__unlabelled": 7})
    }
    assert len(keys) == 4
    assert training("xray", None).key not in keys
    assert training("xray", training(), ssr_kd__cache="anywhere").key in keys


def test_a_run_is_trained_once_and_tells_the_student_its_teacher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def train(part: str, config: dict[str, Any], folder: Path, *, progress: Any) -> Path:
        seen.append((part, config))
        progress("train", 1.0)
        (folder / "best.safetensors").write_bytes(part.encode())
        return folder / "best.safetensors"

    monkeypatch.setattr("recon.training.train", train)
    runs, teacher = Runs(tmp_path), training()
    student = training("xray", teacher)
    with pytest.raises(InputError, match="holds no finished run"):
        runs.finish(student)
    assert runs.begun(student)
    weights = runs.finish(teacher)
    assert runs.finish(teacher) == weights
    assert runs.weights(student) is None
    runs.finish(student)
    assert [part for part, _ in seen] == ["ct", "xray"]
    assert seen[1][1]["ssr_kd"]["teacher"] == str(weights)
    assert "views" not in seen[0][1]["data"]
    assert runs.usual_seconds(training(seed=3)) == runs.seconds(teacher)
    assert runs.processor_seconds(teacher) is not None


# Tasks


def note(path: Path, name: str, progress: Any) -> None:
    progress("work", 0.5)
    with path.open("a") as file:
        file.write(f"begin {name}\n")
    with path.open("a") as file:
        file.write(f"end {name}\n")


def meet(path: Path, name: str, other: str, progress: Any) -> None:
    """End only when the other task has begun: two that do not run side by side never meet."""
    (path.parent / name).touch()
    limit = time.monotonic() + MEETING_SECONDS
    while not (path.parent / other).exists():
        if time.monotonic() > limit:
            raise TimeoutError(f"{name} ran without {other} for {MEETING_SECONDS} s")
        time.sleep(0.02)
    note(path, name, progress)


def fail(_path: Path, _name: str, _progress: Any) -> None:
    raise InputError("broken", "It does not work", "Mend it")


def test_tasks_wait_for_what_they_need_and_run_side_by_side(tmp_path: Path) -> None:
    path, states = tmp_path / "log", []
    tasks = [
        Task("c", "c", 1.0, ("a", "b"), note, (path, "c")),
        Task("a", "a", 1.0, (), meet, (path, "a", "b")),
        Task("b", "b", 1.0, (), meet, (path, "b", "a")),
    ]
    run_tasks(tasks, 2, states.append)
    lines = path.read_text().splitlines()
    assert sorted(lines[:4]) == ["begin a", "begin b", "end a", "end b"]
    assert lines[4:] == ["begin c", "end c"]
    assert {state.ended[0] for state in states if state.ended} == {"a", "b", "c"}
    shares = [state.share for state in states]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert max(len(state.running) for state in states) == 2


def test_an_error_of_a_task_reaches_the_caller_whole(tmp_path: Path) -> None:
    tasks = [
        Task("a", "a", 1.0, (), fail, (tmp_path / "log", "a")),
        Task("b", "b", 1.0, ("a",), note, (tmp_path / "log", "b")),
    ]

    def ignore(_state: State) -> None:
        return

    with pytest.raises(InputError) as caught:
        run_tasks(tasks, 1, ignore)
    assert (caught.value.code, caught.value.remedy) == ("broken", "Mend it")
    assert not (tmp_path / "log").exists()


# Fits


class _Sure(torch.nn.Module):
    """A segmentation that finds bone everywhere, or nowhere."""

    def __init__(self, logit: float) -> None:
        super().__init__()
        self.logit = logit

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.full_like(pictures, self.logit)


@pytest.mark.parametrize("found", [True, False])
def test_ssim_goes_on_from_the_fit_to_contours(found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    contours = Fit(BoneSet({}), np.zeros(3), 0.1, 1, 1.0)
    whole = BoneSet({Bone.TIBIA: trimesh.creation.box()})
    asked: list[Fit | None] = []

    def fit_ssm(_projections: Any, shadows: np.ndarray, *_: Any, **__: Any) -> Fit:
        if not shadows.max() > 0.5:
            raise InputError("empty_mask", "No shadow", "Look again")
        return contours

    def fit_ssim(*_: Any, start: Fit | None, **__: Any) -> Fit:
        asked.append(start)
        return replace(contours, bones=whole)

    monkeypatch.setattr(fits, "trained", lambda *_: _Sure(5.0 if found else -5.0))
    monkeypatch.setattr(fits, "fit_ssm", fit_ssm)
    monkeypatch.setattr(fits, "fit_ssim", fit_ssim)
    views = np.zeros((2, 8, 8), np.float32)
    case: Any = SimpleNamespace(
        projections=np.zeros((2, 3, 4)), pictures=views, valid=views == 0, entry=SimpleNamespace(side="L")
    )
    runs = Runs(Path("nowhere"))
    assert fits.fit_method(Kind.SSIM, training(), runs)(case) is whole
    assert asked == [contours if found else None]
    assert len(fits.fit_method(Kind.SSM, training(), runs)(case)) == 0
