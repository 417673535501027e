"""Bounds that hold before and after an image is decoded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.errors import InputError

MAXIMUM_PIXELS = 50_000_000  # the largest flat panels have 4300 x 4300
MINIMUM_SIDE = 64


def check_size(rows: int, columns: int, name: str) -> None:
    """Refuse images too large to decode safely or too small to hold a knee.

    Raises:
        InputError: too_large, bad_pixels.
    """
    if rows * columns > MAXIMUM_PIXELS:
        raise InputError(
            "too_large",
            f"{name} has {rows} x {columns} pixels, more than {MAXIMUM_PIXELS / 1e6:.0f} million",
            "Give a single X-ray image at the detector's own resolution",
        )
    if min(rows, columns) < MINIMUM_SIDE:
        raise InputError(
            "bad_pixels",
            f"{name} has {rows} x {columns} pixels, too few to show a knee",
            "Give the image itself, not a thumbnail",
        )


def check_flat(values: npt.NDArray[np.float32], name: str) -> None:
    """Refuse images without content.

    Raises:
        InputError: bad_pixels, empty_image.
    """
    if not np.isfinite(values).all():
        raise InputError("bad_pixels", f"{name} holds pixels that are not numbers", "Export the image again")
    low, high = np.percentile(values, [0.5, 99.5])
    if high <= low:
        raise InputError(
            "empty_image", f"{name} shows nothing: all pixels are alike", "Give the exposed image"
        )
