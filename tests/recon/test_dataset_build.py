"""Builders: from a seed, resumable, refusing what is wrong before they work."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from recon.bones import Bone
from recon.cli import main
from recon.dataset import Dataset, Settings
from recon.dataset.build import build
from recon.dataset.synthetic import IMPLANTS, synthetic_jobs
from recon.errors import InputError
from recon.training.dataset import TEST_PEOPLE, VALIDATION_PEOPLE
from tests.data import ROOT

SETTINGS = Settings(pixels=64, volume_size=32, views=("000", "090"))
OPTIONS = ["--pixels", "64", "--volume", "32", "--views", "000,090", "--points", "300", "--seed", "3"]
COUNTS = ["--labelled", "1", "--unlabelled", "1", "--validation", "0", "--test", "2"]


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "knees"
    jobs = synthetic_jobs(labelled=1, unlabelled=1, validation=0, test=2, points=300)
    build(folder, jobs, SETTINGS, seed=3)
    return folder


def test_a_built_data_set_is_whole_and_splits_people(whole: Path) -> None:
    dataset = Dataset.open(whole)
    dataset.check()
    assert [entry.id for entry in dataset.entries("test")] == ["llp26-22-pose-0", "llp26-23-pose-0"]
    trained_on = {real for entry in dataset.entries("train") for real in dataset.person(entry).derived_from}
    assert len(trained_on) == 20
    assert not trained_on & {f"llp26-{number}" for number in (*VALIDATION_PEOPLE, *TEST_PEOPLE)}


def test_the_side_is_where_the_fibula_lies(whole: Path) -> None:
    dataset = Dataset.open(whole)
    for entry in dataset.entries("test"):
        bones = dataset.load(entry).bones()
        lateral = bones[Bone.FIBULA].centroid[0] - bones[Bone.TIBIA].centroid[0]
        assert (lateral > 0) == (entry.side == "L")


def test_one_seed_gives_the_same_bytes_in_any_number_of_processes(whole: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "recon", "dataset", "synthetic", "--workers", "2"]
    done = subprocess.run(
        [*command, *COUNTS, *OPTIONS, "--out", str(tmp_path / "knees")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "2 cases of    2 people,    1 labelled" in done.stdout
    assert files(tmp_path / "knees") == files(whole)


def test_another_seed_gives_other_knees(whole: Path, tmp_path: Path) -> None:
    jobs = synthetic_jobs(labelled=1, unlabelled=0, validation=0, test=0, points=300)
    other = build(tmp_path / "knees", jobs, SETTINGS, seed=4)
    first, second = (dataset.load(dataset.entries("train")[0]) for dataset in (other, Dataset.open(whole)))
    assert not np.array_equal(first.volume(), second.volume())


def test_a_killed_build_goes_on_where_it_was(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "knees"
    command = [sys.executable, "-m", "recon", "dataset", "synthetic", "--workers", "1"]
    process = subprocess.Popen([*command, *COUNTS, *OPTIONS, "--out", str(out)], cwd=ROOT)
    first = out / "cases" / "labelled-0000"
    try:
        deadline = time.monotonic() + 120
        while not first.exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.wait()
    assert first.exists() and not (out / "manifest.json").exists()
    # What a kill in the middle of writing leaves behind.
    (out / "cases" / ".unlabelled-0000.part").mkdir(exist_ok=True)
    (out / "cases" / ".unlabelled-0000.part" / "images.npz").write_bytes(b"half")
    kept = (first / "images.npz").stat().st_mtime_ns
    jobs = synthetic_jobs(labelled=1, unlabelled=1, validation=0, test=2, points=300)
    build(out, jobs, SETTINGS, seed=3)
    assert (first / "images.npz").stat().st_mtime_ns == kept
    assert files(out) == files(whole)


def test_a_case_that_lost_a_file_is_made_again(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "knees"
    shutil.copytree(whole, out)
    (out / "cases" / "llp26-22-pose-0" / "points.npz").unlink()
    jobs = synthetic_jobs(labelled=1, unlabelled=1, validation=0, test=2, points=300)
    shares: list[float] = []
    build(out, jobs, SETTINGS, seed=3, progress=lambda _, share: shares.append(share))
    assert shares == [0.75, 1.0]
    assert files(out) == files(whole)


def test_a_data_set_grows_and_keeps_what_it_has(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "knees"
    shutil.copytree(whole, out)
    jobs = synthetic_jobs(labelled=0, unlabelled=0, validation=1, test=0, points=300)
    grown = build(out, jobs, SETTINGS, seed=3)
    assert len(grown.manifest.cases) == 5
    assert [entry.id for entry in grown.entries("validation")] == ["llp26-20-pose-0"]
    with pytest.raises(InputError) as caught:
        build(out, jobs, SETTINGS, seed=4)
    assert caught.value.code == "other_settings"


@pytest.mark.parametrize("kind", IMPLANTS)
def test_knees_with_implants_are_test_cases_with_metal_in_them(kind: str, tmp_path: Path) -> None:
    jobs = synthetic_jobs(labelled=0, unlabelled=0, validation=0, test=0, implants=3, points=300)
    chosen = [job for job in jobs if job.implants == (kind,)]
    dataset = build(tmp_path / "metal", chosen, SETTINGS, seed=3)
    (entry,) = dataset.entries("test")
    assert entry.implants == (kind,)
    case = dataset.load(entry)
    assert case.volume().max() > 3000  # no bone has as much
    bones = case.bones()
    assert all(mesh.is_watertight for mesh in bones.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["synthetic", "--labelled", "-1"], "negative"),
        (["synthetic", "--views", "ap,lateral"], "three digits"),
        (["synthetic", "--views", "000,000"], "views"),
        (["synthetic", "--pixels", "100", "--labelled", "1"], "100 pixels"),
        (["check", "nowhere"], "manifest.json"),
    ],
)
def test_bad_options_end_in_one_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = [] if arguments[0] == "check" else ["--out", str(tmp_path / "knees"), "--workers", "1"]
    assert main(["dataset", *arguments, *out]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert not (tmp_path / "knees").exists()


def test_a_file_in_the_way_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "knees").write_text("no folder")
    assert main(["dataset", "synthetic", "--out", str(tmp_path / "knees"), "--workers", "1"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_check_reads_a_whole_data_set(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "check", str(whole)]) == 0
    assert "4 cases" in capsys.readouterr().out
