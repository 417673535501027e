"""Outlines of bones: a mesh that is kept is looked at by heights, and has the outline of any other."""

from __future__ import annotations

import numpy as np
import pytest

from guides.bones import Bone, BoneSet, cross_section
from guides.landmarks import unit
from tests.guides.conftest import FolderOf


@pytest.mark.parametrize("name", ["synthetic_l", "staple_mc22_l"])
def test_a_kept_bone_has_the_outlines_of_a_copy_that_may_change(folder_of: FolderOf, name: str) -> None:
    kept = BoneSet.read(folder_of(name), [Bone.TIBIA])[Bone.TIBIA]
    other = kept.copy()
    other.vertices, other.faces = np.array(kept.vertices), np.array(kept.faces)
    assert other.vertices.flags.writeable and not kept.vertices.flags.writeable
    rng = np.random.default_rng(7)
    low, high = kept.bounds
    met = 0
    for tilt in (0.0, 0.3, 1.0, 3.0, 100.0):
        for _ in range(12):
            # Within the bone and beside it; across it, inclined, and along it.
            point = rng.uniform(low - 15, high + 15)
            normal = unit(np.array([0, 0, rng.choice([-1.0, 1.0])]) + tilt * rng.normal(0, 1, 3))
            found = cross_section(kept, point, normal)
            assert np.array_equal(found, cross_section(other, point, normal))
            assert np.abs((found.reshape(-1, 3) - point) @ normal).max(initial=0) < 1e-9
            met += len(found) > 0
    assert met > 20


def test_a_mesh_that_changes_has_another_outline(folder_of: FolderOf) -> None:
    tibia = BoneSet.read(folder_of("synthetic_l"), [Bone.TIBIA])[Bone.TIBIA].copy()
    tibia.vertices, up = np.array(tibia.vertices), np.array([0.0, 0, 1])
    level = tibia.bounds.mean(axis=0)
    before = cross_section(tibia, level, up)
    tibia.apply_translation([0, 0, 500])
    assert len(before) and not len(cross_section(tibia, level, up))
    assert np.allclose(cross_section(tibia, level + 500 * up, up), before + 500 * up)
