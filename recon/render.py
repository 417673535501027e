"""Shaded pictures of meshes without a graphics card: a z-buffer on the processor.

Servers have no OpenGL, and a painter's algorithm shows the wrong bone where two meet; here every pixel shows
the surface that lies in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import trimesh
from PIL import Image

Array = npt.NDArray[np.float64]

_SUPERSAMPLING = 2
_AMBIENT = 0.35
_LIGHT = (-0.35, 0.45, 1.0)  # right, up and towards the viewer: over the viewer's left shoulder


@dataclass(frozen=True, eq=False)
class Surface:
    """A mesh and its colours.

    Attributes:
        mesh: in mm, outward winding.
        colours: (V, 3) a vertex, or (3,) for the whole mesh; red, green, blue in [0, 1].
        depth: (V,) for example millimetres inside a field of view: the surface is cut where it is negative.
    """

    mesh: trimesh.Trimesh
    colours: Array
    depth: Array | None = None


def render(
    surfaces: Sequence[Surface],
    angle: float,
    *,
    centre: Array,
    width_mm: float,
    height_mm: float,
    pixels: int,
    background: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Image.Image:
    """A parallel projection of surfaces as a viewer sees them.

    Args:
        surfaces: what to show; may be empty.
        angle: where the viewer stands, degrees: 0 in front of the patient, 90 at the patient's left, 180
            behind, as primary angles of detectors count.
        centre: (3,) the point in the middle of the picture, mm.
        width_mm: width of the picture in the world.
        height_mm: height of the picture in the world.
        pixels: height of the picture.
        background: colour where there is no surface.
    """
    rows = pixels * _SUPERSAMPLING
    scale = rows / height_mm
    columns = max(round(width_mm * scale / _SUPERSAMPLING), 1) * _SUPERSAMPLING
    radians = np.deg2rad(angle)
    right = np.array([np.cos(radians), np.sin(radians), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    view = np.stack([right, up, np.array([np.sin(radians), -np.cos(radians), 0.0])])
    light = np.array(_LIGHT) / np.linalg.norm(_LIGHT)

    image = np.empty((rows, columns, 3))
    image[:] = background
    nearest = np.full((rows, columns), -np.inf)
    for surface in surfaces:
        seen = (np.asarray(surface.mesh.vertices) - centre) @ view.T
        normals = np.asarray(surface.mesh.vertex_normals) @ view.T
        diffuse = np.clip(normals @ light, 0.0, 1.0)
        colours = np.broadcast_to(surface.colours, seen.shape)
        shaded = colours * (_AMBIENT + (1 - _AMBIENT) * diffuse)[:, None]
        corners = np.column_stack(
            [seen[:, 0] * scale + (columns - 1) / 2, (rows - 1) / 2 - seen[:, 1] * scale, seen[:, 2]]
        )
        depth = np.ones(len(seen)) if surface.depth is None else surface.depth
        _fill(corners, np.asarray(surface.mesh.faces, dtype=np.int64), shaded, depth, image, nearest)
    picture = Image.fromarray((image * 255).round().astype(np.uint8))
    return picture.resize((columns // _SUPERSAMPLING, pixels), Image.Resampling.BOX)


@numba.njit(cache=True)
def _fill(
    corners: npt.NDArray[np.float64],
    faces: npt.NDArray[np.int64],
    colours: npt.NDArray[np.float64],
    depth: npt.NDArray[np.float64],
    image: npt.NDArray[np.float64],
    nearest: npt.NDArray[np.float64],
) -> None:
    """Draw triangles into an image where they lie in front of what ``nearest`` holds; both change."""
    rows, columns = nearest.shape
    for face in range(faces.shape[0]):
        i, j, k = faces[face]
        ax, ay, az = corners[i]
        bx, by, bz = corners[j]
        cx, cy, cz = corners[k]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0:
            continue
        top, bottom = max(int(np.ceil(min(ay, by, cy))), 0), min(int(max(ay, by, cy)), rows - 1)
        left, right = max(int(np.ceil(min(ax, bx, cx))), 0), min(int(max(ax, bx, cx)), columns - 1)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                wa = ((bx - column) * (cy - row) - (by - row) * (cx - column)) / area
                wb = ((cx - column) * (ay - row) - (cy - row) * (ax - column)) / area
                wc = 1.0 - wa - wb
                inside = wa * depth[i] + wb * depth[j] + wc * depth[k]
                if wa >= 0.0 and wb >= 0.0 and wc >= 0.0 and inside >= 0.0:
                    towards_viewer = wa * az + wb * bz + wc * cz
                    if towards_viewer > nearest[row, column]:
                        nearest[row, column] = towards_viewer
                        for channel in range(3):
                            image[row, column, channel] = (
                                wa * colours[i, channel] + wb * colours[j, channel] + wc * colours[k, channel]
                            )
