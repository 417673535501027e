"""The long-leg film of a case: upload, refusals, measuring, and the plans that stand on it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from backend.accounts.models import Role
from backend.audit.models import Event
from backend.cases.models import Case
from backend.core import storage, triggers
from backend.core.errors import Conflict
from backend.imaging.models import LegFilm
from backend.planning import report_rows, services
from backend.planning.differences import changes
from backend.planning.models import FilmReading, Plan
from guides.plan import plan_hash, read_plan
from tests.backend import factories, films, xrays
from tests.backend.planned import approved, bone_set_of, leg_meshes, saved

pytestmark = pytest.mark.django_db

REPORTED = {"HKA": 176.01, "JLCA": 2.05, "mLDFA": 87.65, "mMPTA": 85.71}


@pytest.fixture
def case() -> Case:
    return factories.CaseFactory(side="L")


@pytest.fixture
def client(case: Case, log_in: Any) -> Any:
    return log_in(case.surgeon)


def read(client: Any, film: LegFilm, **changed: Any) -> Any:
    body = {"points": films.LEFT["points"], "mirrored": False} | changed
    return client.post(f"/api/leg-films/{film.pk}/readings/", body, format="json")


def shown(client: Any, answer: dict[str, Any]) -> np.ndarray:
    raw = client.get(answer["pixels_url"]).content
    return np.frombuffer(raw, "<u2").reshape(answer["shown_rows"], answer["shown_columns"])


def stored_files(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "files").rglob("*") if path.is_file()}


# ---- what comes in ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "spacing", "calibrated", "mirrored"),
    [
        (lambda: films.dicom(8), [0.5, 0.5], True, False),
        (lambda: films.dicom(16, PixelSpacing=[0.3, 0.15]), [0.3, 0.15], True, False),
        (lambda: films.dicom(PatientOrientation=["R", "F"]), [0.5, 0.5], True, True),
        (lambda: films.dicom(PatientOrientation=["L", "H"]), [0.5, 0.5], True, True),
        (lambda: films.dicom(PatientOrientation=None, PixelSpacing=None), [1, 1], False, None),
        (lambda: films.dicom(PixelSpacing=None, PixelAspectRatio=[2, 1]), [2, 1], False, False),
        (films.picture, [1, 1], False, None),
        (lambda: films.picture(mode="I;16"), [1, 1], False, None),
        (lambda: films.picture("JPEG", "RGB", quality=95), [1, 1], False, None),
        (lambda: films.picture(mode="RGBA"), [1, 1], False, None),
    ],
)
def test_a_film_is_kept_with_its_proportions(
    case: Case,
    client: Any,
    content: Callable[[], bytes],
    spacing: list[float],
    calibrated: bool,
    mirrored: bool | None,
) -> None:
    answer = films.post(client, case, content())
    assert answer.status_code == 201, answer.content
    found = answer.json()
    assert (found["pixel_spacing"], found["calibrated"], found["mirrored"]) == (spacing, calibrated, mirrored)
    assert (found["rows"], found["columns"], found["reduction"]) == (films.ROWS, films.COLUMNS, 1)
    assert np.corrcoef(shown(client, found).ravel(), films.grey().ravel())[0, 1] > 0.999
    detail = client.get(f"/api/cases/{case.pk}/").json()
    assert detail["leg_film"] == found and detail["film_reading"] is None
    assert "upload_film" in detail["allowed"]
    assert detail["timeline"][-1]["action"] == "film.uploaded"


def test_monochrome1_and_rescaling_leave_bone_bright(case: Case, client: Any) -> None:
    dark = films.dataset(12, PhotometricInterpretation="MONOCHROME1", RescaleSlope=2, RescaleIntercept=-500)
    dark.WindowCenter, dark.WindowWidth = 2 * 2048 - 500, 4000
    pixels = 4095 - np.frombuffer(dark.PixelData, "<u2")
    dark.PixelData = pixels.astype("<u2").tobytes()
    found = films.post(client, case, xrays.written(dark)).json()
    assert np.corrcoef(shown(client, found).ravel(), films.grey().ravel())[0, 1] > 0.999
    # The file's own window, in the units of what is shown: as far from the top as it was from the bottom.
    assert found["window"]["center"] == pytest.approx(65535 / 2, abs=200)
    assert found["window"]["width"] == pytest.approx(2000 / 4095 * 65535, rel=0.02)


@pytest.mark.parametrize(("center", "width"), [(9e6, 10), (100, 1e-9)])
def test_a_window_that_shows_nothing_is_not_followed(
    case: Case, client: Any, center: float, width: float
) -> None:
    found = films.post(client, case, films.dicom(WindowCenter=center, WindowWidth=width)).json()
    pixels, window = shown(client, found), found["window"]
    low, high = window["center"] - window["width"] / 2, window["center"] + window["width"] / 2
    assert np.mean((pixels >= low) & (pixels <= high)) > 0.9


def test_a_large_film_is_shown_smaller_and_measured_in_its_own_pixels(case: Case, client: Any) -> None:
    large = np.repeat(np.repeat(films.grey(), 3, axis=0), 3, axis=1)
    stream = io.BytesIO()
    Pillow.fromarray(np.rint(large * 255).astype(np.uint8)).save(stream, "PNG")
    found = films.post(client, case, stream.getvalue(), "film.png").json()
    assert (found["rows"], found["columns"]) == (5700, 3000)
    assert (found["shown_rows"], found["shown_columns"], found["reduction"]) == (2850, 1500, 2)
    points = {name: [3 * x, 3 * y] for name, (x, y) in films.LEFT["points"].items()}
    reading = read(client, LegFilm.objects.get(), points=points)
    assert reading.status_code == 201 and reading.json()["angles"] == REPORTED


BAD: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "nothing": (lambda: b"", "empty", "empty"),
    "a letter": (lambda: b"Dear colleague,\n" * 50, "not_a_film", "neither a DICOM file nor a PNG"),
    "half a film": (lambda: films.dicom()[:400_000], "truncated", "cut short"),
    "half a picture": (lambda: films.picture()[:9000], "truncated", "cut short"),
    "a CT slice": (
        lambda: films.dicom(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"),
        "unsupported_modality",
        "CT",
    ),
    "another modality": (lambda: films.dicom(Modality="MR"), "unsupported_modality", "MR"),
    "names in its pixels": (lambda: films.dicom(BurnedInAnnotation="YES"), "burned_in", "text"),
    "the other leg alone": (lambda: films.dicom(ImageLaterality="R"), "wrong_side", "marked R"),
    "a thumbnail": (
        lambda: films.dicom(Rows=200, Columns=100, PixelData=bytes(range(256)) * 157),
        "bad_pixels",
        "200 pixels long",
    ),
    "an unexposed film": (
        lambda: films.dicom(PixelData=bytes(2 * films.ROWS * films.COLUMNS)),
        "empty_image",
        "alike",
    ),
    "pixels without a size": (lambda: films.dicom(PixelSpacing=[0, 0.5]), "bad_geometry", "without a size"),
    "a bomb": (lambda: films.dicom(NumberOfFrames=100_000), "too_large", "100000"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_cannot_be_used_is_refused_and_the_film_before_stays(
    kind: str, case: Case, client: Any, tmp_path: Path
) -> None:
    make, code, word = BAD[kind]
    factories.LegFilmFactory(case=case)
    before = (list(LegFilm.objects.values()), stored_files(tmp_path), Event.objects.count())
    answer = films.post(client, case, make(), "my film.dcm")
    assert answer.status_code == 400, answer.content
    error = answer.json()["error"]
    assert (error["code"], error["kept"]) == (code, "Nothing was stored; the case is unchanged.")
    assert word in error["message"] and error["remedy"].endswith(".")
    assert "arrived" not in error["message"] and "film.png" not in error["message"]
    assert str(tmp_path) not in answer.content.decode()
    assert (list(LegFilm.objects.values()), stored_files(tmp_path), Event.objects.count()) == before
    assert list((tmp_path / "work").glob("*")) == []


def test_the_film_of_another_patient_is_refused(client: Any, case: Case) -> None:
    xrays.stored(case, "ap")
    answer = films.post(client, case, films.dicom())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "different_patients")
    own = xrays.dataset().PatientID
    assert films.post(client, case, films.dicom(PatientID=own)).status_code == 201


def test_a_film_over_the_limit_is_refused_before_it_is_looked_at(
    case: Case, client: Any, settings: Any
) -> None:
    settings.UPLOAD_LIMIT_BYTES = 100_000
    answer = films.post(client, case, films.dicom())
    assert answer.status_code == 413 and "film alone" in answer.json()["error"]["remedy"]
    assert not LegFilm.objects.exists()


@pytest.mark.parametrize("kind", ["dicom", "png", "jpeg"])
def test_nothing_that_names_the_patient_is_kept(kind: str, case: Case, client: Any) -> None:
    text = PngInfo()
    text.add_text("Comment", "Doe^Jane MRN-4711")
    exif = Pillow.Exif()
    exif[0x010E] = "Doe^Jane MRN-4711"
    original = {
        "dicom": films.dicom,
        "png": lambda: films.picture(pnginfo=text),
        "jpeg": lambda: films.picture("JPEG", exif=exif),
    }[kind]()
    assert b"Doe^Jane" in original and b"MRN-4711" in original
    answer = films.post(client, case, original, "Doe^Jane.dcm")
    assert answer.status_code == 201
    film = LegFilm.objects.get()
    kept = [storage.get(film.file), answer.content, client.get(f"/api/cases/{case.pk}/").content]
    kept.append(repr(list(Event.objects.values("text", "data"))).encode())
    assert not any(
        secret in content for secret in (b"Doe^Jane", b"MRN-4711", b"19610203") for content in kept
    )


def test_a_film_is_replaced_and_removed(
    case: Case, client: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    first = films.post(client, case, films.dicom()).json()
    with django_capture_on_commit_callbacks(execute=True):
        second = films.post(client, case, films.picture(), "film.png").json()
    assert first["sha256"] != second["sha256"] and LegFilm.objects.get().sha256 == second["sha256"]
    assert client.get(first["pixels_url"]).status_code == 404
    assert not any(first["sha256"] in name for name in stored_files(tmp_path))
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(f"/api/leg-films/{second['id']}/").status_code == 204
    assert stored_files(tmp_path) == set()
    assert client.get(f"/api/cases/{case.pk}/").json()["leg_film"] is None


def test_an_x_ray_that_was_uploaded_as_a_film_too_stays_when_the_film_goes(
    case: Case, client: Any, django_capture_on_commit_callbacks: Any
) -> None:
    image = factories.ImageFactory(case=case, view="ap")
    film = factories.LegFilmFactory(case=case, file=image.file)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(f"/api/leg-films/{film.pk}/").status_code == 204
    assert storage.get(image.file)
    with pytest.raises(FileNotFoundError):
        storage.get(film.pixels)


def test_an_engineer_looks_but_neither_uploads_nor_measures(case: Case, log_in: Any) -> None:
    film = factories.LegFilmFactory(case=case)
    engineer = log_in(factories.person_with(case.site, Role.ENGINEER))
    assert engineer.get(f"/api/leg-films/{film.pk}/pixels/").status_code == 200
    assert films.post(engineer, case, films.dicom()).status_code == 403
    assert read(engineer, film).status_code == 403
    assert "upload_film" not in engineer.get(f"/api/cases/{case.pk}/").json()["allowed"]


# ---- measuring --------------------------------------------------------------------


def test_marks_become_angles(case: Case, client: Any) -> None:
    film = factories.LegFilmFactory(case=case)
    answer = read(client, film)
    assert answer.status_code == 201, answer.content
    found = answer.json()
    assert found["angles"] == REPORTED
    assert (found["film_sha256"], found["person"]) == (film.sha256, case.surgeon.name)
    detail = client.get(f"/api/cases/{case.pk}/").json()
    assert detail["film_reading"] == found
    assert detail["timeline"][-1]["text"] == "Long-leg film measured: HKA 176.0°, JLCA 2.0°"


def test_the_size_of_its_pixels_is_the_films_own(case: Case, client: Any) -> None:
    flat = next(example for example in films.EXAMPLES if example["pixel_spacing"] == [0.3, 0.15])
    film = factories.LegFilmFactory(case=case, columns=2000, shown_columns=2000, pixel_spacing=[0.3, 0.15])
    assert read(client, film, points=flat["points"]).json()["angles"] == pytest.approx(
        flat["angles"], abs=0.011
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"points": {}}, "film_points_missing"),
        ({"points": {**films.LEFT["points"], "talus_medial": [485, 1950]}}, "off_film"),
        ({"points": {**films.LEFT["points"], "femoral_head_2": [440, 100]}}, "film_circle"),
        ({"mirrored": True}, "film_side"),
        ({"points": films.EXAMPLES[1]["points"]}, "film_side"),
        ({"points": {**films.LEFT["points"], "talus_medial": [485]}}, "invalid"),
        ({"points": {**films.LEFT["points"], "talus_medial": "here"}}, "invalid"),
    ],
)
def test_marks_of_no_leg_are_refused_and_nothing_is_kept(
    case: Case, client: Any, change: dict[str, Any], code: str
) -> None:
    answer = read(client, factories.LegFilmFactory(case=case), **change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), answer.json()
    assert not FilmReading.objects.exists()


def test_a_mirrored_film_is_measured_once_somebody_says_so(case: Case, client: Any) -> None:
    film = factories.LegFilmFactory(case=case)
    found = read(client, film, points=films.EXAMPLES[1]["points"], mirrored=True)
    assert found.status_code == 201 and found.json()["angles"] == REPORTED


# ---- plans ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return leg_meshes(tmp_path_factory.mktemp("leg"), below_mm=110)


@pytest.fixture
def measured(meshes: Any, log_in: Any) -> tuple[Any, Any, FilmReading]:
    """Bones, a client of their surgeon, and a reading of the case's film."""
    bones = bone_set_of(meshes)
    client = log_in(bones.case.surgeon)
    film = factories.LegFilmFactory(case=bones.case)
    return bones, client, FilmReading.objects.get(pk=read(client, film).json()["id"])


