"""Bones for X-rays and data sets enclose a volume, in millimetres; anything else is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh

from recon.bones import Bone, BoneSet
from recon.cli import main
from recon.closed_bones import read_bones
from recon.errors import InputError


def opened(mesh: trimesh.Trimesh) -> None:
    mesh.update_faces(np.arange(len(mesh.faces)) > 20)


def not_a_number(mesh: trimesh.Trimesh) -> None:
    mesh.vertices[5] = np.nan


def in_metres(mesh: trimesh.Trimesh) -> None:
    mesh.apply_scale(0.001)


def empty(mesh: trimesh.Trimesh) -> None:
    mesh.update_faces(np.zeros(len(mesh.faces), bool))


@pytest.mark.parametrize(
    ("damage", "code", "words"),
    [
        (opened, "open_mesh", "not a closed surface"),
        (not_a_number, "bad_values", "NaN"),
        (in_metres, "wrong_units", "millimetres"),
        (empty, "empty_mesh", "no triangles"),
    ],
)
def test_damaged_bones_are_refused_before_anything_is_made_of_them(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[trimesh.Trimesh], None],
    code: str,
    words: str,
) -> None:
    mesh = trimesh.creation.icosphere(3, radius=40)
    damage(mesh)
    (tmp_path / "bones").mkdir()
    BoneSet({Bone.TIBIA: mesh}).write(tmp_path / "bones")
    with pytest.raises(InputError) as caught:
        read_bones(tmp_path / "bones")
    assert caught.value.code == code
    assert main(["drr", "--bones", str(tmp_path / "bones"), "--out", str(tmp_path / "xrays")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "xrays").exists()


def test_a_bone_turned_inside_out_is_turned_back(tmp_path: Path) -> None:
    mesh = trimesh.creation.icosphere(3, radius=40)
    mesh.invert()
    BoneSet({Bone.TIBIA: mesh}).write(tmp_path)
    assert read_bones(tmp_path)[Bone.TIBIA].volume > 0
