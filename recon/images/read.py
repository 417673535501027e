"""The way in for every image file: which format, which camera, and is it the view it was given as."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage

from recon.errors import InputError
from recon.images.check import check_pair, check_view
from recon.images.dicom import read_dicom
from recon.images.intensity import to_line_integrals
from recon.images.limits import check_flat, check_size
from recon.images.rig import Rig, read_rig
from recon.images.view import View, XrayView
from recon.parallel import in_parallel

MAXIMUM_BYTES = 256 * 1024 * 1024
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00*")
# Pillow's names for one channel of 8, 16 or 32 bits
_GREY_MODES = {"L": 8, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 16, "F": 16}


def read_xray(path: Path, *, view: View | None = None, rig: Rig | None = None) -> XrayView:
    """Read one X-ray image: DICOM, or PNG or TIFF with a rig.

    Args:
        path: the file.
        view: what the image was given as; checked against the beam's angle.
        rig: cameras that override what the file says.

    Raises:
        InputError: no_file, not_dicom, truncated, no_geometry, unsupported_modality, wrong_body_part,
            colour_image, multi_frame, burned_in, compressed, too_large, empty_image, bad_pixels,
            views_swapped, rig_mismatch, bad_projection, bad_geometry.
    """
    if not path.is_file():
        raise InputError("no_file", f"{path} is not a file", "Check the spelling of the path")
    if path.stat().st_size > MAXIMUM_BYTES:
        raise InputError(
            "too_large",
            f"{path.name} has {path.stat().st_size / 2**20:.0f} MB, more than {MAXIMUM_BYTES / 2**20:.0f} MB",
            "Give a single X-ray image",
        )
    with path.open("rb") as file:
        start = file.read(132)
    if start.startswith(_PICTURES):
        image = _read_picture(path, view, rig)
    elif start[128:132] == b"DICM":
        image = read_dicom(path, view=view, rig=rig)
    else:
        raise InputError(
            "not_dicom",
            f"{path.name} is not a DICOM file",
            "Export the X-ray as DICOM, or give PNG or TIFF with a rig.json",
        )
    if view is not None:
        check_view(image, view)
    return image


def read_pair(ap: Path, lateral: Path, rig: Path | None = None) -> tuple[XrayView, XrayView]:
    """Read and check an AP and a lateral image, with the cameras of a rig file if there is one.

    Raises:
        InputError: whatever ``read_xray``, ``read_rig`` and ``check_pair`` raise.
    """
    cameras = read_rig(rig) if rig is not None else None
    given: list[tuple[Path, View]] = [(ap, "ap"), (lateral, "lateral")]
    first, second = in_parallel(lambda one: read_xray(one[0], view=one[1], rig=cameras), given)
    check_pair(first, second)
    return first, second


def _read_picture(path: Path, view: View | None, rig: Rig | None) -> XrayView:
    if rig is None:
        raise InputError(
            "no_geometry",
            f"{path.name} is a picture, which cannot say where source and detector stood",
            "Give rig.json with a projection matrix a view, or the DICOM image",
        )
    values, bits = _picture_values(path)
    rows, columns = values.shape
    entry = rig.find(path.name, view)
    camera = entry.camera(rows, columns)
    check_flat(values, path.name)
    attenuation = to_line_integrals(
        values, relationship=entry.relationship, exposure_sign=None, white=float((1 << bits) - 1)
    )
    return XrayView(
        attenuation.line_integrals, attenuation.exposed, camera, "rig", warnings=attenuation.warnings
    )


def _picture_values(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    try:
        with PillowImage.open(path) as picture:
            check_size(picture.height, picture.width, path.name)
            if picture.mode not in _GREY_MODES:
                raise InputError(
                    "colour_image",
                    f"{path.name} is not a greyscale image (mode {picture.mode})",
                    "Export the X-ray in 8 or 16 bits of grey",
                )
            if getattr(picture, "n_frames", 1) > 1:
                raise InputError("multi_frame", f"{path.name} holds several images", "Give one image a file")
            return np.asarray(picture, dtype=np.float32), _GREY_MODES[picture.mode]
    except InputError:
        raise
    except (OSError, ValueError, SyntaxError, PillowImage.DecompressionBombError) as error:
        raise InputError(
            "truncated", f"{path.name} cannot be decoded ({error})", "Export or upload the image again"
        ) from error
