"""Stored pixel values to line integrals: which way bone points, the open beam, the collimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.segmentation import flood

Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Relationship = Literal["LIN", "LOG", ""]

# 99.5th percentile of -log(I / I0) of a knee at 70 kVp: gives LOG and processed images, whose gain no
# attribute states, a physical scale. Measured on renderings of the real CTs of the test data.
KNEE_TOP_ATTENUATION = 4.0
_LARGEST_ATTENUATION = 12.0  # a 16-bit detector ends at 11
_ANALYSIS_SIZE = 256


@dataclass(frozen=True, eq=False)
class Attenuation:
    """What ``to_line_integrals`` found; see ``XrayView`` for the arrays."""

    line_integrals: Image
    exposed: Mask
    warnings: tuple[str, ...]


def to_line_integrals(
    values: Image,
    *,
    relationship: Relationship,
    exposure_sign: int | None,
    white: float,
    step: float = 1.0,
    padding: Mask | None = None,
) -> Attenuation:
    """Convert an image to line integrals.

    Args:
        values: (rows, columns) values after the modality transformation.
        relationship: "LIN", "LOG", or "" for processed images, which are treated like LOG.
        exposure_sign: PixelIntensityRelationshipSign: 1 where larger values mean more exposure, -1 less,
            None unknown. The picture itself decides where it is unknown, and where it plainly contradicts.
        white: value that a saturated detector would give; LIN images stored upside down count from it.
        step: size of one stored step, in the units of ``values``.
        padding: pixels that the file marks as outside the image.
    """
    warnings = []
    vote = _bone_is_bright(values)
    bone_bright = vote > 0 if exposure_sign is None else exposure_sign < 0
    if exposure_sign is None and abs(vote) < 0.05:
        # Nothing to see at the flanks: fall back on the meaning of the words.
        bone_bright = relationship == ""
        warnings.append(
            "The picture does not show whether bone is bright or dark; the usual meaning was taken"
        )
    elif exposure_sign is not None and abs(vote) > 0.25 and (vote > 0) != bone_bright:
        bone_bright = not bone_bright
        warnings.append("The file's intensity sign contradicts its picture; the picture was followed")

    if relationship == "LIN":
        exposure = (white - values) if bone_bright else values
        open_beam = float(np.percentile(exposure, 99.5))
        floor = 0.5 * step
        density = -np.log(np.maximum(exposure, floor) / max(open_beam, floor))
    else:
        density = values if bone_bright else -values
    density = np.asarray(density, dtype=np.float32)
    exposed = ~_hidden(density)
    if padding is not None:
        exposed &= ~padding
    if exposed.mean() < 0.05:
        exposed = np.ones_like(exposed) if padding is None else ~padding
    if relationship == "LIN":
        air = -float(np.log(np.percentile(exposure[exposed], 99.5) / max(open_beam, floor)))
        scale = 1.0
    else:
        air, top = (float(value) for value in np.percentile(density[exposed], [0.5, 99.5]))
        scale = KNEE_TOP_ATTENUATION / max(top - air, 1e-6)
    line_integrals = np.clip((density - air) * scale, 0.0, _LARGEST_ATTENUATION)
    return Attenuation(np.where(exposed, line_integrals, 0).astype(np.float32), exposed, tuple(warnings))


def _reduced(values: Image) -> Image:
    """Block means, at most about ``_ANALYSIS_SIZE`` pixels a side."""
    block = max(1, max(values.shape) // _ANALYSIS_SIZE)
    rows, columns = (size // block * block for size in values.shape)
    blocks = values[:rows, :columns].reshape(rows // block, block, columns // block, block)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)


def _corner_regions(small: Image) -> Mask:
    """Flat regions that touch a corner: air beside the limb, or the collimator's shadow."""
    smooth = ndimage.median_filter(small, 5)
    low, high = np.percentile(smooth, [0.5, 99.5])
    region = np.zeros(small.shape, dtype=bool)
    for row in (0, -1):
        for column in (0, -1):
            seed = (row % small.shape[0], column % small.shape[1])
            if not region[seed]:
                tolerance = 0.03 * float(high - low) + 1e-6
                region |= flood(smooth, seed, tolerance=tolerance)  # type: ignore[no-untyped-call]
    return region


def _bone_is_bright(values: Image) -> float:
    """From -1 to 1: how much brighter the middle of the limb is than its flanks.

    A limb is a rounded body: whatever the windowing, its middle attenuates more than the skin at its sides.
    Flat regions in the corners are left out, for both air and a collimator's shadow lie there.
    """
    small = _reduced(values)
    inside = ~_corner_regions(small)
    if inside.mean() < 0.15:
        inside = np.ones_like(inside)
    scale = float(np.subtract(*np.percentile(small[inside], [98, 2]))) + 1e-6
    votes = []
    for image, mask in ((small, inside), (small.T, inside.T)):
        differences = []
        for line, valid in zip(image, mask, strict=True):
            seen = line[valid]
            if seen.size < 16:
                continue
            edge, third = max(2, seen.size // 8), seen.size // 3
            flank = np.concatenate([seen[:edge], seen[-edge:]]).mean()
            differences.append(float(seen[third:-third].mean() - flank))
        votes.append(float(np.mean(differences)) / scale if differences else 0.0)
    return max(votes, key=abs)


def _hidden(density: Image) -> Mask:
    """Where the collimator or the round aperture hid the detector: flat corners as dense as anything seen."""
    small = _reduced(density)
    region = _corner_regions(small)
    hidden = np.zeros_like(region)
    labels, count = ndimage.label(region)
    inside = small[~region]
    if inside.size < 0.05 * small.size:
        return np.zeros(density.shape, dtype=bool)
    threshold = float(np.percentile(inside, 97))
    for label in range(1, count + 1):
        part = labels == label
        if part.mean() > 0.01 and float(np.median(small[part])) >= threshold:
            hidden |= part
    # The opening drops leaks along dense bone; the growth covers penumbra and slivers beside an aperture.
    hidden = ndimage.binary_opening(np.pad(hidden, 8, mode="edge"), iterations=4)[8:-8, 8:-8]
    if hidden.any():
        hidden = ndimage.binary_dilation(hidden, iterations=10, mask=hidden | (small >= threshold))
        hidden = ndimage.binary_dilation(hidden)
    rows = np.minimum(np.arange(density.shape[0]) * small.shape[0] // density.shape[0], small.shape[0] - 1)
    columns = np.minimum(np.arange(density.shape[1]) * small.shape[1] // density.shape[1], small.shape[1] - 1)
    return np.asarray(hidden[np.ix_(rows, columns)])
