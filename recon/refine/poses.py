"""Whether two views stand to each other as stated: told by the bones that both show.

Outlines of one bone in two views must fit one shape in one place. Where a view stands elsewhere than stated
they cannot, and what moves one view against the other is found together with shape and pose of all bones.
Three of its six freedoms are seen: a shift along the axis that is across the rays of both views, and turns
about the two axes across it. A shift in the plane of the rays looks like bones that lie elsewhere, and a turn
in it like bones of another shape: both stay as stated. Which of the views is wrong is not seen at all: each
takes half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.geometry import Camera
from recon.parallel import in_parallel
from recon.refine.edges import EdgeImage
from recon.refine.laid import Laid
from recon.refine.matching import Depth, Surface
from recon.refine.register import (
    POSE_DEVIATIONS,
    ROBUST,
    Fit,
    open_edges,
    outline_terms,
    outlines,
    surface_terms,
)

Array = npt.NDArray[np.float64]

# Of each view, before anything is seen of it.
_SHIFT_DEVIATION_MM, _TURN_DEVIATION_DEG = 1.5, 1.0
# The network drew its surface with the stated poses: it is believed less than in the refinement.
_INDEPENDENT_MM2 = 2000.0
_REACHES = (1.5, 1.5, 1.2, 1.0, 0.8, 0.6)  # mm, a step
_NOTICED_MM, _NOTICED_DEG = 0.4, 0.6  # less does no harm
# Gain over scatter, see ``disagreement``; by validation people, the Visible Human and things in the way.
_CLEAR = 30.0
_SHARES = (-0.5, 0.5)  # of the motion, by view


@dataclass(frozen=True, eq=False)
class Disagreement:
    """How the second of two views stands to the first, beyond what is stated.

    Attributes:
        basis: (6, 3) shift in mm and rotation vector in the frame of the bones, of a unit of each value.
        values: (3,) mm along the axis across both views' rays, and radians about the two axes across it.
    """

    basis: Array
    values: Array

    @classmethod
    def none(cls, cameras: Sequence[Camera]) -> Disagreement:
        """Of two views that stand as stated."""
        first, second = (camera.direction for camera in cameras)
        across = np.cross(first, second)
        across /= np.linalg.norm(across)
        basis = np.zeros((6, 3))
        basis[:3, 0], basis[3:, 1], basis[3:, 2] = across, first, np.cross(across, first)
        return cls(basis, np.zeros(3))

    @property
    def shift_mm(self) -> float:
        """Size of the shift."""
        return float(abs(self.values[0]))

    @property
    def turn_deg(self) -> float:
        """Size of the turn."""
        return float(np.rad2deg(np.linalg.norm(self.values[1:])))

    @property
    def noticed(self) -> bool:
        """Whether it is large enough to matter."""
        return self.shift_mm > _NOTICED_MM or self.turn_deg > _NOTICED_DEG

    def since(self, known: Disagreement) -> Disagreement:
        """What was not known before."""
        return replace(self, values=self.values - known.values)

    def corrected(self, cameras: Sequence[Camera]) -> list[Camera]:
        """The two views as they seem to stand, half of it in each."""
        found = []
        for share, camera in zip(_SHARES, cameras, strict=True):
            motion = np.eye(4)
            step = share * (self.basis @ self.values)
            motion[:3, :3], motion[:3, 3] = Rotation.from_rotvec(step[3:]).as_matrix(), step[:3]
            found.append(Camera(camera.projection @ motion, camera.rows, camera.columns))
        return found


def disagreement(
    fits: Mapping[Bone, Fit],
    surfaces: Mapping[Bone, Surface],
    depth: Depth,
    images: Sequence[EdgeImage],
    known: Disagreement,
) -> Disagreement:
    """How two views disagree, maximum a posteriori with shape and pose of all bones, by Gauss-Newton steps.

    It begins without the detail by which the templates followed edges of both views as they were. Where the
    first step finds little, or no clear reason, it is all that is done: what the squares gain by the views'
    part of it must be large against the scatter of outlines round edges, for where the shapes do not describe
    a person well, edges contradict each other too.

    Args:
        fits: of the bones that are believed, laid on with the views as ``known`` says they stand.
        surfaces: what the network drew.
        depth: millimetres inside the field of view.
        images: edges of two views, with the cameras that are stated.
        known: what was found before.

    Returns:
        What is found now; ``known`` itself where that is nothing new.
    """
    if not fits:
        return known
    laid = {bone: fit.laid.without_detail() for bone, fit in fits.items() if fit.laid is not None}
    prior = 0.5 / np.array([_SHIFT_DEVIATION_MM, *(2 * [np.deg2rad(_TURN_DEVIATION_DEG)])]) ** 2
    found = known
    for number, reach in enumerate(_REACHES):
        told = partial(
            _told,
            surfaces=surfaces,
            depth=depth,
            images=_standing(images, found),
            reach=reach,
            basis=known.basis,
        )
        every = in_parallel(told, laid.items())
        curvature = np.sum([one.curvature for one in every], axis=0)
        pull = np.sum([one.pull for one in every], axis=0) - prior * found.values
        step = np.asarray(np.linalg.solve(curvature + np.diag(prior), pull), np.float64)
        found = replace(found, values=found.values + step)
        gain, scatter = step @ curvature @ step, np.mean([one.scatter for one in every])
        if number == 0 and not (found.since(known).noticed and gain > _CLEAR * scatter):
            return known
        laid = {bone: one.after(step) for bone, one in zip(laid, every, strict=True)}
    return found


def _standing(images: Sequence[EdgeImage], found: Disagreement) -> list[EdgeImage]:
    cameras = found.corrected([image.camera for image in images])
    return [replace(image, camera=camera) for image, camera in zip(images, cameras, strict=True)]


@dataclass(frozen=True, eq=False)
class _Told:
    """What one bone says of how the views stand, its own shape and pose eliminated.

    Attributes:
        laid: its template.
        own: (6 + free,) step of the template if the views stay.
        response: (6 + free, 3) by how much less it steps, a unit of each value of the views.
        curvature: (3, 3) of the sum of squares.
        pull: (3,) downhill.
        scatter: mean square distance in mm2 of its outlines from edges, as they are weighted.
    """

    laid: Laid
    own: Array
    response: Array
    curvature: Array
    pull: Array
    scatter: float

    def after(self, step: Array) -> Laid:
        """The template after the views' (3,) step and its own."""
        return self.laid.moved(self.own - self.response @ step)


