"""The phantom CT against the meshes it was made from, and as the renderer sees it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from recon.bones import Bone, BoneSet
from recon.drr.physics import render_ct
from recon.drr.raster import path_lengths
from recon.errors import InputError
from recon.geometry import Camera
from recon.images.write import Positioner
from recon.population.implants import Component, Implant
from recon.population.phantom import Tissue, line_integrals, render_layers
from recon.population.phantom_ct import HALF_HEIGHT, Scanner, phantom_ct
from recon.population.sample import label_points, person_bones
from recon.population.soft_tissue import hounsfield
from recon.training.dataset import TEST_PEOPLE
from recon.volumes import CtVolume
from recon.voxels import coverage

QUIET = Scanner(noise_hu=0.0, blur_mm=0.0)
TISSUE = Tissue(
    shaft_cortex=5.0,
    joint_cortex=1.2,
    core_reach=40.0,
    cortical_density=1.0,
    trabecular_density=0.2,
    leg_radii=(60.0, 64.0),
    fat_thickness=10.0,
)


@pytest.fixture(scope="module")
def bones() -> BoneSet:
    return person_bones(TEST_PEOPLE[0], np.random.default_rng(4))


@pytest.fixture(scope="module")
def clean(bones: BoneSet) -> CtVolume:
    return phantom_ct(bones, TISSUE, np.random.default_rng(1), scanner=QUIET)


def sample(volume: CtVolume, points: np.ndarray) -> np.ndarray:
    """HU of the voxel that holds each point."""
    index = np.rint((points - volume.affine[:3, 3]) / volume.spacing).astype(int)
    return volume.hu[index[:, 2], index[:, 1], index[:, 0]]


def shell(mesh: trimesh.Trimesh, depth: float, low: float, high: float) -> np.ndarray:
    """Points ``depth`` mm below the surface of a bone, between two heights."""
    points, face = trimesh.sample.sample_surface(mesh, 4000, seed=3)
    points = points - depth * mesh.face_normals[face]
    return points[(points[:, 2] > low) & (points[:, 2] < high)]


def test_partial_volume_is_the_volume_of_the_mesh_wherever_the_grid_lies() -> None:
    ball = trimesh.creation.icosphere(subdivisions=4, radius=9)
    for origin in ([-12.0, -12.3, -11.6], [-11.5, -12.2, -12.0]):
        share = coverage(ball.vertices, ball.faces, origin=np.array(origin), shape=(25, 25, 25), spacing=1.0)
        assert share.sum() == pytest.approx(ball.volume, rel=2e-3)
        z, y, x = np.nonzero((share > 0.02) & (share < 0.98))
        edge = np.linalg.norm(np.stack([x, y, z], 1) + origin, axis=1) - 9
        # A voxel is partly inside only where the surface passes through it.
        assert np.abs(edge).max() < np.sqrt(3) / 2 + 0.05
        assert np.corrcoef(share[z, y, x], edge)[0, 1] < -0.9


def test_a_mesh_that_leaves_the_grid_below_is_not_lost() -> None:
    rod = trimesh.creation.cylinder(radius=4, height=200)
    share = coverage(rod.vertices, rod.faces, origin=np.full(3, -6.0), shape=(13, 13, 13), spacing=1.0)
    assert share[:, 6, 6].tolist() == [1.0] * 13
    assert share[:, 0, 0].tolist() == [0.0] * 13


def test_voxels_of_the_bones_are_bone_and_those_outside_are_not(bones: BoneSet, clean: CtVolume) -> None:
    for bone, mesh in bones.items():
        if bone is not Bone.PATELLA:  # the cortex of the shaft is thicker than a voxel
            shaft = (-140, -110) if bone in (Bone.TIBIA, Bone.FIBULA) else (110, 140)
            assert np.median(sample(clean, shell(mesh, 1.2, *shaft))) == pytest.approx(
                hounsfield("cortical"), rel=0.02
            )
        outside = shell(mesh, -2.0, -140, 140)
        outside = outside[label_points(bones, outside) == 0]
        assert np.percentile(sample(clean, outside), 99) < 200


def test_trabecular_bone_fades_into_marrow(bones: BoneSet, clean: CtVolume) -> None:
    tibia = bones[Bone.TIBIA]
    top = tibia.vertices[:, 2].max()
    means = []
    for below in (12, 40, 100):
        section = tibia.section(plane_normal=[0, 0, 1], plane_origin=[0, 0, top - below])
        middle = np.array([*section.centroid[:2], top - below]) + np.mgrid[-2:3, -2:3, -2:3].reshape(3, -1).T
        means.append(sample(clean, middle).mean())
    assert means[0] > means[1] + 50 > means[2] + 100
    assert means[2] == pytest.approx(hounsfield("adipose"), abs=50)


def test_cortex_is_as_thick_as_the_tissue_says(bones: BoneSet) -> None:
    masses = []
    for cortex in (2.5, 5.0):
        volume = phantom_ct(
            bones,
            replace(TISSUE, shaft_cortex=cortex),
            np.random.default_rng(1),
            spacing=1.5,
            scanner=QUIET,
        )
        at = volume.affine[2, 3] + np.arange(volume.hu.shape[0])
        masses.append(float((volume.hu[at < -110] > 900).sum()))
    assert masses[1] > 1.5 * masses[0]


def test_the_leg_is_skin_over_fat_over_muscle_in_air(clean: CtVolume) -> None:
    assert clean.hu[:, [0, -1]].max() == pytest.approx(-1000, abs=1)
    assert clean.hu[:, :, [0, -1]].max() == pytest.approx(-1000, abs=1)
    low, high = clean.box
    assert low[2] == -HALF_HEIGHT
    assert high[2] == HALF_HEIGHT
    row = clean.hu[clean.hu.shape[0] // 2, clean.hu.shape[1] // 2]
    inside = np.flatnonzero(row > -500)
    assert row[inside[0] : inside[0] + 3].max() > -20  # skin
    assert row[inside[0] + 4 : inside[0] + 8].mean() == pytest.approx(hounsfield("adipose"), abs=25)


def test_soft_tissue_covers_the_kneecap_of_a_thin_leg(bones: BoneSet) -> None:
    thin = replace(TISSUE, leg_radii=(44.0, 46.0), fat_thickness=3.0)
    volume = phantom_ct(bones, thin, np.random.default_rng(2), spacing=1.5, scanner=QUIET)
    patella = bones[Bone.PATELLA]
    ahead = patella.vertices[patella.vertex_normals[:, 1] < -0.8] - [0, 2.5, 0]
    assert sample(volume, ahead).min() > -300


def test_noise_and_blur_are_as_asked(bones: BoneSet) -> None:
    clean, noisy, blurred = (
        phantom_ct(bones, TISSUE, np.random.default_rng(1), spacing=2.0, scanner=scanner).hu
        for scanner in (QUIET, Scanner(noise_hu=6.0, blur_mm=1.2), Scanner(noise_hu=0.0, blur_mm=2.0))
    )
    air = np.zeros(clean.shape, bool)
    air[3:-3, 1, 3:-3] = True  # beside the border, which blurs less
    assert noisy[air].std() == pytest.approx(6, rel=0.05)
    assert np.abs(np.diff(blurred, axis=2)).max() < 0.6 * np.abs(np.diff(clean, axis=2)).max()


def test_a_seed_gives_the_same_ct_and_another_another(bones: BoneSet) -> None:
    first, again, other = (
        phantom_ct(bones, TISSUE, np.random.default_rng(seed), spacing=2.5).hu for seed in (7, 7, 8)
    )
    assert (first == again).all()
    assert first.shape != other.shape or (first != other).any()


def test_its_x_rays_show_bone_and_reach_the_border_of_the_view(bones: BoneSet, clean: CtVolume) -> None:
    for angle in (0.0, 90.0):
        view = Positioner(angle, rows=128, columns=128, pixel_spacing=(2.4, 2.4)).camera
        image = render_ct(clean, view)
        lengths = sum(path_lengths(mesh.vertices, mesh.faces, view) for mesh in bones.values())
        beside = (lengths == 0) & (image > 0.2)
        assert np.percentile(image[lengths > 25], 5) > np.median(image[beside])
        assert (image[[0, -1]].max(axis=1) > 1).all()  # no gap above or below


def test_it_casts_the_same_x_ray_as_the_layers(bones: BoneSet) -> None:
    view = Positioner(0.0, rows=128, columns=128, pixel_spacing=(2.4, 2.4)).camera
    broad = replace(TISSUE, leg_radii=(72.0, 76.0))
    layers = render_layers(bones, [view], broad, np.random.default_rng(6))[0].astype(float)
    expected = line_integrals(layers, broad)
    found = render_ct(phantom_ct(bones, broad, np.random.default_rng(6), scanner=QUIET), view)
    leg = expected > 0.3
    assert np.corrcoef(expected[leg], found[leg])[0, 1] > 0.98
    assert found[leg].mean() == pytest.approx(expected[leg].mean(), rel=0.05)


def test_every_ray_through_the_cube_leaves_the_leg_inside_the_ct() -> None:
    view = Camera.from_angles(
        source_to_detector=1000,
        source_to_isocentre=550,
        primary_angle=0,
        pixel_spacing=(1.0, 1.0),
        rows=round(224 * 1000 / 550),
        columns=round(224 * 1000 / 550),
    )
    corner = view.rays(np.array([0.0, 0.0]))
    behind = view.source + corner * (550 + 130) / (corner @ view.direction)
    assert abs(behind[2]) < HALF_HEIGHT


def test_some_bones_are_enough(bones: BoneSet) -> None:
    volume = phantom_ct(
        BoneSet({Bone.TIBIA: bones[Bone.TIBIA]}), TISSUE, np.random.default_rng(0), spacing=2.0
    )
    assert volume.hu.max() > 800


def test_metal_replaces_tissue_and_cut_bone_is_gone(bones: BoneSet) -> None:
    block = trimesh.creation.box((20, 20, 6))
    block.apply_translation([0, 0, -40])
    cut = trimesh.creation.box((200, 200, 20))
    cut.apply_translation([0, 0, -70])
    implant = Implant("block", (Component("block", block, "titanium"),), {Bone.TIBIA: cut})
    volume, clipped = (
        phantom_ct(bones, TISSUE, np.random.default_rng(1), spacing=1.5, implants=[implant], scanner=scanner)
        for scanner in (QUIET, Scanner(highest_hu=3071.0))
    )
    assert sample(volume, np.array([[0.0, 0.0, -40.0]]))[0] == pytest.approx(hounsfield("titanium"))
    assert sample(volume, shell(bones[Bone.TIBIA], 1.5, -78, -62)).max() < 150
    assert clipped.hu.max() == 3071


def test_materials_have_the_hounsfield_units_of_tables() -> None:
    assert hounsfield("water") == 0
    assert hounsfield("muscle") == pytest.approx(40, abs=20)
    assert hounsfield("adipose") == pytest.approx(-85, abs=20)
    assert 1400 < hounsfield("cortical") < 1900
    assert 8_000 < hounsfield("titanium") < 16_000 < hounsfield("steel") < hounsfield("cobalt_chrome")


def test_an_inside_out_bone_is_a_bone(bones: BoneSet) -> None:
    turned = bones[Bone.TIBIA].copy()
    turned.invert()
    first, second = (
        phantom_ct(BoneSet({Bone.TIBIA: mesh}), TISSUE, np.random.default_rng(0), spacing=3.0).hu
        for mesh in (bones[Bone.TIBIA], turned)
    )
    assert np.abs(first - second).max() < 1


def test_bad_input_is_refused(bones: BoneSet) -> None:
    rng = np.random.default_rng(0)
    tibia = bones[Bone.TIBIA]
    opened = trimesh.Trimesh(tibia.vertices, tibia.faces[5:], process=False)
    with pytest.raises(InputError, match="tibia is open"):
        phantom_ct(BoneSet({Bone.TIBIA: opened}), TISSUE, rng)
    broken = tibia.copy()
    broken.vertices[3] = np.nan
    with pytest.raises(InputError, match="holds NaN"):
        phantom_ct(BoneSet({Bone.TIBIA: broken}), TISSUE, rng)
    far = tibia.copy()
    far.apply_translation([0, 0, 900])
    with pytest.raises(InputError, match="near the origin"):
        phantom_ct(BoneSet({Bone.TIBIA: far}), TISSUE, rng)
    with pytest.raises(InputError, match="Voxels of 0 mm"):
        phantom_ct(bones, TISSUE, rng, spacing=0.0)
