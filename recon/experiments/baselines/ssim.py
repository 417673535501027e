"""Baseline SSIM: a statistical shape and intensity model fitted to calibrated pictures.

After Klima et al. 2016 (10.1117/12.2217168): shape, pose and the densities of the bones are found by
Levenberg-Marquardt on the difference between the pictures and a rendering of the model, from coarse to fine.
What is smooth is removed from both sides, for soft tissue is not modelled. The start is a fit to contours, or
is searched in the pictures, which needs no segmentation but sometimes ends in a wrong valley.

What contours have found is not forgotten: intensities alone move femur and tibia away from outlines that were
right, for the rendering knows neither scatter nor anybody's own bone density. So the departure from the fit
to contours, weighed by its information, is made small as well. On four knees of the two validation people,
with true shadows, the mean distance to the surface was 0.59 mm; by intensities alone 0.92, by contours 0.72.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from skimage.filters import threshold_otsu

from recon.bones import Bone
from recon.experiments.baselines.appearance import usual_picture
from recon.experiments.baselines.contours import usable_pixels
from recon.experiments.baselines.intensity import (
    Anchor,
    IntensityProblem,
    PictureView,
    band_pass,
    remove_smooth,
)
from recon.experiments.baselines.knee_model import KneeModel, knee_model
from recon.experiments.baselines.levenberg_marquardt import minimise
from recon.experiments.baselines.start import (
    COARSE_PIXELS,
    Agreement,
    coarse_camera,
    coarse_image,
    slid,
    starting_poses,
)
from recon.experiments.baselines.views import Fit, check_images, check_pictures, fitted_bones, left_cameras
from recon.geometry import Camera
from recon.population.shape_model import ShapeModel

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Progress = Callable[[str, float], None]

_STARTS = 4
_START_SIGMA_MM = 20.0
# Pixels of the picture, size of structures that count in mm, rounds, and how many of the poses are kept.
_POSE_STAGES = ((64, 20.0, 5, 2), (128, 14.0, 3, 1))
# The same for all parameters.
_SHAPE_STAGES = ((128, 12.0, 4), (128, 8.0, 4))
_INNER_STEPS = 2
_FLAT = 0.15  # spread of air, relative to its difference to the leg


def fit_ssim(
    projections: Array,
    pictures: npt.NDArray[np.floating],
    model: ShapeModel,
    *,
    side: str,
    valid: Mask | None = None,
    start: Fit | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit shape, size, poses and densities of the four bones to the pictures themselves.

    The way from a rendering to a picture is full of wrong valleys: a fit that starts from contours is safer
    than the search for a start in the pictures.

    Args:
        projections: (V, 3, 4) from mm to pixels (column, row) of the pictures, V >= 2.
        pictures: (V, rows, columns) attenuation (bone bright) in any unit.
        model: its people train the shapes and their relations; its own joint modes are not used.
        side: "L" or "R".
        valid: (V, rows, columns) exposed pixels; all where it is None.
        start: a fit of the same knee by ``fit_ssm`` to begin from, whose ``information`` goes on to count;
            where it is None, a start is searched in the pictures alone.
        progress: called with stage and fraction.

    Raises:
        InputError: one_view, unknown_side, bad_images, bad_projection, empty_picture.
    """
    report = progress or (lambda *_: None)
    check_images("Pictures", pictures, projections)
    exposed = np.ones(pictures.shape, bool) if valid is None else valid
    check_images("Valid pixels", exposed, projections)
    check_pictures(pictures, exposed)
    cameras = left_cameras(projections, pictures.shape[1:], side)
    report("shape model", 0.0)
    knee = knee_model(model)

    started = time.perf_counter()
    report("start", 0.05)
    at, taken = (
        (np.concatenate([start.parameters, np.zeros(len(Bone))]), 0)
        if start is not None
        else _posed(knee, cameras, pictures, exposed)
    )
    anchor = None if start is None else Anchor.of(start)
    for number, (pixels, sigma, rounds) in enumerate(_SHAPE_STAGES):
        report("shape", 0.3 + 0.7 * number / len(_SHAPE_STAGES))
        views = _pyramid(cameras, pictures, exposed, pixels, sigma)
        at, steps = _descend(knee, views, at, np.arange(len(at)), rounds, anchor)
        taken += steps
    report("done", 1.0)
    return Fit(
        bones=fitted_bones(knee, at[: knee.size], side),
        parameters=at[: knee.size],
        residual=1 - correlation(knee, views, at),
        iterations=taken,
        seconds=time.perf_counter() - started,
    )


