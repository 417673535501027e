"""Everything that a case holds, in memory, and what must be true of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.bones import BoneSet
from recon.closed_bones import check_bones
from recon.dataset.manifest import Settings
from recon.errors import InputError
from recon.geometry import Array, Camera

_BOX_TOLERANCE_MM = 1e-3


@dataclass(frozen=True, eq=False)
class CaseContent:
    """The arrays and meshes of one case; V views of P x P pixels, D nodes an axis.

    Attributes:
        pictures: (V, P, P) normalised, as ``recon.networks.picture`` gives them; 0 where not valid.
        valid: (V, P, P) bool, where the detector was exposed.
        projections: (V, 3, 4) from mm to pixels of the pictures.
        hu: (D, D, D) Hounsfield units on the nodes of the cube, [z, y, x]; -1000 outside ``box``.
        box: (2, 3) lower and upper corner, mm, of the part of the cube that the volume knows.
        masks: (V, P, P) bool shadow of the bones; None where unlabelled.
        near: (n, 3) float32 points near the bones' surfaces, mm.
        near_labels: (n,) uint8 bone of each, 0 outside.
        uniform: (m, 3) float32 points anywhere in ``box``, mm.
        uniform_labels: (m,) uint8.
        bones: true bones, mm.
    """

    pictures: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]
    projections: Array
    hu: npt.NDArray[np.float32]
    box: Array
    masks: npt.NDArray[np.bool_] | None = None
    near: npt.NDArray[np.float32] | None = None
    near_labels: npt.NDArray[np.uint8] | None = None
    uniform: npt.NDArray[np.float32] | None = None
    uniform_labels: npt.NDArray[np.uint8] | None = None
    bones: BoneSet | None = None

    @property
    def labelled(self) -> bool:
        """Whether true bones are known."""
        return self.bones is not None


def check_content(content: CaseContent, settings: Settings, name: str) -> None:
    """Make sure that a case is whole and makes sense.

    Raises:
        InputError: bad_array (missing, or of another shape than the settings say), bad_values (NaN),
            bad_projection, empty_picture, empty_mask, open_mesh, bad_labels.
    """
    views, pixels = len(settings.views), settings.pixels
    shapes: dict[str, tuple[int, ...]] = {
        "pictures": (views, pixels, pixels),
        "valid": (views, pixels, pixels),
        "projections": (views, 3, 4),
        "hu": (settings.volume_size,) * 3,
        "box": (2, 3),
    }
    if content.labelled:
        near, uniform = (0 if points is None else len(points) for points in (content.near, content.uniform))
        shapes |= {
            "masks": (views, pixels, pixels),
            "near": (near, 3),
            "near_labels": (near,),
            "uniform": (uniform, 3),
            "uniform_labels": (uniform,),
        }
    for array, shape in shapes.items():
        value = getattr(content, array)
        found = None if value is None else value.shape
        if found != shape or 0 in shape:
            raise InputError(
                "bad_array",
                f"{array} of {name} has the shape {found}, not {shape}",
                "Build the case again",
            )
        if not np.isfinite(value).all():
            raise InputError(
                "bad_values", f"{array} of {name} holds NaN or infinite values", "Build the case again"
            )
    for projection in content.projections:
        Camera(projection, pixels, pixels)
    for view, valid in zip(settings.views, content.valid, strict=True):
        if not valid.any():
            raise InputError(
                "empty_picture",
                f"The view {view} of {name} shows nothing of the volume",
                "Check that the knee lies at the isocentre",
            )
    if content.bones is not None:
        check_bones(content.bones, name)
        _check_labels(content, settings, name)


def _check_labels(content: CaseContent, settings: Settings, name: str) -> None:
    assert content.masks is not None and content.near is not None and content.uniform is not None
    assert content.near_labels is not None and content.uniform_labels is not None
    for view, mask in zip(settings.views, content.masks, strict=True):
        if not mask.any():
            raise InputError(
                "empty_mask",
                f"No bone of {name} casts a shadow in the view {view}",
                "Check that bones and volume are in one frame, with the knee at the isocentre",
            )
    labels = np.concatenate([content.near_labels, content.uniform_labels])
    if not content.near_labels.any() or labels.max() > 4 or labels.min() < 0:
        raise InputError(
            "bad_labels",
            f"The points of {name} lie in no bone, or in one that does not exist",
            "Check that bones and volume are in one frame, with the knee at the isocentre",
        )
    low, high = content.box
    for points in (content.near, content.uniform):
        if (points < low - _BOX_TOLERANCE_MM).any() or (points > high + _BOX_TOLERANCE_MM).any():
            raise InputError("bad_labels", f"{name} has points outside its volume", "Build the case again")
