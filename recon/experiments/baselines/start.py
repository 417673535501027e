"""Where a fit starts: the mean knee, moved and turned until it agrees with the pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.signal import fftconvolve
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.experiments.baselines.contours import bone_shadow
from recon.experiments.baselines.knee_model import KneeModel
from recon.geometry import Camera

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
# (number of the view, parameters, camera of a wider picture) to a quality for each place of the picture in it
Agreement = Callable[[int, Array, Camera], Array]

COARSE_PIXELS = 64
_REACH_MM, _STEP_MM = 36.0, 3.0  # shifts of the knee from the isocentre along each axis
_CENTRED = 0.1  # quality that a shift by the whole reach along one axis must gain
_TURNS = np.deg2rad([-20.0, 0.0, 20.0])  # of the leg about its axis
_FLEXIONS = np.deg2rad([-6.0, 6.0, 20.0])  # away from the mean pose
_ROUNDS = 2


def coarse_camera(camera: Camera, pixels: int = COARSE_PIXELS) -> tuple[Camera, int]:
    """A camera whose larger side has at most ``pixels`` pixels, and how many of its pixels make one."""
    factor = max(1, -(-max(camera.rows, camera.columns) // pixels))
    shift = (1 / factor - 1) / 2
    shrink = np.array([[1 / factor, 0, shift], [0, 1 / factor, shift], [0, 0, 1.0]])
    return camera.transformed(shrink, camera.rows // factor, camera.columns // factor), factor


def coarse_image(image: npt.NDArray[np.generic], factor: int) -> Array:
    """(rows, columns) averaged over ``factor`` x ``factor`` pixels; incomplete blocks are left out."""
    rows, columns = (size // factor for size in image.shape)
    blocks = image[: rows * factor, : columns * factor].astype(np.float64)
    return np.asarray(blocks.reshape(rows, factor, columns, factor).mean(axis=(1, 3)))


def posed_mean(model: KneeModel, turn: float, flexion: float, shift: Array) -> Array:
    """Parameters of the mean knee, turned about the leg's axis, flexed more, and shifted in mm."""
    parameters = np.zeros(model.size)
    whole = Rotation.from_euler("z", turn)
    bend = Rotation.from_euler("x", -flexion)
    condyles = model.centres[Bone.FEMUR] + np.array([0.0, 5.0, -8.0])
    for bone, part in model.slices.items():
        centre, own = model.centres[bone], Rotation.identity()
        if bone in (Bone.FEMUR, Bone.PATELLA):
            own = bend if bone is Bone.FEMUR else Rotation.from_euler("x", -0.6 * flexion)
            centre = condyles + own.apply(centre - condyles)
        parameters[part.start : part.start + 3] = whole.apply(centre) + shift - model.centres[bone]
        parameters[part.start + 3 : part.start + 6] = (whole * own).as_rotvec()
    return parameters


def starting_poses(
    model: KneeModel, cameras: Sequence[Camera], agreement: Agreement, count: int
) -> list[Array]:
    """Parameters of the ``count`` mean knees that agree best with the pictures.

    Turn and flexion of the leg are tried on a grid; for each, the shift in space under which all pictures
    together agree best, twice, for a shift along the ray changes the size.

    Args:
        model: of the knee.
        cameras: of the pictures in which is searched; small ones of ``COARSE_PIXELS``.
        agreement: of the posed knee with one picture under all shifts.
        count: at most this many.
    """
    found = []
    for turn, flexion in product(_TURNS, _FLEXIONS):
        shift, quality = np.zeros(3), 0.0
        for _ in range(_ROUNDS):
            parameters = posed_mean(model, turn, flexion, shift)
            quality, shift = _best_shift(parameters, shift, cameras, agreement)
        found.append((quality, posed_mean(model, turn, flexion, shift)))
    found.sort(key=lambda item: -item[0])
    return [parameters for _, parameters in found[:count]]


def _best_shift(
    parameters: Array, shift: Array, cameras: Sequence[Camera], agreement: Agreement
) -> tuple[float, Array]:
    """The best quality and its (3,) shift in mm; ``parameters`` are those of the (3,) ``shift``."""
    steps = np.arange(-_REACH_MM, _REACH_MM + 1e-9, _STEP_MM)
    shifts = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    total = -_CENTRED * ((shifts / _REACH_MM) ** 2).sum(axis=1)
    for view, camera in enumerate(cameras):
        at = camera.project(shift)[0]
        moves = camera.project(shifts)[0] - at
        reach = int(np.ceil(np.abs(moves).max())) + 1
        wide = camera.cropped(-reach, camera.rows + reach, -reach, camera.columns + reach)
        # The picture is slid over the wider one, so that what enters at its border is counted right.
        scores = agreement(view, parameters, wide)
        columns, rows = (reach - moves).T
        total += ndimage.map_coordinates(scores, (rows, columns), order=1) / len(cameras)
    best = int(np.argmax(total))
    return float(total[best]), shifts[best]


def slid(wide: Array, small: Array) -> Array:
    """Sum of the products of a small image and a wide one under it, for each place of the small one."""
    return np.asarray(fftconvolve(wide, small[::-1, ::-1], mode="valid"))


def shadow_agreement(model: KneeModel, shadows: Sequence[Mask], valid: Sequence[Mask]) -> Agreement:
    """Dice of the shadows (rows, columns) of bones in each picture, where exposed, and of the model."""

    def agreement(view: int, parameters: Array, wide: Camera) -> Array:
        vertices = {bone: model.vertices(bone, parameters) for bone in model.bones}
        cast = bone_shadow(vertices, model.bones, wide).astype(np.float64)
        seen = (shadows[view] & valid[view]).astype(np.float64)
        area = slid(cast, valid[view].astype(np.float64)) + seen.sum()
        return np.asarray(2 * slid(cast, seen) / np.maximum(area, 1.0))

    return agreement
