"""A leg built from ellipses, left or right, whose angles are known because they were put in."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import manifold3d
import numpy as np

from guides.bones import Array
from guides.solids import to_mesh

TIBIA_MM = 350.0
FEMUR_MM = 420.0
JOINT_SPACE_MM = 6.0
HEAD_RADIUS_MM = 24.0

# Height below the joint, half width, half depth: plateau, metaphysis, shaft, ankle.
_TIBIA_RINGS = (
    (-14, 37, 25), (-22, 33, 24), (-35, 26, 21), (-50, 20, 19), (-75, 15, 16),
    (-180, 12, 13), (-300, 12, 12), (-335, 20, 17), (-TIBIA_MM, 21, 18),
)  # fmt: skip


def _ring(x: float, y: float, z: float, a: float, b: float) -> Array:
    turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    return np.column_stack([x + a * np.cos(turn), y + b * np.sin(turn), np.full_like(turn, z)])


def _loft(rings: list[Array]) -> manifold3d.Manifold:
    hulls = [manifold3d.Manifold.hull_points(np.vstack(pair)) for pair in pairwise(rings)]
    return manifold3d.Manifold.batch_boolean(hulls, manifold3d.OpType.Add)


def _ball(centre: tuple[float, float, float], radius: float) -> manifold3d.Manifold:
    return manifold3d.Manifold.sphere(radius, 64).translate(centre)


def synthetic_leg(
    side: str = "L", *, plateau_varus_deg: float = 3.0, slope_deg: float = 7.0, hip_medial_mm: float = 25.0
) -> dict[str, manifold3d.Manifold]:
    """Tibia, fibula and femur; the ankle lies straight below the knee centre, which is the origin.

    mMPTA is 90 minus ``plateau_varus_deg``; both slopes are ``slope_deg``; seen from in front the hip lies
    ``hip_medial_mm`` medial of the tibial axis.
    """
    # Built as a left leg: medial is -x, anterior is -y. A right one is its mirror.
    top = _ring(0, 0, 0, 36, 24)
    top[:, 2] = top[:, 0] * np.tan(np.radians(plateau_varus_deg)) - top[:, 1] * np.tan(np.radians(slope_deg))
    tibia = _loft([top, *(_ring(0, 0, z, a, b) for z, a, b in _TIBIA_RINGS)])
    malleolus = _loft([_ring(-17, 0, -335, 6, 9), _ring(-18, 0, -TIBIA_MM - 12, 4, 6)])
    tuberosity = _loft([_ring(3, -16, -22, 6, 6), _ring(4, -20, -42, 7, 6), _ring(3, -10, -75, 5, 5)])
    fibula = _loft(
        [_ring(38, 16, z, r, r) for z, r in ((-16, 3), (-24, 9), (-40, 7), (-70, 5), (-TIBIA_MM - 15, 6))]
    )
    hip = (-hip_medial_mm, 0.0, FEMUR_MM)
    low = JOINT_SPACE_MM
    condyles = [_ball((x, 8, low + 22), 22) for x in (-23, 23)]
    shaft = _loft([_ring(0, 0, low + 20, 34, 18), _ring(0, 0, low + 70, 16, 14), _ring(20, 0, 400, 14, 14)])
    neck = _loft([_ring(20, 0, 380, 12, 12), _ring(hip[0], 0, hip[2] - 5, 10, 10)])
    femur = manifold3d.Manifold.batch_boolean(
        [*condyles, shaft, neck, _ball(hip, HEAD_RADIUS_MM)], manifold3d.OpType.Add
    )
    leg = {"tibia": tibia + malleolus + tuberosity, "fibula": fibula, "femur": femur}
    return leg if side == "L" else {name: bone.mirror((1, 0, 0)) for name, bone in leg.items()}


def write_leg(folder: Path, leg: dict[str, manifold3d.Manifold], below_mm: float | None = None) -> Path:
    """Write the bones as PLY; ``below_mm`` crops them there below and 80 mm above the joint."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, bone in leg.items():
        if below_mm is not None:
            bone = bone.trim_by_plane((0, 0, 1), -below_mm).trim_by_plane((0, 0, -1), -80.0)
        to_mesh(bone).export(folder / f"{name}.ply")
    return folder
