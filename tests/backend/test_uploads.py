"""Uploading X-rays: what cannot be used is refused with words, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.accounts.models import Role
from backend.audit.models import Event
from backend.cases.models import Case
from backend.imaging.models import Image
from tests.backend import factories, xrays

pytestmark = pytest.mark.django_db


@pytest.fixture
def case() -> Case:
    return factories.CaseFactory(side=xrays.SIDE)


@pytest.fixture
def client(case: Case, log_in: Any) -> Any:
    return log_in(case.surgeon)


def stored_files(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "files").rglob("*") if path.is_file()}


def leftovers(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "work").glob("*"))


# The view that is given, the file, the code that comes back, and a word that the message must hold.
BAD: dict[str, tuple[str, Callable[[], bytes], str, str]] = {
    "a text file": ("ap", lambda: b"Dear colleague,\n" * 50, "not_dicom", "not a DICOM"),
    "nothing": ("ap", lambda: b"", "empty", "empty"),
    "half a file": ("ap", lambda: xrays.edited()[:300_000], "truncated", "cut short"),
    "half a header": ("ap", lambda: xrays.edited()[:200], "truncated", "cut short"),
    "no distances": ("ap", lambda: xrays.edited(DistanceSourceToDetector=None), "no_geometry", "Distance"),
    "impossible distances": (
        "ap",
        lambda: xrays.edited(DistanceSourceToDetector=100),
        "bad_geometry",
        "impossible",
    ),
    "a chest": ("ap", lambda: xrays.edited(BodyPartExamined="CHEST"), "wrong_body_part", "CHEST"),
    "another modality": ("ap", lambda: xrays.edited(Modality="US"), "unsupported_modality", "US"),
    "a CT slice": (
        "ap",
        lambda: xrays.edited(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"),
        "unsupported_modality",
        "CT",
    ),
    "a colour picture": ("ap", xrays.coloured, "colour_image", "colour"),
    "the lateral as AP": ("ap", lambda: xrays.edited("lateral"), "views_swapped", "lateral"),
    "the other leg": ("ap", lambda: xrays.edited(ImageLaterality="R"), "wrong_side", "marked R"),
    "another patient": ("ap", lambda: xrays.edited(PatientID="SOMEBODY-ELSE"), "different_patients", "pat"),
    "burned-in text": ("ap", lambda: xrays.edited(BurnedInAnnotation="YES"), "burned_in", "text"),
    "a deflated file": ("ap", xrays.deflated, "compressed", "Deflated"),
    "a claim of gigabytes": ("ap", lambda: xrays.edited(NumberOfFrames=100_000), "too_large", "100000"),
    "a film": ("ap", lambda: xrays.edited(NumberOfFrames=2), "multi_frame", "2 frames"),
    "a table of its own": (
        "ap",
        lambda: xrays.edited(ModalityLUTSequence=[xrays.dataset("lateral")[:0x00090000]]),
        "unsupported_lut",
        "table",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_cannot_be_used_is_refused_and_nothing_is_lost(
    kind: str, case: Case, client: Any, tmp_path: Path
) -> None:
    view, make, code, word = BAD[kind]
    xrays.stored(case, "lateral")
    before = (list(Image.objects.values()), stored_files(tmp_path), Event.objects.count())

    answer = xrays.post(client, case, view, make())

    assert answer.status_code == 400, answer.content
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "kept", "remedy", "fields"}
    assert (error["code"], error["kept"]) == (code, "Nothing was stored; the case is unchanged.")
    assert word in error["message"]
    assert error["message"].endswith(".") and error["remedy"].endswith(".")
    # People know the name that they chose, not that of a working file or folder.
    assert "image.dcm" not in error["message"] and "arrived" not in error["message"]
    assert str(tmp_path) not in answer.content.decode()
    assert (list(Image.objects.values()), stored_files(tmp_path), Event.objects.count()) == before
    assert leftovers(tmp_path) == []


def test_after_a_refusal_the_case_is_as_usable_as_before(case: Case, client: Any) -> None:
    for view in ("ap", "lateral"):
        assert xrays.post(client, case, view, b"text").status_code == 400
        assert xrays.post(client, case, view, xrays.edited(view)).status_code == 201
    detail = client.get(f"/api/cases/{case.pk}/").json()
    assert detail["state"] == "ready_to_reconstruct"
    assert [entry["action"] for entry in detail["timeline"]] == ["image.uploaded"] * 2


def test_a_file_over_the_limit_is_refused_before_it_is_looked_at(
    case: Case, client: Any, settings: Any, tmp_path: Path
) -> None:
    settings.UPLOAD_LIMIT_BYTES = 100_000
    answer = xrays.post(client, case, "ap", xrays.edited())
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "upload_too_large"
    assert not Image.objects.exists() and stored_files(tmp_path) == set() and leftovers(tmp_path) == []


def test_a_parser_that_needs_too_much_memory_ends_alone(case: Case, client: Any, settings: Any) -> None:
    settings.UPLOAD_MEMORY_BYTES = 64 * 1024 * 1024
    answer = xrays.post(client, case, "ap", xrays.edited())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unreadable")


@pytest.mark.parametrize(("fields", "missing"), [({"view": "ap"}, "file"), ({"view": "oblique"}, "view")])
def test_a_form_that_lacks_something_names_it(
    case: Case, client: Any, fields: dict[str, str], missing: str
) -> None:
    answer = client.post(f"/api/cases/{case.pk}/images/", fields, format="multipart")
    assert answer.status_code == 400
    assert missing in answer.json()["error"]["fields"]


def test_what_is_shown_are_the_pixels_that_came(case: Case, client: Any) -> None:
    shown = xrays.post(client, case, "ap", xrays.edited()).json()
    raw = client.get(shown["pixels_url"]).content
    pixels = np.frombuffer(raw, "<u2").reshape(shown["rows"], shown["columns"])
    original = xrays.dataset().pixel_array
    assert pixels.shape == original.shape
    # MONOCHROME1: the more exposure the darker, so the order of the grey values is turned round.
    assert np.corrcoef(pixels.ravel(), original.ravel())[0, 1] < -0.8
    assert np.array(shown["projection"]).shape == (3, 4)


def test_an_xray_can_be_replaced_and_removed_until_bones_are_made(
    case: Case, client: Any, tmp_path: Path
) -> None:
    first = xrays.post(client, case, "ap", xrays.edited()).json()
    second = xrays.post(client, case, "ap", xrays.edited(PositionerPrimaryAngle=3)).json()
    assert Image.objects.get().pk != first["id"] and first["sha256"] != second["sha256"]
    assert client.get(first["pixels_url"]).status_code == 404
    assert client.delete(f"/api/images/{second['id']}/").status_code == 204
    factories.BoneSetFactory(case=case)
    refused = xrays.post(client, case, "ap", xrays.edited())
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "image_in_use")


def test_files_go_only_when_nobody_else_has_them(
    case: Case, client: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    other = factories.CaseFactory(site=case.site, surgeon=case.surgeon, side=xrays.SIDE)
    mine, theirs = xrays.stored(case, "ap"), xrays.stored(other, "ap")
    assert mine.file == theirs.file
    with django_capture_on_commit_callbacks(execute=True):
        client.delete(f"/api/images/{mine.pk}/")
    assert client.get(f"/api/images/{theirs.pk}/pixels/").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        client.delete(f"/api/images/{theirs.pk}/")
    assert stored_files(tmp_path) == set()


def test_an_engineer_looks_but_does_not_upload(case: Case, log_in: Any) -> None:
    client = log_in(factories.person_with(case.site, Role.ENGINEER))
    assert xrays.post(client, case, "ap", xrays.edited()).status_code == 403
