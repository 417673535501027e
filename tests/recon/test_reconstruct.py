"""From two X-ray files of a person whom no weight has seen to four bones that are that person's."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
import torch
import trimesh

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.images import read_pair, read_rig
from recon.images.rig import Rig, RigView, write_rig
from recon.metrics import evaluate_bones, surface_distances
from recon.networks.registry import find
from recon.population.demo import FOLDER, POSE, demo_bones
from recon.population.people import bones_from_nodes, people_nodes
from recon.population.pose import pose_leg, side_of
from recon.reconstruct import reconstruct_files, reconstruct_views, views_field
from recon.refine.register import rigid_motion
from recon.refine.shapes import left_knee
from recon.vertex_values import uncertainty_of

AP, LATERAL = FOLDER / "ap.dcm", FOLDER / "lateral.dcm"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "bones"
    reconstruct_files(AP, LATERAL, out, correspondence=True)
    return out


@dataclass(frozen=True)
class Coarse:
    """The same on a grid of 128, and what was told on the way."""

    out: Path
    told: list[tuple[str, float]]


@pytest.fixture(scope="module")
def coarse(tmp_path_factory: pytest.TempPathFactory) -> Coarse:
    made = Coarse(tmp_path_factory.mktemp("coarse") / "bones", [])
    reconstruct_files(
        AP, LATERAL, made.out, resolution=128, progress=lambda stage, share: made.told.append((stage, share))
    )
    return made


def test_the_four_bones_are_close_to_the_true_ones(made: Path) -> None:
    result = evaluate_bones(BoneSet.read(made), demo_bones(), FieldOfView.of_folder(made))
    assert not result["missing"]
    for bone, figures in result["bones"].items():
        assert figures["p2s_assd_mm"] < 2.0, bone
        assert figures["dsc_percent"] > 85, bone


def test_they_are_this_persons_bones_and_not_an_average(made: Path) -> None:
    """The true bones of other people in the very same pose lie further away."""
    found = BoneSet.read(made)

    def distance(other: BoneSet) -> float:
        return float(
            np.mean([surface_distances(np.array(found[b].vertices), other[b]).mean() for b in found])
        )

    own = distance(demo_bones())
    nodes = people_nodes()
    for person in (0, 7, 23):
        stranger = pose_leg(bones_from_nodes({part: all_[person] for part, all_ in nodes.items()}), POSE)
        assert distance(stranger) > 1.3 * own


def test_every_mesh_is_closed_outward_and_inside_what_the_views_show(made: Path) -> None:
    bones = BoneSet.read(made)
    assert list(bones) == list(Bone)
    for mesh in bones.values():
        assert mesh.is_watertight
        assert mesh.volume > 0
        assert np.abs(mesh.vertices).max() < 101
    assert side_of(bones) == "L"


def test_the_report_says_how_it_was_made(made: Path) -> None:
    report = json.loads((made / "report.json").read_text())
    assert report["model"]["name"] == "compact"
    assert report["model"]["sha256"] == find(None).sha256
    assert set(report["bones"]) == {bone.label for bone in Bone}
    assert report["seconds"]["total"] >= sum(v for k, v in report["seconds"].items() if k != "total") - 0.05


def test_the_report_says_how_far_to_trust_it(made: Path) -> None:
    report = json.loads((made / "report.json").read_text())
    assert report["refined"] == [bone.label for bone in Bone]
    trust = report["trust"]
    assert trust["trusted"] and trust["score"] < trust["threshold"]
    bones, true = BoneSet.read(made), demo_bones()
    for bone, mesh in bones.items():
        expected = uncertainty_of(mesh)
        stated = report["uncertainty"][bone.label]
        assert expected.mean() == pytest.approx(stated["mean_mm"], abs=0.01)
        inside = FieldOfView.of_folder(made).depth(np.array(mesh.vertices)) > 3
        errors = surface_distances(np.array(mesh.vertices)[inside], true[bone])
        assert 0.4 < errors.mean() / expected[inside].mean() < 2.0
        # What it is unsure of is worse than what it is sure of.
        half = expected[inside] > np.median(expected[inside])
        assert errors[half].mean() > errors[~half].mean()


def test_corresponding_meshes_lie_on_the_bones_and_are_numbered_as_the_template(made: Path) -> None:
    report, seen = json.loads((made / "report.json").read_text()), FieldOfView.of_folder(made)
    bones = BoneSet.read(made)
    assert set(report["correspondence"]) == set(report["refined"])
    for label, stated in report["correspondence"].items():
        bone, mesh = Bone[label.upper()], trimesh.load_mesh(made / stated["file"], process=False)
        template = left_knee()[bone]
        assert np.array_equal(mesh.faces, template.faces)  # the demo is a left knee
        assert 0 < stated["shown"] <= stated["vertices"] == len(mesh.vertices)
        assert uncertainty_of(mesh).shape == (len(mesh.vertices),)
        # Vertex n is the same place: the template moved rigidly is near, not only the surface.
        turn, shift = rigid_motion(template.mean, np.array(mesh.vertices))
        apart = np.linalg.norm(template.mean @ turn.T + shift - mesh.vertices, axis=1)
        assert np.median(apart) < 6
        inside = seen.depth(np.array(mesh.vertices)) > 5
        assert surface_distances(np.array(mesh.vertices)[inside], bones[bone]).mean() < 0.5


def test_the_shape_model_brings_the_bones_nearer_to_the_truth(coarse: Coarse) -> None:
    plain = reconstruct_views(read_pair(AP, LATERAL, None), model=find(None), resolution=128, refined=False)
    assert not plain.refinement.bones
    assert json.loads((coarse.out / "report.json").read_text())["refined"]
    without, with_it = (
        evaluate_bones(bones, demo_bones(), plain.seen)["mean"]
        for bones in (plain.bones, BoneSet.read(coarse.out))
    )
    for figure in ("p2s_assd_mm", "p2s_hd95_mm"):
        assert with_it[figure] < without[figure]


def test_a_coarser_grid_gives_the_same_surface(made: Path, coarse: Coarse) -> None:
    fine, coarser = BoneSet.read(made), BoneSet.read(coarse.out)
    assert list(coarser) == list(fine)
    for bone, mesh in coarser.items():
        off = surface_distances(np.array(mesh.vertices), fine[bone])
        # The cell of the coarse grid is 1.6 mm; linear interpolation within it is what differs.
        assert off.mean() < 0.15


def test_more_threads_give_the_same_bones(coarse: Coarse, tmp_path: Path) -> None:
    """Views, bones and pieces of the field side by side, as where a process has the machine to itself.

    Sums in another order differ in their last digits, and decide here and there otherwise.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(2 if before == 1 else 1)
    try:
        reconstruct_files(AP, LATERAL, tmp_path / "out", resolution=128)
    finally:
        torch.set_num_threads(before)
    first, second = BoneSet.read(coarse.out), BoneSet.read(tmp_path / "out")
    assert list(second) == list(first)
    for bone, mesh in second.items():
        assert surface_distances(np.array(mesh.vertices), first[bone]).mean() < 0.1, bone


