"""Guides that leave the house: whole, named, written down, and only when no check blocks them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from backend.accounts.models import Role
from backend.audit.models import Event
from tests.backend import factories

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
