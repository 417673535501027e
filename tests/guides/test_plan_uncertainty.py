"""Bones that say how sure they are, and plans that repeat it where it matters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from guides.bones import hashes
from guides.bones.uncertainty import PROPERTY, Uncertainty, read_uncertainty
from guides.plan import plan_files, read_plan
from tests.guides.synthetic import synthetic_leg, write_leg

PLACES = ("plateau", "cut", "hinge")
Values = Callable[[np.ndarray], np.ndarray]


def leg(folder: Path, values: Values | None) -> Path:
    """A synthetic left leg whose tibia carries an uncertainty; the finer mesh is that of a reconstruction."""
    write_leg(folder, synthetic_leg("L"), 95)
    if values is not None:
        path = folder / "tibia.ply"
        tibia = trimesh.load_mesh(path, process=False)
        vertices, faces = trimesh.remesh.subdivide_to_size(tibia.vertices, tibia.faces, 4.0)
        tibia = trimesh.Trimesh(vertices, faces)
        tibia.vertex_attributes[PROPERTY] = values(np.asarray(tibia.vertices)).astype(np.float32)
        tibia.export(path)
    return folder


def unsure(plan: dict[str, Any]) -> dict[str, Any]:
    return {w["code"]: w for w in plan["warnings"] if w["code"].startswith("unsure_")}


def test_bones_that_say_nothing_give_no_figures(tmp_path: Path) -> None:
    plan = read_plan(plan_files(leg(tmp_path, None), "L", correction_deg=8))
    assert "uncertainty_mm" not in plan and not unsure(plan)


def test_sure_bones_give_figures_and_no_warning(tmp_path: Path) -> None:
    plan = read_plan(plan_files(leg(tmp_path, lambda v: np.full(len(v), 0.8)), "L", correction_deg=8))
    assert plan["uncertainty_mm"] == {place: pytest.approx(0.8, abs=1e-3) for place in PLACES}
    assert not unsure(plan)


def test_uncertainty_elsewhere_does_not_matter(tmp_path: Path) -> None:
    def far_below(vertices: np.ndarray) -> np.ndarray:
        return np.where(vertices[:, 2] < -70, 9.0, 0.5)

    assert not unsure(plan_files(leg(tmp_path, far_below), "L", correction_deg=8))


@pytest.mark.parametrize("place", PLACES)
def test_uncertainty_just_where_the_plan_needs_the_bone_is_warned_of(tmp_path: Path, place: str) -> None:
    osteotomy = plan_files(leg(tmp_path / "sure", None), "L", correction_deg=8)["osteotomy"]
    normal, point, hinge = (
        np.array(osteotomy[name]) for name in ("plane_normal", "plane_point", "hinge_point")
    )

    def local(vertices: np.ndarray) -> np.ndarray:
        heights = (vertices - point) @ normal
        from_hinge = np.linalg.norm(vertices - hinge, axis=1)
        where = {
            "plateau": vertices[:, 2] > -6,
            "cut": (np.abs(heights) < 6) & (from_hinge > 25),
            "hinge": (from_hinge < 21) & (np.abs(heights) > 6),
        }[place]
        return np.where(where, 6.0, 0.3)

    plan = plan_files(leg(tmp_path / "unsure", local), "L", correction_deg=8)
    found = unsure(plan)
    assert list(found) == [f"unsure_{place}"]
    warning = found[f"unsure_{place}"]
    assert warning["value"] == plan["uncertainty_mm"][place] > warning["limit"] == 2.0
    assert "CT" in warning["message"] and f"{warning['value']:.1f} mm" in warning["message"]


def test_values_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    folder = leg(tmp_path, lambda v: np.full(len(v), np.nan))
    assert read_uncertainty(folder / "tibia.ply") is None
    assert "uncertainty_mm" not in plan_files(folder, "L", correction_deg=8)


@given(st.integers(0, 10_000), st.floats(1, 60))
def test_what_lies_near_is_what_the_distance_says(seed: int, within: float) -> None:
    generator = np.random.default_rng(seed)
    bone = Uncertainty(generator.uniform(-50, 50, (300, 3)), generator.uniform(0, 5, 300))
    places = generator.uniform(-60, 60, (2, 3))
    distances = np.linalg.norm(bone.points[:, None] - places, axis=2).min(axis=1)
    expected = bone.values[distances < within]
    assert bone.near(places, within) == (expected.mean() if len(expected) else None)


def test_a_bone_that_changes_has_another_hash(tmp_path: Path) -> None:
    write_leg(tmp_path, synthetic_leg("L"), 95)
    before, path = hashes(tmp_path), tmp_path / "tibia.ply"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    after = hashes(tmp_path)
    assert after["tibia"] == hashlib.sha256(content).hexdigest() != before["tibia"]
    assert after["fibula"] == before["fibula"]
