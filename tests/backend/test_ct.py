"""Uploading a CT: what cannot be used is refused with words, and no name survives what can."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from django.core import serializers

from backend.accounts.models import Role
from backend.audit.models import Event
from backend.cases.models import Case
from backend.core import storage
from backend.imaging import ct_ingest
from backend.imaging.models import CtScan
from backend.jobs import child, runner
from backend.jobs.models import Job, State
from recon.alignment import moved
from recon.bones import Bone
from recon.bones import BoneSet as Bones
from tests.backend import ct, factories, meshes
from tests.data import shared_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def case() -> Case:
    return factories.CaseFactory(side="L")


@pytest.fixture
def client(case: Case, log_in: Any) -> Any:
    return log_in(case.surgeon)


def _with(name: str, content: bytes) -> bytes:
    return ct.zipped(ct.series() | {name: content})


def _bomb() -> bytes:
    return ct.zipped({"a.dcm": bytes(300 * 2**20)})


def _report() -> bytes:
    """A structured report beside the series."""
    return ct.written(ct.slices(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11")[0])


def _deflated() -> bytes:
    dataset = ct.slices()[0]
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    return ct.written(dataset)


def _encrypted() -> bytes:
    content = bytearray(ct.zipped(ct.series()))
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 8] |= 1
        at = content.find(b"PK\x01\x02", at + 4)
    return bytes(content)


# The file, its name, the code that comes back, and a word that the message must hold.
BAD: dict[str, tuple[Callable[[], bytes], str, str, str]] = {
    "nothing": (lambda: b"", "ct.zip", "empty", "empty"),
    "a text file": (lambda: b"Dear colleague" * 50, "ct.txt", "not_ct", "neither"),
    "a text called NIfTI": (lambda: b"Dear colleague" * 50, "ct.nii", "not_ct", "NIfTI"),
    "a zip of texts": (
        lambda: ct.zipped({"letter.txt": b"Dear colleague" * 50}),
        "ct.zip",
        "not_ct",
        "no CT",
    ),
    "half a zip": (lambda: ct.zipped(ct.series())[:9000], "ct.zip", "truncated", "cut short"),
    "a zip bomb": (_bomb, "ct.zip", "zip_bomb", "grow"),
    "a zip in a zip": (lambda: _with("inner.zip", ct.zipped({"a": b"x"})), "ct.zip", "not_ct", "other zip"),
    "too many files": (
        lambda: ct.zipped({str(n): b"x" for n in range(ct_ingest.MAXIMUM_MEMBERS + 1)}),
        "ct.zip",
        "too_many_files",
        "4001",
    ),
    "a password": (_encrypted, "ct.zip", "encrypted", "encrypted"),
    "a report beside it": (lambda: _with("sr.dcm", _report()), "ct.zip", "unsupported_modality", "Text SR"),
    "an X-ray": (
        lambda: ct.zipped(ct.series(SOPClassUID="1.2.840.10008.5.1.4.1.1.1")),
        "ct.zip",
        "unsupported_modality",
        "Radiography",
    ),
    "a deflated slice": (lambda: _with("deflated.dcm", _deflated()), "ct.zip", "compressed", "Deflated"),
    "burned-in text": (lambda: ct.zipped(ct.series(BurnedInAnnotation="YES")), "ct.zip", "burned_in", "text"),
    "a claim of gigabytes": (lambda: ct.zipped(ct.series(Rows=60_000)), "ct.zip", "truncated", "damaged"),
    "a missing slice": (
        lambda: ct.zipped(dict(item for n, item in enumerate(ct.series().items()) if n != 9)),
        "ct.zip",
        "missing_slices",
        "evenly",
    ),
    "the other leg": (lambda: ct.zipped(ct.series(Laterality="R")), "ct.zip", "wrong_side", "marked R"),
    "half a NIfTI": (lambda: ct.nifti()[:60_000], "ct.nii", "truncated", "cut short"),
    "a mask": (
        lambda: bytes(nibabel.Nifti1Image(np.ones((32, 32, 32), np.int16), np.eye(4)).to_bytes()),
        "mask.nii",
        "not_hounsfield",
        "Hounsfield",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_cannot_be_used_is_refused_and_nothing_is_lost(
    kind: str, case: Case, client: Any, tmp_path: Path
) -> None:
    make, name, code, word = BAD[kind]
    before = Event.objects.count()
    answer = ct.post(client, case, make(), name)
    assert answer.status_code == 400, answer.content
    error = answer.json()["error"]
    assert (error["code"], error["kept"]) == (code, "Nothing was stored; the case is unchanged."), error
    assert word in error["message"] and error["message"].endswith(".") and error["remedy"].endswith(".")
    assert str(tmp_path) not in answer.content.decode() and "arrived" not in error["message"]
    assert not CtScan.objects.exists() and Event.objects.count() == before
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert list((tmp_path / "work").glob("*")) == []


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("Doe^Jane.zip", lambda: ct.zipped(ct.series() | {"LICENCE.txt": b"Sanatorium"})),
        ("Doe^Jane.nii", ct.nifti),
        ("Doe^Jane.nii.gz", lambda: gzip.compress(ct.nifti())),
    ],
)
def test_what_is_kept_is_the_volume_and_no_name(
    case: Case, client: Any, name: str, make: Callable[[], bytes]
) -> None:
    answer = ct.post(client, case, make(), name)
    assert answer.status_code == 201, answer.content
    scan = CtScan.objects.get()
    assert (scan.voxels, scan.spacing_mm) == ([ct.SIZE, ct.SIZE, ct.SLICES], [2.0, 2.0, 4.0])
    kept = gzip.decompress(storage.get(scan.file))
    image = nibabel.Nifti1Image.from_bytes(kept)
    assert (np.asarray(image.dataobj).transpose(2, 1, 0) == ct.hounsfield()).all()
    places = {
        "file": kept,
        "answer": answer.content,
        "case": client.get(f"/api/cases/{case.pk}/").content,
        "rows": serializers.serialize("json", [scan, *Event.objects.all()]).encode(),
        "audit": json.dumps(list(Event.objects.values_list("data", flat=True))).encode(),
    }
    found = {(place, s) for place, text in places.items() for s in (*ct.SECRETS, b"Doe") if s in text}
    assert found == set()


def test_equal_cts_are_stored_once_and_go_when_nobody_has_them(
    case: Case, client: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    first, again = (ct.post(client, case, ct.zipped(ct.series())).json() for _ in range(2))
    assert first["sha256"] == again["sha256"]
    for scan, left in ((first, 1), (again, 0)):
        with django_capture_on_commit_callbacks(execute=True):
            assert client.delete(f"/api/ct-scans/{scan['id']}/").status_code == 204
        files = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
        assert len(files) == left
    actions = [entry["action"] for entry in client.get(f"/api/cases/{case.pk}/").json()["timeline"]]
    assert sorted(actions) == ["ct.deleted", "ct.deleted", "ct.uploaded", "ct.uploaded"]


def test_a_zip_cannot_write_outside_its_folder(case: Case, client: Any, tmp_path: Path) -> None:
    evil = {f"../../../{n}.dcm": content for n, content in enumerate(ct.series().values())}
    work = tmp_path / "unpacked"
    work.mkdir()
    path = tmp_path / "evil.zip"
    path.write_bytes(ct.zipped(evil, zipfile.ZIP_STORED))
    assert ct_ingest.unpack(path, work) == 0
    assert len(list(work.iterdir())) == ct.SLICES
    assert {p.name for p in tmp_path.iterdir()} <= {"unpacked", "evil.zip", "files", "work"}


def test_over_the_limit_it_is_refused_before_it_is_looked_at(case: Case, client: Any, settings: Any) -> None:
    settings.CT_UPLOAD_LIMIT_BYTES = 10_000
    answer = ct.post(client, case, ct.zipped(ct.series()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload_too_large")


def test_a_parser_that_needs_too_much_memory_ends_alone(case: Case, client: Any, settings: Any) -> None:
    settings.CT_MEMORY_BYTES = 64 * 1024 * 1024
    answer = ct.post(client, case, ct.zipped(ct.series()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unreadable")


def test_an_engineer_reconstructs_but_does_not_upload(case: Case, log_in: Any) -> None:
    client = log_in(factories.person_with(case.site, Role.ENGINEER))
    assert ct.post(client, case, b"x").status_code == 403
    scan = factories.CtScanFactory(case=case)
    assert client.post(f"/api/ct-scans/{scan.pk}/reconstructions/").status_code == 202


def test_without_weights_the_job_says_so_and_loses_nothing(
    case: Case, client: Any, settings: Any, tmp_path: Path
) -> None:
    """Also what happens while an installation has no CT network."""
    settings.CT_MODEL = str(tmp_path / "none.safetensors")
    scan = ct.post(client, case, ct.zipped(ct.series())).json()
    job = client.post(f"/api/ct-scans/{scan['id']}/reconstructions/").json()
    assert client.get(f"/api/cases/{case.pk}/").json()["state"] == "reconstructing"
    runner.run(job["id"], worker="test")
    job = Job.objects.get(pk=job["id"])
    assert job.state == State.FAILED and job.error
    assert job.error["code"] == "unknown_model" and "CT was kept" in job.error["kept"]
    detail = client.get(f"/api/cases/{case.pk}/").json()
    assert detail["state"] == "waiting_for_images" and len(detail["ct_scans"]) == 1


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Bones], None]:
    """Lets the CT network find given bones, and runs its job in this process."""
    from recon import reconstruct_ct

    def here(function: str, arguments: dict[str, Any], *, on_progress: Any, **_: Any) -> Any:
        module, _, name = function.partition(":")
        called = getattr(importlib.import_module(module), name)
        return json.loads(json.dumps(called(**arguments, progress=on_progress)))

    def finds(bones: Bones) -> None:
        def found(ct: Path, out: Path, **options: Any) -> dict[str, Any]:
            assert ct.is_file() and options["side"] == "L"
            out.mkdir()
            bones.write(out)
            seen = {"box_mm": [[-300.0, -300.0, -300.0], [300.0, 300.0, 300.0]]}
            report = factories.report(*(bone.label for bone in bones)) | {"field_of_view": seen}
            (out / "report.json").write_text(json.dumps(report))
            return report

        monkeypatch.setattr(reconstruct_ct, "reconstruct_ct_file", found)
        monkeypatch.setattr(child, "run", here)

    return finds


def test_bones_of_a_ct_are_laid_onto_those_of_the_xrays(
    case: Case, client: Any, stand_in: Callable[[Bones], None]
) -> None:
    knee = Bones.read(shared_data("bones/hubmap_vhf_l"))
    first = meshes.stored_set(case, knee)
    shift = np.eye(4)
    shift[:3, 3] = [4, -7, 12]
    stand_in(moved(knee, shift))
    scan = factories.CtScanFactory(case=case)
    runner.run(client.post(f"/api/ct-scans/{scan.pk}/reconstructions/").json()["id"], worker="test")
    shown = client.get(f"/api/cases/{case.pk}/").json()
    assert shown["last_job"]["error"] is None
    made = shown["bone_sets"][1]
    assert (made["origin"], made["frame"], made["aligned_to"]) == ("ct_network", "rig", str(first.pk))
    assert np.allclose(made["alignment"]["shift_mm"], [-4, 7, -12], atol=0.3)
    assert made["report"]["field_of_view"]["turned_boxes"] and shown["current_bone_set"] == str(first.pk)
    kept = client.delete(f"/api/ct-scans/{scan.pk}/")
    assert (kept.status_code, kept.json()["error"]["code"]) == (409, "ct_in_use")


def test_bones_of_a_ct_that_do_not_fit_keep_their_frame_and_say_so(
    case: Case, client: Any, stand_in: Callable[[Bones], None]
) -> None:
    meshes.stored_set(case, Bones({Bone.TIBIA: meshes.egg()}))
    stand_in(Bones({Bone.TIBIA: meshes.egg(60, 60, 70)}))
    scan = factories.CtScanFactory(case=case)
    runner.run(client.post(f"/api/ct-scans/{scan.pk}/reconstructions/").json()["id"], worker="test")
    made = client.get(f"/api/cases/{case.pk}/").json()["bone_sets"][1]
    assert (made["frame"], made["aligned_to"], made["alignment"]) == ("own", None, None)
    assert any("Not aligned" in warning for warning in made["report"]["warnings"])


def test_a_case_may_begin_with_a_ct(case: Case, client: Any, stand_in: Callable[[Bones], None]) -> None:
    stand_in(Bones({Bone.TIBIA: meshes.egg()}))
    scan = factories.CtScanFactory(case=case)
    runner.run(client.post(f"/api/ct-scans/{scan.pk}/reconstructions/").json()["id"], worker="test")
    shown = client.get(f"/api/cases/{case.pk}/").json()
    (made,) = shown["bone_sets"]
    assert (made["frame"], made["coordinates"], shown["current_bone_set"]) == ("own", made["id"], made["id"])
    assert shown["state"] == "to_plan" and shown["timeline"][-1]["action"] == "bones.reconstructed_from_ct"


def test_a_removed_ct_fails_its_job_with_words(case: Case, client: Any) -> None:
    scan = factories.CtScanFactory(case=case)
    job = client.post(f"/api/ct-scans/{scan.pk}/reconstructions/").json()
    assert client.delete(f"/api/ct-scans/{scan.pk}/").json()["error"]["code"] == "job_active"
    scan.delete()
    runner.run(job["id"], worker="test")
    job = Job.objects.get(pk=job["id"])
    assert job.error and job.error["code"] == "ct_gone"


def test_the_written_file_reads_back_in_the_same_place(tmp_path: Path) -> None:
    from recon.volumes import read_ct

    given = tmp_path / "given.nii"
    given.write_bytes(ct.nifti())
    volume = read_ct(given)
    ct_ingest.write(volume, tmp_path / "ct.nii.gz")
    again = read_ct(tmp_path / "ct.nii.gz")
    assert np.allclose(again.affine, volume.affine) and (again.hu == volume.hu).all()
    stream = io.BytesIO((tmp_path / "ct.nii.gz").read_bytes())
    ct_ingest.write(volume, tmp_path / "ct.nii.gz")
    assert stream.getvalue() == (tmp_path / "ct.nii.gz").read_bytes()