def _told(
    item: tuple[Bone, Laid],
    *,
    surfaces: Mapping[Bone, Surface],
    depth: Depth,
    images: Sequence[EdgeImage],
    reach: float,
    basis: Array,
) -> _Told:
    """What a bone and its template say at their next step."""
    bone, laid = item
    surface = surfaces[bone]
    free = len(laid.coefficients)
    terms = surface_terms(laid, surface, depth, free, ROBUST, _INDEPENDENT_MM2)
    views = [np.zeros((len(terms.across), basis.shape[1]))]
    lines = outlines(laid, surface, depth, open_edges(laid.shape), images, reach)
    squares = []
    for share, line in zip(_SHARES, lines, strict=True):
        own_terms = outline_terms(laid, line, reach)
        terms = terms + own_terms
        squares.append(own_terms.weights @ own_terms.across**2 / max(own_terms.weights.sum(), 1e-9))
        # To a view it is all the same whether it moves or the bones do.
        at, normals = line.rim.points, line.rim.normals
        views.append(np.concatenate([normals, np.cross(at, normals)], axis=1) @ (share * basis))
    by_views = np.concatenate(views)
    stiffness = 1 / POSE_DEVIATIONS**2 if bone is Bone.FIBULA else np.full(6, 1e-6)
    prior = np.concatenate([stiffness, np.ones(free)])
    weighted = terms.slopes * terms.weights[:, None]
    cross = weighted.T @ by_views
    downhill = weighted.T @ terms.across - prior * np.concatenate([laid.pose, laid.coefficients])
    solved = np.linalg.solve(
        weighted.T @ terms.slopes + np.diag(prior), np.concatenate([downhill[:, None], cross], axis=1)
    )
    own, response = solved[:, 0], solved[:, 1:]
    weighted_views = by_views * terms.weights[:, None]
    return _Told(
        laid,
        own,
        response,
        weighted_views.T @ by_views - cross.T @ response,
        weighted_views.T @ terms.across - cross.T @ own,
        float(np.mean(squares)),
    )
