"""CT volumes: the same point of the patient however the file stores it, and refusals of what is no CT."""

from __future__ import annotations

import shutil
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from recon.errors import InputError
from recon.volumes import CtVolume, read_ct, write_nifti
from tests.data import shared_data

# RAS, the convention of NIfTI: x and y of LPS are mirrored.
TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHAPE = (14, 12, 16)  # x, y, z
MARK = (3, 8, 5)


def stored(tmp_path: Path, permutation: tuple[int, int, int], flips: tuple[int, int, int]) -> Path:
    """A block of soft tissue with one bright voxel, stored with its axes permuted and flipped."""
    data = np.full(SHAPE, -1000, np.float32)
    data[2:-2, 2:-2] = 40
    data[MARK] = 1200
    affine = TO_LPS @ np.array([[0.8, 0, 0, -20], [0, 0.9, 0, 7], [0, 0, 3.0, 100], [0, 0, 0, 1]])
    turn = np.zeros((4, 4))
    turn[3, 3] = 1
    for new, old in enumerate(permutation):
        turn[old, new] = flips[new]
        turn[old, 3] = (SHAPE[old] - 1) if flips[new] < 0 else turn[old, 3]
    turned = data.transpose(permutation)[tuple(slice(None, None, flip) for flip in flips)]
    path = tmp_path / "ct.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(turned), affine @ turn), path)
    return path


def place_of_mark(volume: CtVolume) -> np.ndarray:
    z, y, x = np.unravel_index(int(volume.hu.argmax()), volume.hu.shape)
    return volume.to_lps(np.array([x, y, z], dtype=float))


@pytest.mark.parametrize("permutation", [(0, 1, 2), (2, 0, 1), (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (-1, -1, -1)])
def test_every_storage_order_gives_the_same_upright_patient(
    tmp_path: Path, permutation: tuple[int, int, int], flips: tuple[int, int, int]
) -> None:
    volume = read_ct(stored(tmp_path, permutation, flips))
    np.testing.assert_allclose(
        place_of_mark(volume), [-20 + 0.8 * MARK[0], 7 + 0.9 * MARK[1], 100 + 3 * MARK[2]], atol=1e-4
    )
    assert volume.hu.shape == SHAPE[::-1]
    np.testing.assert_allclose(volume.spacing, [0.8, 0.9, 3.0], atol=1e-5)
    assert (np.diag(volume.affine)[:3] > 0).all()


def series(tmp_path: Path) -> Path:
    copy = tmp_path / "series"
    shutil.copytree(shared_data("ct/sts_010_dicom"), copy)
    return copy


def slices(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.dcm"))


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_ct(folder)
    assert caught.value.message
    assert caught.value.remedy
    return caught.value.code


def test_a_real_series_lies_where_its_headers_say() -> None:
    folder = shared_data("ct/sts_010_dicom")
    volume = read_ct(folder)
    header = pydicom.dcmread(slices(folder)[3])
    position = np.array(header.ImagePositionPatient, dtype=float)
    index = np.linalg.solve(volume.affine, [*position, 1])[:3]
    assert np.abs(index - index.round()).max() < 1e-3
    x, y, z = index.round().astype(int)
    value = header.pixel_array[0, 0] * header.RescaleSlope + header.RescaleIntercept
    assert volume.hu[z, y, x] == value


def test_a_series_with_a_slice_missing_is_refused(tmp_path: Path) -> None:
    folder = series(tmp_path)
    slices(folder)[7].unlink()
    assert refusal(folder) == "missing_slices"


def test_a_series_without_spacing_is_refused(tmp_path: Path) -> None:
    folder = series(tmp_path)
    path = slices(folder)[0]
    dataset = pydicom.dcmread(path)
    del dataset.PixelSpacing
    dataset.save_as(path)
    assert refusal(folder) == "no_spacing"


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("PixelSpacing", [0, 0], "no_spacing"),
        ("PixelSpacing", [-0.9, 0.9], "no_spacing"),
        ("PixelSpacing", 0.9, "no_spacing"),
        ("ImageOrientationPatient", [0, 0, 0, 0, 0, 0], "no_spacing"),
        ("ImagePositionPatient", None, "no_spacing"),
        ("RescaleSlope", None, "not_hounsfield"),
    ],
)
def test_a_series_whose_headers_make_no_sense_is_refused(
    tmp_path: Path, keyword: str, value: object, code: str
) -> None:
    folder = series(tmp_path)
    for path in slices(folder):
        dataset = pydicom.dcmread(path)
        setattr(dataset, keyword, value)
        dataset.save_as(path)
    assert refusal(folder) == code


def test_a_nifti_without_geometry_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path, (0, 1, 2), (1, 1, 1))
    image = nibabel.load(path)
    for row in ([0, 0, 0, 0], [np.nan, 0, 0, 0], image.header["srow_y"]):
        image.header["srow_x"] = row
        changed = nibabel.Nifti1Image(image.dataobj, None, image.header)
        changed.header["srow_x"], changed.header["sform_code"] = row, 1
        nibabel.save(changed, tmp_path / "changed.nii")
        assert refusal(tmp_path / "changed.nii") == "no_spacing"
    nibabel.save(nibabel.Nifti1Image(image.dataobj, None), tmp_path / "bare.nii")
    assert refusal(tmp_path / "bare.nii") == "no_spacing"


def test_a_truncated_slice_is_refused(tmp_path: Path) -> None:
    folder = series(tmp_path)
    path = slices(folder)[2]
    path.write_bytes(path.read_bytes()[: -path.stat().st_size // 3])
    assert refusal(folder) == "truncated"


def test_a_mask_is_not_a_ct(tmp_path: Path) -> None:
    path = tmp_path / "mask.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.float32), np.eye(4)), path)
    assert refusal(path) == "not_hounsfield"


def test_a_folder_without_ct_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not an image")
    assert refusal(tmp_path) == "not_ct"
    assert refusal(tmp_path / "absent") == "no_file"


def test_a_ct_comes_back_from_the_nifti_that_was_written(tmp_path: Path) -> None:
    hu = np.random.default_rng(0).integers(-1000, 3000, (12, 14, 16)).astype(np.float32)
    affine = np.diag([0.5, 0.6, 0.7, 1.0])
    affine[:3, 3] = 3.0, -4.0, 5.0
    write_nifti(CtVolume(hu, affine), tmp_path / "ct.nii")
    back = read_ct(tmp_path / "ct.nii")
    assert np.array_equal(back.hu, hu)
    assert back.affine == pytest.approx(affine)
