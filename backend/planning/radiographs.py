"""Simulated AP and lateral X-rays of the knee as a plan leaves it, by the projector of the reconstruction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import trimesh
from PIL import Image, ImageDraw

from recon.bones import Bone, BoneSet
from recon.geometry import Camera
from recon.images.write import Positioner
from recon.population.phantom import Tissue, line_integrals, render_layers

RASTER_SIZE = 560
"""Pixels along the larger side: enough to judge a correction by eye, and quick."""

TISSUE = Tissue(
    shaft_cortex=4.5,
    joint_cortex=0.9,
    core_reach=40.0,
    cortical_density=0.9,
    trabecular_density=0.2,
    leg_radii=(60.0, 64.0),
    fat_thickness=10.0,
)
"""Of an average adult. The bones are the patient's; what they are made of nobody has measured."""

WINDOW = (2.0, 99.7)
"""Percentiles of the attenuation behind bone and flesh that become black and white."""


def camera_of(projection: Sequence[Sequence[float]], rows: int, columns: int) -> Camera:
    """A camera of the case's own X-rays, at the size that is drawn."""
    scale = min(1.0, RASTER_SIZE / max(rows, columns))
    smaller = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1.0]])
    camera = Camera(np.array(projection, dtype=float), rows, columns)
    return camera.transformed(smaller, round(rows * scale), round(columns * scale))


def standard_cameras(knee: Sequence[float]) -> dict[str, Camera]:
    """AP and lateral of a usual C-arm about a knee, for bones that no X-ray of the case belongs to."""
    cameras = {name: Positioner(angle).camera for name, angle in (("ap", 0.0), ("lateral", 90.0))}
    return {
        name: camera_of(_seen_from(camera, -np.array(knee)).tolist(), camera.rows, camera.columns)
        for name, camera in cameras.items()
    }


def _seen_from(camera: Camera, origin: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(3, 4) projection of coordinates whose origin lies at a point of the camera's own, mm."""
    shifted = camera.projection.copy()
    shifted[:, 3] += camera.projection[:, :3] @ origin
    return shifted


def radiographs(
    meshes: Mapping[Any, trimesh.Trimesh],
    cameras: Mapping[str, Camera],
    words: str,
    knee: npt.NDArray[np.float64],
) -> dict[str, Image.Image]:
    """Eight-bit pictures by view, bone bright, with what they are written into them.

    Args:
        meshes: by bone, patient LPS mm.
        cameras: by view.
        words: for the lower edge: nobody must take a simulated X-ray for one that was taken.
        knee: (3,) centre of the knee, about which the leg is built.

    Raises:
        InputError: ``behind_source``: a bone reaches behind a source.
    """
    bones = BoneSet({Bone(int(bone)): _moved(mesh, -knee) for bone, mesh in meshes.items()})
    about_knee = [
        Camera(_seen_from(camera, knee), camera.rows, camera.columns) for camera in cameras.values()
    ]
    layers = render_layers(bones, about_knee, TISSUE, np.random.default_rng(0))
    return {
        name: _picture(line_integrals(view, TISSUE), words)
        for name, view in zip(cameras, layers.astype(float), strict=True)
    }


def _moved(mesh: trimesh.Trimesh, shift: npt.NDArray[np.float64]) -> trimesh.Trimesh:
    """The mesh elsewhere, with its own vertex normals: those of a cut are not what its faces say."""
    return trimesh.Trimesh(
        np.asarray(mesh.vertices) + shift, mesh.faces, vertex_normals=mesh.vertex_normals, process=False
    )


def _picture(integrals: npt.NDArray[np.float64], words: str) -> Image.Image:
    behind = integrals[integrals > 0.05]
    low, high = np.percentile(behind, WINDOW) if behind.size else (0.0, 1.0)
    grey = np.clip((integrals - 0.5 * low) / max(high - 0.5 * low, 1e-6), 0, 1) * 255
    picture = Image.fromarray(grey.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, picture.height - 18, picture.width, picture.height), fill=0)
    draw.text((6, picture.height - 15), words, fill=255)
    return picture
