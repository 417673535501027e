"""A real person's knee X-rayed in a uniform leg, and what a network might draw of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import trimesh
from scipy import ndimage
from scipy.spatial import cKDTree

from recon.bones import Bone
from recon.drr.raster import path_lengths
from recon.field_of_view import FieldOfView
from recon.geometry import Camera
from recon.images import XrayView
from recon.population.people import bones_from_nodes, people_nodes
from recon.population.pose import KneePose, pose_leg
from recon.refine.matching import Surface
from recon.refine.shapes import vertex_normals
from recon.training.dataset import VALIDATION_PEOPLE

SEEN = FieldOfView(np.full(3, -100.0), np.full(3, 100.0))
POSE = KneePose((0.2, 0.3, 0.5), 14, 2, -3, 4, 4, 3, (0.05, -0.04, 0.12), (5, -6, 8))


def camera(angle: float) -> Camera:
    """A view at a primary angle in degrees."""
    return Camera.from_angles(
        source_to_detector=1000.0,
        source_to_isocentre=700.0,
        primary_angle=angle,
        pixel_spacing=(0.4, 0.4),
        rows=720,
        columns=720,
    )


def view(meshes: list[trimesh.Trimesh], angle: float, *, noise: float = 0.01) -> XrayView:
    """An X-ray of meshes in a uniform leg, blurred and noisy."""
    at = camera(angle)
    lengths = sum(path_lengths(np.array(m.vertices), np.array(m.faces), at) for m in meshes)
    rng = np.random.default_rng(round(angle))
    image = ndimage.gaussian_filter(0.04 * lengths + 1.5, 0.6) + rng.normal(0, noise, (at.rows, at.columns))
    return XrayView(image.astype(np.float32), np.ones(image.shape, bool), at, "rig")


@cache
def knee() -> dict[Bone, trimesh.Trimesh]:
    """The bones of a validation person."""
    nodes = {part: every[VALIDATION_PEOPLE[1]] for part, every in people_nodes().items()}
    return dict(pose_leg(bones_from_nodes(nodes), POSE))


def drawn(mesh: trimesh.Trimesh) -> Surface:
    """A network's surface that is too small on one side and too large on the other, smoothly."""
    dense = mesh.subdivide()
    points = np.array(dense.vertices)
    normals = vertex_normals(points, np.array(dense.faces))
    points = points + (1.2 * np.sin(points @ np.array([0.03, 0.05, 0.02])))[:, None] * normals
    inside = SEEN.depth(points) > 1
    points, normals = points[inside], normals[inside]
    return Surface(points, normals, np.full(len(points), 0.6), cKDTree(points))
