"""What a baseline is given: calibrated pictures of one knee, checked, in the frame of a left leg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import trimesh

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.experiments.baselines.knee_model import KneeModel
from recon.geometry import Camera

Array = npt.NDArray[np.float64]
_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
_FEWEST_VIEWS = 2
_SMALLEST_SHADOW = 0.01  # of the picture


@dataclass(frozen=True, eq=False)
class Fit:
    """The outcome of a baseline.

    Attributes:
        bones: watertight bones of full length, mm, in the frame of the cameras.
        parameters: of the ``KneeModel``, for a left leg.
        residual: what the fit made small, where it ended: for SSM the mean distance in mm (in the
            plane of the isocentre) between the contours and the model's outlines, for SSIM one minus the
            mean correlation of picture and rendering.
        iterations: linearised steps over all stages.
        seconds: wall time without the making of the knee model, which is shared by all fits.
        information: (parameters, parameters) what the contours alone say of the parameters: half the second
            derivative of their weighted squared distances, without the prior; None where there were none.
    """

    bones: BoneSet
    parameters: Array
    residual: float
    iterations: int
    seconds: float
    information: Array | None = None


def left_cameras(projections: Array, pixels: tuple[int, int], side: str) -> list[Camera]:
    """Cameras (V, 3, 4) in a world in which the leg is a left one: a right leg's is mirrored across x = 0.

    Raises:
        InputError: unknown_side, one_view, bad_projection.
    """
    if side not in ("L", "R"):
        raise InputError("unknown_side", f"The side {side!r} is neither L nor R", "State the side of the leg")
    if len(projections) < _FEWEST_VIEWS:
        raise InputError(
            "one_view",
            "A shape model fit needs at least two views, for one leaves depth and size open",
            "Add a view from another direction",
        )
    mirror = _MIRROR if side == "R" else np.eye(4)
    return [Camera(np.asarray(projection) @ mirror, *pixels) for projection in projections]


def check_images(name: str, images: npt.NDArray[np.generic], projections: Array) -> None:
    """Refuse images (V, rows, columns) that do not fit the (V, 3, 4) projections or are not finite.

    Raises:
        InputError: bad_images.
    """
    if images.ndim != 3 or len(images) != len(projections):
        raise InputError(
            "bad_images",
            f"{name} of shape {images.shape} do not go with {len(projections)} projections",
            "Give one image of rows x columns for each projection",
        )
    if not np.isfinite(images.astype(np.float64)).all():
        raise InputError("bad_images", f"{name} hold values that are not finite", "Read the pictures again")


def check_shadows(shadows: Sequence[npt.NDArray[np.bool_]]) -> None:
    """Refuse views that show no bone.

    Raises:
        InputError: empty_mask.
    """
    for number, shadow in enumerate(shadows):
        if shadow.mean() < _SMALLEST_SHADOW:
            raise InputError(
                "empty_mask",
                f"View {number} shows no shadow of bone",
                "Check the segmentation of that view, or leave the view out",
            )


def check_pictures(pictures: npt.NDArray[np.floating], exposed: npt.NDArray[np.bool_]) -> None:
    """Refuse pictures (V, rows, columns) that show nothing where they are exposed.

    Raises:
        InputError: empty_picture.
    """
    for number, (picture, good) in enumerate(zip(pictures, exposed, strict=True)):
        if good.mean() < _SMALLEST_SHADOW or np.ptp(picture[good]) == 0:
            raise InputError(
                "empty_picture",
                f"The picture of view {number} is uniform or nowhere exposed",
                "Check that view, or leave it out",
            )


def fitted_bones(model: KneeModel, parameters: Array, side: str) -> BoneSet:
    """The bones of a parameter vector, back in the frame of the cameras, normals outward."""
    meshes = {}
    for bone, shape in model.bones.items():
        mesh = trimesh.Trimesh(model.vertices(bone, parameters), shape.faces, process=False)
        meshes[bone] = mesh.apply_transform(_MIRROR) if side == "R" else mesh
    return BoneSet({bone: meshes[bone] for bone in Bone})