def _posed(
    knee: KneeModel, cameras: Sequence[Camera], pictures: npt.NDArray[np.floating], exposed: Mask
) -> tuple[Array, int]:
    """The mean knee where it agrees best with the pictures, as a full vector, and the number of steps."""
    starts = starting_poses(
        knee,
        [coarse_camera(camera)[0] for camera in cameras],
        picture_agreement(knee, cameras, pictures, exposed),
        _STARTS,
    )
    candidates = [np.concatenate([start, np.zeros(len(Bone))]) for start in starts]
    taken = 0
    for pixels, sigma, rounds, kept in _POSE_STAGES:
        views = _pyramid(cameras, pictures, exposed, pixels, sigma)
        posed = []
        for candidate in candidates:
            at, steps = _descend(knee, views, candidate, knee.rigid_indices, rounds)
            posed.append((correlation(knee, views, at), at))
            taken += steps
        posed.sort(key=lambda item: -item[0])
        candidates = [at for _, at in posed[:kept]]
    return candidates[0], taken


def _descend(
    knee: KneeModel,
    views: Sequence[PictureView],
    at: Array,
    free: npt.NDArray[np.int64],
    rounds: int,
    anchor: Anchor | None = None,
) -> tuple[Array, int]:
    """Settle region and weights, and move, in turn; the full vector and the number of steps."""
    taken = 0
    for _ in range(rounds):
        problem = IntensityProblem.near(knee, views, at, free, anchor)
        moved, steps = minimise(problem.residuals, problem.jacobian, at[free], steps=_INNER_STEPS)
        at, taken = problem.full(moved), taken + steps
    return at, taken


def _pyramid(
    cameras: Sequence[Camera],
    pictures: npt.NDArray[np.floating],
    exposed: Mask,
    pixels: int,
    sigma_mm: float,
) -> list[PictureView]:
    """The views with at most ``pixels`` along a side, without structures above ``sigma_mm``."""
    views = []
    for camera, picture, good in zip(cameras, pictures, exposed, strict=True):
        small, factor = coarse_camera(camera, pixels)
        usable = coarse_image(usable_pixels(good & ~air(picture, good)), factor) > 0.99
        size = small.pixel_size_at(np.zeros(3))
        detail = band_pass(coarse_image(picture, factor).astype(np.float32), usable, sigma_mm / size)
        views.append(PictureView(small, detail, usable, size, sigma_mm))
    return views


def air(picture: npt.NDArray[np.floating], exposed: Mask) -> Mask:
    """(rows, columns) bool: what lies beside the leg, so that the skin's edge is not taken for bone.

    Air is the darker class of Otsu's method (10.1109/TSMC.1979.4310076), if that is flat; where the leg fills
    the picture, it is not.
    """
    values = picture[exposed].astype(np.float64)
    dark = picture < threshold_otsu(values)  # type: ignore[no-untyped-call]
    inside = picture[dark & exposed].astype(np.float64)
    apart = float(picture[~dark & exposed].mean() - inside.mean())
    spread = float(np.subtract(*np.percentile(inside, (60, 10))))
    return dark if spread < _FLAT * apart else np.zeros_like(dark)


def correlation(knee: KneeModel, views: Sequence[PictureView], at: Array) -> float:
    """Mean over the views of the correlation of picture and rendering where the model is compared."""
    problem = IntensityProblem.near(knee, views, at, knee.rigid_indices)
    values = []
    for view, weight in zip(views, problem.weights, strict=True):
        chosen = weight > 0
        rendered = problem.rendering(view, weight, at)[chosen]
        picture = view.picture[chosen]
        size = float(np.linalg.norm(rendered) * np.linalg.norm(picture))
        values.append(float(rendered @ picture) / size if size > 0 else 0.0)
    return float(np.mean(values))


def even_contrast(detail: Image, usable: Mask, sigma: float) -> Image:
    """(rows, columns) detail over its local deviation within about ``sigma`` pixels."""
    square = detail**2
    spread = np.sqrt(np.maximum(square - remove_smooth(square, usable, sigma), 0))
    floor = 0.2 * float(np.median(spread[usable])) + 1e-9
    return np.asarray(np.clip(detail / (spread + floor), -2, 2), np.float32)


def picture_agreement(
    knee: KneeModel,
    cameras: Sequence[Camera],
    pictures: npt.NDArray[np.floating],
    exposed: Mask,
) -> Agreement:
    """Correlation of each picture with the usual look of the model, both without what is smooth."""
    targets = _pyramid(cameras, pictures, exposed, COARSE_PIXELS, _START_SIGMA_MM)
    seen = [even_contrast(view.picture, view.usable, view.sigma_mm / view.pixel_mm) for view in targets]

    def agreement(view: int, parameters: Array, wide: Camera) -> Array:
        sigma = _START_SIGMA_MM / targets[view].pixel_mm
        everywhere = np.ones((wide.rows, wide.columns), bool)
        look = remove_smooth(usual_picture(knee, parameters, wide), everywhere, sigma).astype(np.float64)
        weight = targets[view].usable.astype(np.float64)
        count = max(float(weight.sum()), 1.0)
        picture = (seen[view] - seen[view][weight > 0].mean()) * weight
        mean = slid(look, weight) / count
        spread = np.sqrt(np.maximum(slid(look**2, weight) / count - mean**2, 1e-12))
        return np.asarray(
            slid(look, picture) / count / (spread * np.sqrt((picture**2).sum() / count) + 1e-12)
        )

    return agreement
