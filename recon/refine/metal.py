"""Metal before the bones of an X-ray: edges far steeper than a bone's, round something thicker than a wire.

A wire or a clip has the edges of metal and hides next to nothing, so what is thin is taken away by a grey
opening (Serra, Image Analysis and Mathematical Morphology, 1982). Plaster is as dense as metal where rays
graze it, beside the bones: only edges before them count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from recon.geometry import Camera

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
# At the isocentre. The thinnest screws that hold bones are 3.5 mm, wires and pins up to 2 mm.
_SAMPLE_MM, _THIN_MM, _BLUR_MM, _CELL_MM = 0.4, 2.5, 0.3, 3.0
_AREA = 99  # percentile: metal that covers less of the bones than a hundredth hides nothing


@dataclass(frozen=True, eq=False)
class ThickEdges:
    """How steep the edges of what is thicker than a wire are in each part of an X-ray.

    Attributes:
        steepest: (rows, columns) of cells: the steepest edge in each, a millimetre at the isocentre; 0 where
            the detector was not exposed.
        cell: pixels of the image along a side of a cell.
        camera: of the image.
    """

    steepest: Image
    cell: int
    camera: Camera

    @classmethod
    def of_image(cls, image: Image, exposed: npt.NDArray[np.bool_], camera: Camera) -> ThickEdges:
        """Those of (rows, columns) line integrals."""
        pixel = camera.pixel_size_at(np.zeros(3))
        step = max(1, round(_SAMPLE_MM / pixel))
        sample = step * pixel
        size = max(1, round(_THIN_MM / sample))
        coarse = ndimage.grey_opening(_blocks(image, step).mean(axis=(1, 3)), size)
        slopes = np.hypot(*np.gradient(ndimage.gaussian_filter(coarse, _BLUR_MM / sample))) / sample
        if not exposed.all():
            shown = _blocks(exposed, step).all(axis=(1, 3))
            slopes *= ndimage.minimum_filter(shown, 2 * (size + round(4 * _BLUR_MM / sample)) + 1)
        count = max(1, round(_CELL_MM / sample))
        return cls(_blocks(slopes, count).max(axis=(1, 3)).astype(np.float32), step * count, camera)

    def before(self, points: Array) -> float:
        """Steepness that a hundredth of the cells before (N, 3) points in mm reach; 0 without cells."""
        at, _ = self.camera.project(points)
        cells = np.unique(np.floor((at[:, ::-1] + 0.5) / self.cell).astype(int), axis=0)
        cells = cells[((cells >= 0) & (cells < self.steepest.shape)).all(axis=1)]
        return float(np.percentile(self.steepest[tuple(cells.T)], _AREA)) if len(cells) else 0.0


def _blocks(image: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    """(rows, side, columns, side) of an image without what is left over at its end."""
    rows, columns = (length // side for length in image.shape)
    return image[: rows * side, : columns * side].reshape(rows, side, columns, side)
