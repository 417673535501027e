"""What a case says is true: labels, shadows, volumes and pictures agree with the bones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from recon.bones import Bone, BoneSet
from recon.dataset import Settings
from recon.dataset.assemble import assemble
from recon.dataset.content import CaseContent, check_content
from recon.dataset.cube import known_box, sample_cube
from recon.dataset.points import draw_labelled_points
from recon.dataset.xrays import CArm, bone_shadows, take_views
from recon.errors import InputError
from recon.geometry import ReconstructionCube
from recon.metrics import surface_distances
from recon.population.sample import person_bones
from recon.volumes import CtVolume
from tests.recon.tiny import simple_ct

SETTINGS = Settings(volume_size=64, views=("000", "045", "090", "135"))


@pytest.fixture(scope="module")
def bones() -> BoneSet:
    return person_bones(22, np.random.default_rng(1))


@pytest.fixture(scope="module")
def case(bones: BoneSet) -> CaseContent:
    return assemble(simple_ct(bones), bones, SETTINGS, np.random.default_rng(2), points=2000)


def test_labels_agree_with_an_independent_inside_test(case: CaseContent, bones: BoneSet) -> None:
    for points, labels in ((case.near, case.near_labels), (case.uniform, case.uniform_labels)):
        assert points is not None and labels is not None
        chosen = points[:300].astype(np.float64)
        expected = np.zeros(len(chosen), np.uint8)
        clear = np.ones(len(chosen), bool)
        for bone, mesh in bones.items():
            expected[mesh.contains(chosen)] = bone
            clear &= surface_distances(chosen, mesh) > 1e-3  # rays of the other test may graze a facet
        assert clear.mean() > 0.95
        assert np.array_equal(expected[clear], labels[:300][clear])


def test_near_points_are_near_and_of_all_bones(case: CaseContent, bones: BoneSet) -> None:
    assert case.near is not None and case.near_labels is not None
    distances = np.min([surface_distances(case.near, mesh) for mesh in bones.values()], axis=0)
    assert np.median(distances) < 1.5 and np.percentile(distances, 99) < 16
    assert set(np.unique(case.near_labels)) == {0, *Bone}
    # About half of the points round a surface are inside, and any first part is a fair sample.
    assert 0.3 < (case.near_labels > 0).mean() < 0.6
    assert 0.3 < (case.near_labels[:400] > 0).mean() < 0.6


def test_uniform_points_fill_the_box(case: CaseContent) -> None:
    assert case.uniform is not None
    share = (case.uniform - case.box[0]) / (case.box[1] - case.box[0])
    counts, _ = np.histogramdd(share, bins=2, range=[(0, 1)] * 3)
    assert counts.min() > 0.8 * 2000 / 8


def test_shadows_lie_where_pictures_of_bare_bones_are_dark(bones: BoneSet) -> None:
    """X-ray the bones without a leg: what is above air in the picture must be the mask."""
    bare = simple_ct(bones)
    bare = CtVolume(np.where(bare.hu > 400, bare.hu, np.float32(-1000)), bare.affine)
    machine = CArm.draw(SETTINGS.views, np.random.default_rng(4))
    views = take_views(
        bare, replace(machine, detector=replace(machine.detector, scatter_fraction=0.0)), SETTINGS
    )
    masks = bone_shadows(bones, views.cameras()) & views.valid
    for picture, mask, valid in zip(views.pictures, masks, views.valid, strict=True):
        shown = (picture > 0.1) & valid
        assert (shown & mask).sum() / (shown | mask).sum() > 0.96  # three pixels off it would be 0.91


def test_bones_are_brighter_than_what_lies_beside_them(case: CaseContent) -> None:
    assert case.masks is not None
    for picture, mask in zip(case.pictures, case.masks, strict=True):
        assert picture[mask].mean() > picture[~mask].mean() + 0.3
        assert picture[0:5, 0:5].mean() < 0.15  # air


def test_a_picture_has_the_field_and_noise_of_a_radiograph(case: CaseContent) -> None:
    assert case.pictures.shape == (4, 256, 256)
    air = case.pictures[0][100:150, :12]
    assert 0 < air.std() < 0.1


@pytest.mark.parametrize("tilt", [0.0, 12.0])
def test_the_volume_is_the_ct_on_the_nodes_of_the_cube(tilt: float) -> None:
    """A CT that grows linearly must do so on the nodes, however its axes are turned."""
    slope, settings = np.array([1.0, 2.0, -3.0]), Settings(volume_size=32)
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("x", tilt, degrees=True).as_matrix() * np.array([4.0, 5.0, 6.0])
    affine[:3, 3] = affine[:3, :3] @ -np.array([40.0, 32, 30])
    z, y, x = np.indices((61, 65, 81))
    places = np.stack([x, y, z], axis=-1) @ affine[:3, :3].T + affine[:3, 3]
    sampled = sample_cube(CtVolume((places @ slope).astype(np.float32), affine), settings)
    axis = ReconstructionCube().grid_axis(32)
    expected = slope[0] * axis + (slope[1] * axis)[:, None] + (slope[2] * axis)[:, None, None]
    assert np.abs(sampled - expected).max() < 0.01


def test_the_volume_holds_bone_where_points_are_labelled(case: CaseContent) -> None:
    assert case.uniform is not None and case.uniform_labels is not None
    steps = np.rint((case.uniform + 100) / 200 * 63).astype(int).T[::-1]
    values = case.hu[tuple(steps)]
    assert np.median(values[case.uniform_labels > 0]) > 600
    assert np.median(values[case.uniform_labels == 0]) < 100


def test_a_short_ct_is_collimated_and_nothing_is_said_outside_it(bones: BoneSet) -> None:
    whole = simple_ct(bones)
    first = 40  # slices below z = -50 mm are cut off
    affine = whole.affine.copy()
    affine[2, 3] += first * whole.spacing[2]
    short = CtVolume(whole.hu[first:], affine)
    case = assemble(short, bones, SETTINGS, np.random.default_rng(3), points=500)
    check_content(case, SETTINGS, "short")
    assert case.box[0][2] == pytest.approx(-50.0)
    assert case.near is not None and case.near[:, 2].min() >= -50.001
    assert (case.hu[:15] == -1000).all()
    for picture, valid, mask in zip(case.pictures, case.valid, case.masks, strict=True):  # type: ignore[arg-type]
        rows = np.flatnonzero(valid.any(axis=1))
        assert 150 < rows[-1] < 200 and rows[0] < 10
        assert (picture[~valid] == 0).all() and not mask[~valid].any()


def test_bones_that_do_not_reach_the_volume_are_refused(bones: BoneSet) -> None:
    away = BoneSet({bone: mesh.copy().apply_translation((900, 0, 0)) for bone, mesh in bones.items()})
    box = known_box(simple_ct(bones), SETTINGS)
    with pytest.raises(InputError) as caught:
        draw_labelled_points(away, box, 100, np.random.default_rng(0))
    assert caught.value.code == "no_bone_in_view"


def test_a_ct_far_from_the_isocentre_is_refused(bones: BoneSet) -> None:
    with pytest.raises(InputError) as caught:
        known_box(simple_ct(bones).centred_on(np.array([500.0, 0, 0])), SETTINGS)
    assert caught.value.code == "no_overlap"
