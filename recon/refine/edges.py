"""Outlines in the full-resolution images: where a bone's surface runs along a ray, its shadow begins.

X-rays go through, so every part of the surface that bends away from the rays shows an edge, also inside the
silhouette and behind other bones. Near an outline the path through a bone grows like a square root; blurred,
that is steepest a little inside, by a known share of the blur.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from recon.geometry import Camera
from recon.refine.metal import ThickEdges

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
_BLUR_MM = 0.3  # at the isocentre
_DETECTOR_BLUR = 0.6  # pixels, about, of detectors and of their resampling
# Where a square root blurred by a Gaussian is steepest, in its standard deviations.
_STEEPEST = 0.765
_SEARCH_STEP_MM = 0.15
_STRONG = 0.35  # of the usual steepness of edges of a bone in this view: an edge half believed


class Pictured(Protocol):
    """What is needed of a view."""

    @property
    def line_integrals(self) -> Image:
        """(rows, columns)."""

    @property
    def exposed(self) -> npt.NDArray[np.bool_]:
        """(rows, columns), where the image says anything."""

    @property
    def camera(self) -> Camera:
        """Of the image."""


@dataclass(frozen=True, eq=False)
class EdgeImage:
    """How steeply an X-ray falls.

    Attributes:
        slopes: (2, rows, columns) derivatives of the line integrals along columns and rows, a millimetre at
            the isocentre; 0 where the detector was not exposed.
        camera: of the image.
        inside_mm: how far inside an outline the image is steepest.
        thick: edges of what is thicker than a wire.
        view: the X-ray itself.
    """

    slopes: Image
    camera: Camera
    inside_mm: float
    thick: ThickEdges
    view: Pictured

    @classmethod
    def of_view(cls, view: Pictured) -> EdgeImage:
        """The edges of a view."""
        pixel = view.camera.pixel_size_at(np.zeros(3))
        sigma = _BLUR_MM / pixel
        image = np.asarray(view.line_integrals, np.float32)
        smooth = ndimage.gaussian_filter(image, sigma, truncate=3.0)
        slopes = np.stack([np.gradient(smooth, axis=1), np.gradient(smooth, axis=0)]) / np.float32(pixel)
        if not view.exposed.all():
            slopes *= ndimage.minimum_filter(view.exposed, 2 * round(4 * sigma) + 1)
        blur = float(np.hypot(_BLUR_MM, _DETECTOR_BLUR * pixel))
        thick = ThickEdges.of_image(image, view.exposed, view.camera)
        return cls(slopes.astype(np.float32), view.camera, _STEEPEST * blur, thick, view)

    def snap(self, points: Array, normals: Array, reach: float) -> tuple[Array, Array]:
        """How far along their normals the edges are to which points of outlines belong.

        Args:
            points: (N, 3) mm on a surface.
            normals: (N, 3) outward and across the rays.
            reach: standard deviation in mm of how far off they are.

        Returns:
            (N,) mm, positive outward, and (N,) steepness there, a millimetre; not positive where there is
            no edge.
        """
        steps = np.arange(-2 * reach, 2 * reach + 1e-9, _SEARCH_STEP_MM)
        at, _ = self.camera.project(points)
        ahead, _ = self.camera.project(points + normals)
        across = ahead - at
        places = at[:, None] + across[:, None] * (steps - self.inside_mm)[:, None]
        unit = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
        coordinates = [places[..., 1], places[..., 0]]
        falls = -sum(
            ndimage.map_coordinates(slope, coordinates, order=1, mode="constant") * unit[:, axis, None]
            for axis, slope in enumerate(self.slopes)
        )
        score = falls * np.exp(-(steps**2) / (2 * reach**2))
        best = np.clip(score.argmax(axis=1), 1, len(steps) - 2)
        row = np.arange(len(points))
        before, peak, after = score[row, best - 1], score[row, best], score[row, best + 1]
        bend = before - 2 * peak + after
        off = np.clip(0.5 * (before - after) / np.where(bend < 0, bend, -np.inf), -0.5, 0.5)
        return steps[best] + off * _SEARCH_STEP_MM, falls[row, best]


@dataclass(frozen=True, eq=False)
class Rim:
    """Points where the surface of a template runs along the rays of a view.

    Attributes:
        first: (N,) vertices.
        second: (N,) their neighbours.
        share: (N,) of the second; the point lies between them.
        points: (N, 3) mm.
        normals: (N, 3) outward, across the rays.
        lengths: (N,) mm of the outline that each stands for.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    share: Array
    points: Array
    normals: Array
    lengths: Array

    def of(self, values: Array) -> Array:
        """(K, N) or (K, N, 3) values at the points from (K, V) or (K, V, 3) at the vertices."""
        share = self.share.reshape(-1, *(1,) * (values.ndim - 2))
        return np.asarray(values[:, self.first] * (1 - share) + values[:, self.second] * share)

    def kept(self, which: npt.NDArray[np.bool_]) -> Rim:
        """Some of the points."""
        return Rim(
            self.first[which],
            self.second[which],
            self.share[which],
            self.points[which],
            self.normals[which],
            self.lengths[which],
        )


def mesh_edges(faces: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(E, 2) edges of a closed mesh, each once."""
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.asarray(directed[directed[:, 0] < directed[:, 1]])


def rim(vertices: Array, normals: Array, edges: npt.NDArray[np.int64], camera: Camera) -> Rim:
    """Where a surface bends away from the rays of a view: between vertices before and behind the outline.

    Hollows are left out: there the shadow ends as steeply, but outside of the surface.
    """
    rays = vertices - camera.source
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    facing = (rays * normals).sum(axis=1)
    a, b = edges.T
    crossing = facing[a] * facing[b] < 0
    a, b = a[crossing], b[crossing]
    along = ((vertices[b] - vertices[a]) * rays[a]).sum(axis=1)
    convex = (facing[b] - facing[a]) * along > 0
    a, b = a[convex], b[convex]
    share = facing[a] / (facing[a] - facing[b])
    between = 1 - share, share
    points, normal, ray = (
        array[a] * between[0][:, None] + array[b] * between[1][:, None] for array in (vertices, normals, rays)
    )
    normal = normal - (normal * ray).sum(axis=1, keepdims=True) * ray / (ray**2).sum(axis=1, keepdims=True)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    lengths = 0.5 * np.linalg.norm(vertices[b] - vertices[a], axis=1)
    return Rim(a, b, share, points, normal, lengths)


@dataclass(frozen=True, eq=False)
class Outline:
    """Points of a surface at outlines of one view, and how far off these are.

    Attributes:
        rim: the points.
        across: (N,) mm along the normals to the edge in the image, positive outward.
        steepness: (N,) of the edge, a millimetre; 0 where there is none.
        belief: (N,) 0 to 1, by the steepness.
    """

    rim: Rim
    across: Array
    steepness: Array
    belief: Array


def outline(image: EdgeImage, points: Rim, reach: float) -> Outline:
    """The edges in an image near the rim of a surface; see ``EdgeImage.snap``."""
    across, steepness = image.snap(points.points, points.normals, reach)
    steepness = np.maximum(steepness, 0)
    usual = _STRONG * np.median(steepness) if len(steepness) else 1.0
    return Outline(points, across, steepness, steepness**2 / np.maximum(steepness**2 + usual**2, 1e-12))
