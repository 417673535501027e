"""CT volumes in Hounsfield units and patient LPS millimetres: a DICOM series or NIfTI in, NIfTI out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nibabel
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError

from recon.errors import InputError

Array = npt.NDArray[np.float64]
MINIMUM_SLICES = 10
MAXIMUM_VOXELS = 600_000_000  # 2.4 GB as float32: more than a whole leg at 0.5 mm
_GAP_TOLERANCE = 0.1  # of the slice distance; scanners round positions to about 1 %
_CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_ENHANCED_CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2.1"
_GEOMETRY = {"ImagePositionPatient": (3,), "ImageOrientationPatient": (2, 3), "PixelSpacing": (2,)}
_EXPORT_AGAIN = "Export the series from the scanner again"
_CONVERT_AGAIN = "Convert the CT from DICOM again, keeping its geometry"


@dataclass(frozen=True, eq=False)
class CtVolume:
    """A CT in Hounsfield units.

    Attributes:
        hu: (Z, Y, X) float32 array; never holds NaN. Indices grow towards left, posterior and superior, or as
            nearly so as the scanner's tilt allows: ``read_ct`` turns what is stored otherwise.
        affine: (4, 4) from voxel indices (x, y, z, 1) to LPS millimetres; voxel centres are at integers.
        laterality: "L", "R" or None where the files do not say.
    """

    hu: npt.NDArray[np.float32]
    affine: Array
    laterality: Literal["L", "R"] | None = None

    @property
    def spacing(self) -> Array:
        """(3,) distance in mm between voxels along the x, y and z index."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    def to_lps(self, indices: Array) -> Array:
        """(..., 3) voxel indices (x, y, z) to (..., 3) LPS millimetres."""
        return np.asarray(indices @ self.affine[:3, :3].T + self.affine[:3, 3])

    @property
    def box(self) -> tuple[Array, Array]:
        """Lower and upper corner (3,), in LPS mm, of the largest box along the axes inside a volume that
        is not sheared; slightly less than the volume where it is tilted."""
        ends = np.array(self.hu.shape[::-1]) - 1.0
        corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
        points = self.to_lps(corners * ends)
        low = [points[corners[:, axis] == 0, axis].max() for axis in range(3)]
        high = [points[corners[:, axis] == 1, axis].min() for axis in range(3)]
        return np.array(low), np.array(high)

    def centred_on(self, point: Array) -> CtVolume:
        """The same volume moved so that ``point`` (3,), given in its present frame, becomes the origin."""
        affine = self.affine.copy()
        affine[:3, 3] -= point
        return CtVolume(self.hu, affine, self.laterality)


def read_ct(path: Path) -> CtVolume:
    """Read a CT from a folder that holds one DICOM series, or from a NIfTI file.

    Raises:
        InputError: no_file, not_ct, too_few_slices, mixed_series, missing_slices, no_spacing,
            bad_values, truncated, too_large, not_hounsfield.
    """
    if path.is_dir():
        volume = _read_series(path)
    elif path.is_file():
        if not path.name.lower().endswith((".nii", ".nii.gz")):
            raise InputError(
                "not_ct",
                f"{path.name} is neither a folder with a DICOM series nor a NIfTI file",
                "Give the folder that holds the CT's DICOM files, or a .nii or .nii.gz file",
            )
        volume = _read_nifti(path)
    else:
        raise InputError("no_file", f"{path} does not exist", "Check the spelling of the path")
    if not np.isfinite(volume.hu).all():
        raise InputError("bad_values", f"{path.name} holds NaN or infinite values", "Export the CT again")
    if volume.hu.max() < 200 or volume.hu.min() > -100:
        raise InputError(
            "not_hounsfield",
            f"{path.name} has values from {volume.hu.min():.0f} to {volume.hu.max():.0f}, "
            "which are not Hounsfield units of a limb in air",
            "Give the CT itself, in Hounsfield units, not a mask, an MRI or a windowed copy",
        )
    return _upright(volume)


def write_nifti(volume: CtVolume, path: Path) -> None:
    """Write a CT in whole Hounsfield units as ``.nii`` or ``.nii.gz``."""
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    hu = volume.hu.transpose(2, 1, 0).round().astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(hu, to_ras @ volume.affine), path)  # type: ignore[no-untyped-call]


