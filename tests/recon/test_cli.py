"""The command line on real data, and on bad input: one line, status 2, nothing half written."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pydicom
import pytest

from recon.agreement import Agreement
from recon.bones import Bone, BoneSet
from recon.cli import main
from recon.errors import InputError
from recon.images import read_pair
from recon.population.demo import FOLDER
from tests.data import shared_data

SMALL = ["--size", "256", "--pixel", "1.2"]


def refused(arguments: list[str], out: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main([*arguments, "--out", str(out)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert not out.exists()
    assert not list(out.parent.glob(f".{out.name}-*"))
    return captured.err


def test_drr_of_a_ct_then_bones_of_its_x_rays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ct = shared_data("ct/sts_010_dicom")
    xrays, bones = tmp_path / "xrays", tmp_path / "bones"
    assert main(["drr", "--ct", str(ct), "--side", "L", *SMALL, "--out", str(xrays)]) == 0
    assert sorted(path.name for path in xrays.iterdir()) == ["ap.dcm", "lateral.dcm", "rig.json"]
    by_file = read_pair(xrays / "ap.dcm", xrays / "lateral.dcm")
    by_rig = read_pair(xrays / "ap.dcm", xrays / "lateral.dcm", xrays / "rig.json")
    for one, other in zip(by_file, by_rig, strict=True):
        assert one.camera.projection == pytest.approx(other.camera.projection, abs=1e-5)
        assert one.laterality == "L"
    pair = ["--ap", str(xrays / "ap.dcm"), "--lateral", str(xrays / "lateral.dcm")]
    # The CT ends 33 mm above the joint: no whole knee.
    way = ["reconstruct", *pair, "--resolution", "128", "--accept-untrusted", "--out", str(bones)]
    assert main(way) == 0
    assert (bones / "tibia.ply").is_file()
    report = json.loads((bones / "report.json").read_text())
    assert report["resolution"] == 128
    # No progress bar where there is no terminal.
    assert capsys.readouterr().err.splitlines() == [f"warning: {text}" for text in report["warnings"]]


def test_every_warning_is_told_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recon.reconstruct.agreed", lambda first, _look: (first, Agreement(3.0, 0.5)))
    image = pydicom.dcmread(FOLDER / "ap.dcm")
    image.PixelIntensityRelationshipSign *= -1
    image.save_as(tmp_path / "ap.dcm")
    out = tmp_path / "out"
    pair = ["--ap", str(tmp_path / "ap.dcm"), "--lateral", str(FOLDER / "lateral.dcm")]
    assert main(["reconstruct", *pair, "--resolution", "128", "--accept-untrusted", "--out", str(out)]) == 0
    captured = capsys.readouterr()
    told = [line.removeprefix("warning: ") for line in captured.err.splitlines()]
    assert told == json.loads((out / "report.json").read_text())["warnings"]
    for said in ("3.0 mm and 0.5 degrees were corrected", "intensity sign contradicts its picture"):
        assert [text for text in told if said in text] and said not in captured.out


def test_drr_of_bones_then_evaluate_against_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared_data("bones/pymskt_dess1_r")
    assert main(["drr", "--bones", str(folder), *SMALL, "--out", str(tmp_path / "xrays")]) == 0
    assert main(["evaluate", "--predicted", str(folder), "--reference", str(folder), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    result = json.loads(line)
    assert set(result["bones"]) == {bone.label for bone in BoneSet.read(folder)}
    assert result["bones"][Bone.TIBIA.label]["p2s_assd_mm"] < 1e-3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["drr", "--ct", "absent.nii.gz"], "does not exist"),
        (["drr", "--bones", "."], "no bone mesh"),
        (["drr", "--bones", ".", "--rig", "absent.json"], "does not exist"),
        (["drr", "--bones", ".", "--size", "8"], "too few"),
        (["drr", "--bones", ".", "--source-to-isocentre", "2000"], "isocentre"),
        (["reconstruct", "--ap", "absent.dcm", "--lateral", "b.dcm"], "not a file"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refused(arguments, tmp_path / "out", capsys)


def test_a_failed_run_leaves_earlier_results_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text("earlier")
    (tmp_path / "ap.dcm").write_text("no image")
    pair = ["--ap", str(tmp_path / "ap.dcm"), "--lateral", str(tmp_path / "ap.dcm")]
    assert main(["reconstruct", *pair, "--out", str(out)]) == 2
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert (out / "report.json").read_text() == "earlier"
    assert capsys.readouterr().err.startswith("error: ap.dcm is not a DICOM file")


def test_an_error_crosses_processes_whole() -> None:
    error = pickle.loads(pickle.dumps(InputError("no_geometry", "The image has no geometry", "Give a rig")))
    assert (error.code, error.message, error.remedy) == (
        "no_geometry",
        "The image has no geometry",
        "Give a rig",
    )
