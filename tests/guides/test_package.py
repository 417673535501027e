"""The print package: whole, named, chained back to the X-rays, and nothing that a check blocks."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import trimesh
from reportlab.platypus import Paragraph

from guides.cli import main
from guides.errors import InputError
from guides.osteotomy import read_osteotomy
from guides.package import package_files, sheet, verify_package
from guides.package.aids import gauge, spacer
from guides.plan import plan_hash
from tests.guides.conftest import Designed

Design = Callable[..., Designed]


@pytest.fixture(scope="module")
def packed(designed: Design, tmp_path_factory: pytest.TempPathFactory) -> tuple[Designed, Path]:
    """A package, from bones beside which the report of a reconstruction lies."""
    made = designed("synthetic_l")
    bones = tmp_path_factory.mktemp("bones")
    for file in made.bones.iterdir():
        shutil.copy(file, bones / file.name)
    images = [{"file": "ap.dcm", "sha256": "a" * 64, "camera": {}}, {"file": "lat.dcm", "sha256": "b" * 64}]
    (bones / "report.json").write_text(json.dumps({"model": {"name": "compact"}, "images": images}))
    out = tmp_path_factory.mktemp("package") / "out"
    package_files(made.out, bones, made.plan, out, "P-77")
    return made, out


def test_every_part_is_named_closed_and_in_the_manifest(packed: tuple[Designed, Path]) -> None:
    made, out = packed
    manifest = json.loads((out / "manifest.json").read_text())
    assert {file.name for file in out.iterdir()} == {*manifest["files"], "manifest.json", "manifest.sha256"}
    for name in ("guide", "bone", "spacer", "gauge"):
        path = out / f"P-77-L-{name}.stl"
        mesh = trimesh.load_mesh(path)
        assert mesh.is_watertight and mesh.body_count == 1 and mesh.volume > 0
        assert b"P-77 L" in path.read_bytes()[:80]
    for name, entry in manifest["files"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == entry["sha256"]
    source = manifest["sources"]
    assert [image["sha256"] for image in source["images"]] == ["a" * 64, "b" * 64]
    assert source["bones_sha256"]["tibia"] == made.plan["bones_sha256"]["tibia"]
    assert manifest["plan_sha256"] == plan_hash(made.plan)


def test_the_3mf_names_patient_side_plan_and_parts(packed: tuple[Designed, Path]) -> None:
    made, out = packed
    with zipfile.ZipFile(out / "P-77-L-print.3mf") as archive:
        text = archive.read("3D/3dmodel.model").decode()
    assert 'unit="millimeter"' in text
    assert ">P-77<" in text and ">L<" in text and f">{plan_hash(made.plan)}<" in text
    assert re.findall(r'<object id="\d" type="model" name="(\w+)"', text) == ["guide", "spacer", "gauge"]
    scene = trimesh.load_scene(out / "P-77-L-print.3mf")
    boxes = [mesh.bounds for mesh in scene.dump()]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert (a[1] < b[0]).any() or (b[1] < a[0]).any(), "no part stands in another"


def test_the_dicom_object_holds_the_guide_and_no_name(packed: tuple[Designed, Path]) -> None:
    _, out = packed
    data = pydicom.dcmread(out / "P-77-L-guide.dcm")
    assert data.SOPClassUID == "1.2.840.10008.5.1.4.1.1.104.3" and data.Modality == "M3D"
    assert data.MIMETypeOfEncapsulatedDocument == "model/stl" and data.PatientID == "P-77"
    assert data.MeasurementUnitsCodeSequence[0].CodeValue == "mm"
    stl = data.EncapsulatedDocument[: data.EncapsulatedDocumentLength]
    assert stl == (out / "P-77-L-guide.stl").read_bytes()
    assert trimesh.load(io.BytesIO(stl), file_type="stl").is_watertight


def test_the_same_design_gives_the_same_package(packed: tuple[Designed, Path], tmp_path: Path) -> None:
    made, out = packed
    bones = tmp_path / "bones"
    shutil.copytree(made.bones, bones)
    package_files(made.out, bones, made.plan, tmp_path / "again", "P-77")
    for file in out.iterdir():
        if not file.name.startswith("manifest"):
            assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes(), file.name


def test_one_command_verifies(
    packed: tuple[Designed, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _, out = packed
    assert verify_package(out) == [] and main(["verify", str(out)]) == 0
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    stl = copy / "P-77-L-guide.stl"
    spoilt = bytearray(stl.read_bytes())
    spoilt[500] ^= 1
    stl.write_bytes(spoilt)
    (copy / "P-77-L-spacer.stl").unlink()
    (copy / "extra.stl").write_text("what is this")
    capfd.readouterr()
    assert main(["verify", str(copy)]) == 1
    said = capfd.readouterr().out
    for words in (
        "guide.stl was changed",
        "spacer.stl is missing",
        "extra.stl does not belong",
        "do not print",
    ):
        assert words in said


def test_a_manifest_that_was_written_anew_is_found_out(packed: tuple[Designed, Path], tmp_path: Path) -> None:
    """Somebody who changes the plan and its hash in the manifest has not changed the guide's report."""
    _, out = packed
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    plan = json.loads((copy / "plan.json").read_text())
    plan["osteotomy"]["wedge_volume_mm3"] += 1
    (copy / "plan.json").write_text(json.dumps(plan))
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["plan.json"]["sha256"] = hashlib.sha256((copy / "plan.json").read_bytes()).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert any("sealed" in problem for problem in verify_package(copy))
    seal = hashlib.sha256((copy / "manifest.json").read_bytes()).hexdigest()
    (copy / "manifest.sha256").write_text(f"{seal}  manifest.json\n")
    assert verify_package(copy) == ["plan.json is not the plan that the guide was designed from"]


