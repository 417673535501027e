"""The medial opening-wedge osteotomy: cutting plane, hinge, gap, and what it does to the leg."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array, cross_section
from guides.errors import InputError
from guides.landmarks import Landmarks, Side, rotate, unit
from guides.measures import MEASURES, Points, axes, slope_medial

START_BELOW_JOINT_MM = 37.0
"""Medial start of the cut below the medial joint line (35 to 40 mm)."""

LATERAL_CORTEX_MM = 10.0
"""Bone left between the end of the cut and the lateral cortex."""

HINGE_BELOW_JOINT_MM = (14.0, 22.0)
"""Where the line towards the fibular tip may pass the lateral cortex, below the lateral joint line."""

MAX_CORRECTION_DEG = 20.0
"""Beyond this no single medial opening wedge is sensible: the gap passes 20 mm."""

MOVES_WITH_SHAFT = ("ankle_center", "tibia_shaft_proximal", "tibia_shaft_distal")
"""Landmarks of the distal fragment. The fibula stays: in this model it is neither cut nor released."""


@dataclass(frozen=True)
class Osteotomy:
    """One cut and one opening. All points patient LPS mm, all directions unit vectors.

    Turning the distal fragment by ``correction_deg`` about ``hinge_axis`` through ``hinge_point``
    (right-hand rule) opens the medial wedge. ``plane_normal`` points to the proximal fragment and
    ``medial_direction`` lies in the plane, square to the hinge axis, from the hinge to the medial cortex.
    """

    plane_point: Array
    plane_normal: Array
    hinge_point: Array
    hinge_axis: Array
    medial_direction: Array
    correction_deg: float
    cut_depth_mm: float
    gap_mm: float
    gap_anterior_mm: float
    gap_posterior_mm: float
    lateral_cortex_mm: float
    start_point: Array

    def to_document(self) -> dict[str, Any]:
        """The ``osteotomy`` part of a plan document."""
        return {
            name: [round(float(x), 6) for x in value]
            if isinstance(value, np.ndarray)
            else round(float(value), 4)
            for name, value in vars(self).items()
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Osteotomy:
        """Read the ``osteotomy`` part of a plan document that keeps to the schema.

        Raises:
            InputError: ``bad_plan`` when plane, hinge, correction and gap contradict one another.
        """
        with np.errstate(invalid="ignore"):  # a direction of length zero becomes NaN and is refused below
            read = cls(**{name: _from_json(name, document[name]) for name in cls.__dataclass_fields__})
        read._check(document)
        return read

    def _check(self, document: Mapping[str, Any]) -> None:
        """Refuse a document that was changed by hand: a saw would follow it."""
        directions = ("plane_normal", "hinge_axis", "medial_direction")
        lengths = [np.linalg.norm(np.asarray(document[name], dtype=float)) for name in directions]
        normal, axis, medial = (getattr(self, name) for name in directions)
        # Six decimals a coordinate: directions agree to some 1e-6, points to some 1e-6 mm.
        opens = float(np.cross(axis, -medial) @ normal)
        off_plane = [float((p - self.plane_point) @ normal) for p in (self.hinge_point, self.start_point)]
        gap = 2 * np.sin(np.radians(self.correction_deg) / 2) * self.cut_depth_mm
        if not (
            np.allclose(lengths, 1, atol=1e-4)
            and np.allclose([normal @ axis, normal @ medial, axis @ medial], 0, atol=1e-4)
            and opens > 0
            and np.allclose(off_plane, 0, atol=1e-2)
            and abs(gap - self.gap_mm) < 1e-2
        ):
            raise InputError(
                "bad_plan",
                "Cutting plane, hinge, correction and gap of the plan contradict one another",
                "Plan again with: python -m guides plan",
            )


def _from_json(name: str, value: Any) -> Any:
    """A number or an array; directions are normalised again, because a document carries six decimals."""
    if not isinstance(value, list):
        return float(value)
    array = np.asarray(value, dtype=float)
    return array if name.endswith("_point") else unit(array)


@dataclass(frozen=True)
class Cut:
    """The plane and hinge before any opening: what depends on the bone and not on the correction."""

    point: Array
    normal: Array
    hinge: Array
    hinge_axis: Array
    medial: Array
    outline: Array
    """(N, 3) ends of the segments of the tibia's outline in the plane, two a segment, mm."""
    start: Array


