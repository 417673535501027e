"""Data sets from annotated bones and from CTs: simulated ones, and real ones where the data lies here."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from recon.bones import Bone, BoneSet
from recon.cli import main
from recon.dataset import Person, Settings
from recon.dataset.build import build
from recon.dataset.ct import ct_job
from recon.dataset.inputs import known_side
from recon.dataset.meshes import mesh_jobs
from recon.errors import InputError
from recon.knee import knee_centre
from recon.population.pose import side_of
from recon.population.sample import person_bones
from recon.reference import write_ct_reference
from recon.volumes import CtVolume, read_ct
from tests.data import ROOT, shared_data
from tests.recon.tiny import simple_ct

SETTINGS = Settings(pixels=128, volume_size=64, views=("000", "090"))
TESTER = Person("somebody", "test", "a hospital", "CC BY 4.0", derivable=False)


@pytest.fixture(scope="module")
def bones() -> BoneSet:
    return person_bones(23, np.random.default_rng(1))


def folder_of(bones: BoneSet, folder: Path) -> Path:
    folder.mkdir()
    bones.write(folder)
    return folder


def write_nifti(path: Path, volume: CtVolume, *, spacing: bool = True) -> Path:
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    image = nibabel.nifti1.Nifti1Image(volume.hu.transpose(2, 1, 0), to_ras @ volume.affine)
    if not spacing:
        image.set_sform(None, code=0)
        image.set_qform(None, code=0)
    nibabel.save(image, path)
    return path


def code_of(action) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as caught:
        action()
    return caught.value.code


def test_annotated_bones_become_cases_in_several_poses(bones: BoneSet, tmp_path: Path) -> None:
    moved = BoneSet({bone: mesh.copy().apply_translation((40, 500, -70)) for bone, mesh in bones.items()})
    knee = folder_of(moved, tmp_path / "knee_l")
    jobs = mesh_jobs([knee], TESTER, poses=2, points=300)
    dataset = build(tmp_path / "data", jobs, SETTINGS, seed=1)
    first, second = dataset.entries("test")
    assert [first.id, second.id] == ["knee_l-pose-0", "knee_l-pose-1"]
    assert first.side == side_of(bones) and first.origin == "meshes"
    tibiae = [dataset.load(entry).bones()[Bone.TIBIA] for entry in (first, second)]
    # The bones are the annotated ones, moved as a whole, with the knee near the isocentre.
    assert tibiae[0].volume == pytest.approx(bones[Bone.TIBIA].volume, rel=1e-4)
    for tibia in tibiae:
        assert abs(tibia.vertices[:, 2].max()) < 45
    assert not np.allclose(tibiae[0].vertices, tibiae[1].vertices, atol=1.0)
    dataset.check()


def test_bones_that_cannot_be_used_are_refused_before_any_work(bones: BoneSet, tmp_path: Path) -> None:
    metres = {bone: mesh.copy().apply_scale(1e-3) for bone, mesh in bones.items()}
    folder = folder_of(BoneSet(metres), tmp_path / "metres")
    assert code_of(lambda: mesh_jobs([folder], TESTER)) == "wrong_units"
    tibia = bones[Bone.TIBIA].copy()
    tibia.update_faces(np.arange(len(tibia.faces)) != 7)
    folder = folder_of(BoneSet({**bones, Bone.TIBIA: tibia}), tmp_path / "open")
    assert code_of(lambda: mesh_jobs([folder], TESTER)) == "open_mesh"
    assert code_of(lambda: mesh_jobs([tmp_path / "nowhere"], TESTER)) == "no_file"
    other = "L" if side_of(bones) == "R" else "R"
    folder = folder_of(bones, tmp_path / "good")
    assert code_of(lambda: mesh_jobs([folder], TESTER, side=other)) == "bad_side"
    assert code_of(lambda: known_side(None, None)) == "no_side"


def test_who_is_for_evaluation_only_trains_nothing(
    bones: BoneSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    knee = folder_of(bones, tmp_path / "knee")
    arguments = [
        "dataset",
        "meshes",
        "--bones",
        str(knee),
        "--person",
        "p",
        "--source",
        "s",
        "--licence",
        "l",
    ]
    out = ["--out", str(tmp_path / "data"), "--workers", "1"]
    assert main([*arguments, *out, "--split", "train"]) == 2
    assert "evaluation only" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_a_person_in_two_splits_is_refused_before_any_work(bones: BoneSet, tmp_path: Path) -> None:
    knees = [folder_of(bones, tmp_path / name) for name in ("left", "right")]
    known = [Person("p", split, "s", "l", True) for split in ("train", "test")]  # type: ignore[arg-type]
    jobs = [job for knee, person in zip(knees, known, strict=True) for job in mesh_jobs([knee], person)]
    assert code_of(lambda: build(tmp_path / "data", jobs, SETTINGS, seed=1)) == "person_in_two_splits"
    derived = Person("q", "train", "s", "l", True, derived_from=("p",))
    jobs = mesh_jobs([knees[0]], known[1]) + mesh_jobs([knees[1]], derived)
    assert code_of(lambda: build(tmp_path / "data", jobs, SETTINGS, seed=1)) == "person_in_two_splits"
    assert not (tmp_path / "data").exists()


def test_an_annotated_ct_becomes_a_labelled_case(bones: BoneSet, tmp_path: Path) -> None:
    away = np.array([35.0, -20.0, 300.0])
    volume = simple_ct(bones).centred_on(-away)
    ct = write_nifti(tmp_path / "leg.nii.gz", volume)
    moved = BoneSet({bone: mesh.copy().apply_translation(away) for bone, mesh in bones.items()})
    job = ct_job(ct, TESTER, bones=folder_of(moved, tmp_path / "bones"), points=300)
    dataset = build(tmp_path / "data", [job], SETTINGS, seed=1)
    (entry,) = dataset.entries("test", labelled=True)
    case = dataset.load(entry)
    assert (entry.id, entry.origin, entry.side) == ("leg", "ct_meshes", side_of(bones))
    isocentre = case.isocentre()
    assert isocentre is not None and np.allclose(isocentre, knee_centre(read_ct(ct)))
    offset = case.bones()[Bone.TIBIA].vertices.mean(axis=0) - moved[Bone.TIBIA].vertices.mean(axis=0)
    assert np.allclose(offset, -isocentre, atol=1e-3)
    # Bones and volume tell the same: nodes well inside a bone have its Hounsfield units.
    steps = np.rint((case.uniform + 100) / 200 * 63).astype(int).T[::-1]
    assert np.median(case.volume()[tuple(steps)][case.uniform_labels > 0]) > 600
    dataset.check()


def test_annotations_in_another_frame_are_refused(bones: BoneSet, tmp_path: Path) -> None:
    ct = write_nifti(tmp_path / "leg.nii.gz", simple_ct(bones))
    for shift, name in (((0, 0, 2000), "outside"), ((45, 0, 0), "beside")):
        moved = BoneSet({bone: mesh.copy().apply_translation(shift) for bone, mesh in bones.items()})
        job = ct_job(ct, TESTER, bones=folder_of(moved, tmp_path / name), points=300)
        assert code_of(lambda job=job: build(tmp_path / "data", [job], SETTINGS, seed=1)) == "wrong_frame"
    assert not (tmp_path / "data" / "manifest.json").exists()


def test_cts_that_cannot_be_used_are_refused(bones: BoneSet, tmp_path: Path) -> None:
    volume = simple_ct(bones)

    def refusal(ct: Path, side: str | None = "L") -> str:
        job = ct_job(ct, TESTER, side=side, points=300)
        return code_of(lambda: build(tmp_path / "data", [job], SETTINGS, seed=1))

    assert refusal(write_nifti(tmp_path / "a.nii.gz", volume, spacing=False)) == "no_spacing"
    assert refusal(write_nifti(tmp_path / "b.nii.gz", volume), side=None) == "no_side"
    holes = volume.hu.copy()
    holes[60, 40, 40] = np.nan
    assert refusal(write_nifti(tmp_path / "c.nii.gz", CtVolume(holes, volume.affine))) == "bad_values"


@pytest.fixture(scope="module")
def real_ct() -> Path:
    return shared_data("ct/sts_010_dicom")


def test_a_real_ct_becomes_a_case(real_ct: Path, tmp_path: Path) -> None:
    person = Person("sts-010", "test", "TCIA Soft-tissue-Sarcoma", "CC BY 3.0", derivable=True)
    kept = {path for path in ROOT.rglob("*") if path.suffix in {".npz", ".ply", ".gz", ".dcm"}}
    job = ct_job(real_ct, person, side="L", identity="sts_010")
    dataset = build(tmp_path / "data", [job], Settings(), seed=1)
    (entry,) = dataset.entries("test", labelled=False)
    case = dataset.load(entry)
    assert entry.origin == "ct" and case.masks is None
    assert case.volume().max() > 800 and case.volume().min() == -1000
    # Little of the femur is in this CT: the pictures are collimated there, and show all of the shank.
    assert 10 < case.box[1][2] < 50 and case.box[0][2] == -100
    for valid in case.valid:
        rows = np.flatnonzero(valid.any(axis=1))
        assert 60 < rows[0] < 110 and rows[-1] == 255
    dataset.check()
    # Nothing of real data may come to lie in the repository.
    assert {path for path in ROOT.rglob("*") if path.suffix in {".npz", ".ply", ".gz", ".dcm"}} <= kept


def test_a_real_ct_with_bones_becomes_a_labelled_case(real_ct: Path, tmp_path: Path) -> None:
    reference = write_ct_reference(real_ct, tmp_path / "reference", side="L")
    bones = BoneSet(
        {bone: mesh.copy().apply_translation(reference.isocentre) for bone, mesh in reference.bones.items()}
    )
    person = Person("sts-010", "test", "TCIA Soft-tissue-Sarcoma", "CC BY 3.0", derivable=True)
    job = ct_job(real_ct, person, bones=folder_of(bones, tmp_path / "bones"), side="L", identity="a")
    dataset = build(tmp_path / "data", [job], Settings(), seed=1)
    case = dataset.load(dataset.entries("test", labelled=True)[0])
    assert case.masks is not None and case.uniform is not None
    for picture, mask, valid in zip(case.pictures, case.masks, case.valid, strict=True):
        assert picture[mask].mean() > picture[valid & ~mask].mean() + 0.2
    steps = np.rint((case.uniform + 100) / 200 * 127).astype(int).T[::-1]
    values = case.volume()[tuple(steps)]
    assert np.median(values[case.uniform_labels > 0]) > np.median(values[case.uniform_labels == 0]) + 80
    dataset.check()
