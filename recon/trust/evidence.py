"""What a reconstruction shows of its own error: at points of the bones, and of the knee as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.field_of_view import FieldOfView
from recon.geometry import Camera
from recon.refine import Refinement, sure_distance, unmatched_share
from recon.refine.register import Fit

Array = npt.NDArray[np.float64]

# The last four are alike at all points of a bone: how far a person is from those of the population, and how
# well two views tell depth.
SIGNS = (
    "steepness", "disagreement", "share", "hidden", "outline", "outline_squared", "border", "dilution",
    "distance", "misfit", "oddness", "parallax",
)  # fmt: skip
_BORDER_MM = 20.0
_LEAST_SEPARATION_DEG = 15.0  # nearer views are of no use to anybody
_NEXT_TO_NOTHING = 1e-6
_ABSENT = np.nan
METAL = "image.metal"

_OF_BONE = ("unsure", "distance", "unmatched", "oddness", "size", "misfit", "shift", "turn")
_NOT_OF = {Bone.TIBIA: ("shift", "turn")}
# Names of the figures of the whole knee, see ``knee_evidence``.
FIGURES = (
    *(f"{bone.label}.{name}" for bone in Bone for name in _OF_BONE if name not in _NOT_OF.get(bone, ())),
    METAL,
)


@dataclass(frozen=True, eq=False)
class PointEvidence:
    """Signs of error at points of one bone.

    Attributes:
        points: (N, 3) mm.
        signs: (N, len(SIGNS)): logarithms of the error in mm that the margin's steepness forebodes and of the
            distance between network and model; share of the model; 1 where the network drew nothing that
            matches; how far the surface is from being an outline in a view, 0 to 1, and its square; nearness
            of the border of the field of view, 0 to 1; logarithm of the dilution of precision across the
            surface; and of the bone, logarithms of the mean distance of what the network is sure of from the
            model and of the outlines from edges in the images, and oddness of the shape; of the views, the
            logarithm of the sine of the angle between them.
    """

    points: Array
    signs: Array


def point_evidence(refinement: Refinement, seen: FieldOfView, bone: Bone) -> PointEvidence:
    """Evidence at the vertices of a refined bone, or at points of the network's surface of another one."""
    if bone in refinement.bones:
        refined = refinement.bones[bone]
        points, normals, deviations = refined.vertices, refined.fit.normals, refined.fit.deviations
        apart, share, fit = np.abs(refined.fit.residuals), refined.share, refined.fit
        hidden = (~fit.matched & ~fit.ended).astype(np.float64)
    else:
        surface = refinement.surfaces[bone]
        points, normals, deviations = surface.points, surface.normals, surface.deviations
        apart, share, hidden = np.zeros(len(points)), np.zeros(len(points)), np.zeros(len(points))
    fit = refinement.fits[bone]
    border = np.clip(1 - seen.depth(points) / _BORDER_MM, 0, 1)
    outline = _from_outline(points, normals, seen)
    signs = [
        np.log(deviations),
        np.log(0.3 + np.minimum(apart, 10.0)),
        share,
        hidden,
        outline,
        outline**2,  # most of it is soon lost: beside an outline much is known, elsewhere little all over
        border,
        _dilution(points, normals, seen),
        *(
            np.full(len(points), value)
            for value in (_distance(fit), _misfit(fit), fit.oddness, _parallax(seen))
        ),
    ]
    return PointEvidence(points, np.stack(signs, axis=1))


def _distance(fit: Fit) -> float:
    return float(np.log(0.1 + sure_distance(fit)))


def _misfit(fit: Fit) -> float:
    # Without images nothing is known of it; a quarter of a millimetre is usual of a bad fit.
    return float(np.log(0.03 + min(0.25 if fit.misfit is None else fit.misfit, 2.0)))


def _parallax(seen: FieldOfView) -> float:
    return float(np.log(np.sin(np.deg2rad(max(seen.separation, _LEAST_SEPARATION_DEG)))))


def _rays(points: Array, camera: Camera) -> Array:
    """(N, 3) unit vectors from the source of a camera to points."""
    rays = points - camera.source
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def _from_outline(points: Array, normals: Array, seen: FieldOfView) -> Array:
    """(N,) least cosine between ray and normal over the views; 0 on the outline of one of them."""
    least = np.ones(len(points))
    for camera in seen.cameras:
        rays = _rays(points, camera)
        least = np.minimum(least, np.abs((rays * normals).sum(axis=1)))
    return least


def _dilution(points: Array, normals: Array, seen: FieldOfView) -> Array:
    """(N,) logarithm of the standard deviation along the normal of points that all views see.

    For a standard deviation of one across each ray; what the views know of a point adds up (Hartley and
    Sturm, Triangulation, 1997, doi:10.1006/cviu.1997.0547). Little is known along rays that are near one
    another.
    """
    known = np.broadcast_to(_NEXT_TO_NOTHING * np.eye(3), (len(points), 3, 3))
    for camera in seen.cameras:
        rays = _rays(points, camera)
        known = known + np.eye(3) - rays[:, :, None] * rays[:, None, :]
    variance = (normals * np.linalg.solve(known, normals[:, :, None])[:, :, 0]).sum(axis=1)
    most = 0.5 / np.sin(np.deg2rad(_LEAST_SEPARATION_DEG / 2)) ** 2
    return np.asarray(np.log(np.minimum(variance, most)) / 2)


def knee_evidence(refinement: Refinement, seen: FieldOfView) -> dict[str, float]:
    """Figures of the whole knee that are small for knees like those of the population; NaN for absent bones.

    Of each bone: mean expected error of what the network drew (logarithm of mm), distance of what it is sure
    of from the model (logarithm), share of the model without a partner, oddness and unusual size of the
    shape, how far its outlines are from edges in the images (logarithm), and how far it stands from where
    the tibia's pose would put it (logarithms of mm and degrees). Of the images: the steepest edge before
    bones relative to those at outlines of bone (logarithm), which metal makes large.
    """
    found: dict[str, float] = {}
    tibia = refinement.fits.get(Bone.TIBIA)
    for bone in Bone:
        fit = refinement.fits.get(bone)
        values = dict.fromkeys(_OF_BONE, _ABSENT)
        if fit is not None:
            values |= {
                "unsure": float(np.log(refinement.surfaces[bone].deviations).mean()),
                "distance": _distance(fit),
                "unmatched": unmatched_share(fit, seen),
                "oddness": fit.oddness,
                "size": abs(fit.size),
                "misfit": _misfit(fit),
            }
            if tibia is not None and bone is not Bone.TIBIA:
                # Where the tibia's motion would put the middle of this bone's template, and where it is.
                rotation, shift = tibia.motion
                own_rotation, own_shift = fit.motion
                turn = own_rotation @ rotation.T
                middle = fit.vertices.mean(axis=0)
                expected = turn.T @ (middle - own_shift) + shift
                values["shift"] = float(np.log(1 + np.linalg.norm(middle - expected)))
                values["turn"] = float(np.log(1 + np.rad2deg(Rotation.from_matrix(turn).magnitude())))
        found |= {f"{bone.label}.{name}": value for name, value in values.items()}
    found[METAL] = _metal(refinement)
    return {name: found[name] for name in FIGURES}


def _metal(refinement: Refinement) -> float:
    usual = [fit.steepness for fit in refinement.fits.values() if fit.steepness]
    if refinement.steepest is None or not usual:
        return 0.0
    return float(np.log(max(refinement.steepest, 1e-3) / np.median(usual)))
