"""Surfaces that lie somewhat off go to the edges of a CT, and nowhere else.

Most of a millimetre is made good, not all: the search leans towards where the surface was.
"""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from recon.bones import Bone, BoneSet
from recon.ct_edges import drawn_to_edges
from recon.field_of_view import FieldOfView
from recon.volumes import CtVolume

EVERYTHING = FieldOfView(np.full(3, -60.0), np.full(3, 60.0))
Balls = list[tuple[tuple[float, float, float], float]]


def scan(balls: Balls, slice_mm: float = 1.0) -> CtVolume:
    """Balls with a cortex of 1000 HU, 3 mm thick, round marrow of 100 HU, in soft tissue of 40 HU."""
    sizes = np.array([100, 100, int(100 / slice_mm)])
    affine = np.diag([1.0, 1.0, slice_mm, 1.0])
    affine[:3, 3] = -(sizes - 1) / 2 * [1, 1, slice_mm]
    fine = np.linspace(-0.5, 0.5, max(1, round(slice_mm)), endpoint=False) + 0.5 / max(1, round(slice_mm))
    z, y, x = np.meshgrid(*(np.arange(n) for n in sizes[::-1]), indexing="ij")
    hu = np.zeros(z.shape)
    for part in fine:  # a slice is the mean over its thickness
        points = np.stack([x, y, z + part], -1) * [1, 1, slice_mm] + affine[:3, 3]
        value = np.full(z.shape, 40.0)
        for centre, radius in balls:
            depth = radius - np.linalg.norm(points - centre, axis=-1)
            value += 960 * np.clip(depth + 0.5, 0, 1) - 900 * np.clip(depth - 3 + 0.5, 0, 1)
        hu += value / len(fine)
    return CtVolume(hu.astype(np.float32), affine)


def ball(centre: tuple[float, float, float], radius: float) -> trimesh.Trimesh:
    return trimesh.creation.icosphere(5, radius).apply_translation(centre)


def radii(mesh: trimesh.Trimesh, centre: tuple[float, float, float]) -> np.ndarray:
    return np.asarray(np.linalg.norm(mesh.vertices - centre, axis=1))


@pytest.mark.parametrize("off", [-1.2, 0.0, 1.2])
@pytest.mark.parametrize("slice_mm", [1.0, 3.0])
def test_a_ball_that_is_too_small_or_too_large_gets_its_size(off: float, slice_mm: float) -> None:
    centre = (2.3, -4.1, 1.7)
    drawn = drawn_to_edges(
        BoneSet({Bone.TIBIA: ball(centre, 30 + off)}), scan([(centre, 30.0)], slice_mm), EVERYTHING
    )
    found = radii(drawn[Bone.TIBIA], centre)
    assert drawn[Bone.TIBIA].is_watertight
    # Across thick slices edges are blurred and count less.
    assert abs(found.mean() - 30) < (0.4 if slice_mm == 1 else 0.7)
    if slice_mm == 1:
        assert np.abs(found - 30).max() < 0.9


def test_a_dent_is_filled_to_the_cortex() -> None:
    mesh = ball((0, 0, 0), 30)
    towards = mesh.vertices @ np.array([1.0, 0, 0]) / 30
    mesh.vertices *= (1 - 2.0 / 30 * np.exp(-(np.arccos(np.clip(towards, -1, 1)) ** 2) / 0.02))[:, None]
    assert radii(mesh, (0, 0, 0)).min() < 28.1
    drawn = drawn_to_edges(BoneSet({Bone.TIBIA: mesh}), scan([((0, 0, 0), 30.0)]), EVERYTHING)
    assert radii(drawn[Bone.TIBIA], (0, 0, 0)).min() > 29.2


def test_bones_beside_one_another_keep_apart() -> None:
    """Each ball is drawn too small; the gap between the true ones is a millimetre."""
    left, right = (-20.5, 0.0, 0.0), (20.5, 0.0, 0.0)
    drawn = drawn_to_edges(
        BoneSet({Bone.FIBULA: ball(left, 19), Bone.TIBIA: ball(right, 19)}),
        scan([(left, 20.0), (right, 20.0)]),
        EVERYTHING,
    )
    assert abs(radii(drawn[Bone.FIBULA], left).mean() - 20) < 0.4
    assert drawn[Bone.FIBULA].vertices[:, 0].max() < 0 < drawn[Bone.TIBIA].vertices[:, 0].min()


def test_a_flat_end_stays_where_the_ct_ends() -> None:
    seen = FieldOfView(np.array([-60.0, -60, -10]), np.full(3, 60.0))
    fine = ball((0, 0, 0), 29)
    fine.vertices[:, 2] = np.maximum(fine.vertices[:, 2], -10)
    drawn = drawn_to_edges(BoneSet({Bone.TIBIA: fine}), scan([((0, 0, 0), 30.0)]), seen)[Bone.TIBIA]
    end = np.abs(fine.vertices[:, 2] + 10) < 1e-6
    assert end.sum() > 100
    assert drawn.vertices[end, 2] == pytest.approx(-10)
    side = fine.vertices[:, 2] > -7
    assert np.linalg.norm(drawn.vertices[side], axis=1).mean() == pytest.approx(30, abs=0.4)


def test_without_an_edge_nothing_moves() -> None:
    volume = scan([])
    mesh = ball((0, 0, 0), 30)
    drawn = drawn_to_edges(BoneSet({Bone.TIBIA: mesh}), volume, EVERYTHING)
    assert np.asarray(drawn[Bone.TIBIA].vertices) == pytest.approx(np.asarray(mesh.vertices))
