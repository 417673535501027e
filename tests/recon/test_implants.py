"""Implants: closed, of the size of real ones, and where a surgeon would put them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import igl
import numpy as np
import pytest
import trimesh

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.population.implants import Implant, partial_knee, plate_and_screws, remaining_bones, staple
from recon.population.implants.parts import to_solid
from recon.population.implants.placing import TibialFrame, slab
from recon.population.phantom import Tissue
from recon.population.phantom_ct import Scanner, phantom_ct
from recon.population.pose import side_of
from recon.population.sample import person_bones
from recon.population.soft_tissue import hounsfield

Side = Literal["L", "R"]


def knee(person: int, seed: int) -> tuple[BoneSet, Side]:
    bones = person_bones(person, np.random.default_rng(seed))
    return bones, side_of(bones)


@pytest.fixture(scope="module")
def case() -> tuple[BoneSet, Side]:
    return knee(22, 5)


def depth(mesh: trimesh.Trimesh, points: np.ndarray) -> np.ndarray:
    """Millimetres of points below the surface of a closed mesh, negative outside."""
    inside = igl.fast_winding_number(np.array(mesh.vertices), np.array(mesh.faces, np.int64), points) > 0.5
    squared = igl.point_mesh_squared_distance(
        points, np.array(mesh.vertices), np.array(mesh.faces, np.int64)
    )[0]
    return np.where(inside, 1, -1) * np.sqrt(squared)


def shared_volume(one: trimesh.Trimesh, other: trimesh.Trimesh) -> float:
    return float((to_solid(one) ^ to_solid(other)).volume())


@pytest.mark.parametrize("person", [3, 11, 24])
def test_every_piece_is_a_closed_body_beside_the_medial_tibia(person: int) -> None:
    bones, side = knee(person, person)
    rng = np.random.default_rng(person)
    medial = -1 if side == "L" else 1
    for implant in (staple(bones, side, rng), plate_and_screws(bones, side, rng), partial_knee(bones, side)):
        for component in implant.components:
            assert component.mesh.is_watertight, component.name
            assert component.mesh.volume > 100, component.name
        middle = np.mean([component.mesh.centroid for component in implant.components], axis=0)
        assert medial * (middle[0] - bones[Bone.TIBIA].centroid[0]) > 0
        assert np.linalg.norm(middle) < 110


def test_pieces_have_the_size_of_real_ones(case: tuple[BoneSet, Side]) -> None:
    plate = plate_and_screws(*case)
    sizes = {component.name: component.mesh for component in plate.components}
    longest = sizes["plate"].bounding_box_oriented.primitive.extents.max()
    assert longest == pytest.approx(112, abs=6)
    assert len(sizes) == 9
    for name, mesh in sizes.items():
        if name.startswith("screw"):
            assert 14 < mesh.bounding_box_oriented.primitive.extents.max() < 85
    clip = staple(*case).components[0].mesh
    assert sorted(clip.bounding_box_oriented.primitive.extents)[1:] == pytest.approx([25, 25], abs=4)
    femoral, tray, _ = (component.mesh for component in partial_knee(*case).components)
    medial = TibialFrame.of(*case, length=40).medial
    assert np.ptp(femoral.vertices @ medial) == pytest.approx(20, abs=0.1)
    width, length = sorted(tray.bounding_box_oriented.primitive.extents)[1:]
    assert 20 < width < 38  # trays are sold as 24 to 34 by 41 to 63 mm
    assert 38 < length < 66


def test_the_plate_lies_on_the_bone_and_its_screws_hold_in_it(case: tuple[BoneSet, Side]) -> None:
    bones, _ = case
    tibia = bones[Bone.TIBIA]
    plate, *screws = plate_and_screws(*case).components
    below = depth(tibia, np.array(plate.mesh.vertices))
    assert below.max() < 0.2
    assert -6 < np.median(below) < 0
    for screw in screws:
        points, _ = trimesh.sample.sample_surface(screw.mesh, 500, seed=1)
        assert (depth(tibia, points) > 0).mean() > 0.5


def test_the_legs_of_the_staple_are_in_the_bone_and_its_bridge_is_not(case: tuple[BoneSet, Side]) -> None:
    tibia = case[0][Bone.TIBIA]
    points, _ = trimesh.sample.sample_surface(staple(*case).components[0].mesh, 2000, seed=1)
    below = depth(tibia, points)
    assert 0.5 < (below > 0).mean() < 0.8
    assert below.max() > 12
    assert below.min() > -6


def test_the_partial_knee_replaces_bone_and_restores_the_condyle(case: tuple[BoneSet, Side]) -> None:
    bones, _ = case
    implant = partial_knee(*case)
    left = remaining_bones(bones, [implant])
    assert set(implant.removed) == {Bone.FEMUR, Bone.TIBIA}
    for bone in implant.removed:
        assert left[bone].is_watertight
        assert left[bone].body_count == 1
        lost = bones[bone].volume - left[bone].volume
        assert 500 < lost < 25_000
    assert left[Bone.PATELLA] is bones[Bone.PATELLA]
    femoral, tray, bearing = (component.mesh for component in implant.components)
    # Its sliding surface lies where cartilage was: a little outside the bone it replaces.
    outside = -depth(bones[Bone.FEMUR], np.array(femoral.vertices))
    assert 0.5 < outside.max() < 6
    for bone in implant.removed:
        assert shared_volume(left[bone], bearing) < 5
    assert shared_volume(left[Bone.FEMUR], femoral) < 17 * np.pi * 3**2  # its peg
    assert shared_volume(left[Bone.TIBIA], tray) < 10 * 3 * 40  # its keel
    assert shared_volume(left[Bone.FEMUR], tray) < 5
    assert shared_volume(femoral, bearing) < 5


def test_surgeons_differ_but_a_seed_does_not(case: tuple[BoneSet, Side]) -> None:
    for make in (staple, plate_and_screws):
        middle, first, again = (
            make(*case, rng).components[0].mesh
            for rng in (None, np.random.default_rng(3), np.random.default_rng(3))
        )
        assert np.array_equal(first.vertices, again.vertices)
        assert np.linalg.norm(first.centroid - middle.centroid) > 0.5


def test_metal_shows_in_the_ct_where_it_lies(case: tuple[BoneSet, Side]) -> None:
    implant = partial_knee(*case)
    tissue = Tissue.draw(np.random.default_rng(0))
    volume = phantom_ct(
        case[0], tissue, np.random.default_rng(1), implants=[implant], scanner=Scanner(0.0, 0.0)
    )
    tray = implant.components[1].mesh
    points = trimesh.sample.volume_mesh(tray, 4000)
    points = points[depth(tray, points) > 0.9]
    index = np.rint((points - volume.affine[:3, 3]) / volume.spacing).astype(int)
    assert len(points) > 50
    found = volume.hu[index[:, 2], index[:, 1], index[:, 0]]
    assert np.median(found) == pytest.approx(min(hounsfield("cobalt_chrome"), 30_710), rel=0.02)


@pytest.mark.parametrize("make", [staple, plate_and_screws, partial_knee])
def test_bones_that_cannot_hold_it_are_refused(
    make: Callable[[BoneSet, Side], Implant], case: tuple[BoneSet, Side]
) -> None:
    bones, side = case
    with pytest.raises(InputError, match="none"):
        make(BoneSet({Bone.FEMUR: bones[Bone.FEMUR]}), side)
    ball = trimesh.creation.icosphere(radius=15)
    with pytest.raises(InputError, match="mm of tibia"):
        make(BoneSet({Bone.TIBIA: ball, Bone.FEMUR: bones[Bone.FEMUR]}), side)
    if make is partial_knee:
        with pytest.raises(InputError, match="femur"):
            make(BoneSet({Bone.TIBIA: bones[Bone.TIBIA]}), side)
        with pytest.raises(InputError, match="condyle"):
            make(BoneSet({Bone.TIBIA: bones[Bone.TIBIA], Bone.FEMUR: ball}), side)


def test_a_slab_between_two_grids_is_closed_and_outwards() -> None:
    x, y = np.meshgrid(np.linspace(0, 4, 5), np.linspace(0, 3, 4))
    low = np.stack([x, y, 0 * x], -1)
    for shift in (2, -2):
        mesh = slab(low, low + np.array([0, 0, shift]))
        assert mesh.is_watertight
        assert mesh.is_winding_consistent
        assert mesh.volume == pytest.approx(24)
