"""A whole study over HTTP with virtual raters, from the wizard to the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from rest_framework.test import APIClient

from backend.studies.allocation.models import Assignment
from backend.studies.models import Study, StudyKind
from tests.backend import factories
from tests.backend.studies.factories import Team, case_with_versions

Table = NDArray[np.float64]
SCALES = {
    StudyKind.MODEL_RATING: ("shape", "details", "clinical_significance"),
    StudyKind.HTO_SIMULATION: ("fitting", "stability", "accuracy"),
}
PASSWORD = {"password": factories.PASSWORD}


@dataclass
class Opinions:
    """What virtual raters think: for each scale (CT, X-ray) tables of (raters, cases); minutes likewise."""

    scales: Mapping[str, tuple[Table, Table]]
    minutes: tuple[Table, Table] | None = None
    knows: float = 0.0


def log_in(person: Any) -> APIClient:
    client = APIClient()
    client.force_login(person)
    return client


def open_study(
    people: Team, kind: StudyKind, *, cases: int, distance: int, margin: float, blind: Callable[[Study], None]
) -> Study:
    """From the wizard to the published commitment."""
    coordinator = log_in(people.coordinator)
    made = [case_with_versions(people, kind) for _ in range(cases)]
    options = answered(coordinator.get(f"/api/study-options/?kind={kind.value}"))
    offered = {case["case"]: case for case in options["cases"]}
    wanted = {
        "title": "Bones of two X-rays against bones of a CT",
        "kind": kind,
        "distance": distance,
        "margins": dict.fromkeys(SCALES[kind], margin),
        "cases": [
            {"case": case["case"], "ct": case["ct"][0], "xray": case["xray"][0]}
            for case in (offered[str(one["case"])] for one in made)
        ],
        "raters": [rater["id"] for rater in options["raters"]],
    }
    study = answered(coordinator.post("/api/studies/", wanted), 201)["id"]
    assert answered(coordinator.get(f"/api/studies/{study}/readiness/"))["missing"] == []
    answered(coordinator.post(f"/api/studies/{study}/ready/"))
    blind(Study.objects.get(pk=study))
    running = answered(coordinator.post(f"/api/studies/{study}/start/"))
    assert running["state"] == "running" and len(running["commitments"][0]["sha256"]) == 64
    return Study.objects.get(pk=study)


def rate(people: Team, study: Study, opinions: Opinions, generator: np.random.Generator) -> int:
    """Everybody rates everything in the order of their list.

    Returns:
        How many answers were given.
    """
    truth = {
        token: (number - 1, ("ct", "xray").index(arm))
        for token, number, arm in Assignment.objects.filter(item__rater__study=study).values_list(
            "item", "study_case__number", "arm"
        )
    }
    given = 0
    for ordinal, person in enumerate(people.raters):
        client = log_in(person)
        mine = answered(client.get(f"/api/rating/studies/{study.pk}/"))
        asked = {question["key"]: question for question in mine["questions"]}
        for line in mine["list"]:
            address = f"/api/rating/items/{line['token']}/"
            answered(client.post(f"{address}open/"))
            case, arm = truth[line["token"]]
            values = {key: int(opinions.scales[key][arm][ordinal, case]) for key in SCALES[study.kind]}
            if "source_guess" in asked:
                known = generator.random() < opinions.knows
                values["source_guess"] = 1 + arm if known else int(generator.integers(0, 3))
                values["source_sureness"] = int(generator.integers(1, 5))
            if opinions.minutes is not None:
                timed(client, line["token"], float(opinions.minutes[arm][ordinal, case]))
            for key, value in values.items():
                said = {"question": key, "value": value, "client_token": str(uuid4())}
                answered(client.post(f"{address}ratings/", said))
                given += 1
        done = answered(client.get("/api/rating/studies/"))[0]
        assert done["completed"] == done["items"] and done["next"] is None
    return given


def timed(client: APIClient, token: str, minutes: float) -> None:
    """The stop-watch in the printing lab, without a connection: told afterwards, and once more."""
    end = datetime.now(UTC)
    acts = [
        {"kind": "press", "item": token, "client_token": str(uuid4()), "at": at.isoformat(), "press": press}
        for press, at in (("placed", end - timedelta(minutes=minutes)), ("completed", end))
    ]
    for _ in range(2):
        told = answered(client.post("/api/rating/replay/", {"sent_at": end.isoformat(), "acts": acts}))
        assert all(outcome["saved"] for outcome in told["outcomes"]), told


def close(people: Team, study: Study) -> dict[str, Any]:
    """Lock, sign, unblind by two people, and read the report."""
    address = f"/api/studies/{study.pk}/"
    coordinator, administrator = log_in(people.coordinator), log_in(people.administrator)
    assert coordinator.get(f"{address}report/").status_code == 409
    answered(coordinator.post(f"{address}lock/", PASSWORD | {"name": people.coordinator.name}))
    assert coordinator.get(f"{address}report/").status_code == 409
    asked = answered(coordinator.post(f"{address}unblindings/", PASSWORD | {"reason": "The analysis"}), 201)
    approve = f"{address}unblindings/{asked['id']}/approve/"
    assert coordinator.post(approve, PASSWORD).status_code == 403
    answered(administrator.post(approve, PASSWORD))
    signed = PASSWORD | {"name": people.administrator.name, "meaning": "reviewed"}
    answered(administrator.post(f"{address}signatures/", signed), 201)
    return dict(answered(coordinator.get(f"{address}report/")))


def answered(response: Any, status: int = 200) -> Any:
    """The body of an answer with this status."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    return response.json()