def find_cut(tibia: trimesh.Trimesh, landmarks: Landmarks, side: Side) -> Cut:
    """Cutting plane from the medial start point towards the fibular tip; a hinge that keeps 10 mm of cortex.

    The plane holds the antero-posterior direction of the leg, and the hinge axis runs along it: a wedge that
    opens about an axis square to the frontal plane corrects there and leaves the slope alone.

    Raises:
        InputError: ``cut_outside_bone`` when start point or hinge do not lie in bone.
    """
    points = landmarks.positions()
    frame = axes(points, side)
    start_height = points["plateau_medial"] @ frame.up - START_BELOW_JOINT_MM
    level = cross_section(tibia, frame.up * start_height, frame.up).reshape(-1, 3)
    if not len(level):
        raise _outside()
    start = level[np.argmax(level @ frame.medial)]
    joint = points["plateau_lateral"] @ frame.up
    tip = points["fibula_tip"] @ frame.up
    aim_height = np.clip(tip, joint - HINGE_BELOW_JOINT_MM[1], joint - HINGE_BELOW_JOINT_MM[0])
    across = points["plateau_lateral_edge"] @ frame.medial - start @ frame.medial
    rise = aim_height - start_height
    medial = unit(-(across * frame.medial + rise * frame.up))
    # Left and right legs are mirrored, so the sign of this product differs; the normal points up on both.
    normal = np.cross(medial, frame.anterior)
    normal = normal * np.sign(normal @ frame.up)
    outline = cross_section(tibia, start, normal).reshape(-1, 3)
    # A plane through a bowed shaft may meet the bone twice; only the part about the start point counts.
    depth = (outline - start) @ medial
    if not len(outline) or depth.min() > -2 * LATERAL_CORTEX_MM:
        raise _outside()
    hinge = start + medial * (float(depth.min()) + LATERAL_CORTEX_MM)
    hinge = hinge + frame.anterior * _chord_middle(outline - hinge, medial, frame.anterior)
    axis = frame.anterior * np.sign(-np.cross(frame.anterior, medial) @ frame.up)
    return Cut(start, normal, hinge, axis, medial, outline, start)


def _chord_middle(outline: Array, medial: Array, anterior: Array) -> float:
    """Middle, along ``anterior``, of the outline's chord through the origin square to ``medial``."""
    depth, along = (outline @ direction for direction in (medial, anterior))
    (d0, d1), (a0, a1) = depth.reshape(-1, 2).T, along.reshape(-1, 2).T
    crossed = (d0 > 0) != (d1 > 0)
    share = d0[crossed] / (d0[crossed] - d1[crossed])
    crossings = a0[crossed] + share * (a1[crossed] - a0[crossed])
    return float(crossings.min() + crossings.max()) / 2


def _outside() -> InputError:
    return InputError(
        "cut_outside_bone",
        "The planned cut does not run through the tibia",
        "Check the landmarks of plateau, tuberosity and fibula",
    )


def hinge_along(cut: Cut, axis: Array) -> Array:
    """The hinge point for a hinge axis in the plane: the full lateral cortex kept, square to that axis."""
    medial = np.cross(axis, cut.normal)
    medial = medial * np.sign(medial @ cut.medial)
    lateral = float(((cut.outline - cut.hinge) @ medial).min())
    return np.asarray(cut.hinge + medial * (lateral + LATERAL_CORTEX_MM))


def neutral_hinge(cut: Cut, landmarks: Landmarks, side: Side, correction_deg: float) -> tuple[Array, Array]:
    """Hinge point and axis, turned within the plane until the medial slope stays as it is (secant)."""
    points = landmarks.positions()
    wanted = float(slope_medial(points, side))

    def turned(yaw: float) -> tuple[Array, Array]:
        axis = rotate(cut.hinge_axis, cut.normal, yaw)
        return hinge_along(cut, axis), axis

    def change(yaw: float) -> float:
        return float(slope_medial(move(points, *turned(yaw), correction_deg), side)) - wanted

    a, b = 0.0, 2.0
    fa, fb = change(a), change(b)
    for _ in range(20):
        if abs(fa) < 1e-7 or fb == fa:
            break
        a, b, fb = a - fa * (b - a) / (fb - fa), a, fa
        fa = change(a)
    return turned(float(np.clip(a, -15, 15)))


def move(points: Points, hinge: Array, axis: Array, degrees: float) -> dict[str, Array]:
    """Landmarks after the distal fragment has turned about the hinge; (..., 3) positions broadcast."""
    moved = dict(points)
    for name in MOVES_WITH_SHAFT:
        if name in moved:
            moved[name] = hinge + rotate(moved[name] - hinge, axis, degrees)
    return moved


def open_wedge(cut: Cut, landmarks: Landmarks, side: Side, correction_deg: float) -> Osteotomy:
    """The osteotomy of a correction in degrees: slope-neutral hinge axis, depths and gaps.

    The gap of a point at distance L from the hinge axis is its chord, 2 L sin(correction / 2). The anterior
    and posterior gaps are those of the outline where the medial opening ends in front and at the
    posteromedial corner.

    Raises:
        InputError: ``correction_out_of_range``.
    """
    if not 0 <= correction_deg <= MAX_CORRECTION_DEG:
        raise InputError(
            "correction_out_of_range",
            f"A medial opening wedge of {correction_deg:g} degrees is out of range",
            f"Choose a correction from 0 to {MAX_CORRECTION_DEG:g} degrees",
        )
    hinge, axis = neutral_hinge(cut, landmarks, side, correction_deg)
    medial = np.cross(axis, cut.normal)
    medial = medial * np.sign(medial @ cut.medial)
    anterior = axes(landmarks.positions(), side).anterior
    depth = (cut.outline - hinge) @ medial
    chord = 2 * np.sin(np.radians(correction_deg) / 2)
    along = (cut.outline - hinge) @ anterior
    # Corners: the outline points furthest in the two diagonal directions of the opened half.
    front = int(np.argmax(along + depth))
    back = int(np.argmax(depth - along))
    return Osteotomy(
        plane_point=cut.point,
        plane_normal=cut.normal,
        hinge_point=hinge,
        hinge_axis=axis,
        medial_direction=medial,
        correction_deg=correction_deg,
        cut_depth_mm=float(depth.max()),
        gap_mm=float(chord * depth.max()),
        gap_anterior_mm=float(chord * depth[front]),
        gap_posterior_mm=float(chord * depth[back]),
        lateral_cortex_mm=float(-depth.min()),
        start_point=cut.start,
    )


