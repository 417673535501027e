"""The picture of a view as every network sees it: upright, of one size, with normalised intensity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from recon.geometry import Camera

PIXELS = 256
WIDTH = 224.0  # mm that the picture spans in the plane of the isocentre
_CONTRAST_SIGMA = 10.0  # pixels

Image = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]


def normalise(line_integrals: Image, valid: npt.NDArray[np.bool_]) -> Image:
    """Scale (rows, columns) line integrals so that the 2nd and 98th percentiles of valid pixels are 0 and 1.

    Exposure, spectrum and unit of the film drop out. Pixels that no X-ray reached are 0.
    """
    if not valid.any():
        return np.zeros_like(line_integrals)
    low, high = np.percentile(line_integrals[valid], (2, 98))
    scaled = (line_integrals - low) / max(high - low, 1e-6)
    return np.where(valid, np.clip(scaled, -0.5, 1.5), 0).astype(np.float32)


def channels(picture: Image) -> Image:
    """A (P, P) picture and its local contrast, (2, P, P).

    Air and soft tissue span most of the range of a radiograph; the second channel shows the bone edges on
    top of them equally strongly everywhere.
    """
    detail = picture - ndimage.gaussian_filter(picture, _CONTRAST_SIGMA)
    spread = np.sqrt(ndimage.gaussian_filter(detail * detail, _CONTRAST_SIGMA))
    return np.stack([picture, detail / (3 * spread + 0.02)]).astype(np.float32)


def upright_picture(
    line_integrals: Image, valid: npt.NDArray[np.bool_], camera: Camera, pixels: int = PIXELS
) -> tuple[Image, Camera]:
    """Resample a view to the network's picture.

    Args:
        line_integrals: (rows, columns) of the camera.
        valid: (rows, columns), where the detector was exposed.
        camera: the view.
        pixels: rows and columns of the picture.

    Returns:
        The normalised (pixels, pixels) picture and its camera.
    """
    to_picture, coordinates, shrink = _sampling(camera, pixels)
    # Average before sampling, without letting unexposed pixels darken their neighbours.
    sigma = 0.45 * shrink if shrink > 1 else 0.0
    weight = ndimage.gaussian_filter(valid.astype(np.float32), sigma)
    smooth = ndimage.gaussian_filter(np.where(valid, line_integrals, 0).astype(np.float32), sigma)
    smooth = smooth / np.maximum(weight, 1e-3)
    picture = ndimage.map_coordinates(smooth, coordinates, order=1, mode="nearest")
    inside = _exposed_at(valid, coordinates)
    return normalise(picture, inside), camera.transformed(to_picture, pixels, pixels)


def upright_exposed(
    valid: npt.NDArray[np.bool_], camera: Camera, pixels: int = PIXELS
) -> npt.NDArray[np.bool_]:
    """Which pixels of the ``upright_picture`` were exposed."""
    return _exposed_at(valid, _sampling(camera, pixels)[1])


def _sampling(camera: Camera, pixels: int) -> tuple[Array, tuple[Array, Array], float]:
    """The map to the upright picture, where its pixels lie in the view, and how many meet in one."""
    to_picture = camera.upright_map(WIDTH, pixels)
    from_picture = np.linalg.inv(to_picture)
    shrink = float(np.sqrt(abs(np.linalg.det(from_picture[:2, :2]))))
    grid = np.stack(np.meshgrid(np.arange(pixels), np.arange(pixels)), axis=-1)
    at = grid @ from_picture[:2, :2].T + from_picture[:2, 2]
    return to_picture, (at[..., 1], at[..., 0]), shrink


def _exposed_at(valid: npt.NDArray[np.bool_], coordinates: tuple[Array, Array]) -> npt.NDArray[np.bool_]:
    shares = ndimage.map_coordinates(valid.astype(np.float32), coordinates, order=1, mode="constant")
    return np.asarray(shares > 0.5)
