"""From an uploaded long-leg film to a de-identified one: in a child process with limits, without Django."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from PIL import Image

from backend.imaging.ingest import check_header, deidentify, read_checked
from recon.errors import InputError
from recon.images import Film, read_leg_film
from recon.images.film import is_picture, picture_values

SHOWN_LENGTH = 4096
"""Pixels of the larger side that a browser gets: every graphics card draws so many; 0.3 mm of a leg."""

_SIDES = {"L": "left", "R": "right"}


def ingest_film(
    path: Path, folder: Path, pixels: Path, *, side: str, partners: Path, key: str
) -> dict[str, Any]:
    """Check a long-leg film and write it anew without what names the patient.

    A DICOM file keeps what ``deidentify`` allows; a picture keeps its pixels alone.

    Args:
        path: the file as it came.
        folder: where the de-identified ``film.dcm`` or ``film.png`` goes.
        pixels: where the display pixels go, little-endian uint16, bright where bone is.
        side: "L" or "R", the side of the case.
        partners: a folder with the stored X-rays of the case, perhaps empty.
        key: secret of the UID map.

    Returns:
        name (of the file in ``folder``), rows, columns, shown_rows, shown_columns, reduction (pixels of the
        film along a side of one that is shown), window_center, window_width, pixel_spacing, calibrated,
        mirrored.

    Raises:
        InputError: the file cannot be used; nothing of it is worth keeping.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks on sloppy values help nobody here
        out = folder / ("film.png" if path.stat().st_size and is_picture(path) else "film.dcm")
        if out.suffix == ".png":
            Image.fromarray(picture_values(path)).save(out)
        else:
            _check_header(path)
            clean = deidentify(read_checked(path), key)
            _check_patient(str(clean.PatientID), partners)
            clean.save_as(out, enforce_file_format=True)
    film = read_leg_film(out)
    if film.laterality and film.laterality != side:
        raise InputError(
            "wrong_side",
            f"The film is marked {film.laterality} and the case is of the {_SIDES[side]} knee",
            f"Give a film of the {_SIDES[side]} leg or of both, or open a case of the other side",
        )
    return {"name": out.name, **_shown(film, pixels)}


def _check_header(path: Path) -> None:
    try:
        check_header(path)
    except InputError as error:
        if error.code != "not_dicom":
            raise
        raise InputError(
            "not_a_film",
            "This is neither a DICOM file nor a PNG or JPEG picture",
            "Export the film as DICOM, or as PNG without the patient's name",
        ) from error


def _check_patient(patient: str, partners: Path) -> None:
    """Refuse the film of somebody else, as far as files say whose they are."""
    others = (pydicom.dcmread(path, stop_before_pixels=True) for path in partners.iterdir())
    stated = {str(other.get("PatientID") or "") for other in others}
    if patient and stated - {"", patient}:
        raise InputError(
            "different_patients",
            "The film and the X-rays of this case carry different patient identifiers",
            "Give the film of the same person",
        )


def _shown(film: Film, pixels: Path) -> dict[str, Any]:
    """Write what a browser shows; means of blocks where the film is larger than that."""
    reduction = -(-max(film.pixels.shape) // SHOWN_LENGTH)
    shown = _reduced(film.pixels, reduction)
    pixels.write_bytes(shown.astype("<u2").tobytes())
    return {
        "rows": film.pixels.shape[0],
        "columns": film.pixels.shape[1],
        "shown_rows": shown.shape[0],
        "shown_columns": shown.shape[1],
        "reduction": reduction,
        "window_center": film.window[0],
        "window_width": film.window[1],
        "pixel_spacing": list(film.pixel_spacing),
        "calibrated": film.calibrated,
        "mirrored": film.mirrored,
    }


def _reduced(pixels: npt.NDArray[np.uint16], by: int) -> npt.NDArray[np.uint16]:
    """Means of ``by`` x ``by`` blocks; what does not fill a block at the far edges is left out."""
    if by == 1:
        return pixels
    rows, columns = (size // by for size in pixels.shape)
    blocks = pixels[: rows * by, : columns * by].reshape(rows, by, columns, by)
    return np.asarray(np.rint(blocks.mean(axis=(1, 3))), dtype=np.uint16)
