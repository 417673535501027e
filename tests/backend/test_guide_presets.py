"""Presets: the engine's own, and those that a site adds, offers and withdraws."""

from __future__ import annotations

from typing import Any

import pytest

from backend.accounts.models import Role
from backend.audit.models import Event
from backend.exports.models import GuidePreset
from tests.backend import factories

pytestmark = pytest.mark.django_db

OURS = {
    "group": "saw_blade",
    "label": "Our oscillating blade",
    "source": "Measured at the teeth on 12 March",
    "parameters": {"blade_thickness_mm": 1.1, "slot_clearance_mm": 0.1},
}


@pytest.fixture
def engineer(log_in: Any) -> Any:
    return log_in(factories.person_with(factories.SiteFactory(), Role.ENGINEER))


def labels(client: Any) -> set[str]:
    return {preset["label"] for preset in client.get("/api/guide-presets/").json()["presets"]}


def test_the_engine_offers_each_group(engineer: Any) -> None:
    found = engineer.get("/api/guide-presets/").json()
    groups = {preset["group"] for preset in found["presets"]}
    assert {"saw_blade", "wire", "printer", "material", "sterilisation"} <= groups
    names = {parameter["name"] for parameter in found["parameters"]}
    assert {"bone_clearance_mm", "slot_clearance_mm", "wire_clearance_mm"} <= names
    for preset in found["presets"]:
        assert preset["site"] is None and preset["source"]
        assert set(preset.get("parameters", {})) <= names


def test_what_an_engineer_adds_the_site_is_offered(engineer: Any, log_in: Any) -> None:
    answer = engineer.post("/api/guide-presets/", OURS)
    assert answer.status_code == 201
    assert answer.json()["parameters"] == OURS["parameters"]
    assert OURS["label"] in labels(engineer)
    foreign = log_in(factories.person_with(factories.SiteFactory(), Role.SURGEON))
    assert OURS["label"] not in labels(foreign)
    assert Event.objects.get().action == "guide_preset.added"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"parameters": {"blade_thickness_mm": 9.0}}, "parameter_out_of_range"),
        ({"parameters": {"blade_colour": 1.0}}, "unknown_parameter"),
        ({"group": "anaesthetic"}, "invalid"),
        ({"label": ""}, "invalid"),
        ({"build_mm": [100, 100]}, "invalid"),
    ],
)
def test_a_preset_that_no_guide_could_use_is_refused(
    change: dict[str, Any], code: str, engineer: Any
) -> None:
    answer = engineer.post("/api/guide-presets/", OURS | change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert not GuidePreset.objects.exists()


def test_two_of_one_name_would_be_taken_for_one_another(engineer: Any) -> None:
    engineer.post("/api/guide-presets/", OURS)
    answer = engineer.post("/api/guide-presets/", OURS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "preset_there")


def test_an_engineer_of_two_sites_says_which(log_in: Any) -> None:
    first, second = factories.SiteFactory(), factories.SiteFactory()
    person = factories.person_with(first, Role.ENGINEER)
    factories.Membership.objects.create(person=person, site=second, role=Role.ENGINEER)
    client = log_in(person)
    answer = client.post("/api/guide-presets/", OURS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "which_site")
    assert client.post("/api/guide-presets/", OURS | {"site": str(second.pk)}).status_code == 201
    assert GuidePreset.objects.get().site == second


def test_a_withdrawn_preset_is_not_offered_and_its_name_is_free(engineer: Any) -> None:
    added = engineer.post("/api/guide-presets/", OURS).json()
    assert engineer.delete(f"/api/guide-presets/{added['id']}/").status_code == 204
    assert OURS["label"] not in labels(engineer)
    assert engineer.delete(f"/api/guide-presets/{added['id']}/").status_code == 404
    assert engineer.post("/api/guide-presets/", OURS).status_code == 201