def _upright(volume: CtVolume) -> CtVolume:
    """The volume with its index axes permuted and flipped to run along the patient's."""
    turns = nibabel.orientations.io_orientation(volume.affine)  # type: ignore[no-untyped-call]
    data = nibabel.orientations.apply_orientation(  # type: ignore[no-untyped-call]
        volume.hu.transpose(2, 1, 0), turns
    )
    back = nibabel.orientations.inv_ornt_aff(  # type: ignore[no-untyped-call]
        turns, volume.hu.shape[::-1]
    )
    return CtVolume(np.ascontiguousarray(data.transpose(2, 1, 0)), volume.affine @ back, volume.laterality)


def _check_size(shape: Iterable[int], name: str) -> None:
    voxels = int(np.prod(list(shape)))
    if voxels > MAXIMUM_VOXELS:
        raise InputError(
            "too_large",
            f"{name} has {voxels / 1e6:.0f} million voxels, more than {MAXIMUM_VOXELS / 1e6:.0f} million",
            "Crop the CT to one knee",
        )


def _read_headers(folder: Path) -> list[tuple[Path, FileDataset]]:
    found = []
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # over-long values are common and do no harm here
                header = pydicom.dcmread(path, stop_before_pixels=True)
        except (InvalidDicomError, OSError, EOFError):
            continue  # licences, viewers and DICOMDIRs lie beside real series
        kind = str(header.get("SOPClassUID", ""))
        if kind == _ENHANCED_CT_STORAGE:
            raise InputError(
                "not_ct",
                f"{path.name} is an enhanced multi-frame CT, which is not read yet",
                "Export the series as single-frame CT images or as NIfTI",
            )
        if kind == _CT_STORAGE or header.get("Modality") == "CT":
            found.append((path, header))
    return found


def _check_geometry(header: FileDataset, name: str) -> None:
    """Numbers wherever ``_GEOMETRY`` asks for them, spacings above 0 and directions square to one another."""
    values: dict[str, Array] = {}
    for keyword, shape in _GEOMETRY.items():
        try:
            values[keyword] = np.asarray(header.get(keyword), dtype=float).reshape(shape)
        except (TypeError, ValueError) as error:
            raise InputError("no_spacing", f"{name} has no usable {keyword}", _EXPORT_AGAIN) from error
        if not np.isfinite(values[keyword]).all():
            raise InputError("no_spacing", f"{name} has a {keyword} that is no number", _EXPORT_AGAIN)
    directions = values["ImageOrientationPatient"]
    if (values["PixelSpacing"] <= 0).any() or not np.allclose(
        directions @ directions.T, np.eye(2), atol=0.01
    ):
        raise InputError(
            "no_spacing",
            f"{name} has pixels of {values['PixelSpacing'].tolist()} mm "
            f"along {directions.round(2).tolist()}, which is no image plane",
            _EXPORT_AGAIN,
        )


