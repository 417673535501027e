"""Guides that leave the house: whole, named, written down, and only when no check blocks them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from backend.accounts.models import Role
from backend.audit.models import Event
from backend.exports.models import Guide
from backend.exports.superseded import superseded_sheet
from tests.backend import factories
from tests.backend.planned import approved

pytestmark = pytest.mark.django_db

FILES = ("guide.stl", "guide.3mf", "report.json", "package.zip")


@pytest.fixture
def guide() -> Any:
    return factories.signed_guide(version=3)


@pytest.mark.parametrize("file", FILES)
def test_a_download_says_whose_it_is_and_is_written_down(guide: Any, file: str, log_in: Any) -> None:
    guide.case.patient.pseudonym = "P-77"
    guide.case.patient.save()
    client = log_in(factories.person_with(guide.case.site, Role.ENGINEER))
    answer = client.get(f"/api/guides/{guide.pk}/files/{file}")
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="P-77-L-v3-{file}"'
    assert Event.objects.get().text == f"Guide 3 downloaded ({file})"


@pytest.mark.parametrize("file", [file for file in FILES if file != "report.json"])
def test_what_nobody_has_signed_is_not_printed(file: str, log_in: Any) -> None:
    guide = factories.GuideFactory()
    answer = log_in(guide.case.surgeon).get(f"/api/guides/{guide.pk}/files/{file}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "guide_not_signed")
    assert not Event.objects.exists()


def test_the_report_needs_no_signature(log_in: Any) -> None:
    guide = factories.GuideFactory()
    assert log_in(guide.case.surgeon).get(f"/api/guides/{guide.pk}/files/report.json").status_code == 200


@pytest.mark.parametrize("file", FILES)
def test_a_withdrawn_plan_takes_its_signed_guides_back(file: str, guide: Any, log_in: Any) -> None:
    guide.plan.status = "withdrawn"
    guide.plan.save(update_fields=["status"])
    answer = log_in(guide.case.surgeon).get(f"/api/guides/{guide.pk}/files/{file}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "plan_withdrawn")


@pytest.fixture
def superseded() -> Any:
    """A signed guide of the first revision, after the surgeon has approved the third one."""
    plan = approved(factories.PlanFactory(revision=1))
    guide = factories.signed_guide(plan=plan, version=3)
    approved(factories.PlanFactory(bone_set=plan.bone_set, revision=3))
    return guide


@pytest.mark.parametrize("file", FILES)
def test_nobody_takes_a_guide_of_a_superseded_plan_unawares(superseded: Any, file: str, log_in: Any) -> None:
    client = log_in(factories.person_with(superseded.case.site, Role.ENGINEER))
    address = f"/api/guides/{superseded.pk}/files/{file}"
    for unaware in (address, f"{address}?superseded_by=1", f"{address}?superseded_by=4"):
        answer = client.get(unaware)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (409, "plan_superseded")
        assert "was superseded by revision 3" in error["message"] and "revision 3" in error["remedy"]
    assert not Event.objects.filter(action="guide.downloaded").exists()
    answer = client.get(f"{address}?superseded_by=3")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].endswith(f'-L-v3-SUPERSEDED-{file}"')
    said = Event.objects.get(action="guide.downloaded")
    assert said.text == f"Guide 3 downloaded ({file}), although revision 3 supersedes its plan"
    assert said.data["superseded_by"] == 3


def test_a_superseded_guide_is_called_so_wherever_it_is_shown(superseded: Any, log_in: Any) -> None:
    client = log_in(factories.person_with(superseded.case.site, Role.ENGINEER))
    now = factories.signed_guide(plan=superseded.case.plans.get(revision=3), version=4)
    for guide, by in ((superseded, 3), (now, None)):
        assert client.get(f"/api/guides/{guide.pk}/").json()["superseded_by"] == by
    queue = client.get("/api/guides/queue/").json()["designs"]
    assert {row["version"]: row["superseded_by"] for row in queue} == {3: 3, 4: None}
    shown = client.get(f"/api/cases/{superseded.case_id}/").json()
    assert {row["version"]: row["superseded_by"] for row in shown["guides"]} == {3: 3, 4: None}
    approval = Event.objects.filter(action="plan.approved").latest("pk")
    assert "superseded with the plan before: guide 3" in approval.text
    assert approval.data["superseded_guides"] == [str(superseded.pk)]


def test_the_package_of_a_superseded_plan_has_a_sheet_on_top_that_says_so(
    superseded: Any, log_in: Any
) -> None:
    client = log_in(superseded.case.surgeon)
    address = f"/api/guides/{superseded.pk}/files/package.zip?superseded_by=3"
    with zipfile.ZipFile(io.BytesIO(client.get(address).content)) as archive:
        release = archive.read("RELEASE.txt").decode()
        sheet = archive.read("00-SUPERSEDED.pdf")
        assert archive.read("package/manifest.json") == b"{}", "what was signed stays as it was"
    assert release.startswith("SUPERSEDED. The plan of this guide, revision 1, was superseded by revision 3.")
    assert sheet.startswith(b"%PDF-") and superseded_sheet(visible(superseded)) == sheet
    now = factories.signed_guide(plan=superseded.case.plans.get(revision=3), version=4)
    with zipfile.ZipFile(
        io.BytesIO(client.get(f"/api/guides/{now.pk}/files/package.zip").content)
    ) as archive:
        assert "00-SUPERSEDED.pdf" not in archive.namelist()
        assert "SUPERSEDED" not in archive.read("RELEASE.txt").decode()


def test_a_package_that_the_browser_has_is_another_one_once_its_plan_is_superseded(log_in: Any) -> None:
    plan = approved(factories.PlanFactory(revision=1))
    guide = factories.signed_guide(plan=plan)
    client = log_in(guide.case.surgeon)
    address = f"/api/guides/{guide.pk}/files/package.zip"
    first = client.get(address)
    approved(factories.PlanFactory(bone_set=plan.bone_set, revision=2))
    again = client.get(f"{address}?superseded_by=2", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 200 and again.content != first.content


def visible(guide: Any) -> Guide:
    return Guide.objects.whole().select_related("case__patient").get(pk=guide.pk)


@pytest.mark.parametrize("file", FILES)
def test_a_blocked_guide_does_not_leave(file: str, log_in: Any) -> None:
    check = {
        "name": "overlap", "status": "block", "value": 4.0, "limit": 1.0, "unit": "mm3",
        "message": "The guide cuts into the bone", "place": [0, 0, 0],
    }  # fmt: skip
    guide = factories.signed_guide(checks=[check])
    answer = log_in(guide.case.surgeon).get(f"/api/guides/{guide.pk}/files/{file}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "guide_blocked")
    assert "cuts into the bone" in answer.json()["error"]["message"]
    assert not Event.objects.exists()


def test_the_package_says_who_signed_and_is_the_same_each_time(guide: Any, log_in: Any) -> None:
    client = log_in(guide.case.surgeon)
    first, second = (client.get(f"/api/guides/{guide.pk}/files/package.zip") for _ in range(2))
    assert first.content == second.content
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"package/manifest.json", "RELEASE.txt"}
        release = archive.read("RELEASE.txt").decode()
    for words in (guide.plan.sha256, guide.sha256, guide.signed.person.name, "left knee"):
        assert words in release


def test_a_design_that_is_older_than_packages_is_designed_again(log_in: Any) -> None:
    guide = factories.signed_guide(package="")
    answer = log_in(guide.case.surgeon).get(f"/api/guides/{guide.pk}/files/package.zip")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_package")
    assert log_in(guide.case.surgeon).get(f"/api/guides/{guide.pk}/files/guide.stl").status_code == 200


def test_what_the_browser_has_is_not_sent_again_but_asked_again(guide: Any, log_in: Any) -> None:
    address = f"/api/guides/{guide.pk}/files/guide.stl"
    client = log_in(guide.case.surgeon)
    etag = client.get(address)["ETag"]
    again = client.get(address, HTTP_IF_NONE_MATCH=etag)
    assert (again.status_code, again.content) == (304, b"")
    foreign = log_in(factories.person_with(factories.SiteFactory(), Role.SURGEON))
    assert foreign.get(address, HTTP_IF_NONE_MATCH=etag).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/api/guides/{id}/files/../../../../manage.py",
        "/api/guides/{id}/files/..%2f..%2fmanage.py",
        "/api/guides/{id}/files/secret_key",
        "/api/bone-sets/{id}/meshes/..%2ftibia.ply",
        "/api/bone-sets/{id}/meshes/skull.ply",
        "/static/..%2f..%2fmanage.py",
        "/..%2f..%2fmanage.py",
    ],
)
def test_no_address_leads_out_of_what_is_meant(address: str, guide: Any, log_in: Any) -> None:
    answer = log_in(guide.case.surgeon).get(address.format(id=guide.pk))
    assert answer.status_code in (404, 503) or b"<!doctype html" in answer.content.lower()
    assert b"execute_from_command_line" not in answer.content
