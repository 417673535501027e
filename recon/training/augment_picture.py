"""Light random changes of a radiograph of the data set: response, contrast, blur, noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Image = npt.NDArray[np.float32]


def repainted_picture(
    picture: Image, valid: npt.NDArray[np.bool_], strength: float, rng: np.random.Generator
) -> Image:
    """A (P, P) normalised picture as another detector might have recorded it; unexposed pixels stay 0."""
    if not strength:
        return picture
    bent = np.sign(picture) * np.abs(picture) ** np.float32(np.exp(rng.normal(0, 0.25) * strength))
    changed = bent * np.float32(np.exp(rng.normal(0, 0.08) * strength)) + np.float32(
        rng.normal(0, 0.04) * strength
    )
    if rng.random() < 0.5:
        changed = ndimage.gaussian_filter(changed, rng.uniform(0, 0.8) * strength)
    changed = changed + rng.normal(size=picture.shape).astype(np.float32) * np.float32(
        rng.uniform(0, 0.03) * strength
    )
    return np.where(valid, np.clip(changed, -0.5, 1.5), 0).astype(np.float32)
