"""The plan report and the simulated X-rays: what is in them, and that they are made once."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from backend.core.pdf_fonts import printable
from backend.imaging.models import BoneSet
from backend.planning import report_rows, simulation
from backend.planning.differences import changes
from backend.planning.models import Plan
from recon.geometry import Camera
from recon.images.write import Positioner
from tests.backend import factories
from tests.backend.planned import approved, bone_set_of, leg_meshes, saved

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, trimesh.Trimesh]:
    return leg_meshes(tmp_path_factory.mktemp("leg"), below_mm=110)


@pytest.fixture
def bones(meshes: dict[str, trimesh.Trimesh]) -> BoneSet:
    return bone_set_of(meshes, frame="own", origin="imported")


@pytest.fixture
def client(bones: BoneSet, log_in: Any) -> Any:
    return log_in(bones.case.surgeon)


def picture(client: Any, address: str) -> np.ndarray:
    answer = client.get(address)
    assert answer.status_code == 200 and answer["Content-Type"] == "image/png"
    return np.asarray(Image.open(io.BytesIO(answer.content)), dtype=float)


def xrays(client: Any, plan: Plan) -> dict[str, Any]:
    return dict(client.get(f"/api/plans/{plan.pk}/corrected-xrays/").json())


def test_the_report_has_its_pictures_and_pages(client: Any, bones: BoneSet) -> None:
    plan = approved(saved(bones, correction_deg=9.0))
    answer = client.get(f"/api/plans/{plan.pk}/report.pdf")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/pdf"
    name = f"{plan.case.patient.pseudonym}-L-plan-{plan.revision}.pdf"
    assert name in answer["Content-Disposition"]
    pdf = answer.content
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    # Four pictures of bones, two simulated X-rays.
    assert len(re.findall(rb"/Subtype /Image", pdf)) == 6
    assert 2 <= len(re.findall(rb"/Type /Page\b(?!s)", pdf)) <= 4
    assert plan.sha256.encode() in pdf, "in the subject of the file"


def test_pictures_are_made_once(client: Any, bones: BoneSet, monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.planning import pictures

    plan = saved(bones, correction_deg=9.0)
    first = client.get(f"/api/plans/{plan.pk}/corrected-xrays/lateral.png")
    report = client.get(f"/api/plans/{plan.pk}/report.pdf")

    def again(*_: Any) -> Any:
        raise AssertionError("made again")

    monkeypatch.setattr(pictures.PlannedLeg, "of", again)
    second = client.get(f"/api/plans/{plan.pk}/corrected-xrays/lateral.png")
    assert second.content == first.content
    assert client.get(f"/api/plans/{plan.pk}/report.pdf").status_code == report.status_code == 200
    known = client.get(
        f"/api/plans/{plan.pk}/corrected-xrays/lateral.png", headers={"If-None-Match": first["ETag"]}
    )
    assert known.status_code == 304


def test_pictures_that_two_ask_for_at_once_are_made_once(
    bones: BoneSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = saved(bones, correction_deg=9.0)
    made: list[Sequence[str]] = []
    begun, asked = threading.Event(), threading.Event()

    def make(_: Plan, names: Sequence[str]) -> dict[str, bytes]:
        made.append(names)
        begun.set()
        assert asked.wait(10)
        return dict.fromkeys(names, b"picture")

    monkeypatch.setattr(simulation, "_make", make)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(simulation.corrected_xray, plan, "ap")
        assert begun.wait(10)
        second = pool.submit(simulation.corrected_xray, plan, "ap")
        asked.set()
        assert first.result(10) == second.result(10) == b"picture"
    assert made == [["ap"]]


def test_the_lower_leg_turns_to_lateral_on_the_simulated_x_ray(client: Any, bones: BoneSet) -> None:
    plans = [saved(bones, correction_deg=degrees) for degrees in (0.0, 12.0)]
    before, after = (picture(client, xrays(client, plan)["ap"]["url"]) for plan in plans)
    view = xrays(client, plans[0])["ap"]
    assert before.shape == after.shape == (view["rows"], view["columns"])
    camera = Camera(np.array(view["projection"]), view["rows"], view["columns"])
    (_, row_80), (_, row_20) = camera.project(np.array([[0, 0, -80.0], [0, 0, -20.0]]))[0]
    change = after - before
    below = change[int(row_80) : int(row_80) + 20]
    columns = np.arange(below.shape[1])
    # Of a left leg lateral is to the right: bone is lost on the left and gained on the right.
    gained, lost = np.clip(below, 0, None), np.clip(-below, 0, None)
    assert gained.sum() > 1000 and lost.sum() > 1000
    assert (gained * columns).sum() / gained.sum() > (lost * columns).sum() / lost.sum() + 5
    assert np.abs(change[int(row_20) - 60 : int(row_20) - 10]).mean() < 0.2 * np.abs(below).mean()


def test_bones_in_the_frame_of_the_x_rays_are_seen_by_their_cameras(
    meshes: dict[str, trimesh.Trimesh], log_in: Any
) -> None:
    bones = bone_set_of(meshes, frame="rig")
    cameras = {"ap": Positioner(3.0).camera, "lateral": Positioner(91.0).camera}
    for view, camera in cameras.items():
        factories.ImageFactory(
            case=bones.case,
            view=view,
            rows=camera.rows,
            columns=camera.columns,
            projection=camera.projection.tolist(),
        )
    found = xrays(log_in(bones.case.surgeon), saved(bones, correction_deg=8.0))
    point = np.array([[12.0, -7.0, 20.0]])
    for view, camera in cameras.items():
        shown = Camera(np.array(found[view]["projection"]), found[view]["rows"], found[view]["columns"])
        scale = shown.rows / camera.rows
        expected = (camera.project(point)[0] + 0.5) * scale - 0.5
        assert shown.project(point)[0] == pytest.approx(expected, abs=0.01)


def test_bones_in_coordinates_of_their_own_are_in_the_middle_of_the_picture(
    client: Any, bones: BoneSet, meshes: dict[str, trimesh.Trimesh], log_in: Any
) -> None:
    shift = np.array([120.0, -340.0, 870.0])
    moved = {name: mesh.copy().apply_translation(shift) for name, mesh in meshes.items()}
    away = bone_set_of(moved, frame="own")
    here, there = saved(bones, correction_deg=9.0), saved(away, correction_deg=9.0)
    other = log_in(away.case.surgeon)
    one, two = xrays(client, here)["lateral"], xrays(other, there)["lateral"]
    first, second = picture(client, one["url"]), picture(other, two["url"])
    # The words differ; landmarks are rounded, and float32 files of far coordinates are a little coarser.
    assert np.abs(first - second)[:-20].mean() < 1.5 and first[:-20].std() > 20
    points = np.array([[3.0, 4.0, 5.0]])
    pixels = [
        Camera(np.array(view["projection"]), view["rows"], view["columns"]).project(place)[0]
        for view, place in ((one, points), (two, points + shift))
    ]
    assert pixels[0] == pytest.approx(pixels[1], abs=0.3)


def test_plans_that_show_no_leg_are_refused_in_words(client: Any, bones: BoneSet) -> None:
    plan = factories.PlanFactory(bone_set=bones)
    for address in ("report.pdf", "corrected-xrays/ap.png"):
        answer = client.get(f"/api/plans/{plan.pk}/{address}")
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == "landmarks_missing" and error["kept"] == "The plan was kept as it is."


# ---- what the report says ----------------------------------------------------


def row(rows: list[list[str]], first: str) -> list[str]:
    return next(row for row in rows if row[0].startswith(first))


def test_rows_say_what_the_document_says(bones: BoneSet) -> None:
    plan = saved(bones, target_hka=184.0, long_film_hka=174.0, cut={"hinge_point": hinge_of(bones)})
    document: Mapping[str, Any] = plan.document
    facts = dict(report_rows.facts(plan))
    assert facts["Target"] == "HKA 184.0 deg" and facts["HKA on the long-leg film"] == "174.0 deg"
    assert facts["Cut"] == "hinge placed by hand"
    osteotomy = document["osteotomy"]
    opens = f"gap at the start of the cut {osteotomy['gap_mm']:.1f} mm; gap in front"
    assert facts["Correction"].startswith(f"{osteotomy['correction_deg']:.1f} deg; {opens}")
    hka = row(report_rows.measures(document), "HKA")
    assert hka[1].startswith("174.0 (") and hka[2].startswith("184.0 (")
    assert hka[4] == "178 to 181; above"
    slope = document["measures"]["PTS_medial"]
    low, high = slope["normal"]["low"], slope["normal"]["high"]
    side = "; below" if slope["after"] < low else "; above" if slope["after"] > high else ""
    assert row(report_rows.measures(document), "Posterior slope, medial")[4] == f"{low} to {high}{side}"
    assert (hka[3], hka[5]) == ("+10.0", "read on the long-leg film")
    assert len(report_rows.warnings(document)) == len(document["warnings"]) + 1
    assert len(report_rows.landmarks(document)) == len(document["landmarks"]) + 1
    correction = row(report_rows.osteotomy(document), "Correction")
    needed = osteotomy["bands"]["correction_deg"]
    assert correction[1] == f"{osteotomy['correction_deg']:.1f} ({needed[0]:.1f} to {needed[1]:.1f}) deg"
    hashes = dict(report_rows.hashes(plan))
    assert hashes["plan document"] == plan.sha256
    assert hashes["tibia"] == document["bones_sha256"]["tibia"]


def test_rows_of_a_closing_wedge_say_what_is_taken_out_and_open_no_gap(bones: BoneSet) -> None:
    opening = saved(bones, correction_deg=8.0)
    plan = saved(bones, correction_deg=8.0, kind="lateral_closing_wedge")
    numbers = plan.document["osteotomy"]
    cells = [cell for line in report_rows.osteotomy(plan.document) for cell in line]
    said = dict(zip(cells[::2], cells[1::2], strict=True))
    thinnest, thickest = (-x for x in reversed(numbers["bands"]["gap_anterior_mm"]))
    band = f"({thinnest:.1f} to {thickest:.1f})"
    assert numbers["wedge_base_mm"] > 5 and numbers["lateral_cortex_mm"] == 0
    assert said["Lateral base of the wedge"].startswith(f"{numbers['wedge_base_mm']:.1f} ")
    assert said["Wedge in front"] == f"{-numbers['gap_anterior_mm']:.1f} {band} mm"
    assert said["Medial cortex kept"].startswith(f"{numbers['medial_cortex_mm']:.1f} ")
    assert not [label for label in said if "Gap" in label or label == "Lateral cortex kept"]
    assert not [value for value in said.values() if value.startswith("-")]
    correction = dict(report_rows.facts(plan))["Correction"]
    assert f"; lateral base of the wedge {numbers['wedge_base_mm']:.1f} mm; wedge in front" in correction
    found = {change["path"]: (change["before"], change["after"]) for change in changes(opening, plan)}
    assert found["osteotomy.gap_mm"] == (f"{opening.document['osteotomy']['gap_mm']:.1f}", None)
    assert found["osteotomy.wedge_base_mm"] == (None, f"{numbers['wedge_base_mm']:.1f}")


def hinge_of(bones: BoneSet) -> list[float]:
    return list(saved(bones, correction_deg=8.0).document["osteotomy"]["hinge_point"])


def test_the_report_says_whether_the_plan_may_be_followed(bones: BoneSet) -> None:
    from backend.planning import services

    plan = saved(bones, correction_deg=8.0)
    assert report_rows.standing(plan).startswith("DRAFT")
    plan = approved(plan)
    surgeon = plan.case.surgeon
    assert report_rows.standing(plan).startswith(f"Approved by {surgeon.name}, 2")
    plan = services.withdraw_plan(
        person=surgeon, plan=plan, password=factories.PASSWORD, reason="Wrong film", address="test"
    )
    words = report_rows.standing(plan)
    assert words.startswith("WITHDRAWN") and "Wrong film" in words and "Do not use" in words


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Łukasz Žižek", "Łukasz Žižek"), ("Nguyễn", "Nguyễn"), ("李 明", "? ?"), ("5°, 3 cm³", "5°, 3 cm³")],
)
def test_names_are_written_with_the_letters_that_there_are(text: str, shown: str) -> None:
    assert printable(text) == shown
