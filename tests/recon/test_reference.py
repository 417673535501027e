"""Reference surfaces against simulated CTs of known shape, and on a real CT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.knee import joint_gap
from recon.metrics import evaluate_bones
from recon.reference import ct_reference, write_ct_reference
from recon.volumes import CtVolume
from tests.data import shared_data

SHAFT_RADIUS, HEAD_RADIUS = 14.0, 30.0


def simulated_knee() -> CtVolume:
    """A femur above a tibia, 5 mm apart: cylinders of cortex round marrow, widening at the joint."""
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = [-60, -60, -100]
    z, y, x = np.meshgrid(np.arange(160) - 100.0, np.arange(121) - 60.0, np.arange(121) - 60.0, indexing="ij")
    radius = np.where(np.abs(z) < 30, HEAD_RADIUS, SHAFT_RADIUS)
    across = np.hypot(x, y)
    bone = (across < radius) & (np.abs(z) > 2.5)
    depth = ndimage.distance_transform_edt(bone)
    hu = np.where(across < 55, 50.0, -1000.0)
    hu[bone] = np.where(depth[bone] <= 3, 1200.0, 0.0)
    return CtVolume(ndimage.gaussian_filter(hu, 0.6).astype(np.float32), affine)


def test_surfaces_of_a_simulated_knee_lie_where_its_bones_do() -> None:
    reference = ct_reference(simulated_knee(), isocentre=np.zeros(3))
    assert {Bone.FEMUR, Bone.TIBIA} <= set(reference.bones)
    tibia = reference.bones[Bone.TIBIA]
    assert tibia.is_watertight
    assert tibia.volume > 0
    shaft = tibia.vertices[(tibia.vertices[:, 2] < -40) & (tibia.vertices[:, 2] > -90)]
    assert np.hypot(shaft[:, 0], shaft[:, 1]) == pytest.approx(np.full(len(shaft), SHAFT_RADIUS), abs=0.8)
    assert np.hypot(shaft[:, 0], shaft[:, 1]).mean() == pytest.approx(SHAFT_RADIUS, abs=0.2)
    assert tibia.bounds[1, 2] == pytest.approx(-2.5, abs=0.7)
    assert reference.bones[Bone.FEMUR].bounds[0, 2] == pytest.approx(2.5, abs=0.7)


def test_a_ct_without_bone_is_refused() -> None:
    hu = np.full((40, 40, 40), np.float32(-1000))
    hu[:, 10:30, 10:30] = 40
    with pytest.raises(InputError) as caught:
        ct_reference(CtVolume(hu, np.eye(4)))
    assert caught.value.code == "no_bone"


def test_a_real_ct_gives_closed_bones_in_the_frame_of_its_x_rays(tmp_path: Path) -> None:
    out = tmp_path / "reference"
    reference = write_ct_reference(shared_data("ct/sts_010_dicom"), out, side="L")
    for bone in (Bone.TIBIA, Bone.FEMUR):
        assert reference.bones[bone].is_watertight
        assert reference.bones[bone].body_count == 1
    # The origin is the joint: the femur lies above it, the tibia below, its fibula lateral on the left.
    femur, tibia = (np.array(reference.bones[bone].vertices) for bone in (Bone.FEMUR, Bone.TIBIA))
    assert femur[:, 2].mean() > 5
    assert tibia[:, 2].mean() < -40
    assert reference.bones[Bone.FIBULA].vertices[:, 0].mean() > tibia[:, 0].mean() + 15
    field = FieldOfView.of_folder(out)
    assert field.low == pytest.approx(reference.field.low)
    again = evaluate_bones(BoneSet.read(out), reference.bones, field)
    assert again["bones"]["tibia"]["p2s_assd_mm"] < 1e-3


def test_the_gap_of_a_simulated_knee_is_found_between_its_bones() -> None:
    assert np.median(joint_gap(simulated_knee()), axis=0) == pytest.approx([0, 0, 0], abs=1.0)