FROM_FILM: dict[str, Any] = {"correction_deg": 8.0, "long_film_hka": 176.0, "long_film_jlca": 2.1}


def test_a_plan_says_what_it_was_measured_on(measured: Any) -> None:
    bones, client, reading = measured
    body = FROM_FILM | {"film_reading": str(reading.pk)}
    answer = client.post(f"/api/cases/{bones.case_id}/plans/", body, format="json")
    assert answer.status_code == 201, answer.content
    plan = Plan.objects.get(pk=answer.json()["id"])
    document = read_plan(plan.document)
    kept = document["long_film"]["reading"]
    assert kept["film_sha256"] == reading.film_sha256 and kept["read_by"] == bones.case.surgeon.name
    assert kept["points"] == reading.points and kept["angles"] == reading.angles
    assert plan.sha256 == plan_hash(document)
    assert answer.json()["request"]["film_reading"] == str(reading.pk)
    facts = dict(report_rows.facts(plan))
    assert facts["Angles of the long-leg film"].startswith(f"measured on film {reading.film_sha256[:12]} by ")
    assert dict(report_rows.hashes(plan))["long-leg film"] == reading.film_sha256
    # The same angles typed: they do not tell where the ankle lies, which these bones do not show.
    typed = saved(bones, **FROM_FILM)
    assert dict(report_rows.facts(typed))["Angles of the long-leg film"] == "typed"
    found = {change["path"]: (change["before"], change["after"]) for change in changes(typed, plan)}
    assert found["long_film.reading"] == ("typed", facts["Angles of the long-leg film"])
    assert found["measures.mMPTA.before"][1] == f"{REPORTED['mMPTA']:.1f}"
    assert not {"measures.HKA.before", "measures.JLCA.before", "osteotomy.correction_deg"} & set(found)


