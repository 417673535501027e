"""Anatomical landmarks: found on the bones, edited by a person, or imputed from a population.

All points are patient LPS in mm. A landmark that cannot be seen in a knee-only field of view (hip, ankle) is
imputed from stated priors, and says so in its provenance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import trimesh

from guides.bones import Array, Bone, BoneSet, cross_section, height_map, sections
from guides.errors import InputError

Side = Literal["L", "R"]
Provenance = Literal["auto", "edited", "imputed"]

REQUIRED = (
    "plateau_medial",
    "plateau_lateral",
    "plateau_medial_anterior",
    "plateau_medial_posterior",
    "plateau_lateral_anterior",
    "plateau_lateral_posterior",
    "plateau_medial_edge",
    "plateau_lateral_edge",
    "tibia_knee_center",
    "tibia_shaft_proximal",
    "tibia_shaft_distal",
    "ankle_center",
    "tuberosity",
    "fibula_tip",
    "ptfj",
)
"""What a plan cannot do without; the femoral ones may be absent."""

FULL_TIBIA_MM = 250.0
"""A tibia longer than this shows its ankle."""

SHORTEST_TIBIA_MM = 62.0
"""Below the joint line: start point 37 mm, guide 25 mm."""


@dataclass(frozen=True)
class Landmark:
    """One named point with how it came about."""

    position: Array
    provenance: Provenance


class Landmarks(Mapping[str, Landmark]):
    """Named points of one leg."""

    def __init__(self, points: Mapping[str, Landmark]) -> None:
        self._points = dict(points)

    def __getitem__(self, name: str) -> Landmark:
        return self._points[name]

    def __iter__(self) -> Any:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def positions(self) -> dict[str, Array]:
        """Name to (3,) position, mm."""
        return {name: landmark.position for name, landmark in self.items()}

    def to_document(self) -> dict[str, dict[str, Any]]:
        """The ``landmarks`` part of a plan document."""
        return {
            name: {"position": [round(float(x), 4) for x in mark.position], "provenance": mark.provenance}
            for name, mark in self.items()
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Landmarks:
        """Read the ``landmarks`` part of a plan document; a bare ``[x, y, z]`` counts as edited.

        Raises:
            InputError: a required landmark is missing, or a position is not three finite numbers.
        """
        points = {}
        for name, value in document.items():
            position = value["position"] if isinstance(value, Mapping) and "position" in value else value
            provenance = value.get("provenance", "edited") if isinstance(value, Mapping) else "edited"
            try:
                point = np.asarray(position, dtype=float)
            except (TypeError, ValueError):
                point = np.empty(0)
            if point.shape != (3,) or not np.isfinite(point).all():
                raise InputError(
                    "bad_landmark",
                    f"Landmark {name} is not a point",
                    "Give three finite numbers, LPS millimetres",
                )
            if provenance not in ("auto", "edited", "imputed"):
                raise InputError(
                    "bad_landmark", f"Landmark {name} has no known provenance", "Use auto, edited or imputed"
                )
            points[name] = Landmark(point, cast(Provenance, provenance))
        missing = [name for name in REQUIRED if name not in points]
        if missing:
            raise InputError(
                "landmarks_missing",
                f"Landmarks missing: {', '.join(missing)}",
                "Let them be found again, or set them on the bone",
            )
        return cls(points)


@dataclass(frozen=True)
class Frame:
    """Directions of one tibia: ``up`` its long axis, ``medial`` and ``anterior`` square to it."""

    up: Array
    medial: Array
    anterior: Array

    @classmethod
    def of(cls, up: Array, medial: Array, side: Side) -> Frame:
        """Orthonormal directions from a long axis and a roughly medial one."""
        up = unit(up)
        medial = unit(medial - (medial @ up) * up)
        # For a left leg (lateral = +x) anterior is up x medial, for a right leg its mirror.
        anterior = np.cross(up, medial) if side == "L" else np.cross(medial, up)
        return cls(up, medial, anterior)

    @property
    def basis(self) -> Array:
        """(3, 3) columns medial, anterior, up."""
        return np.column_stack([self.medial, self.anterior, self.up])

    def world(self, medial: float | Array, anterior: float | Array, up: float | Array) -> Array:
        """The LPS point with these three coordinates."""
        return np.asarray(self.basis @ np.array([medial, anterior, up]))


def unit(vector: Array) -> Array:
    """The vector divided by its length, along the last axis."""
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))


def find_landmarks(bones: BoneSet, side: Side) -> Landmarks:
    """Find every landmark that the bones show, and impute hip and ankle where they end before them.

    Raises:
        InputError: ``bones_swapped``, ``wrong_side`` or ``tibia_too_short``.
    """
    tibia = bones[Bone.TIBIA]
    _check_places(bones)
    marks, frame = _tibia(tibia, side)
    marks |= _fibula(tibia, bones.get(Bone.FIBULA), marks, frame, side)
    if Bone.FEMUR in bones:
        marks |= _femur(bones[Bone.FEMUR], marks, frame, side)
    return Landmarks(marks)


def _check_places(bones: BoneSet) -> None:
    tibia = bones[Bone.TIBIA]
    femur, fibula = bones.get(Bone.FEMUR), bones.get(Bone.FIBULA)
    swapped = femur is not None and femur.bounds[:, 2].mean() < tibia.bounds[:, 2].mean()
    if swapped or (fibula is not None and fibula.volume > tibia.volume):
        raise InputError(
            "bones_swapped",
            "The tibia does not lie where it belongs among the other bones",
            "Check that no two bone files were swapped and that z points upwards",
        )


def shaft_line(mesh: trimesh.Trimesh, frame: Frame, low: float, high: float) -> tuple[Array, Array]:
    """Robust line through the section centroids between two heights along ``frame.up``.

    Returns:
        A point on the line, mm, and its unit direction upwards.
    """
    levels = np.arange(low, high, 1.5)
    cut = sections(mesh, levels, frame.up, *_in_plane(frame))
    seen = cut.area > 0
    across, along = _in_plane(frame)
    points = cut.centroid[seen] @ np.array([across, along]) + cut.levels[seen, None] * frame.up
    weight = np.ones(len(points))
    centre, direction = points.mean(axis=0), frame.up
    for _ in range(8):
        centre = np.average(points, axis=0, weights=weight)
        moment = (points - centre).T @ ((points - centre) * weight[:, None])
        direction = np.linalg.eigh(moment)[1][:, -1]
        direction = direction * np.sign(direction @ frame.up)
        offset = points - centre
        distance = np.linalg.norm(offset - np.outer(offset @ direction, direction), axis=1)
        weight = 1 / np.maximum(distance, 0.3)
    return centre, direction


def _in_plane(frame: Frame) -> tuple[Array, Array]:
    across = frame.medial
    return across, np.cross(frame.up, across)


def _tibia(tibia: trimesh.Trimesh, side: Side) -> tuple[dict[str, Landmark], Frame]:
    vertices = np.asarray(tibia.vertices)
    medial = np.array([-1.0, 0, 0]) if side == "L" else np.array([1.0, 0, 0])
    frame = Frame.of(np.array([0.0, 0, 1]), medial, side)
    length = float(np.ptp(vertices @ frame.up))
    full = length > FULL_TIBIA_MM
    if length < SHORTEST_TIBIA_MM:
        raise InputError(
            "tibia_too_short",
            f"Only {length:.0f} mm of tibia are in view",
            f"Use images that show at least {SHORTEST_TIBIA_MM:.0f} mm of tibia below the joint line",
        )
    centre, ankle = np.zeros(3), np.zeros(3)
    for _ in range(3):
        top, bottom = float((vertices @ frame.up).max()), _lowest_level(tibia, frame, full)
        if full:
            ankle = _ankle(tibia, frame)
            knee = _plateau_centroid(tibia, frame, top)
            frame = Frame.of(knee - ankle, frame.medial, side)
        else:
            start = top - max(min(65.0, 0.55 * (top - bottom)), 40.0)
            centre, up = shaft_line(tibia, frame, bottom + 4, start)
            frame = Frame.of(up, frame.medial, side)
        frame = Frame.of(frame.up, _widest_direction(tibia, frame), side)
    found = _plateau(tibia, frame)
    knee = (found["plateau_medial"] + found["plateau_lateral"]) / 2
    joint, bottom = float(knee @ frame.up), _lowest_level(tibia, frame, full)
    if joint - bottom < SHORTEST_TIBIA_MM:
        raise InputError(
            "tibia_too_short",
            f"Only {joint - bottom:.0f} mm of tibia are in view below the joint line",
            f"Use images that show at least {SHORTEST_TIBIA_MM:.0f} mm",
        )
    marks = {name: Landmark(point, "auto") for name, point in found.items()}
    marks["tibia_knee_center"] = Landmark(knee, "auto")
    usable_top = joint - min(60.0, 0.6 * (joint - bottom))
    usable_bottom = bottom + (0.25 * (joint - bottom) if full else 4)
    centre, up = shaft_line(tibia, frame, usable_bottom, usable_top)
    for name, level in (("tibia_shaft_proximal", usable_top), ("tibia_shaft_distal", usable_bottom)):
        marks[name] = Landmark(centre + up * ((level - centre @ frame.up) / (up @ frame.up)), "auto")
    if full:
        marks["ankle_center"] = Landmark(ankle, "auto")
    else:
        width = float((found["plateau_medial_edge"] - found["plateau_lateral_edge"]) @ frame.medial)
        marks["ankle_center"] = Landmark(knee - TIBIA_PER_WIDTH * width * frame.up, "imputed")
    marks["tuberosity"] = Landmark(_tuberosity(tibia, frame, joint, bottom), "auto")
    return marks, frame


def _lowest_level(tibia: trimesh.Trimesh, frame: Frame, full: bool) -> float:
    """Lowest height at which a section is whole.

    The edge of a field of view need not be square to the shaft, and half a section has its centroid beside
    the axis: a section counts when it has at least three quarters of the area of the one 6 mm above.
    """
    bottom = float((np.asarray(tibia.vertices) @ frame.up).min())
    if full:
        return bottom
    levels = bottom + np.arange(1.0, 41.0)
    area = sections(tibia, levels, frame.up, *_in_plane(frame)).area
    whole = area[:-6] > 0.75 * area[6:]
    return float(levels[np.argmax(whole)]) - 1 if whole.any() else bottom


TIBIA_PER_WIDTH = 4.75
"""Knee centre to ankle centre, in plateau widths."""

FEMUR_PER_WIDTH = 5.6
"""Hip centre to knee centre, in plateau widths."""


def _ankle(tibia: trimesh.Trimesh, frame: Frame) -> Array:
    """Centre of the tibial plafond: the distal faces that look down, malleolus left out."""
    heights = tibia.triangles_center @ frame.up
    tip = float((np.asarray(tibia.vertices) @ frame.up).min())
    down = tibia.face_normals @ frame.up < -0.85
    plafond = down & (heights > tip + 5) & (heights < tip + 25)
    weight = tibia.area_faces[plafond]
    return np.asarray(np.average(tibia.triangles_center[plafond], axis=0, weights=weight))


def _plateau_centroid(tibia: trimesh.Trimesh, frame: Frame, top: float) -> Array:
    across, along = _in_plane(frame)
    cut = sections(tibia, np.arange(top - 16, top - 9, 2.0), frame.up, across, along)
    centre = np.nanmean(cut.centroid, axis=0)
    return np.asarray(centre[0] * across + centre[1] * along + (top - 6) * frame.up)


def _widest_direction(tibia: trimesh.Trimesh, frame: Frame) -> Array:
    """Mediolateral axis: the long axis of the sections 10 to 18 mm below the spines."""
    top = float((np.asarray(tibia.vertices) @ frame.up).max())
    across, along = _in_plane(frame)
    cut = sections(tibia, np.arange(top - 18, top - 9, 1.0), frame.up, across, along)
    direction = np.linalg.eigh(np.nanmean(cut.covariance, axis=0))[1][:, -1]
    direction = direction * np.sign(direction[0])
    return np.asarray(direction[0] * across + direction[1] * along)


def _plateau(tibia: trimesh.Trimesh, frame: Frame) -> dict[str, Array]:
    """Medial and lateral articular planes by a robust fit on a height map that leaves the spines out."""
    local = np.asarray(tibia.vertices) @ frame.basis
    top = local[:, 2].max()
    rim = local[local[:, 2] > top - 16]
    (u0, v0), (u1, v1) = rim[:, :2].min(axis=0), rim[:, :2].max(axis=0)
    width, depth, middle = u1 - u0, v1 - v0, (u0 + u1) / 2
    u, v = np.arange(u0, u1, 0.8), np.arange(v0, v1, 0.8)
    surface = height_map(tibia, frame.medial, frame.anterior, frame.up, u, v)
    du, dv = np.gradient(surface, 0.8)
    gentle = (surface > top - 18) & (np.hypot(du, dv) < np.tan(np.radians(35)))
    uu, vv = np.meshgrid(u, v, indexing="ij")
    found: dict[str, Array] = {}
    for name, sign in (("medial", 1), ("lateral", -1)):
        offset = sign * (uu - middle)
        window = gentle & (offset > 0.15 * width) & (offset < 0.42 * width)
        # The articular part of each compartment, ends of the window apart from the rim's shape.
        row = vv[window]
        centre_v = float(np.median(row))
        window &= np.abs(vv - centre_v) < 0.3 * depth
        x, y, z = uu[window], vv[window], surface[window]
        design = np.column_stack([x, y, np.ones_like(x)])
        weight = np.ones_like(z)
        fit = np.zeros(3)
        for _ in range(10):
            fit = np.linalg.lstsq(design * weight[:, None], z * weight, rcond=None)[0]
            residual = np.abs(z - design @ fit)
            scale = max(1.5 * float(np.median(residual)), 0.2)
            weight = 1 / np.sqrt(np.maximum(residual / scale, 1))
        cu, cv = middle + sign * 0.28 * width, centre_v
        for suffix, step in (("", 0.0), ("_anterior", 15.0), ("_posterior", -15.0)):
            height = fit @ np.array([cu, cv + step, 1])
            found[f"plateau_{name}{suffix}"] = frame.world(cu, cv + step, height)
        # Edge of the plateau for the weight-bearing line: the widest point just below the joint line.
        level = fit @ np.array([cu, cv, 1]) - 6
        outline = cross_section(tibia, frame.up * level, frame.up).reshape(-1, 3)
        edge = outline[np.argmax(sign * (outline @ frame.medial))]
        found[f"plateau_{name}_edge"] = edge + frame.up * 6
    return found


def _tuberosity(tibia: trimesh.Trimesh, frame: Frame, joint: float, bottom: float) -> Array:
    """The point that stands out most in front of the chord from the anterior rim to the shaft."""
    levels = np.arange(10.0, min(75.0, joint - bottom - 3), 1.0)
    front = []
    for level in levels:
        outline = cross_section(tibia, frame.up * (joint - level), frame.up).reshape(-1, 3)
        # The front may be flat or stepped: the middle of what lies within 1.5 mm of the foremost point.
        reach = outline @ frame.anterior
        foremost = outline[np.argmax(reach)]
        across = outline[reach > reach.max() - 1.5] @ frame.medial
        middle = (across.min() + across.max()) / 2
        front.append(foremost + frame.medial * (middle - foremost @ frame.medial))
    profile = np.array(front) @ frame.anterior
    chord = np.interp(levels, levels[[0, -1]], profile[[0, -1]])
    window = (levels >= 18) & (levels <= 55)
    best = int(np.argmax(np.where(window, profile - chord, -np.inf)))
    return np.asarray(front[best])


def _fibula(
    tibia: trimesh.Trimesh,
    fibula: trimesh.Trimesh | None,
    marks: dict[str, Landmark],
    frame: Frame,
    side: Side,
) -> dict[str, Landmark]:
    knee = marks["tibia_knee_center"].position
    lateral = marks["plateau_lateral"].position
    edge = marks["plateau_lateral_edge"].position
    if fibula is None:
        # Typical place [K]: tip 12 mm, joint 20 mm below the lateral joint line, behind the lateral edge.
        height = lateral @ frame.up
        tip = frame.world(edge @ frame.medial + 2, edge @ frame.anterior - 14, height - 12)
        joint = frame.world(edge @ frame.medial + 8, edge @ frame.anterior - 14, height - 20)
        return {"fibula_tip": Landmark(tip, "imputed"), "ptfj": Landmark(joint, "imputed")}
    vertices = np.asarray(fibula.vertices)
    tip = vertices[np.argmax(vertices @ frame.up)]
    head = vertices[vertices @ frame.up > tip @ frame.up - 25]
    if (head.mean(axis=0) - knee) @ frame.medial > 0:
        other = "right" if side == "L" else "left"
        raise InputError(
            "wrong_side",
            f"The fibula lies on the medial side of a {'left' if side == 'L' else 'right'} leg",
            f"Check the side of the case: these bones look like a {other} leg",
        )
    if np.linalg.norm(tip - lateral) > 70:
        raise InputError(
            "bones_apart", "The fibula does not touch the tibia", "Check that both bones are in one frame"
        )
    from scipy.spatial import cKDTree

    lateral_part = np.asarray(tibia.vertices)
    lateral_part = lateral_part[lateral_part @ frame.up > knee @ frame.up - 60]
    distance = cKDTree(lateral_part).query(head)[0]
    contact = head[distance < distance.min() + 2.5]
    return {"fibula_tip": Landmark(tip, "auto"), "ptfj": Landmark(contact.mean(axis=0), "auto")}


def _femur(
    femur: trimesh.Trimesh, marks: dict[str, Landmark], tibial: Frame, side: Side
) -> dict[str, Landmark]:
    vertices = np.asarray(femur.vertices)
    frame = tibial
    full = float(np.ptp(vertices @ frame.up)) > FULL_TIBIA_MM
    found: dict[str, Landmark] = {}
    hip = _hip(femur, frame) if full else None
    low = float((vertices @ frame.up).min())
    high = low + float(np.ptp(vertices @ frame.up))
    shaft: tuple[Array, Array] | None = None
    if full:
        shaft = shaft_line(femur, frame, low + 0.3 * (high - low), low + 0.7 * (high - low))
    elif high - low > 70:
        shaft = shaft_line(femur, frame, low + max(50.0, 0.5 * (high - low)), high - 4)
    distal: list[Array] = [np.zeros(3), np.zeros(3)]
    posterior: list[Array] = [np.zeros(3), np.zeros(3)]
    for _ in range(3):
        low = float((vertices @ frame.up).min())
        condyles = vertices[vertices @ frame.up < low + 40]
        across = condyles @ frame.medial
        middle = (across.min() + across.max()) / 2
        for index, sign in enumerate((1, -1)):
            half = condyles[sign * (across - middle) > 6]
            distal[index] = half[np.argmin(half @ frame.up)]
            posterior[index] = half[np.argmin(half @ frame.anterior)]
        centre = (distal[0] + distal[1]) / 2
        if hip is not None:
            frame = Frame.of(hip - centre, posterior[0] - posterior[1], side)
        elif shaft is not None:
            frame = Frame.of(shaft[1], posterior[0] - posterior[1], side)
    for index, name in enumerate(("medial", "lateral")):
        found[f"femur_{name}_distal"] = Landmark(distal[index], "auto")
        found[f"femur_{name}_posterior"] = Landmark(posterior[index], "auto")
    centre = (distal[0] + distal[1]) / 2
    found["femur_knee_center"] = Landmark(centre, "auto")
    if shaft is not None:
        point, up = shaft
        reach = (vertices @ frame.up).max() - 5
        for name, level in (("distal", low + 55.0), ("proximal", reach)):
            place = point + up * ((level - point @ frame.up) / (up @ frame.up))
            found[f"femur_shaft_{name}"] = Landmark(place, "auto")
    if hip is not None:
        found["hip_center"] = Landmark(hip, "auto")
    elif shaft is not None:
        width = (
            marks["plateau_medial_edge"].position - marks["plateau_lateral_edge"].position
        ) @ tibial.medial
        turned = rotate(shaft[1], frame.anterior, FEMORAL_OFFSET_DEG * _toward_medial(frame))
        found["hip_center"] = Landmark(centre + FEMUR_PER_WIDTH * float(width) * turned, "imputed")
    return found


FEMORAL_OFFSET_DEG = 5.0
"""Femoral anatomical to mechanical axis (PMC7875943: 5 degrees, 2.9 to 6.8)."""


def _toward_medial(frame: Frame) -> float:
    """Sign of the rotation about ``anterior`` that tips ``up`` towards medial."""
    return float(np.sign(np.cross(frame.anterior, frame.up) @ frame.medial))


def rotate(vector: Array, axis: Array, degrees: float | Array) -> Array:
    """Turn vectors about a unit axis by the right-hand rule (Rodrigues); broadcasts over ``degrees``."""
    angle = np.radians(np.asarray(degrees, dtype=float))[..., None]
    return np.asarray(
        vector * np.cos(angle)
        + np.cross(axis, vector) * np.sin(angle)
        + axis * (np.sum(axis * vector, axis=-1, keepdims=True) * (1 - np.cos(angle)))
    )


def _hip(femur: trimesh.Trimesh, frame: Frame) -> Array:
    """Centre of the femoral head by RANSAC over spheres of 17 to 32 mm, refined on the inliers."""
    vertices = np.asarray(femur.vertices)
    heights = vertices @ frame.up
    region = vertices[heights > heights.max() - 75]
    across = region @ frame.medial
    region = region[across > np.median(across)]
    generator = np.random.default_rng(0)
    draws = region[generator.integers(len(region), size=(1500, 4))]
    system = 2 * (draws[:, 1:] - draws[:, :1])
    right = (draws[:, 1:] ** 2).sum(-1) - (draws[:, :1] ** 2).sum(-1)
    solvable = np.abs(np.linalg.det(system)) > 1e3
    centres = np.linalg.solve(system[solvable], right[solvable][..., None])[..., 0]
    radii = np.linalg.norm(draws[solvable, 0] - centres, axis=1)
    sized = (radii > 17) & (radii < 32)
    centres, radii = centres[sized], radii[sized]
    sample = region[generator.permutation(len(region))[:1500]]
    gap = np.abs(np.linalg.norm(sample[None] - centres[:, None], axis=2) - radii[:, None])
    best = int(np.argmax((gap < 0.8).sum(axis=1)))
    centre, radius = centres[best], radii[best]
    for _ in range(10):
        inliers = region[np.abs(np.linalg.norm(region - centre, axis=1) - radius) < 1.0]
        design = np.column_stack([2 * inliers, np.ones(len(inliers))])
        solution = np.linalg.lstsq(design, (inliers**2).sum(axis=1), rcond=None)[0]
        centre = solution[:3]
        radius = float(np.sqrt(solution[3] + centre @ centre))
    return np.asarray(centre)