def test_the_sheet_says_that_the_bones_are_not_trusted(
    designed: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, words = designed("synthetic_l"), list[str]()

    def paragraph(text: str, style: Any) -> Paragraph:
        words.append(text)
        return Paragraph(text, style)

    monkeypatch.setattr(sheet, "Paragraph", paragraph)
    guide, bone = made.guide(), made.tibia()

    def said(*warnings: dict[str, str]) -> bool:
        words.clear()
        document = {**made.plan, "warnings": list(warnings)}
        sheet.write_sheet(tmp_path / "sheet.pdf", guide, bone, made.report, document, "P-77")
        return "Nobody trusts them." in words

    told = {"message": "Nobody trusts them", "source": "a report"}
    assert said({"code": "bones_untrusted", **told}) and not said({"code": "gap_large", **told})


@pytest.mark.parametrize("spoil", ["blocked", "no report", "bad name", "no package"])
def test_what_must_not_be_packed_is_refused(designed: Design, tmp_path: Path, spoil: str) -> None:
    made = designed("synthetic_l")
    guide, out = tmp_path / "guide", tmp_path / "out"
    shutil.copytree(made.out, guide)
    name, code = "P-77", "no_guide"
    if spoil == "blocked":
        mesh = trimesh.load_mesh(guide / "guide.stl")
        mesh.apply_translation(-2 * np.array(made.report["withdrawal_direction"]))
        mesh.export(guide / "guide.stl")
        code = "guide_blocked"
    elif spoil == "no report":
        (guide / "report.json").unlink()
    elif spoil == "bad name":
        name, code = "../P 77", "bad_pseudonym"
    with pytest.raises(InputError) as error:
        if spoil == "no package":
            code = "no_package"
            verify_package(guide)
        package_files(guide, made.bones, made.plan, out, name)
    assert error.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["guide"]


def test_the_spacer_is_the_wedge(designed: Design) -> None:
    """Its faces meet at the hinge under the angle of the correction, and its base is the gap."""
    osteotomy = read_osteotomy(designed("synthetic_l").plan["osteotomy"])
    mesh = spacer(osteotomy, "L ABC123")
    half = np.radians(osteotomy.correction_deg) / 2
    along = np.array([np.cos(half), np.sin(half), 0])
    faces = np.abs(mesh.face_normals @ [-along[1], along[0], 0]) > 1 - 1e-6
    assert mesh.area_faces[faces].sum() > 300
    corners = mesh.triangles[faces].reshape(-1, 3)
    # The face runs through the hinge's axis, x = y = 0.
    assert np.abs(corners @ [-along[1], along[0], 0]).max() < 1e-3
    at_edge = mesh.section([1, 0, 0], [osteotomy.cut_depth_mm - 0.6, 0, 0])
    assert np.ptp(at_edge.vertices[:, 1]) == pytest.approx(osteotomy.gap_mm, rel=0.03)


def test_the_gauge_has_the_angle_of_the_wires(designed: Design) -> None:
    made = designed("synthetic_l")
    osteotomy = read_osteotomy(made.plan["osteotomy"])
    mesh, angle = gauge(made.report, osteotomy, "L ABC123")
    assert mesh.is_watertight and abs(angle) == pytest.approx(osteotomy.correction_deg, abs=0.1)