def test_progress_only_grows_and_ends_at_the_end(coarse: Coarse) -> None:
    told = coarse.told
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (told[0][0], told[-1]) == ("read", ("done", 1.0))
    assert {"encode", "field", "surface"} <= {stage for stage, _ in told}


def test_a_rig_file_overrides_the_attributes(coarse: Coarse, tmp_path: Path) -> None:
    """The same rig with the isocentre moved moves the bones with it."""
    shift = np.array([4.0, -3.0, 6.0])
    rig = read_rig(FOLDER / "rig.json")
    moved = np.eye(4)
    moved[:3, 3] = -shift
    entries = tuple(
        RigView(view.image, view.projection @ moved, view.rows, view.columns, view.view) for view in rig.views
    )
    write_rig(tmp_path / "rig.json", Rig(entries, (0.0, 0.0, 0.0)))
    reconstruct_files(AP, LATERAL, tmp_path / "out", rig=tmp_path / "rig.json", resolution=128)
    tibia, plain = (BoneSet.read(folder)[Bone.TIBIA] for folder in (tmp_path / "out", coarse.out))
    inner = np.array(tibia.vertices) - shift
    inner = inner[np.abs(inner).max(axis=1) < 85]
    # The network has seen the knee elsewhere in its cube: the same bone to well under its accuracy.
    assert surface_distances(inner, plain).mean() < 1.0


def test_bones_of_an_earlier_run_do_not_stay(made: Path, tmp_path: Path) -> None:
    """X-rays that end at the joint must not leave another patient's fibula in the folder."""
    out, rows = tmp_path / "out", 325
    shutil.copytree(made, out)
    for path in (AP, LATERAL):
        dataset = pydicom.dcmread(path)
        dataset.PixelData, dataset.Rows = dataset.pixel_array[:rows].tobytes(), rows
        dataset.save_as(tmp_path / path.name)
    rig = read_rig(FOLDER / "rig.json")
    entries = tuple(RigView(v.image, v.projection, rows, v.columns, v.view) for v in rig.views)
    write_rig(tmp_path / "rig.json", Rig(entries, (0.0, 0.0, 0.0)))
    images = (tmp_path / AP.name, tmp_path / LATERAL.name)
    with pytest.raises(InputError) as caught:
        reconstruct_files(*images, out, rig=tmp_path / "rig.json", resolution=128)
    assert caught.value.code == "untrusted"
    assert "no fibula was found" in str(caught.value)
    assert (out / "fibula.ply").exists()
    report = reconstruct_files(*images, out, rig=tmp_path / "rig.json", resolution=128, accept_untrusted=True)
    assert not report["trust"]["trusted"]
    assert "no fibula was found" in report["warnings"][0]
    assert "fibula" in report["absent"]
    # Nor may its corresponding meshes, for which this run was not asked.
    assert {path.stem for path in out.glob("*.ply")} == set(report["bones"])


def test_nothing_is_written_when_the_model_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        reconstruct_files(AP, LATERAL, tmp_path / "out", model="no-such-model")
    assert caught.value.remedy
    assert not (tmp_path / "out").exists()


def test_an_impossible_resolution_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        reconstruct_files(AP, LATERAL, tmp_path / "out", resolution=7)
    assert caught.value.code == "bad_resolution"


class Recorder(torch.nn.Module):
    """A network that only remembers what it was shown."""

    inputs, input_kind, views = 1, "raw", 2

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.config = SimpleNamespace(pixels=pixels)
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def encode(self, images: torch.Tensor, projections: torch.Tensor) -> None:
        self.images, self.projections = images, projections


@pytest.mark.parametrize(("wanted", "shown"), [(512, 512), (256, 256), (64, 256)])
def test_pictures_are_as_fine_as_the_network_wants(wanted: int, shown: int) -> None:
    """And their projections are those of the same place: the isocentre lies in the middle."""
    network = Recorder(wanted)
    views_field(network, read_pair(AP, LATERAL, None))
    assert network.images.shape == (1, 2, 1, shown, shown)
    x, y, depth = network.projections[0, 0, :, 3]
    assert float(x / depth) == pytest.approx(0, abs=1e-3)
    assert float(y / depth) == pytest.approx(0, abs=1e-3)
    assert float(network.images.std()) > 0.1
