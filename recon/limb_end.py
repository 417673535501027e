"""Where a limb ends in air inside a picture: a cropped CT that was X-rayed, an amputation, a bone specimen.

No bone can be where a ray met nothing. A network that has seldom seen that draws the shaft on into the air.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from recon.field_of_view import FieldOfView
from recon.geometry import Camera
from recon.images import XrayView
from recon.networks.picture import WIDTH

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_PIXELS = 128
_AIR = 0.04  # of what the limb attenuates most
_LEAST_ROWS = 3  # of the picture, fully in air: less may be a border
_FULL_WIDTH = 0.8  # of the limb's median width: from here on it has begun


@dataclass(frozen=True, eq=False)
class LimbEnd:
    """The end of a limb in one view.

    Attributes:
        camera: of an upright picture.
        depth_mm: (rows, columns) millimetres at the isocentre to the air beyond the end; negative in it.
    """

    camera: Camera
    depth_mm: npt.NDArray[np.float32]

    def depth(self, points: Array) -> Array:
        """(N,) millimetres of (N, 3) points from the rays through the air; negative among them."""
        at, _ = self.camera.project(points)
        return np.asarray(
            ndimage.map_coordinates(self.depth_mm, at.T[::-1], order=1, mode="nearest"), np.float64
        )


@dataclass(frozen=True, eq=False)
class FieldOfLimb(FieldOfView):
    """A field of view that ends where the limb does.

    Attributes:
        ends: of the limb, as views show them.
    """

    ends: tuple[LimbEnd, ...] = ()

    def depth(self, points: Array) -> Array:
        """(N,) millimetres from each of (N, 3) points to the border, negative outside."""
        return np.asarray(
            np.minimum.reduce([super().depth(points), *(end.depth(points) for end in self.ends)])
        )


def limb_ends(views: Sequence[XrayView]) -> tuple[LimbEnd, ...]:
    """The ends that show in views, at most one a view."""
    found = (_limb_end(view) for view in views)
    return tuple(end for end in found if end is not None)


def _limb_end(view: XrayView) -> LimbEnd | None:
    to_picture = view.camera.upright_map(WIDTH, _PIXELS)
    back = np.linalg.inv(to_picture)
    grid = np.stack(np.meshgrid(np.arange(_PIXELS), np.arange(_PIXELS)), axis=-1)
    at = np.rint(grid @ back[:2, :2].T + back[:2, 2]).astype(int)
    inside = ((at >= 0) & (at < [view.camera.columns, view.camera.rows])).all(axis=-1)
    place = at[..., 1] * inside, at[..., 0] * inside
    exposed = view.exposed[place] & inside
    if not exposed.any():
        return None
    image = ndimage.median_filter(np.where(exposed, view.line_integrals[place], 0), 3)
    air = exposed & (image < _AIR * np.percentile(image[exposed], 98))
    beyond = _beyond(exposed & ~air, exposed) & air
    if not beyond.any():
        return None
    pixel = WIDTH / _PIXELS
    depth = ndimage.distance_transform_edt(~beyond) - ndimage.distance_transform_edt(beyond)
    camera = view.camera.transformed(to_picture, _PIXELS, _PIXELS)
    # The border lies half a pixel from the centres on both sides of it.
    return LimbEnd(camera, ((depth - 0.5 * np.sign(depth)) * pixel).astype(np.float32))


def _beyond(limb: Mask, exposed: Mask) -> Mask:
    """Rows above and below the limb, as far as where it has its width; none where it leaves the picture."""
    rows = np.flatnonzero(exposed.any(axis=1))
    width = limb.sum(axis=1)
    shown = width[rows]
    if not shown.any():
        return np.zeros_like(limb)
    full = shown >= _FULL_WIDTH * np.median(shown[shown > 0])
    result = np.zeros_like(limb)
    if (shown[:_LEAST_ROWS] == 0).all():
        result[: rows[full.argmax()]] = True
    if (shown[-_LEAST_ROWS:] == 0).all():
        result[rows[len(rows) - 1 - full[::-1].argmax()] + 1 :] = True
    return result
