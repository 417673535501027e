"""From a CT file to four bones, their frame, their report and their picture."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nibabel
import numpy as np
import pytest
import torch
import trimesh
from PIL import Image
from torch import nn
from torch.nn import functional

from recon import reconstruct_ct
from recon.bones import Bone, BoneSet
from recon.cli import main
from recon.coverage import ct_findings
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.metrics import evaluate_folders
from recon.networks import registry
from recon.networks.build import build_network
from recon.networks.sampling import interpolate, voxels_of_unit
from recon.overlay import COLOURS, ct_overlay
from recon.reconstruct_ct import reconstruct_ct_file
from recon.reference import write_ct_reference
from tests.data import shared_data
from tests.recon.test_network_kinds import VNET
from tests.recon.test_prediction import CENTRES, RADII, spheres, write_model

SPACING = np.array([2.0, 2.0, 2.5])  # mm along x, y, z
ISOCENTRE = np.array([31.0, -112.0, 843.0])  # of the file's own frame
MOVED = np.array([4.0, -3.0, 5.0])  # where the balls are moved to


def phantom_hu(points: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Hounsfield units at (..., 3) points in mm: balls of 560 HU in a leg of 40 HU in air."""
    flat = points.reshape(-1, 3)
    margins = spheres(flat - shift)
    leg = np.hypot(flat[:, 0], flat[:, 1] + 10) < 85
    hu = np.where(leg, 40.0, -1000.0)
    for bone in Bone:
        share = np.clip(margins[:, bone - 1] / 2 + 0.5, 0, 1)  # an edge of 2 mm
        hu = hu * (1 - share) + 560.0 * share
    return hu.reshape(points.shape[:-1]).astype(np.float32)


def cube_points(size: int) -> np.ndarray:
    axis = np.linspace(-100, 100, size)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return np.stack([x, y, z], -1)


