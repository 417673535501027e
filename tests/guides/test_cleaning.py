"""Which open meshes are closed, and which are refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
import trimesh

from guides.bones import Bone, BoneSet, clean
from guides.errors import InputError
from guides.solids import from_mesh, to_mesh
from tests.guides.conftest import FolderOf

SHAFT_MM = 100.0
AWAY = {Bone.TIBIA: -1.0, Bone.FIBULA: -1.0, Bone.FEMUR: 1.0}


def cut(
    bone: Bone, mesh: trimesh.Trimesh, tilt_deg: float, at_mm: float
) -> tuple[trimesh.Trimesh, np.ndarray]:
    """A bone cut off so far from the knee, closed, and which of its faces close it."""
    turn = np.radians(tilt_deg)
    normal = np.array([np.sin(turn), 0, -AWAY[bone] * np.cos(turn)])
    level = AWAY[bone] * at_mm
    middle = mesh.vertices[np.abs(mesh.vertices[:, 2] - level) < 3].mean(axis=0)
    closed = to_mesh(from_mesh(mesh).trim_by_plane(tuple(normal), float(normal @ middle)))
    on_plane = np.abs((closed.triangles_center - middle) @ normal) < 1e-3
    return closed, on_plane & (closed.face_normals @ normal < -0.999)


def without(mesh: trimesh.Trimesh, faces: np.ndarray) -> trimesh.Trimesh:
    opened = mesh.copy()
    opened.update_faces(~faces)
    return opened


def refusal(mesh: trimesh.Trimesh, name: str) -> str:
    with pytest.raises(InputError) as error:
        clean(mesh, name)
    assert error.value.code == "open_mesh" and "one closed surface" in error.value.remedy
    return error.value.message


@pytest.mark.parametrize("tilt_deg", [0.0, 15.0])
@pytest.mark.parametrize("bone", AWAY)
def test_the_end_that_a_view_cuts_off_is_closed_as_it_was(
    folder_of: FolderOf, bone: Bone, tilt_deg: float
) -> None:
    whole = BoneSet.read(folder_of("vsd_z013_l"), [bone, Bone.TIBIA])[bone]
    closed, end = cut(bone, whole, tilt_deg, SHAFT_MM)
    opened = without(closed, end)
    assert not opened.is_watertight
    mended = clean(opened, bone.label)
    assert mended.is_watertight and mended.volume == pytest.approx(closed.volume, rel=1e-5)


@pytest.mark.parametrize("bone", AWAY)
def test_an_open_end_beside_the_knee_is_refused(folder_of: FolderOf, bone: Bone) -> None:
    """Plateau, condyles and fibular head sawn off: flat, and yet no edge of a view."""
    whole = BoneSet.read(folder_of("vsd_z013_l"), [bone, Bone.TIBIA])[bone]
    side = -AWAY[bone]
    level = side * (side * whole.vertices[:, 2]).max() - side * 12
    closed = to_mesh(from_mesh(whole).trim_by_plane((0, 0, -side), -side * level))
    end = (np.abs(closed.triangles_center[:, 2] - level) < 1e-3) & (np.abs(closed.face_normals[:, 2]) > 0.999)
    message = refusal(without(closed, end), bone.label)
    assert message.startswith(f"The {bone.label} mesh has a hole")
    assert f"{'upper' if side > 0 else 'lower'} end" in message


@pytest.mark.parametrize(
    ("bone", "radius_mm"),
    [(Bone.FEMUR, 3), (Bone.FEMUR, 8), (Bone.TIBIA, 3), (Bone.FIBULA, 4), (Bone.PATELLA, 4)],
)
def test_a_hole_in_the_rounded_end_of_a_whole_bone_is_no_cut_of_a_view(
    folder_of: FolderOf, bone: Bone, radius_mm: float
) -> None:
    mesh = BoneSet.read(folder_of("vsd_z013_l"), [bone, Bone.TIBIA])[bone]
    end = mesh.vertices[np.argmax(mesh.vertices[:, 2] * AWAY.get(bone, 1.0))]
    near = np.linalg.norm(mesh.triangles_center - end, axis=1) < radius_mm
    message = refusal(without(mesh, near), bone.label)
    place = re.search(r"near \((.*)\) mm", message)
    assert place is not None
    assert [float(x) for x in place[1].split(",")] == pytest.approx(list(end), abs=radius_mm)


def test_an_open_shaft_does_not_excuse_another_hole(folder_of: FolderOf) -> None:
    whole = BoneSet.read(folder_of("vsd_z013_l"), [Bone.TIBIA])[Bone.TIBIA]
    closed, end = cut(Bone.TIBIA, whole, 0.0, SHAFT_MM)
    front = closed.vertices[np.argmin(closed.vertices[:, 1])]
    near = np.linalg.norm(closed.triangles_center - front, axis=1) < 2
    message = refusal(without(closed, end | near), "tibia")
    assert "a hole" in message and "below its top" in message


def test_doubled_and_turned_triangles_are_refused(folder_of: FolderOf) -> None:
    mesh = BoneSet.read(folder_of("vsd_z013_l"), [Bone.TIBIA])[Bone.TIBIA]
    faces = np.asarray(mesh.faces)
    doubled = trimesh.Trimesh(mesh.vertices, np.vstack([faces, faces[:1]]), process=False)
    x, y, z = mesh.triangles_center[0]
    assert f"near ({x:.0f}, {y:.0f}, {z:.0f}) mm" in refusal(doubled, "tibia")
    turned = faces.copy()
    turned[7] = turned[7, ::-1]
    assert "face both ways" in refusal(trimesh.Trimesh(mesh.vertices, turned, process=False), "tibia")
