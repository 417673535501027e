"""Cameras and their unit projections for the tests of networks."""

from __future__ import annotations

import numpy as np
import torch

from recon.geometry import Camera, ReconstructionCube
from recon.networks.picture import PIXELS, WIDTH

SOURCE_TO_ISOCENTRE = 700.0


def camera(angle: float) -> Camera:
    """A view at a primary angle in degrees, 1000 mm from source to detector."""
    return Camera.from_angles(
        source_to_detector=1000,
        source_to_isocentre=SOURCE_TO_ISOCENTRE,
        primary_angle=angle,
        pixel_spacing=(0.4, 0.4),
        rows=700,
        columns=800,
    )


def picture_camera(angle: float, pixels: int = PIXELS) -> Camera:
    """The camera of the upright picture of that view."""
    return camera(angle).transformed(camera(angle).upright_map(WIDTH, pixels), pixels, pixels)


def unit_projections(*angles: float, pixels: int = PIXELS) -> torch.Tensor:
    """(1, V, 3, 4) from the unit cube to [-1, 1] picture coordinates."""
    matrices = np.stack([picture_camera(angle, pixels).projection for angle in angles])
    return torch.from_numpy(ReconstructionCube().unit_projections(matrices, pixels)).float()[None]