def solve_correction(cut: Cut, landmarks: Landmarks, side: Side, measure: str, target: float) -> float:
    """Degrees of opening that bring a measure (HKA or WBL) to its target, by bisection.

    Raises:
        InputError: the measure is not available, or no opening in range reaches the target.
    """
    points = landmarks.positions()
    definition = MEASURES[measure]
    if any(need not in points for need in definition.needs):
        raise InputError(
            "measure_unavailable",
            f"{measure} cannot be computed from these bones",
            "Add the femur to the bones, or give the correction in degrees",
        )

    def after(degrees: float) -> float:
        hinge, axis = neutral_hinge(cut, landmarks, side, degrees)
        return float(definition.function(move(points, hinge, axis, degrees), side))

    low, high = 0.0, MAX_CORRECTION_DEG
    if not after(low) <= target <= after(high):
        raise InputError(
            "target_out_of_reach",
            f"{measure} is {after(low):.1f} now and {after(high):.1f} after {high:g} degrees;"
            f" {target:g} is outside",
            "Choose a target between the two",
        )
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if after(middle) < target else (low, middle)
    return (low + high) / 2


def miniaci(hip: Array, ankle: Array, hinge: Array, target: Array, anterior: Array) -> float:
    """Miniaci's construction in the frontal plane, degrees.

    The ankle A moves on a circle about the hinge P to A', where the line from hip H through the target T
    meets it; the correction is the angle A P A'.

    Args:
        hip: H, LPS mm.
        ankle: A.
        hinge: P.
        target: T, on the plateau.
        anterior: unit normal of the frontal plane.
    """

    def flat(vector: Array) -> Array:
        return np.asarray(vector - (vector @ anterior) * anterior)

    ray = unit(flat(target - hip))
    start = flat(hip - hinge)
    arm = flat(ankle - hinge)
    along = start @ ray
    reach = -along + np.sqrt(along**2 - start @ start + arm @ arm)
    moved = start + reach * ray
    return float(np.degrees(np.arccos(np.clip(unit(arm) @ unit(moved), -1, 1))))


@dataclass(frozen=True)
class Simulation:
    """The tibia cut and opened."""

    proximal: trimesh.Trimesh
    distal: trimesh.Trimesh
    wedge_volume_mm3: float


def simulate(tibia: trimesh.Trimesh, osteotomy: Osteotomy) -> Simulation:
    """Split the tibia by the plane and turn the distal fragment about the hinge, as exact solids.

    The wedge volume is the part of the opened gap on the medial side of the hinge, over the cut surface.

    Raises:
        InputError: the plane does not divide the tibia.
    """
    import manifold3d  # planning itself needs no solids

    from guides.solids import from_mesh, to_mesh

    solid = from_mesh(tibia)
    offset = float(osteotomy.plane_point @ osteotomy.plane_normal)
    proximal, distal = solid.split_by_plane(osteotomy.plane_normal, offset)
    if proximal.is_empty() or distal.is_empty():
        raise _outside()
    lower = to_mesh(distal)
    vertices = osteotomy.hinge_point + rotate(
        np.asarray(lower.vertices) - osteotomy.hinge_point, osteotomy.hinge_axis, osteotomy.correction_deg
    )
    moved = trimesh.Trimesh(vertices, lower.faces, process=False)
    # Wedge between the two cut faces: each strip of the medial section sweeps an arc about the hinge axis.
    basis = np.column_stack([osteotomy.medial_direction, osteotomy.hinge_axis, osteotomy.plane_normal])
    to_plane = np.column_stack([basis.T, -basis.T @ osteotomy.hinge_point])
    section = solid.transform(to_plane).trim_by_plane((1.0, 0.0, 0.0), 0.0).slice(0.0).to_polygons()
    loops = [np.asarray(loop, dtype=float) for loop in section]
    triangles = np.concatenate(loops)[np.asarray(manifold3d.triangulate(loops))]
    edges = triangles[:, 1:] - triangles[:, :1]
    area = np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]) / 2
    volume = float((area * triangles[..., 0].mean(axis=1)).sum() * np.radians(osteotomy.correction_deg))
    return Simulation(to_mesh(proximal), moved, volume)
