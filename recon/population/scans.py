"""Real knees in training: CTs of people, turned, scaled and mirrored, as examples beside the virtual ones.

What they teach is the look of real tissue and where a bone roughly is. Their bones come from a threshold
(``recon.reference``), which is no truth to a millimetre, so points near a surface are not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from scipy.spatial.transform import Rotation

from recon.drr.beam import DENSITY_G_PER_CM3, per_mm
from recon.drr.joseph import project_volume
from recon.drr.physics import material_densities
from recon.geometry import Camera, ReconstructionCube
from recon.knee import isolate_limb
from recon.population.phantom import LAYERS
from recon.reference import ct_reference
from recon.volumes import CtVolume, read_ct
from recon.voxels import voxelise

Array = npt.NDArray[np.float64]

UNKNOWN = 255  # label of a point that nobody can name
_REACH = 110  # mm from the joint that the labels span
_STEP = 1.0
_BONE_HU = 130.0
_NEAR_MM = 6


@dataclass(frozen=True, eq=False)
class Scan:
    """One CT, ready to be drawn from.

    Attributes:
        volume: the limb alone, the knee joint at the origin.
        labels: (n, n, n) bone at each node of a 1 mm grid round the origin, [z, y, x]; ``UNKNOWN`` near
            surfaces and in bone that has no name.
        near: (M, 3) indices (z, y, x) of the nodes near a surface.
    """

    volume: CtVolume
    labels: npt.NDArray[np.uint8]
    near: npt.NDArray[np.int16]

    @classmethod
    def read(cls, path: Path) -> Scan:
        """Read a CT and find its bones.

        Raises:
            InputError: it is no CT of a knee.
        """
        volume = read_ct(path)
        reference = ct_reference(volume)
        limb = isolate_limb(volume, reference.isocentre).centred_on(reference.isocentre)
        size = int(2 * _REACH / _STEP) + 1
        labels = np.zeros((size,) * 3, np.uint8)
        for bone, mesh in reference.bones.items():
            inside = voxelise(
                mesh.vertices, mesh.faces, origin=np.full(3, -_REACH), shape=labels.shape, spacing=_STEP
            )
            labels[inside] = bone
        axis = np.linspace(-_REACH, _REACH, size)
        z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
        inverse = np.linalg.inv(limb.affine)
        at = [inverse[i, 0] * x + inverse[i, 1] * y + inverse[i, 2] * z + inverse[i, 3] for i in (2, 1, 0)]
        hu = ndimage.map_coordinates(limb.hu, at, order=1, cval=-1000, output=np.float32)
        unnamed = np.stack(
            [ndimage.binary_fill_holes(section) for section in (hu > _BONE_HU) & (labels == 0)]
        )
        surface = ndimage.maximum_filter(labels, 3) != ndimage.minimum_filter(labels, 3)
        unsure = surface | ndimage.binary_dilation(unnamed, iterations=2)
        near = ndimage.binary_dilation(surface, iterations=_NEAR_MM)
        labels[unsure & ~((labels > 0) & ~surface)] = UNKNOWN
        return cls(limb, labels, np.argwhere(near).astype(np.int16))

    def draw_points(
        self, count: int, transform: Array, rng: np.random.Generator
    ) -> tuple[Array, npt.NDArray[np.uint8]]:
        """Points (count, 3) in mm after a (4, 4) transform, half near surfaces, and their labels."""
        cube = ReconstructionCube()
        chosen = self.near[rng.integers(len(self.near), size=count // 2)]
        near = (chosen + rng.uniform(-0.5, 0.5, chosen.shape))[:, ::-1] * _STEP - _REACH
        near = near @ transform[:3, :3].T + transform[:3, 3]
        points = np.concatenate([near, cube.to_mm(rng.uniform(-1, 1, (count - len(near), 3)))])
        points = points[cube.contains(points)]
        own = np.linalg.solve(transform[:3, :3], (points - transform[:3, 3]).T).T
        index = np.rint((own + _REACH) / _STEP).astype(int)
        inside = ((index >= 0) & (index < len(self.labels))).all(axis=1)
        labels = np.full(len(points), UNKNOWN, np.uint8)
        labels[inside] = self.labels[tuple(index[inside, ::-1].T)]
        return points, labels

    def render_layers(self, cameras: Sequence[Camera], transform: Array) -> npt.NDArray[np.float32]:
        """Path lengths like ``phantom.render_layers``: all bone as cortex, all else as muscle."""
        soft, hard = material_densities(torch.from_numpy(self.volume.hu))
        affine = transform @ self.volume.affine
        views = np.zeros((len(cameras), len(LAYERS), cameras[0].rows, cameras[0].columns), np.float32)
        for view, camera in zip(views, cameras, strict=True):
            view[0] = project_volume(hard, affine, camera).numpy() / DENSITY_G_PER_CM3["cortical"]
            view[3] = project_volume(soft, affine, camera).numpy() / DENSITY_G_PER_CM3["muscle"]
        return views


def draw_placement(rng: np.random.Generator) -> Array:
    """(4, 4) transform of a whole knee: any slight turn, shift and size, mirrored half of the time."""
    result = np.eye(4)
    turn = Rotation.from_rotvec(np.deg2rad(rng.normal(0, (7, 6, 14)))).as_matrix()
    result[:3, :3] = turn * rng.uniform(0.9, 1.1) @ np.diag([rng.choice([-1.0, 1.0]), 1.0, 1.0])
    result[:3, 3] = np.clip(rng.normal(0, (6, 6, 14)), -30, 30)
    return result


def scan_attenuation() -> npt.NDArray[np.float64]:
    """(len(LAYERS), 5) attenuation per mm of the layers of a scan."""
    rows = np.zeros((len(LAYERS), len(per_mm("cortical"))))
    rows[0], rows[3] = per_mm("cortical"), per_mm("muscle")
    return rows
