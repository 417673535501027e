"""A film to look at and to measure angles on: pixels and their proportions, no camera."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pydicom
from PIL import Image as PillowImage
from PIL import ImageOps
from pydicom.dataset import FileDataset

from recon.errors import InputError
from recon.images.dicom import check_kind, laterality_of, number_of, stored_values, truncated
from recon.images.limits import check_flat, check_size

Pixels = npt.NDArray[np.uint16]
_TOP = 65535
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")

MINIMUM_LENGTH = 400
"""Pixels along the longer side. Those of a leg of 850 mm are then 2 mm, a quarter of a degree of HKA."""

LEAST_SHARE = 0.05
"""Of the film that lies within a window worth following; air beside the legs may well lie outside."""

PERCENTILES = (1.0, 99.7)
"""What becomes black and white where the file states no window that fits its values."""


@dataclass(frozen=True, eq=False)
class Film:
    """A film as a person reads it.

    Attributes:
        pixels: (rows, columns) uint16 over the whole range, bright where bone is.
        window: center and width that show it, in units of ``pixels``.
        pixel_spacing: distance of rows, then of columns.
        calibrated: the spacing is in millimetres; else only its proportions mean something.
        mirrored: whether the patient's left lies at the left of the picture; None where nothing says so.
        laterality: the side that the file names, None for both or neither.
    """

    pixels: Pixels
    window: tuple[float, float]
    pixel_spacing: tuple[float, float]
    calibrated: bool
    mirrored: bool | None = None
    laterality: Literal["L", "R"] | None = None


def read_leg_film(path: Path) -> Film:
    """Read a DICOM radiograph, or a PNG or JPEG picture of a film.

    Args:
        path: the file; MONOCHROME1 and 2, 6 to 16 bits, signed or not, with rescaling.

    Raises:
        InputError: empty_image, truncated, unsupported_modality, multi_frame, colour_image, burned_in,
            compressed, too_large, bad_pixels, bad_geometry.
    """
    if is_picture(path):
        values = picture_values(path)
        _check_shape(values, path.name)
        return _shown(values.astype(np.float32), None, None, (1.0, 1.0), calibrated=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks on sloppy values are not for our reader
        try:
            dataset = pydicom.dcmread(path)
            check_kind(dataset, path.name)
        except InputError:
            raise
        except Exception as error:  # a cut or corrupt header fails anywhere in pydicom
            raise truncated(path.name, str(error)) from error
        stored = stored_values(dataset, path.name)
        _check_shape(stored, path.name)
        spacing, calibrated = _spacing(dataset, path.name)
        slope = number_of(dataset, "RescaleSlope") or 1.0
        values = np.asarray(stored * slope + (number_of(dataset, "RescaleIntercept") or 0.0), np.float32)
        padding = dataset.get("PixelPaddingValue")
        window = _stated_window(dataset)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        values, window = -values, window and (-window[1], -window[0])
    padded = None if padding is None else np.asarray(stored == int(padding))
    return _shown(
        values,
        padded,
        window,
        spacing,
        calibrated=calibrated,
        mirrored=_mirrored(dataset),
        laterality=laterality_of(dataset),
    )


def is_picture(path: Path) -> bool:
    """Whether a file begins like PNG or JPEG."""
    with path.open("rb") as file:
        start = file.read(8)
    return start == b"\x89PNG\r\n\x1a\n" or start.startswith(b"\xff\xd8\xff")


def picture_values(path: Path) -> npt.NDArray[Any]:
    """(rows, columns) grey values of a PNG or JPEG, uint8 or uint16, the right way up; colours become grey.

    Raises:
        InputError: too_large, bad_pixels, truncated.
    """
    try:
        with PillowImage.open(path, formats=("PNG", "JPEG")) as picture:
            check_size(picture.height, picture.width, path.name)
            upright = ImageOps.exif_transpose(picture)
            if upright.mode.startswith("I"):
                return np.asarray(np.clip(np.asarray(upright), 0, _TOP), dtype=np.uint16)
            grey: npt.NDArray[Any] = np.asarray(upright.convert("L"))
            return grey
    except InputError:
        raise
    except (OSError, ValueError, SyntaxError, PillowImage.DecompressionBombError) as error:
        raise truncated(path.name, str(error)) from error


def _check_shape(values: npt.NDArray[Any], name: str) -> None:
    check_flat(values.astype(np.float32), name)
    if max(values.shape) < MINIMUM_LENGTH:
        raise InputError(
            "bad_pixels",
            f"{name} is only {max(values.shape)} pixels long, too few to measure a whole leg on",
            "Give the film itself at its own resolution, not a thumbnail",
        )


def _spacing(dataset: FileDataset, name: str) -> tuple[tuple[float, float], bool]:
    """Distance of rows and columns, and whether it is in millimetres; square pixels where nothing is said."""
    for keyword in (*_SPACINGS, "PixelAspectRatio"):
        stated = dataset.get(keyword)
        if stated is None or stated == "":
            continue
        try:
            rows, columns = (float(value) for value in stated)
        except (TypeError, ValueError):
            rows = columns = 0.0
        if not (0 < rows < 1e4 and 0 < columns < 1e4):
            raise InputError(
                "bad_geometry", f"{name} states pixels without a size ({keyword})", "Export the film again"
            )
        return (rows, columns), keyword in _SPACINGS
    return (1.0, 1.0), False


def _stated_window(dataset: FileDataset) -> tuple[float, float] | None:
    """Lowest and highest value of the file's first window, None where it has none."""
    ends = []
    for keyword in ("WindowCenter", "WindowWidth"):
        value = dataset.get(keyword)
        try:
            ends.append(float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value))
        except (TypeError, ValueError, IndexError):
            return None
    center, width = ends
    usable = np.isfinite(center) and np.isfinite(width) and width > 0
    return (center - width / 2, center + width / 2) if usable else None


def _mirrored(dataset: FileDataset) -> bool | None:
    """From PatientOrientation (0020,0020): where columns and rows lead; a turn mirrors nothing."""
    stated = dataset.get("PatientOrientation")
    letters = [str(value)[:1].upper() for value in stated] if stated and len(stated) == 2 else []
    if letters in (["L", "F"], ["R", "H"]):
        return False
    return True if letters in (["R", "F"], ["L", "H"]) else None


def _shown(
    values: npt.NDArray[np.float32],
    padded: npt.NDArray[np.bool_] | None,
    window: tuple[float, float] | None,
    spacing: tuple[float, float],
    *,
    calibrated: bool,
    mirrored: bool | None = None,
    laterality: Literal["L", "R"] | None = None,
) -> Film:
    """Values over the range of 16 bits, with a window that shows most of what was exposed."""
    exposed = values if padded is None or padded.all() else values[~padded]
    low, high = float(exposed.min()), float(exposed.max())
    scale = _TOP / (high - low)
    pixels = np.rint((np.clip(values, low, high) - low) * scale).astype(np.uint16)
    if padded is not None:
        pixels[padded] = 0
    # A window that hardly anything lies in was meant for other values.
    if window is None or np.mean((exposed >= window[0]) & (exposed <= window[1])) < LEAST_SHARE:
        first, last = np.percentile(exposed, PERCENTILES)
        window = (float(first), float(last))
    ends = [(end - low) * scale for end in window]
    shown = (sum(ends) / 2, max(ends[1] - ends[0], 1.0))
    return Film(pixels, shown, spacing, calibrated, mirrored, laterality)
