"""Landmarks of the femur: condyles, notch, shaft, hip centre."""

from __future__ import annotations

import numpy as np
import trimesh

from guides.bones import Array, height_map
from guides.landmarks.frame import FULL_LENGTH_MM, Frame, Line, Side, lean, rise, shaft_line
from guides.landmarks.marks import Landmark
from guides.landmarks.priors import Priors

_SHAFT_ABOVE_MM = 55.0
"""Above the condyles' lowest point: where the shaft begins."""

_CONDYLES_MM, _NOTCH_GRID_MM = 40.0, 1.0
"""Height of the condyles, and grid on which the notch between them is looked for."""

_OFFSET_AT_MM = 80.0
"""Above the knee centre: where the shaft's place beside it is looked at."""


def find_femoral(
    femur: trimesh.Trimesh, marks: dict[str, Landmark], tibial: Frame, side: Side, priors: Priors
) -> dict[str, Landmark]:
    """Condyles and notch, and as far as they are in view shaft and hip, which is imputed from a short shaft.

    Args:
        femur: the bone, whole or cut off above the knee.
        marks: landmarks of the tibia.
        tibial: directions of the tibia, roughly those of the femur.
        side: L or R.
        priors: where the hip lies in most people.
    """
    vertices = np.asarray(femur.vertices)
    heights = vertices @ tibial.up
    low, high = float(heights.min()), float(heights.max())
    full = high - low > FULL_LENGTH_MM
    hip = _hip(femur, tibial) if full else None
    shaft = _shaft(femur, tibial, low, high, full=full)
    frame, distal, posterior = _condyles(vertices, tibial, shaft, hip, side)
    found: dict[str, Landmark] = {}
    for index, name in enumerate(("medial", "lateral")):
        found[f"femur_{name}_distal"] = Landmark(distal[index], "auto")
        found[f"femur_{name}_posterior"] = Landmark(posterior[index], "auto")
    centre = distal.mean(axis=0)
    found["femur_knee_center"] = Landmark(centre, "auto")
    notch = _notch(femur, frame, distal)
    if notch is not None:
        found["femur_notch"] = Landmark(notch, "auto")
    if shaft is not None:
        heights = vertices @ frame.up
        for name, level in (
            ("distal", float(heights.min()) + _SHAFT_ABOVE_MM),
            ("proximal", float(heights.max()) - 5),
        ):
            found[f"femur_shaft_{name}"] = Landmark(shaft.at(level, frame.up), "auto")
    if hip is not None:
        found["hip_center"] = Landmark(hip, "auto")
    elif shaft is not None:
        edges = marks["plateau_medial_edge"].position - marks["plateau_lateral_edge"].position
        length = priors.femur_per_width.mean * float(edges @ tibial.medial)
        direction = _towards_hip(hip_predictors(frame, distal, shaft), frame, priors)
        found["hip_center"] = Landmark(centre + length * direction, "imputed")
    return found


def _shaft(femur: trimesh.Trimesh, frame: Frame, low: float, high: float, *, full: bool) -> Line | None:
    """The line through the shaft in view; None where there is too little of it."""
    length = high - low
    if full:
        return shaft_line(femur, frame, low + 0.3 * length, low + 0.7 * length)
    if length > 70:
        return shaft_line(femur, frame, low + max(50.0, 0.5 * length), high - 4)
    return None


def _condyles(
    vertices: Array, frame: Frame, shaft: Line | None, hip: Array | None, side: Side
) -> tuple[Frame, Array, Array]:
    """The femur's own directions, and the most distal and most posterior point of each condyle.

    Returns:
        Directions along the mechanical axis where the hip is known, else along the shaft; (2, 3) distal and
        (2, 3) posterior points, medial first.
    """
    distal, posterior = np.zeros((2, 3)), np.zeros((2, 3))
    for _ in range(3):
        heights = vertices @ frame.up
        condyles = vertices[heights < heights.min() + 40]
        across = condyles @ frame.medial
        middle = (across.min() + across.max()) / 2
        for index, sign in enumerate((1, -1)):
            half = condyles[sign * (across - middle) > 6]
            distal[index] = half[np.argmin(half @ frame.up)]
            posterior[index] = half[np.argmin(half @ frame.anterior)]
        up = frame.up
        if hip is not None:
            up = hip - distal.mean(axis=0)
        elif shaft is not None:
            up = shaft.direction
        frame = Frame.of(up, posterior[0] - posterior[1], side)
    return frame, distal, posterior


def _notch(femur: trimesh.Trimesh, frame: Frame, distal: Array) -> Array | None:
    """The top of the intercondylar notch as a frontal film shows it; None where the bone ends below it.

    Args:
        femur: the bone.
        frame: its own directions.
        distal: (2, 3) most distal point of the medial and the lateral condyle.
    """
    vertices = np.asarray(femur.vertices)
    near = vertices[vertices @ frame.up < (distal @ frame.up).min() + _CONDYLES_MM]
    sides, along = distal @ frame.medial, near @ frame.anterior
    reach = abs(sides[0] - sides[1]) / 6
    u = np.arange(sides.mean() - reach, sides.mean() + reach, _NOTCH_GRID_MM)
    v = np.arange(along.min(), along.max(), _NOTCH_GRID_MM)
    underside = -height_map(femur, frame.medial, frame.anterior, -frame.up, u, v)
    outline = np.where(np.isnan(underside), np.inf, underside)
    lowest = outline.min(axis=1)
    if not np.isfinite(lowest).all():
        return None
    i = int(np.argmax(lowest))
    j = int(np.argmin(outline[i]))
    return frame.world(float(u[i]), float(v[j]), float(lowest[i]))


def hip_predictors(frame: Frame, distal: Array, shaft: Line) -> tuple[float, float]:
    """What a short femur tells of the hip's place: aLDFA, and how the shaft passes the knee centre, degrees.

    Args:
        frame: up along the shaft, medial along the posterior condyles.
        distal: (2, 3) most distal point of the medial and the lateral condyle.
        shaft: line of the shaft.

    Returns:
        The anatomical lateral distal femoral angle, and the angle at the knee centre by which the shaft lies
        medial of it ``_OFFSET_AT_MM`` above, both in the frontal plane of ``frame``.
    """
    centre = distal.mean(axis=0)
    beside = shaft.at(float(centre @ frame.up) + _OFFSET_AT_MM, frame.up) - centre
    offset = np.degrees(np.arctan2(beside @ frame.medial, _OFFSET_AT_MM))
    return 90 + rise(distal[0] - distal[1], frame), float(offset)


def _towards_hip(predictors: tuple[float, float], frame: Frame, priors: Priors) -> Array:
    """Unit direction from knee to hip centre, in a frame along the shaft."""
    anatomical, offset = predictors
    medial = priors.hip_medial_deg.mean
    medial += priors.hip_per_aldfa * (anatomical - 80) + priors.hip_per_shaft * offset
    return lean(frame, medial=medial, anterior=priors.hip_anterior_deg.mean)


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