class NearestBall(nn.Module):
    """Stands in for a trained network: what is denser than 300 HU is the bone whose ball is nearest."""

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(size=101)
        moved = np.array([CENTRES[bone] for bone in Bone]) + MOVED
        self.centres = nn.Parameter(torch.from_numpy(moved / 100).float())

    def encode(self, volume: torch.Tensor) -> torch.Tensor:
        assert volume.shape == (1, 1, 101, 101, 101)
        return volume

    def decode_points(self, volume: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        dense = interpolate(volume, voxels_of_unit(points, volume)) - 0.3
        radii = torch.tensor([RADII[bone] / 100 for bone in Bone])
        nearest = (torch.cdist(points, self.centres[None]) - radii).argmin(-1)
        own = functional.one_hot(nearest, 4).bool()
        return torch.cat([torch.zeros_like(dense), torch.where(own, 20 * dense, -20.0)], -1)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A weights file of a real CT network, in whose place the stand-in answers."""
    monkeypatch.setattr(reconstruct_ct, "load_network", lambda _: NearestBall())
    return write_model(tmp_path, "balls", {"ct": VNET}, weights=build_network(VNET))


def write_ct(path: Path, low: float = -120.0, high: float = 120.0) -> Path:
    """The phantom as NIfTI about an isocentre far from the file's origin, ``low`` to ``high`` mm in z."""
    sizes = np.array([100, 100, int((high - low) / SPACING[2])])
    origin = np.array([-99.0, -99.0, low])
    x, y, z = (origin[i] + SPACING[i] * np.arange(sizes[i]) for i in range(3))
    points = np.stack(np.meshgrid(x, y, z, indexing="ij"), -1)
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = origin + ISOCENTRE
    image = nibabel.Nifti1Image(phantom_hu(points, MOVED), np.diag([-1.0, -1, 1, 1]) @ affine)
    image.header.set_sform(image.affine, code=1)
    nibabel.save(image, path)
    return path


@pytest.fixture
def made(model: Path, tmp_path: Path) -> Path:
    folder = tmp_path
    ct = write_ct(folder / "phantom.nii")
    where = ",".join(map(str, ISOCENTRE))
    arguments = ["--ct", str(ct), "--out", str(folder / "out"), "--model", str(model), "--side", "L"]
    assert (
        main(["reconstruct-ct", *arguments, f"--isocentre={where}", "--resolution", "128", "--overlay"]) == 0
    )
    return folder / "out"


def test_the_balls_lie_where_they_are_in_the_patient(made: Path) -> None:
    bones = BoneSet.read(made)
    assert list(bones) == list(Bone)
    for bone, mesh in bones.items():
        assert mesh.is_watertight
        centre = np.array(CENTRES[bone]) + MOVED
        off = np.linalg.norm(mesh.vertices - centre, axis=1) - RADII[bone]
        assert np.abs(off).mean() < 0.4, bone  # a sixth of a voxel
        assert mesh.centroid == pytest.approx(centre, abs=0.3), bone


def test_the_report_says_how_and_where(made: Path, model: Path) -> None:
    report = json.loads((made / "report.json").read_text())
    assert report["model"] == {"name": "balls", "sha256": registry.find(str(model), "ct").sha256}
    assert report["isocentre_lps"] == ISOCENTRE.tolist()
    assert report["side"] == "L"
    assert report["resolution"] == 128
    assert not report["absent"]
    assert not report["warnings"]
    stages = {"load", "read", "locate", "encode", "refine", "field", "surface", "edges", "write", "total"}
    assert stages == set(report["seconds"])
    # Balls are no bones, though a kneecap is nearly one.
    assert {"femur", "fibula", "tibia"} <= set(report["not_refined"])
    assert sorted([*report["refined"], *report["not_refined"]]) == sorted(report["bones"])
    field = FieldOfView.of_folder(made)
    assert field.low == pytest.approx([-99, -99, -100])
    assert field.high == pytest.approx([99, 99, 100])


def test_bones_end_where_the_ct_ends(model: Path, tmp_path: Path) -> None:
    ct = write_ct(tmp_path / "short.nii", low=-50.0)
    out = tmp_path / "out"
    report = reconstruct_ct_file(
        ct, out, model=str(model), resolution=128, isocentre=ISOCENTRE, progress=lambda stage, share: None
    )
    assert report["warnings"] == ["The CT ends 50 mm below the joint; bones are cut flat there"]
    tibia = BoneSet.read(out)[Bone.TIBIA]
    assert tibia.is_watertight
    assert tibia.vertices[:, 2].min() == pytest.approx(-50, abs=0.6)
    assert not (out / "overlay.png").exists()


def test_what_the_network_drew_can_be_had_as_it_is(model: Path, tmp_path: Path) -> None:
    ct = write_ct(tmp_path / "phantom.nii")
    arguments = ["--ct", str(ct), "--out", str(tmp_path / "out"), "--model", str(model), "--no-refine"]
    where = ",".join(map(str, ISOCENTRE))
    assert main(["reconstruct-ct", *arguments, f"--isocentre={where}", "--resolution", "128"]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert not {"refine", "edges"} & set(report["seconds"])
    assert not report["not_refined"]


def test_progress_only_grows(model: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    ct = write_ct(tmp_path / "phantom.nii")
    reconstruct_ct_file(
        ct,
        tmp_path / "out",
        model=str(model),
        resolution=128,
        isocentre=ISOCENTRE,
        progress=lambda stage, share: told.append((stage, share)),
    )
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (told[0][0], told[-1]) == ("load", ("done", 1.0))


def test_outlines_lie_on_the_edges_of_the_ct() -> None:
    """In the overlay of exact balls, coloured pixels of the tibia are where its circle is."""
    hu = phantom_hu(cube_points(101), np.zeros(3))
    balls = {b: trimesh.creation.icosphere(4, RADII[b]).apply_translation(CENTRES[b]) for b in Bone}
    side = 404  # four pixels a node of 2 mm
    sheet = np.asarray(ct_overlay(hu, BoneSet(balls), side=side))
    assert sheet.shape == (3 * side, 3 * side, 3)
    # The extent of the balls is -75 to 34 mm in y and -79 to 77 in z; nodes are 2 mm apart.
    y, z = -20.0, -40.0
    coronal = sheet[:side, side : 2 * side]
    rows, columns = np.nonzero((coronal == COLOURS[Bone.TIBIA]).all(-1))
    x = columns / 2 - 100.75
    radius = np.hypot(x - CENTRES[Bone.TIBIA][0], -(rows / 2 - 100.75) - CENTRES[Bone.TIBIA][2])
    assert len(radius) > 300
    assert radius.mean() == pytest.approx(np.sqrt(RADII[Bone.TIBIA] ** 2 - y**2), abs=0.5)
    assert radius.std() < 0.8
    axial = sheet[2 * side :, 2 * side :]  # seen from the feet: the left fibula on the right
    rows, columns = np.nonzero((axial == COLOURS[Bone.FIBULA]).all(-1))
    assert columns.mean() / 2 - 100.75 == pytest.approx(CENTRES[Bone.FIBULA][0], abs=1)
    assert rows.mean() / 2 - 100.75 == pytest.approx(CENTRES[Bone.FIBULA][1], abs=1)
    assert np.ptp(columns) / 2 == pytest.approx(2 * np.sqrt(RADII[Bone.FIBULA] ** 2 - (z + 40) ** 2), abs=1.5)


def test_the_picture_shows_outlines(made: Path) -> None:
    with Image.open(made / "overlay.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    for bone in Bone:
        assert (pixels == COLOURS[bone]).all(-1).sum() > 50, bone


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ct": Path("absent.nii")}, "no_file"),
        ({"resolution": 100}, "bad_resolution"),
        ({"model": "no-such-model"}, "unknown_model"),
        ({"isocentre": np.array([4000.0, 0, 0])}, "no_overlap"),
    ],
)
def test_bad_input_leaves_nothing(change: dict[str, Any], code: str, model: Path, tmp_path: Path) -> None:
    ct = write_ct(tmp_path / "phantom.nii") if code == "no_overlap" else tmp_path
    arguments = {"ct": ct, "model": str(model), "isocentre": ISOCENTRE, "resolution": 128, **change}
    with pytest.raises(InputError) as caught:
        reconstruct_ct_file(out=tmp_path / "out", **arguments)
    assert caught.value.code == code
    assert caught.value.remedy
    assert not (tmp_path / "out").exists()


def test_weights_that_are_not_installed_are_said_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = registry.Model("ct", tmp_path / "ct.safetensors", tmp_path / "ct.toml", "ct")
    monkeypatch.setitem(registry.SHIPPED, "ct", absent)
    assert main(["reconstruct-ct", "--ct", "absent.nii", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "not installed" in said
    assert "recon train ct" in said
    assert said.count("\n") == 1


def test_a_ct_in_which_the_network_finds_nothing(model: Path, tmp_path: Path) -> None:
    hu = np.full((40, 40, 40), 0, np.float32)
    hu[0], hu[-1] = -1000, 290  # denser than soft tissue, not than what counts as bone here
    image = nibabel.Nifti1Image(hu, np.diag([-4.0, -4, 4, 1]))
    image.header.set_sform(image.affine, code=1)
    nibabel.save(image, tmp_path / "nothing.nii")
    with pytest.raises(InputError) as caught:
        reconstruct_ct_file(
            tmp_path / "nothing.nii", tmp_path / "out", model=str(model), isocentre=np.full(3, 80.0)
        )
    assert caught.value.code == "no_bones_found"
    assert not (tmp_path / "out").exists()


def box(bone: Bone, low: tuple[float, float, float], high: tuple[float, float, float]) -> BoneSet:
    sides = np.subtract(high, low)
    return BoneSet({bone: trimesh.creation.box(sides).apply_translation(np.add(low, high) / 2)})


def test_the_fibula_tells_the_side_whatever_else_is_in_view() -> None:
    tibia = box(Bone.TIBIA, (-30, -20, -90), (30, 20, -5))
    for low, side in ((35.0, "L"), (-45.0, "R")):
        fibula = box(Bone.FIBULA, (low, 10, -90), (low + 10, 20, -15))
        assert reconstruct_ct._side(BoneSet({**tibia, **fibula})) == side
    assert reconstruct_ct._side(tibia) is None


def test_a_bone_of_which_the_ct_shows_little_is_named() -> None:
    seen = FieldOfView(np.array([-60.0, -60, -100]), np.array([60.0, 60, 15]))
    slice_of_femur = box(Bone.FEMUR, (-40, -30, 3), (40, 30, 15))
    assert [(found.code, found.bone) for found in ct_findings(slice_of_femur, seen)] == [
        ("ct_ends", ""),
        ("little_of_bone", "femur"),
    ]
    assert "12 mm of the femur" in ct_findings(slice_of_femur, seen)[1].message
    small_but_whole = box(Bone.PATELLA, (-20, -50, -10), (20, -30, 8))
    more = box(Bone.TIBIA, (-40, -30, -100), (40, 30, 0))
    for bones in (small_but_whole, more):
        assert [found.code for found in ct_findings(bones, seen)] == ["ct_ends"]
    cropped_in_front = box(Bone.PATELLA, (-20, -60, -10), (20, -40, 5))
    assert ct_findings(cropped_in_front, seen)[1].bone == "patella"


@pytest.mark.parametrize("name", ["sts_010_dicom", "vhf_L.nii.gz"])
def test_the_shipped_network_on_a_real_ct(name: str, tmp_path: Path) -> None:
    """Bones of which enough is in view lie within 1.5 millimetres of the surfaces that a threshold finds."""
    ct = shared_data(f"ct/{name}")
    if not registry.SHIPPED["ct"].weights.is_file():
        pytest.skip("the weights of the CT network are not installed")
    report = reconstruct_ct_file(ct, tmp_path / "out", resolution=128)
    write_ct_reference(ct, tmp_path / "reference", isocentre=np.array(report["isocentre_lps"]))
    little = {found["bone"] for found in report["findings"] if found["code"] == "little_of_bone"}
    assert little == ({"femur"} if name.startswith("vhf") else set())  # 12 mm of it, against 24 mm
    assert any("mm of the femur" in warning for warning in report["warnings"]) == bool(little)
    figures = evaluate_folders(tmp_path / "out", tmp_path / "reference")["bones"]
    for bone in {"femur", "fibula", "tibia"} - little:
        assert figures[bone]["p2s_assd_mm"] < 1.5, bone
    assert {"fibula", "tibia"} <= set(report["refined"])