def _read_series(folder: Path) -> CtVolume:
    headers = _read_headers(folder)
    if not headers:
        raise InputError(
            "not_ct", f"{folder} holds no CT images", "Give the folder that holds the CT's DICOM files"
        )
    if len({str(header.get("SeriesInstanceUID", "")) for _, header in headers}) > 1:
        raise InputError(
            "mixed_series", f"{folder} holds images of more than one CT series", "Put one series in a folder"
        )
    if len(headers) < MINIMUM_SLICES:
        raise InputError(
            "too_few_slices",
            f"{folder} holds {len(headers)} CT slices, fewer than {MINIMUM_SLICES}",
            "Give the whole series",
        )
    first = headers[0][1]
    for path, header in headers:
        _check_geometry(header, path.name)
        same_grid = (header.Rows, header.Columns) == (first.Rows, first.Columns)
        if not same_grid or not np.allclose(
            [*header.ImageOrientationPatient, *header.PixelSpacing],
            [*first.ImageOrientationPatient, *first.PixelSpacing],
            atol=1e-3,
        ):
            raise InputError(
                "mixed_series",
                f"{path.name} differs from the other slices in size, spacing or orientation",
                "Put one series in a folder, without localisers",
            )
    _check_size((len(headers), first.Rows, first.Columns), str(folder))
    along_columns = np.asarray(first.ImageOrientationPatient[:3], dtype=float)
    along_rows = np.asarray(first.ImageOrientationPatient[3:], dtype=float)
    normal = np.cross(along_columns, along_rows)
    headers.sort(key=lambda item: float(np.dot(item[1].ImagePositionPatient, normal)))
    positions = np.array([header.ImagePositionPatient for _, header in headers], dtype=float)
    gaps = np.diff(positions @ normal)
    expected = float(np.median(gaps))
    if expected <= 0 or (np.abs(gaps - expected) > _GAP_TOLERANCE * expected).any():
        worst = int(np.argmax(np.abs(gaps - expected)))
        raise InputError(
            "missing_slices",
            f"Slices are not evenly spaced: {gaps[worst]:.2f} mm after {headers[worst][0].name} "
            f"where {expected:.2f} mm is usual",
            "Give the whole series, each slice once",
        )
    affine = np.eye(4)
    row_spacing, column_spacing = (float(value) for value in first.PixelSpacing)
    affine[:3, 0] = along_columns * column_spacing
    affine[:3, 1] = along_rows * row_spacing
    # The line through the positions, not the normal: a tilted gantry shears the volume.
    affine[:3, 2] = (positions[-1] - positions[0]) / (len(positions) - 1)
    affine[:3, 3] = positions[0]
    hu = np.stack([_read_slice(path) for path, _ in headers])
    side = str(first.get("Laterality", "")).upper()
    laterality: Literal["L", "R"] | None = "L" if side == "L" else "R" if side == "R" else None
    return CtVolume(hu, affine, laterality)


def _read_slice(path: Path) -> npt.NDArray[np.float32]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        try:
            stored = dataset.pixel_array.astype(np.float32)
        except Exception as error:  # each decoder has its own way to fail
            raise InputError(
                "truncated", f"The pixels of {path.name} cannot be read ({error})", "Copy the series again"
            ) from error
    try:
        slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    except (TypeError, ValueError) as error:
        raise InputError(
            "not_hounsfield",
            f"RescaleSlope or RescaleIntercept of {path.name} is no number; Hounsfield units are unknown",
            _EXPORT_AGAIN,
        ) from error
    return np.asarray(stored * np.float32(slope) + np.float32(intercept))


def _read_nifti(path: Path) -> CtVolume:
    try:
        image: Any = nibabel.load(path)
        shape = tuple(size for size in image.shape if size > 1)
        header = image.header
    except Exception as error:  # nibabel raises whatever its parser trips on
        raise InputError(
            "not_ct", f"{path.name} is not a readable NIfTI file ({error})", "Export it again"
        ) from error
    if len(shape) != 3:
        raise InputError("not_ct", f"{path.name} is not one 3D volume", "Give a single 3D volume")
    if min(shape) < MINIMUM_SLICES:
        raise InputError(
            "too_few_slices", f"{path.name} has only {min(shape)} slices", "Give the whole series"
        )
    if int(header["sform_code"]) <= 0 and int(header["qform_code"]) <= 0:
        raise InputError(
            "no_spacing",
            f"{path.name} states neither spacing nor orientation (sform and qform are unset)",
            _CONVERT_AGAIN,
        )
    if not np.isfinite(image.affine).all() or np.linalg.matrix_rank(image.affine[:3, :3]) < 3:
        raise InputError(
            "no_spacing",
            f"The axes of {path.name} do not span space: its affine is singular or not a number",
            _CONVERT_AGAIN,
        )
    _check_size(shape, path.name)
    try:
        data = np.asarray(image.get_fdata(dtype=np.float32)).reshape(shape)
    except Exception as error:  # a truncated .nii.gz fails inside zlib
        raise InputError("truncated", f"{path.name} is cut short ({error})", "Copy the file again") from error
    ras_to_lps = np.diag([-1.0, -1.0, 1.0, 1.0])
    return CtVolume(np.ascontiguousarray(data.transpose(2, 1, 0)), ras_to_lps @ image.affine)
