"""The data set format: what is written is read, and what is wrong is said."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from recon.bones import Bone, BoneSet
from recon.dataset import CaseEntry, Dataset, Manifest, Person, Settings, write_case, write_dataset
from recon.dataset.content import check_content
from recon.errors import InputError
from tests.recon.tiny import SETTINGS, tiny_dataset


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "tiny"
    tiny_dataset(folder, labelled=1, unlabelled=1, validation=1, test=1)
    return folder


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny, tmp_path / "copy")
    return tmp_path / "copy"


def refusal(action: Callable[[], Any]) -> str:
    with pytest.raises(InputError) as caught:
        action()
    return caught.value.code


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def edit_arrays(path: Path, **changes: Any) -> None:
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays |= changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def test_what_is_written_is_read(tiny: Path, tmp_path: Path) -> None:
    dataset = Dataset.open(tiny)
    entry = dataset.entries("train", labelled=True)[0]
    case = dataset.load(entry, SETTINGS.views)
    content = case.content()
    write_case(tmp_path, entry, content, SETTINGS)
    again = dataset.load(replace(entry, folder=tmp_path / "cases" / entry.id), SETTINGS.views).content()
    for name in ("pictures", "valid", "projections", "masks", "hu", "box"):
        assert np.array_equal(getattr(content, name), getattr(again, name)), name
    for name in ("near", "near_labels", "uniform", "uniform_labels"):
        assert np.array_equal(getattr(content, name), getattr(again, name)), name
    bones = case.bones()
    assert set(bones) == set(Bone) and all(mesh.is_watertight for mesh in bones.values())
    assert case.pictures.dtype == np.float32 and case.pictures.shape == (3, 64, 64)
    assert case.volume().dtype == np.float32 and case.volume().shape == (32, 32, 32)


def test_views_are_chosen_by_name(tiny: Path) -> None:
    dataset = Dataset.open(tiny)
    entry = dataset.entries("test")[0]
    whole = dataset.load(entry, SETTINGS.views)
    swapped = dataset.load(entry, ("090", "000"))
    for name in ("pictures", "valid", "projections", "masks"):
        assert np.array_equal(getattr(swapped, name), getattr(whole, name)[[2, 0]]), name
    # A view is named after where its detector stands.
    assert np.allclose(dataset.load(entry).cameras()[0].direction, (0, -1, 0), atol=0.15)
    assert np.allclose(dataset.load(entry).cameras()[1].direction, (1, 0, 0), atol=0.15)
    assert refusal(lambda: dataset.load(entry, ("000", "030"))) == "unknown_view"
    assert refusal(lambda: dataset.load(entry, ())) == "unknown_view"


def test_entries_are_found_by_split_and_label(tiny: Path) -> None:
    dataset = Dataset.open(tiny)
    assert [entry.id for entry in dataset.entries("train")] == ["train-00", "train-01"]
    assert [entry.id for entry in dataset.entries("train", labelled=False)] == ["train-01"]
    assert [entry.id for entry in dataset.entries("validation", labelled=True)] == ["validation-20"]


def test_an_unlabelled_case_gives_no_truth_away(tiny: Path) -> None:
    dataset = Dataset.open(tiny)
    entry = dataset.entries("train", labelled=False)[0]
    case = dataset.load(entry)
    assert case.masks is None and case.near is None and case.uniform_labels is None
    assert refusal(case.bones) == "unlabelled"
    files = {path.name for path in entry.folder.rglob("*")}
    assert files == {"case.json", "images.npz", "volume.npz"}
    with np.load(entry.folder / "images.npz") as arrays:
        assert "masks" not in arrays.files


def test_a_case_travels_to_another_process(tiny: Path) -> None:
    dataset = Dataset.open(tiny)
    case = dataset.load(dataset.entries("test")[0])
    assert np.array_equal(pickle.loads(pickle.dumps(case)).pictures, case.pictures)


def test_the_field_of_view_is_what_all_views_and_the_volume_show(tiny: Path) -> None:
    dataset = Dataset.open(tiny)
    case = dataset.load(dataset.entries("test")[0])
    depth = case.field_of_view().depth(np.array([[0.0, 0, 0], [0, 0, 99.9], [79, 0, 0]]))
    assert depth[0] > 50 and depth[2] < 0  # the volume of the tiny data set ends at x = 78 mm
    assert np.allclose(case.field_of_view().low, case.box[0])


@pytest.mark.parametrize("field", ["id", "derived_from"])
def test_a_person_in_two_splits_is_refused(copy: Path, field: str) -> None:
    def change(document: dict[str, Any]) -> None:
        if field == "derived_from":
            document["people"]["llp26-00"]["derived_from"] = ["LLP26-22"]
        else:
            document["people"]["llp26-20"]["derived_from"] = ["x"]
            document["people"]["llp26-22"]["derived_from"] = ["x"]

    edit(copy, change)
    assert refusal(lambda: Dataset.open(copy)) == "person_in_two_splits"


def test_a_person_listed_twice_is_refused(copy: Path) -> None:
    path = copy / "manifest.json"
    twice = path.read_text().replace('"people": {', '"people": {"llp26-22": {"split": "train"},', 1)
    path.write_text(twice)
    assert refusal(lambda: Dataset.open(copy)) == "bad_manifest"


_WRONG: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "format": ("unknown_format", lambda d: d.update(format=7)),
    "no format": ("unknown_format", lambda d: d.pop("format")),
    "no size": ("bad_manifest", lambda d: d.pop("volume_size")),
    "no cube": ("bad_manifest", lambda d: d.pop("cube_side_mm")),
    "zero cube": ("bad_manifest", lambda d: d.update(cube_side_mm=0)),
    "split": ("bad_manifest", lambda d: d["people"]["llp26-00"].update(split="holdout")),
    "licence": ("bad_manifest", lambda d: d["people"]["llp26-00"].update(licence=" ")),
    "derivable text": ("bad_manifest", lambda d: d["people"]["llp26-00"].update(derivable="no")),
    "evaluation only": ("evaluation_only", lambda d: d["people"]["llp26-20"].update(derivable=False)),
    "side": ("bad_side", lambda d: d["cases"][0].update(side="left")),
    "duplicate": ("duplicate_case", lambda d: d["cases"].append(d["cases"][0])),
    "stranger": ("unknown_person", lambda d: d["cases"][0].update(person="nobody")),
    "origin": ("bad_manifest", lambda d: d["cases"][0].update(origin="mri")),
    "path": ("bad_manifest", lambda d: d["cases"][0].update(id="../train-00")),
    "view": ("bad_view", lambda d: d.update(views=["ap", "000", "090"])),
    "view twice": ("bad_manifest", lambda d: d.update(views=["000", "000", "090"])),
    "list": ("bad_manifest", lambda d: d.update(people=[])),
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_a_wrong_manifest_is_refused(copy: Path, wrong: str) -> None:
    code, change = _WRONG[wrong]
    edit(copy, change)
    assert refusal(lambda: Dataset.open(copy)) == code


def test_what_is_no_data_set_is_refused(copy: Path, tmp_path: Path) -> None:
    assert refusal(lambda: Dataset.open(tmp_path / "nowhere")) == "no_dataset"
    (copy / "manifest.json").write_text("{")
    assert refusal(lambda: Dataset.open(copy)) == "bad_manifest"
    (copy / "manifest.json").write_text("[1]")
    assert refusal(lambda: Dataset.open(copy)) == "bad_manifest"


@pytest.mark.parametrize("file", ["images.npz", "volume.npz", "points.npz", "bones", "case.json"])
def test_a_missing_file_is_refused(copy: Path, file: str) -> None:
    path = copy / "cases" / "train-00" / file
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    assert refusal(lambda: Dataset.open(copy)) == "missing_file"


def test_a_file_cut_short_is_refused(copy: Path) -> None:
    path = copy / "cases" / "train-00" / "images.npz"
    path.write_bytes(path.read_bytes()[:2000])
    assert refusal(Dataset.open(copy).check) == "unreadable_case"


def test_a_volume_without_spacing_is_refused(copy: Path) -> None:
    edit_arrays(copy / "cases" / "train-00" / "volume.npz", spacing_mm=None)
    assert refusal(Dataset.open(copy).check) == "no_spacing"
    edit_arrays(copy / "cases" / "train-00" / "volume.npz", spacing_mm=np.float64(1.0))
    assert refusal(Dataset.open(copy).check) == "wrong_spacing"


def test_a_volume_with_nan_is_refused(copy: Path) -> None:
    path = copy / "cases" / "train-01" / "volume.npz"
    with np.load(path) as arrays:
        hu = arrays["hu"]
    hu[3, 4, 5] = np.nan
    edit_arrays(path, hu=hu)
    assert refusal(Dataset.open(copy).check) == "bad_values"


def test_an_empty_mask_is_refused(copy: Path) -> None:
    path = copy / "cases" / "test-22" / "images.npz"
    with np.load(path) as arrays:
        masks = arrays["masks"]
    masks[1] = False
    edit_arrays(path, masks=masks)
    assert refusal(Dataset.open(copy).check) == "empty_mask"


def test_an_open_mesh_is_refused(copy: Path) -> None:
    path = copy / "cases" / "test-22" / "bones" / "tibia.ply"
    mesh = trimesh.load_mesh(path)
    mesh.update_faces(np.arange(len(mesh.faces)) > 20)
    mesh.export(path)
    assert refusal(Dataset.open(copy).check) == "open_mesh"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("pictures", np.zeros((3, 32, 32)), "bad_array"),
        ("pictures", np.full((3, 64, 64), np.nan), "bad_values"),
        ("projections", np.zeros((3, 3, 4)), "bad_projection"),
        ("valid", np.zeros((3, 64, 64), bool), "empty_picture"),
        ("near", None, "bad_array"),
        ("near_labels", np.zeros(400, np.uint8), "bad_labels"),
        ("uniform_labels", np.full(400, 5, np.uint8), "bad_labels"),
        ("uniform", np.full((400, 3), 150, np.float32), "bad_labels"),
    ],
)
def test_content_that_makes_no_sense_is_refused(tiny: Path, name: str, value: Any, code: str) -> None:
    dataset = Dataset.open(tiny)
    content = dataset.load(dataset.entries("test")[0], SETTINGS.views).content()
    check_content(content, SETTINGS, "whole")
    assert refusal(lambda: check_content(replace(content, **{name: value}), SETTINGS, "broken")) == code


def test_nothing_is_written_of_a_case_that_is_wrong(tiny: Path, tmp_path: Path) -> None:
    dataset = Dataset.open(tiny)
    entry = dataset.entries("test")[0]
    content = dataset.load(entry, SETTINGS.views).content()
    sheet = trimesh.Trimesh([[0, 0, 0], [9, 0, 0], [0, 9, 0]], [[0, 1, 2]])
    broken = replace(content, bones=BoneSet({Bone.TIBIA: sheet}))
    assert refusal(lambda: write_case(tmp_path, entry, broken, SETTINGS)) == "open_mesh"
    people = [Person("a", "train", "s", "l", True), Person("b", "test", "s", "l", True, ("a",))]
    action = lambda: write_dataset(tmp_path, "n", SETTINGS, people, [(entry, content)])  # noqa: E731
    assert refusal(action) == "person_in_two_splits"
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_reads_back_as_it_was(tmp_path: Path) -> None:
    person = Person("p", "train", "somewhere", "CC BY 4.0", True, ("q", "r"))
    case = CaseEntry("c", "p", "L", True, "ct_meshes", ("staple",), tmp_path / "cases" / "c")
    manifest = Manifest("n", 3, Settings(volume_size=64), {"p": person}, (case,))
    manifest.write(tmp_path)
    assert Manifest.read(tmp_path) == manifest
