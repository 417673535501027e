"""Lists take as many queries for many rows as for few."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.accounts.models import Role
from tests.backend import factories

pytestmark = pytest.mark.django_db


def queries(client: Any, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_worklist(log_in: Any) -> None:
    first = factories.GuideFactory().case
    client = log_in(first.surgeon)
    few = queries(client, "/api/cases/")
    for _ in range(5):
        case = factories.CaseFactory(site=first.site)
        factories.ImageFactory(case=case)
        factories.GuideFactory(plan=factories.ApprovedPlanFactory(bone_set__case=case))
        factories.JobFactory(case=case)
    assert client.get("/api/cases/").json()["count"] == 6
    assert queries(client, "/api/cases/") == few <= 6


def test_the_queue_of_guides(log_in: Any) -> None:
    first = factories.signed_guide().case
    client = log_in(factories.person_with(first.site, Role.ENGINEER))

    def another() -> None:
        plans = [
            factories.ApprovedPlanFactory(bone_set__case=factories.CaseFactory(site=first.site))
            for _ in range(2)
        ]
        factories.signed_guide(plan=plans[0])
        factories.JobFactory(kind="design_guide", case=plans[1].case)

    another()
    few = queries(client, "/api/guides/queue/")
    for _ in range(3):
        another()
    found = client.get("/api/guides/queue/").json()
    assert (len(found["waiting"]), len(found["designs"])) == (4, 5)
    assert queries(client, "/api/guides/queue/") == few <= 8


def test_one_case_with_much_history(log_in: Any) -> None:
    plan = factories.ApprovedPlanFactory()
    client = log_in(plan.case.surgeon)
    factories.GuideFactory(plan=plan)
    few = queries(client, f"/api/cases/{plan.case_id}/")
    for _ in range(4):
        again = factories.ApprovedPlanFactory(bone_set=factories.BoneSetFactory(case=plan.case))
        factories.GuideFactory(plan=again)
    assert len(client.get(f"/api/cases/{plan.case_id}/").json()["guides"]) == 5
    assert queries(client, f"/api/cases/{plan.case_id}/") == few <= 20


def test_the_people(log_in: Any) -> None:
    site = factories.SiteFactory()
    client = log_in(factories.person_with(site, Role.ADMINISTRATOR))
    few = queries(client, "/api/people/")
    for _ in range(5):
        factories.person_with(site, Role.SURGEON, Role.ENGINEER)
    assert queries(client, "/api/people/") == few
