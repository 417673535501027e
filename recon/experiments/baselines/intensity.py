"""Least squares between pictures and renderings of a knee model, linearised at one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from recon.bones import Bone
from recon.experiments.baselines.appearance import best_densities, bone_layers, knots, picture_changes
from recon.experiments.baselines.contours import bone_shadow
from recon.experiments.baselines.knee_model import KneeModel
from recon.experiments.baselines.views import Fit
from recon.geometry import Camera

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

CORTEX_DEVIATION = 0.4  # of the logarithm of the cortex's thickness
# Area of a picture that counts as one measurement: what the rendering cannot follow is alike over several
# millimetres, so that neighbouring pixels are not independent.
_INDEPENDENT_MM2 = 25.0
_CAUCHY = 2.5  # residuals beyond this many deviations pull less


@dataclass(frozen=True, eq=False)
class PictureView:
    """One picture at one resolution.

    Attributes:
        camera: of the picture.
        picture: (rows, columns) after ``detail``.
        usable: (rows, columns), exposed pixels away from the border of what is exposed.
        pixel_mm: size of a pixel in the plane of the isocentre.
        sigma_mm: structures much larger than this are removed from picture and rendering; so far round the
            model's shadow they are compared.
    """

    camera: Camera
    picture: Image
    usable: Mask
    pixel_mm: float
    sigma_mm: float

    def detail(self, images: Image) -> Image:
        """(N, rows, columns) images as ``picture`` is: without soft tissue, scatter, exposure and grain."""
        return band_pass(images, self.usable, self.sigma_mm / self.pixel_mm)


def remove_smooth(images: Image, usable: Mask, sigma: float) -> Image:
    """(..., rows, columns) images minus their mean over about ``sigma`` pixels, 0 where not usable."""
    # Two box filters are nearly a Gaussian, at a cost that does not grow with it.
    size = max(3, 2 * round(sigma * np.sqrt(6) / 2) + 1)
    weight = usable.astype(np.float32)
    total, count = (_box_blur(_box_blur(part, size), size) for part in (images * weight, weight))
    smooth = total / np.maximum(count, 1e-3)
    return np.asarray((images - smooth) * weight, np.float32)


def band_pass(images: Image, usable: Mask, sigma: float) -> Image:
    """``remove_smooth`` and, lest single pixels count, a blur by about one pixel."""
    return _box_blur(_box_blur(remove_smooth(images, usable, sigma), 3), 3)


def _box_blur(images: Image, size: int) -> Image:
    for axis in (-1, -2):
        images = ndimage.uniform_filter1d(images, size, axis=axis, mode="constant")
    return images


@dataclass(frozen=True, eq=False)
class Anchor:
    """What another fit has found, as a Gaussian over the parameters of the ``KneeModel``.

    Attributes:
        at: (size,) where it ended.
        root: (R, size), whose product with a departure from there has a squared norm of minus twice the
            logarithm of its probability.
    """

    at: Array
    root: Array

    @classmethod
    def of(cls, fit: Fit) -> Anchor:
        """Of a fit to contours; one without ``information`` says nothing."""
        if fit.information is None:
            return cls(fit.parameters, np.zeros((0, len(fit.parameters))))
        values, vectors = np.linalg.eigh(fit.information)
        return cls(fit.parameters, np.sqrt(np.maximum(values, 0))[:, None] * vectors.T)


@dataclass(frozen=True, eq=False)
class IntensityProblem:
    """Residuals of pictures, prior, cortex and contours over the ``free`` of the parameters ``at``.

    A full vector is that of the ``KneeModel`` and, after it, for each bone the logarithm of its cortex's
    thickness relative to the usual one. Which pixels count, and how much, is settled at ``at``.

    Attributes:
        knee: the model.
        views: pictures of one resolution.
        at: (size + 4,) full vector.
        free: places that may change.
        weights: a view, (rows, columns) factors of the residuals, 0 outside the compared region.
        anchor: what contours have said; None where there were none.
    """

    knee: KneeModel
    views: Sequence[PictureView]
    at: Array
    free: npt.NDArray[np.int64]
    weights: Sequence[Array]
    anchor: Anchor | None = None

    @classmethod
    def near(
        cls,
        knee: KneeModel,
        views: Sequence[PictureView],
        at: Array,
        free: npt.NDArray[np.int64],
        anchor: Anchor | None = None,
    ) -> IntensityProblem:
        """The problem round a full vector, with robust weights from the residuals there."""
        vertices = {bone: knee.vertices(bone, at) for bone in knee.bones}
        regions = []
        for view in views:
            away = ndimage.distance_transform_edt(~bone_shadow(vertices, knee.bones, view.camera))
            regions.append(((away * view.pixel_mm <= view.sigma_mm) & view.usable).astype(np.float64))
        plain = cls(knee, views, at, free, regions)
        weights = []
        for view, region in zip(views, regions, strict=True):
            error = plain._rendered(view, region, at)[2]
            inside = error[region > 0]
            deviation = 1.4826 * float(np.median(np.abs(inside))) + 1e-6 if len(inside) else 1.0
            robust = 1 / np.sqrt(1 + (error / (_CAUCHY * deviation)) ** 2)
            share = np.sqrt(view.pixel_mm**2 / _INDEPENDENT_MM2)
            weights.append(region * robust * share / deviation)
        return cls(knee, views, at, free, weights, anchor)

    def full(self, values: Array) -> Array:
        """The full vector of given free parameters."""
        result = self.at.copy()
        result[self.free] = values
        return result

    def residuals(self, values: Array) -> Array:
        """Weighted differences of picture and best rendering, the prior, and departures from contours."""
        at, size = self.full(values), self.knee.size
        parts = []
        for view, weight in zip(self.views, self.weights, strict=True):
            chosen = weight > 0
            parts.append((self._rendered(view, weight, at)[2] * weight)[chosen])
        if self.anchor is not None:
            parts.append(self.anchor.root @ (at[:size] - self.anchor.at))
        return np.concatenate([*parts, self.knee.prior(at[:size]), at[size:] / CORTEX_DEVIATION])

    def jacobian(self, values: Array) -> Array:
        """Derivative of ``residuals``, with the densities eliminated.

        Source: Kaufman 1975, 10.1007/BF01932995: the derivative at fixed densities, projected onto the
        complement of what the densities can make up for.
        """
        at, size = self.full(values), self.knee.size
        parts = []
        for view, weight in zip(self.views, self.weights, strict=True):
            chosen = weight > 0
            layers, densities, _ = self._rendered(view, weight, at)
            changes = view.detail(self._changes(view, at, densities))
            columns = (changes[:, chosen] * weight[chosen]).T.astype(np.float64)
            basis, _ = np.linalg.qr((layers * weight)[:, chosen].T.astype(np.float64))
            parts.append(-(columns - basis @ (basis.T @ columns)))
        if self.anchor is not None:
            root = np.pad(self.anchor.root, ((0, 0), (0, len(Bone))))
            parts.append(root[:, self.free])
        prior = np.zeros((size + len(Bone), len(at)))
        prior[:size, :size] = self.knee.prior_jacobian(at[:size])
        prior[size:, size:] = np.eye(len(Bone)) / CORTEX_DEVIATION
        return np.concatenate([*parts, prior[:, self.free]])

    def rendering(self, view: PictureView, weight: Array, at: Array) -> Array:
        """(rows, columns) rendering of a full vector at its best densities, without what is smooth."""
        return np.asarray(view.picture - self._rendered(view, weight, at)[2])

    def _layers(self, bone: Bone, at: Array, camera: Camera) -> Image:
        cortex = float(at[self.knee.size + list(self.knee.bones).index(bone)])
        return bone_layers(self.knee, bone, at[: self.knee.size], camera, cortex=cortex)

    def _rendered(self, view: PictureView, weight: Array, at: Array) -> tuple[Image, Array, Array]:
        """Layers of all bones without what is smooth, their best densities, and picture minus rendering."""
        layers = view.detail(
            np.concatenate([self._layers(bone, at, view.camera) for bone in self.knee.bones])
        )
        chosen = weight > 0
        densities = best_densities(
            layers[:, chosen].astype(np.float64), view.picture[chosen].astype(np.float64), weight[chosen]
        )
        return layers, densities, view.picture - np.tensordot(densities, layers, axes=1)

    def _changes(self, view: PictureView, at: Array, densities: Array) -> Image:
        """(free, rows, columns) change of the rendering by each free parameter, before ``band_pass``."""
        knee = self.knee
        changes = np.zeros((len(at), view.camera.rows, view.camera.columns), np.float32)
        start = 0
        for number, bone in enumerate(knee.bones):
            part, cortex = knee.slices[bone], knee.size + number
            own = np.array([0, *range(part.start, part.stop), cortex])
            chosen = np.flatnonzero(np.isin(own, self.free))
            stop = start + 2 * knots(bone)
            changes[own[chosen]] += picture_changes(
                knee, bone, at[: knee.size], view.camera, float(at[cortex]), densities[start:stop], chosen
            )
            start = stop
        return changes[self.free]
