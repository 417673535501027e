"""A medial partial (unicompartmental) knee: femoral component, tibial tray and bearing.

After the kind with a spherical femoral component and a flat tray (J. W. Goodfellow and J. J. O'Connor, J Bone
Joint Surg Br 60:358, 1978). The sphere is fitted to the medial condyle, the tray to the section of the tibia.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import manifold3d
import numpy as np
import numpy.typing as npt
import trimesh

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.population.implants.parts import Component, Implant, to_mesh, to_solid
from recon.population.implants.placing import TibialFrame, frame_matrix, rod, slab

Array = npt.NDArray[np.float64]

FEMORAL_WIDTH_MM = 20.0  # of the femoral component, medial to lateral
FEMORAL_THICKNESS_MM = 3.8
FEMORAL_ARC_DEG = (-25.0, 100.0)  # about the sphere's centre, from distal; positive is posterior
CARTILAGE_MM = 1.8  # the component restores the condyle with its cartilage
RADII_MM = (18.5, 28.5)  # of the femoral component: the smallest and the largest that is sold, about
HUMAN_RADII_MM = (13.0, 32.0)  # of a condyle: others are no condyles
PEG_RADIUS_MM, PEG_MM = 3.0, 17.0  # of the peg up the condyle
TRAY_THICKNESS_MM = 3.0
TRAY_INSET_MM = 1.0  # of the tray from the edge of the cut tibia
TRAY_BESIDE_MIDDLE_MM = 8.0  # of the upright cut medial of the plateau's middle: beside the eminence
SLOPE_DEG = 7.0  # the tray falls to posterior
KEEL_MM = (3.0, 10.0, 0.55)  # width, depth, share of the tray's depth from front to back
BEARING_MM = 4.0  # polyethylene at its thinnest, in the thinnest bearing; they come thicker
TIBIAL_CUT_MM = 5.0  # at least this much of the medial plateau is cut off, under the sphere
BEARING_SIZE_MM = (22.0, 32.0)  # medial to lateral, front to back
_SAW_MM = 1.0  # bone lost beside the femoral component
_CLEAR_MM = 40.0  # larger than what is cut away


@dataclass(frozen=True, eq=False)
class _Condyle:
    """Sphere over the medial condyle and its cartilage: centre (3,), radius, and unit vectors down the femur
    and to posterior."""

    centre: Array
    radius: float
    distal: Array
    posterior: Array


def partial_knee(bones: BoneSet, side: Literal["L", "R"]) -> Implant:
    """A medial partial knee that fits given bones; ``removed`` holds what is cut off femur and tibia.

    Args:
        bones: with closed femur and tibia, LPS mm, the leg along z.
        side: of the leg.

    Raises:
        InputError: no_tibia, no_femur, bone_too_short, no_condyle.
    """
    frame = TibialFrame.of(bones, side, length=40)
    condyle = _condyle(bones, frame)
    radius = condyle.radius
    femoral = _arc(condyle, frame.medial, radius - FEMORAL_THICKNESS_MM, radius, FEMORAL_WIDTH_MM / 2)
    peg_start = condyle.centre + (radius - 1.0) * _turned(condyle, 25.0)
    peg = rod(peg_start, -condyle.distal, PEG_MM, PEG_RADIUS_MM, tip=2.0)
    resection = _arc(
        condyle, frame.medial, radius - FEMORAL_THICKNESS_MM, radius + 6, FEMORAL_WIDTH_MM / 2 + _SAW_MM
    )

    # The tray's own frame: x medial, y up, at right angles to the tray, z anterior, origin under the sphere.
    slope = np.deg2rad(SLOPE_DEG)
    up = np.cos(slope) * frame.up - np.sin(slope) * frame.anterior
    up = up if up @ frame.up > 0 else -up
    forward = frame.anterior - (frame.anterior @ up) * up
    forward /= np.linalg.norm(forward)
    lowest = condyle.centre - radius * up
    plateau = float(frame.surface(lowest[None], up)[0])
    depth = max(BEARING_MM + TRAY_THICKNESS_MM, TIBIAL_CUT_MM - plateau)
    floor = lowest - depth * up
    edge = float((frame.centre + TRAY_BESIDE_MIDDLE_MM * frame.medial - floor) @ frame.medial)
    matrix = frame_matrix(frame.medial, forward, up, floor)
    if np.linalg.det(matrix[:, :3]) < 0:  # a left-handed frame would turn solids inside out
        matrix = frame_matrix(frame.medial, -forward, up, floor)
    section = _section(frame.mesh, matrix)
    beside = manifold3d.CrossSection.square((2 * _CLEAR_MM, 4 * _CLEAR_MM)).translate((edge, -2 * _CLEAR_MM))
    outline = (section ^ beside).offset(-TRAY_INSET_MM, circular_segments=32).simplify(0.05)
    left, front, right, back = outline.bounds()
    keel_width, keel_depth, keel_share = KEEL_MM
    keel_length = keel_share * (back - front)
    keel = manifold3d.Manifold.cube((keel_width, keel_length, keel_depth + 1)).translate(
        ((left + right - keel_width) / 2, (front + back - keel_length) / 2, -keel_depth)
    )
    tray = manifold3d.Manifold.extrude(outline, TRAY_THICKNESS_MM) + keel
    bearing = _bearing(radius, depth - TRAY_THICKNESS_MM).transform(matrix)
    cut = manifold3d.Manifold.extrude(beside, _CLEAR_MM)
    return Implant(
        "partial_knee",
        (
            Component("femoral component", to_mesh(to_solid(femoral) + peg), "cobalt_chrome"),
            Component("tibial tray", to_mesh(tray.transform(matrix)), "cobalt_chrome"),
            Component("bearing", to_mesh(bearing), "polyethylene"),
        ),
        # Bone of the femur that would strike the bearing is trimmed as well.
        {Bone.FEMUR: to_mesh(to_solid(resection) + bearing), Bone.TIBIA: to_mesh(cut.transform(matrix))},
    )


def _condyle(bones: BoneSet, frame: TibialFrame) -> _Condyle:
    """Fit a sphere to the distal and posterior surface of the medial condyle.

    A circle in the sagittal plane (I. Kasa, IEEE Trans Instrum Meas 25:8, 1976) round its middle.
    """
    if Bone.FEMUR not in bones:
        raise InputError("no_femur", "A partial knee needs a femur, and there is none", "Give the femur")
    femur = bones[Bone.FEMUR]
    points, normals = np.asarray(femur.triangles_center), np.asarray(femur.face_normals)
    above = points[:, 2] - points[:, 2].min()
    upper = above > min(90.0, 0.7 * above.max())
    shaft = points[upper & (above < 120)].mean(axis=0)
    distal = points[above < 35].mean(axis=0) - shaft
    distal -= (distal @ frame.medial) * frame.medial
    distal /= np.linalg.norm(distal)
    posterior = -frame.anterior - (-frame.anterior @ distal) * distal
    posterior -= (posterior @ frame.medial) * frame.medial
    posterior /= np.linalg.norm(posterior)
    low = above < 45
    aside = (points - np.median(points[low], axis=0)) @ frame.medial
    notch, rim = 9.0, float(aside[low].max())
    middle = (notch + rim) / 2
    here = low & (np.abs(aside - middle) < 6)
    sagittal = np.stack([points @ distal, points @ posterior], axis=1)
    facing = np.stack([normals @ distal, normals @ posterior], axis=1)
    angle = np.rad2deg(np.arctan2(facing[:, 1], facing[:, 0]))
    rolling = here & (angle > 0) & (angle < 110) & (np.linalg.norm(facing, axis=1) > 0.8)
    if rolling.sum() < 12:
        raise InputError(
            "no_condyle", "The femur shows no medial condyle", "Give the whole lower end of the femur"
        )
    x, y = sagittal[rolling].T
    (a, b, c), *_ = np.linalg.lstsq(np.stack([2 * x, 2 * y, np.ones_like(x)], 1), x**2 + y**2, rcond=None)
    radius = float(np.sqrt(c + a**2 + b**2))
    if not HUMAN_RADII_MM[0] <= radius <= HUMAN_RADII_MM[1]:
        raise InputError(
            "no_condyle",
            f"The medial condyle has a radius of {radius:.0f} mm, which no knee has",
            "Give a femur in millimetres with its leg along z",
        )
    across = middle + float(np.median(points[low] @ frame.medial))
    centre = a * distal + b * posterior + across * frame.medial
    outer = radius + CARTILAGE_MM
    sold = float(np.clip(outer, *RADII_MM))
    # A sphere of another size touches the condyle in the middle between distal and posterior.
    centre -= (sold - outer) * (distal + posterior) / np.sqrt(2)
    return _Condyle(centre, sold, distal, posterior)


def _turned(condyle: _Condyle, degrees: float) -> Array:
    angle = np.deg2rad(degrees)
    return np.asarray(np.cos(angle) * condyle.distal + np.sin(angle) * condyle.posterior)


def _arc(condyle: _Condyle, medial: Array, inner: float, outer: float, half_width: float) -> trimesh.Trimesh:
    """The closed body between two concentric spheres, over the component's arc and across its width."""
    across = np.linspace(-half_width, half_width, 13)
    spokes = np.array([_turned(condyle, angle) for angle in np.linspace(*FEMORAL_ARC_DEG, 49)])

    def sphere(radius: float) -> Array:
        reach = np.sqrt(radius**2 - across**2)
        return np.asarray(condyle.centre + spokes[:, None] * reach[:, None] + across[:, None] * medial)

    return slab(sphere(inner), sphere(outer))


def _section(tibia: trimesh.Trimesh, matrix: Array) -> manifold3d.CrossSection:
    """Section of the tibia in the plane of the cut."""
    to_world = np.vstack([matrix, [0, 0, 0, 1]])
    return to_solid(tibia).transform(np.linalg.inv(to_world)[:3]).slice(0.0)


def _bearing(radius: float, thickness: float) -> manifold3d.Manifold:
    """Polyethylene on the tray, hollow for the sphere above it, in the tray's frame."""
    width, depth = BEARING_SIZE_MM
    plan = manifold3d.CrossSection.square((width - 6, depth - 6), center=True).offset(3, circular_segments=32)
    block = manifold3d.Manifold.extrude(plan, thickness + 3).translate((0, 0, TRAY_THICKNESS_MM))
    ball = manifold3d.Manifold.sphere(radius, circular_segments=96)
    return block - ball.translate((0, 0, TRAY_THICKNESS_MM + thickness + radius))
