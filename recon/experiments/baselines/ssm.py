"""Baseline SSM: a statistical shape model fitted to the contours of the bones in calibrated pictures.

After Baka et al. 2012 (10.1109/TMI.2012.2195006) and Zheng et al. 2009 (10.1016/j.media.2009.07.003): outline
and contour are matched both ways, each to the nearest that faces alike; the distances across the contour are
made small together with the Mahalanobis distance of shape and pose by Levenberg-Marquardt; then they are
matched anew. Pose comes first, then shape; the distance at which a match is believed shrinks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.experiments.baselines.contours import shadow_contour, usable_pixels
from recon.experiments.baselines.knee_model import KneeModel, knee_model
from recon.experiments.baselines.levenberg_marquardt import minimise
from recon.experiments.baselines.matching import (
    ContourView,
    Matches,
    jacobian,
    match,
    mean_distance,
    residuals,
)
from recon.experiments.baselines.start import coarse_camera, coarse_image, shadow_agreement, starting_poses
from recon.experiments.baselines.views import (
    Fit,
    check_images,
    check_shadows,
    fitted_bones,
    left_cameras,
)
from recon.population.shape_model import ShapeModel

Array = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]

_STARTS = 3
_POSE_GATES_MM = (25.0, 20.0, 16.0, 12.0, 10.0, 8.0, 8.0, 6.0)
_SHAPE_GATES_MM = (8.0, 8.0, 6.0, 6.0, 5.0, 5.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 3.0, 3.0, 3.0, 3.0)
_INNER_STEPS = 4


def fit_ssm(
    projections: Array,
    masks: npt.NDArray[np.generic],
    model: ShapeModel,
    *,
    side: str,
    valid: npt.NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit shape, size and poses of the four bones to the contours of their shadow.

    Args:
        projections: (V, 3, 4) from mm to pixels (column, row) of the pictures, V >= 2.
        masks: (V, rows, columns) shadow of the bones together, bool, or the probability of bone.
        model: its people train the shapes and their relations; its own joint modes are not used.
        side: "L" or "R".
        valid: (V, rows, columns) exposed pixels; all where it is None.
        progress: called with stage and fraction.

    Returns:
        The fit; every bone is there, also one that no contour shows, as the others predict it.

    Raises:
        InputError: one_view, unknown_side, bad_images, bad_projection, empty_mask.
    """
    report = progress or (lambda *_: None)
    check_images("Masks", masks, projections)
    exposed = np.ones(masks.shape, bool) if valid is None else valid
    check_images("Valid pixels", exposed, projections)
    cameras = left_cameras(projections, masks.shape[1:], side)
    shadows = [(mask.astype(np.float64) > 0.5) & good for mask, good in zip(masks, exposed, strict=True)]
    check_shadows(shadows)
    report("shape model", 0.0)
    knee = knee_model(model)

    started = time.perf_counter()
    views = []
    for camera, mask, good in zip(cameras, masks, exposed, strict=True):
        usable = usable_pixels(good)
        views.append(
            ContourView(camera, usable, shadow_contour(mask, usable), camera.pixel_size_at(np.zeros(3)))
        )
    report("start", 0.1)
    coarse = [coarse_camera(camera) for camera in cameras]
    small, factors = [camera for camera, _ in coarse], [factor for _, factor in coarse]
    agreement = shadow_agreement(
        knee,
        [coarse_image(shadow, factor) > 0.5 for shadow, factor in zip(shadows, factors, strict=True)],
        [coarse_image(good, factor) > 0.5 for good, factor in zip(exposed, factors, strict=True)],
    )
    starts = starting_poses(knee, small, agreement, _STARTS)
    report("pose", 0.2)
    free = knee.rigid_indices
    posed = [_descend(knee, views, start, _POSE_GATES_MM, free) for start in starts]
    best, _ = min(posed, key=lambda found: mean_distance(knee, views, found[0]))
    report("shape", 0.5)
    parameters, steps = _descend(knee, views, best, _SHAPE_GATES_MM, np.arange(knee.size))
    slopes = [
        jacobian(knee, match(knee, view, parameters, _SHAPE_GATES_MM[-1]), parameters) for view in views
    ]
    report("done", 1.0)
    return Fit(
        bones=fitted_bones(knee, parameters, side),
        parameters=parameters,
        residual=mean_distance(knee, views, parameters),
        iterations=steps + sum(taken for _, taken in posed),
        seconds=time.perf_counter() - started,
        information=np.asarray(sum(part.T @ part for part in slopes)),
    )


def _descend(
    knee: KneeModel,
    views: Sequence[ContourView],
    parameters: Array,
    gates: Sequence[float],
    free: npt.NDArray[np.int64],
) -> tuple[Array, int]:
    """Match and move in turn, once for each gate (mm); only ``free`` parameters change.

    Returns:
        The parameters and the number of linearised steps.
    """
    taken = 0
    for gate in gates:
        matches = [match(knee, view, parameters, gate) for view in views]
        problem = _Problem(knee, matches, parameters, free)
        moved, steps = minimise(problem.residuals, problem.jacobian, parameters[free], steps=_INNER_STEPS)
        parameters, taken = problem.full(moved), taken + steps
    return parameters, taken


@dataclass(frozen=True, eq=False)
class _Problem:
    """Least squares of fixed matches and the prior over the ``free`` of the parameters ``at``."""

    knee: KneeModel
    matches: Sequence[Matches]
    at: Array
    free: npt.NDArray[np.int64]

    def full(self, values: Array) -> Array:
        result = self.at.copy()
        result[self.free] = values
        return result

    def residuals(self, values: Array) -> Array:
        at = self.full(values)
        parts = [residuals(self.knee, matches, at) for matches in self.matches]
        return np.concatenate([*parts, self.knee.prior(at)])

    def jacobian(self, values: Array) -> Array:
        at = self.full(values)
        parts = [jacobian(self.knee, matches, at) for matches in self.matches]
        return np.concatenate([*parts, self.knee.prior_jacobian(at)])[:, self.free]
