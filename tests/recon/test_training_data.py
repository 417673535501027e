"""Data that cannot be trained on is refused before any work, and read only once to know it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from recon.dataset import Dataset
from recon.dataset.checked import FILE, check_once
from recon.errors import InputError
from recon.training import train
from tests.recon.tiny import tiny_dataset
from tests.recon.training_config import frozen_weights, tiny_config

Arrays = dict[str, Any]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "tiny"
    tiny_dataset(folder, labelled=2, unlabelled=1, validation=1, test=1)
    return folder


@pytest.fixture
def dataset(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of its own, never checked; the user's caches are out of the way."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    shutil.copytree(tiny, tmp_path / "knees", ignore=shutil.ignore_patterns(FILE))
    return tmp_path / "knees"


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Weights that the X-ray network needs to begin; nobody is asked before the data is refused."""
    return frozen_weights(tmp_path_factory.mktemp("frozen"))


def edit(file: Path, change: Callable[[Arrays], Any]) -> None:
    with np.load(file) as stored:
        arrays = {name: stored[name].copy() for name in stored.files}
    change(arrays)
    np.savez(file, **arrays)


def nan(name: str) -> Callable[[Arrays], Any]:
    return lambda arrays: arrays[name].flat.__setitem__(7, np.nan)


def opened(file: Path) -> None:
    mesh = trimesh.load_mesh(file, process=False)
    mesh.update_faces(np.arange(len(mesh.faces)) > 200)
    mesh.export(file)


DAMAGES: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "NaN in the volume": ("ct", "bad_values", lambda case: edit(case / "volume.npz", nan("hu"))),
    "no spacing": ("ct", "no_spacing", lambda case: edit(case / "volume.npz", lambda a: a.pop("spacing_mm"))),
    "spacing is NaN": ("ct", "wrong_spacing", lambda case: edit(case / "volume.npz", nan_spacing)),
    "NaN in points": ("ct", "bad_values", lambda case: edit(case / "points.npz", nan("near"))),
    "open mesh": ("ct", "open_mesh", lambda case: opened(case / "bones" / "tibia.ply")),
    "NaN in a picture": ("xray", "bad_values", lambda case: edit(case / "images.npz", nan("pictures"))),
    "empty mask": ("xray", "empty_mask", lambda case: edit(case / "images.npz", no_shadow)),
}


def nan_spacing(arrays: Arrays) -> None:
    arrays["spacing_mm"] = np.float64(np.nan)


def no_shadow(arrays: Arrays) -> None:
    arrays["masks"][0] = False


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_case_is_refused_before_any_work(
    dataset: Path, frozen: dict[str, str], tmp_path: Path, damage: str, workers: int
) -> None:
    part, code, spoil = DAMAGES[damage]
    spoil(dataset / "cases" / "train-01")
    config = tiny_config(dataset, workers=workers)
    config["ssr_kd"] |= {**frozen, "cache": str(tmp_path / "cache")}
    with pytest.raises(InputError) as caught:
        train(part, config, tmp_path / "run")  # type: ignore[arg-type]
    assert caught.value.code == code
    assert "train-01" in str(caught.value)
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "cache").exists(), "nobody was asked"


def test_a_case_that_a_part_does_not_use_keeps_nobody_from_training_it(dataset: Path, tmp_path: Path) -> None:
    edit(dataset / "cases" / "train-02" / "volume.npz", nan("hu"))  # unlabelled
    edit(dataset / "cases" / "test-22" / "volume.npz", nan("hu"))
    assert train("ct", tiny_config(dataset, steps=1), tmp_path / "run").is_file()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_case_that_breaks_on_the_way_is_named_as_well(dataset: Path, tmp_path: Path, workers: int) -> None:
    """An error in a process that prepares batches arrives whole."""

    def spoil(stage: str, _share: float) -> None:
        if stage == "train":
            for name in ("train-00", "train-01"):
                edit(dataset / "cases" / name / "volume.npz", nan("hu"))

    with pytest.raises(InputError) as caught:
        train("ct", tiny_config(dataset, steps=60, workers=workers), tmp_path / "run", progress=spoil)
    assert caught.value.code == "bad_values"
    assert caught.value.message.startswith("The volume of train-0")


class Reads:
    """Counts cases that are read whole."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ids: list[str] = []
        check = Dataset.check_case

        def counted(dataset: Dataset, entry: Any) -> None:
            self.ids.append(entry.id)
            check(dataset, entry)

        monkeypatch.setattr(Dataset, "check_case", counted)


def checked(folder: Path) -> dict[str, str]:
    dataset = Dataset.open(folder)
    return check_once(dataset, dataset.manifest.cases)


def test_a_data_set_is_checked_once_and_what_changed_again(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(monkeypatch)
    told: list[tuple[str, float]] = []
    whole = Dataset.open(dataset)
    first = check_once(whole, whole.manifest.cases, lambda stage, share: told.append((stage, share)))
    ids = [entry.id for entry in whole.manifest.cases]
    assert reads.ids == ids == list(first)
    assert [stage for stage, _ in told] == ["check"] * 5 and told[-1][1] == 1.0
    assert checked(dataset) == first
    assert reads.ids == ids, "nothing is read twice"
    edit(dataset / "cases" / "train-02" / "volume.npz", lambda a: a["hu"].fill(-1000))
    again = checked(dataset)
    assert reads.ids[len(ids) :] == ["train-02"]
    assert {name for name in first if again[name] != first[name]} == {"train-02"}


def test_the_same_case_elsewhere_has_the_same_digest(dataset: Path, tmp_path: Path) -> None:
    first = checked(dataset)
    shutil.copytree(dataset, tmp_path / "copy")
    assert checked(tmp_path / "copy") == first
    for path in (dataset / "cases").rglob("*.npz"):
        path.touch()
    assert checked(dataset) == first


def test_what_was_found_good_before_a_bad_case_stays_so(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = dataset / "cases" / "train-02" / "volume.npz"
    kept = good.read_bytes()
    edit(good, nan("hu"))
    with pytest.raises(InputError):
        checked(dataset)
    good.write_bytes(kept)
    reads = Reads(monkeypatch)
    checked(dataset)
    assert reads.ids == ["train-02", "validation-20", "test-22"]


@pytest.mark.parametrize("caches", ["writable", "read-only"])
def test_a_read_only_data_set_can_be_used(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caches: str
) -> None:
    (dataset / FILE).mkdir()  # nobody, not even root, puts a file there
    if caches == "read-only":
        (tmp_path / "caches").write_text("no folder")
    reads = Reads(monkeypatch)
    first = checked(dataset)
    assert checked(dataset) == first
    assert len(reads.ids) == (5 if caches == "writable" else 10)
    assert [path.name for path in dataset.iterdir() if path.is_file()] == ["manifest.json"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 0, "cases": {}}', '{"version": 1, "cases": {"x": 1}}']
)
def test_a_stamp_that_makes_no_sense_is_made_anew(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    first = checked(dataset)
    (dataset / FILE).write_text(text)
    reads = Reads(monkeypatch)
    assert checked(dataset) == first
    assert len(reads.ids) == 5
    assert checked(dataset) == first
    assert len(reads.ids) == 5
