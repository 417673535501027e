"""Outlines of bones as a camera sees them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.bones import Bone, BoneSet
from recon.drr.raster import path_lengths
from recon.geometry import Camera

Array = npt.NDArray[np.float64]
_RASTER_SIZE = 640
_TOLERANCE_PX = 0.25  # of the raster
_SHORTEST_PX = 12
_TOUCH_MM = 0.05


def bone_outlines(bones: BoneSet, camera: Camera) -> dict[Bone, list[Array]]:
    """Closed contours of each bone's silhouette.

    Args:
        bones: meshes in front of the camera, mm.
        camera: the view.

    Returns:
        For each bone that the image shows, closed (N, 2) arrays of (column, row) in the image's pixels,
        accurate to about one 640th of the image's larger side. Where a bone leaves the image its contour runs
        along the border.
    """
    # It brings scipy.signal and statistics with it, for which those that only read bones need not wait.
    from skimage.measure import approximate_polygon, find_contours

    scale = min(1.0, _RASTER_SIZE / max(camera.rows, camera.columns))
    rows, columns = round(camera.rows * scale), round(camera.columns * scale)
    # A pixel's centre is at an integer, so its corner at -0.5 stays at -0.5.
    image_map = np.array(
        [[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1.0]],
    )
    raster = camera.transformed(image_map, rows, columns)
    back = np.linalg.inv(image_map)
    outlines: dict[Bone, list[Array]] = {}
    for bone, mesh in bones.items():
        length = np.abs(path_lengths(np.asarray(mesh.vertices), np.asarray(mesh.faces), raster))
        # The padding closes contours at the border of the image.
        silhouette = np.pad(length > _TOUCH_MM, 1).astype(np.float32)
        contours = find_contours(silhouette, 0.5)  # type: ignore[no-untyped-call]
        found = []
        for contour in contours:
            if len(contour) < _SHORTEST_PX:
                continue
            simple = approximate_polygon(contour, _TOLERANCE_PX)  # type: ignore[no-untyped-call]
            pixels = simple[:, ::-1] - 1.0
            found.append(np.asarray(pixels @ back[:2, :2].T + back[:2, 2]))
        if found:
            outlines[bone] = sorted(found, key=len, reverse=True)
    return outlines