def test_previews_and_alternatives_keep_the_reading(measured: Any) -> None:
    bones, client, reading = measured
    body = FROM_FILM | {"film_reading": str(reading.pk)}
    preview = client.post(f"/api/cases/{bones.case_id}/plan-preview/", body, format="json").json()["document"]
    assert preview["long_film"]["reading"]["angles"] == REPORTED
    assert preview["measures"]["HKA"]["before"] == pytest.approx(176.0, abs=1e-3)
    rows = client.post(f"/api/cases/{bones.case_id}/plans/alternatives/", body, format="json").json()["rows"]
    assert rows and {row["request"]["film_reading"] for row in rows} == {str(reading.pk)}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"long_film_hka": 175.0}, "film_reading_differs"),
        ({"long_film_jlca": None}, "film_reading_differs"),
        ({"film_reading": "6f1f3f0e-0000-4000-8000-000000000000"}, "unknown_reading"),
    ],
)
def test_no_plan_claims_to_be_measured_that_is_not(measured: Any, change: dict[str, Any], code: str) -> None:
    bones, client, reading = measured
    body = FROM_FILM | {"film_reading": str(reading.pk)} | change
    for address in ("plan-preview/", "plans/", "plans/alternatives/"):
        answer = client.post(f"/api/cases/{bones.case_id}/{address}", body, format="json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), address


def test_the_reading_of_another_case_is_not_there(measured: Any) -> None:
    bones, client, _ = measured
    other = factories.CaseFactory(site=bones.case.site, surgeon=bones.case.surgeon)
    foreign = read(client, factories.LegFilmFactory(case=other)).json()
    body = FROM_FILM | {"film_reading": foreign["id"]}
    answer = client.post(f"/api/cases/{bones.case_id}/plan-preview/", body, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_reading")


def test_the_film_of_an_approved_plan_stays_and_that_of_a_draft_may_go(measured: Any) -> None:
    bones, client, reading = measured
    film = LegFilm.objects.get()
    draft = saved(bones, **FROM_FILM, film_reading=reading.pk)
    plan = approved(draft)
    for answer in (
        client.delete(f"/api/leg-films/{film.pk}/"),
        films.post(client, bones.case, films.dicom()),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "film_in_use")
    # An approval that is withdrawn was given on this film all the same.
    services.withdraw_plan(
        person=bones.case.surgeon, plan=plan, password=factories.PASSWORD, reason="Wrong", address="test"
    )
    assert client.delete(f"/api/leg-films/{film.pk}/").status_code == 409


def test_a_draft_whose_film_is_gone_cannot_be_approved_but_still_measured(measured: Any) -> None:
    bones, client, reading = measured
    draft = saved(bones, **FROM_FILM, film_reading=reading.pk)
    assert client.delete(f"/api/leg-films/{LegFilm.objects.get().pk}/").status_code == 204
    body = FROM_FILM | {"film_reading": str(reading.pk)}
    assert client.post(f"/api/cases/{bones.case_id}/plan-preview/", body, format="json").status_code == 200
    with pytest.raises(Conflict) as refused:
        approved(draft)
    assert refused.value.code == "film_gone"
    assert approved(saved(bones, **FROM_FILM)).approved_at


def test_a_reading_is_what_it_was(measured: Any) -> None:
    *_, reading = measured
    triggers.install(connection)
    with pytest.raises(IntegrityError), transaction.atomic():
        FilmReading.objects.filter(pk=reading.pk).update(angles={})
    assert FilmReading.objects.get().points == films.LEFT["points"]
