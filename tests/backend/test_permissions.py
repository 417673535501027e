"""The permission matrix as data: every URL and method for every kind of person. A URL without a row fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from backend.accounts.models import Role
from backend.core import storage
from tests.backend import factories, films
from tests.backend.studies import permission_rows

pytestmark = pytest.mark.django_db

WHO = ("anonymous", "surgeon", "engineer", "coordinator", "administrator", "foreign_surgeon")
# The foreign surgeon has every role, at another site.
CORRECTION = {"correction_deg": 8}
SIGNATURE = {"password": factories.PASSWORD}
PRESET = {"group": "wire", "label": "2.2 mm", "source": "Ours", "parameters": {"wire_diameter_mm": 2.2}}
WITHDRAWAL = SIGNATURE | {"reason": "A newer X-ray"}


@dataclass
class World:
    """One of everything at one site."""

    case: Any
    image: Any
    bone_set: Any
    other_set: Any
    ct: Any
    film: Any
    comparison: Any
    job: Any
    plan: Any
    draft: Any
    guide: Any
    trial: Any
    preset: Any
    person: Any


# The rows: name, method, address, body, then the status for each of WHO.
Row = tuple[str, str, str, Any, tuple[int, ...]]

_OPEN = (200,) * 6
_READ = (401, 200, 200, 404, 404, 404)
_CONFLICT = (401, 409, 409, 404, 404, 404)
_ADMINISTER = (401, 403, 403, 403)

MATRIX: list[Row] = [
    ("session", "get", "/api/session/", None, _OPEN),
    ("session", "post", "/api/session/", {}, (400,) * 6),
    ("session", "delete", "/api/session/", None, (204,) * 6),
    ("schema", "get", "/api/schema/", None, (401, 200, 200, 200, 200, 200)),
    ("people", "get", "/api/people/", None, (*_ADMINISTER, 200, 200)),
    ("people", "post", "/api/people/", {}, (*_ADMINISTER, 400, 400)),
    ("person", "patch", "/api/people/{person}/", {}, (*_ADMINISTER, 200, 404)),
    ("cases", "get", "/api/cases/", None, (401, 200, 200, 403, 403, 200)),
    ("cases", "post", "/api/cases/", {}, (401, 400, 403, 403, 403, 400)),
    ("case", "get", "/api/cases/{case}/", None, _READ),
    ("case", "patch", "/api/cases/{case}/", {"urgent": True}, _READ),
    ("case-images", "post", "/api/cases/{case}/images/", "file", (401, 409, 403, 404, 404, 404)),
    (
        "case-reconstructions",
        "post",
        "/api/cases/{case}/reconstructions/",
        {},
        (401, 409, 409, 404, 404, 404),
    ),
    ("plan-preview", "post", "/api/cases/{case}/plan-preview/", CORRECTION, (401, 400, 400, 404, 404, 404)),
    (
        "plan-alternatives",
        "post",
        "/api/cases/{case}/plans/alternatives/",
        CORRECTION,
        (401, 400, 400, 404, 404, 404),
    ),
    ("case-plans", "post", "/api/cases/{case}/plans/", CORRECTION, (401, 400, 403, 404, 404, 404)),
    ("image", "delete", "/api/images/{image}/", None, (401, 409, 403, 404, 404, 404)),
    ("image-pixels", "get", "/api/images/{image}/pixels/", None, _READ),
    ("case-bone-imports", "post", "/api/cases/{case}/bone-imports/", "mesh", (401, 400, 400, 404, 404, 404)),
    ("case-ct-scans", "post", "/api/cases/{case}/ct-scans/", "ct", (401, 400, 403, 404, 404, 404)),
    # An approved plan was measured on the film.
    ("case-leg-films", "post", "/api/cases/{case}/leg-films/", "ct", (401, 409, 403, 404, 404, 404)),
    ("leg-film", "delete", "/api/leg-films/{film}/", None, (401, 409, 403, 404, 404, 404)),
    ("leg-film-pixels", "get", "/api/leg-films/{film}/pixels/", None, _READ),
    (
        "film-readings",
        "post",
        "/api/leg-films/{film}/readings/",
        {"points": {}},
        (401, 400, 403, 404, 404, 404),
    ),
    ("ct-scan", "delete", "/api/ct-scans/{ct}/", None, (401, 409, 403, 404, 404, 404)),
    ("ct-bones", "post", "/api/ct-scans/{ct}/reconstructions/", {}, (401, 202, 409, 404, 404, 404)),
    ("bone-set", "get", "/api/bone-sets/{bone_set}/", None, _READ),
    ("bone-set-choose", "post", "/api/bone-sets/{other_set}/choose/", {}, (401, 200, 403, 404, 404, 404)),
    (
        "comparisons",
        "post",
        "/api/bone-sets/{bone_set}/comparisons/",
        "other",
        (401, 409, 409, 404, 404, 404),
    ),
    ("comparison", "get", "/api/comparisons/{comparison}/", None, _READ),
    ("distances", "get", "/api/comparisons/{comparison}/distances/first/tibia.f32", None, _READ),
    ("bone-mesh", "get", "/api/bone-sets/{bone_set}/meshes/tibia.ply", None, _READ),
    ("bone-display", "get", "/api/bone-sets/{bone_set}/display/tibia.ply", None, _READ),
    ("outlines", "get", "/api/bone-sets/{bone_set}/outlines/", None, _READ),
    ("job", "get", "/api/jobs/{job}/", None, _READ),
    ("job-events", "get", "/api/jobs/{job}/events/", None, _READ),
    ("job-cancel", "post", "/api/jobs/{job}/cancel/", {}, _CONFLICT),
    ("job-retry", "post", "/api/jobs/{job}/retry/", {}, _CONFLICT),
    ("plan", "get", "/api/plans/{plan}/", None, _READ),
    ("plan-approve", "post", "/api/plans/{draft}/approve/", SIGNATURE, (401, 200, 403, 404, 404, 404)),
    ("plan-withdraw", "post", "/api/plans/{draft}/withdraw/", WITHDRAWAL, (401, 409, 403, 404, 404, 404)),
    ("plan-solids", "post", "/api/plans/{plan}/solids/", {}, (401, 202, 409, 404, 404, 404)),
    ("plan-solid", "get", "/api/plans/{draft}/solids/distal.ply", None, _READ),
    # The bones of this world are boxes, of which there is nothing to show.
    ("plan-report", "get", "/api/plans/{plan}/report.pdf", None, (401, 400, 400, 404, 404, 404)),
    ("corrected-xrays", "get", "/api/plans/{plan}/corrected-xrays/", None, _READ),
    (
        "corrected-xray",
        "get",
        "/api/plans/{plan}/corrected-xrays/ap.png",
        None,
        (401, 400, 400, 404, 404, 404),
    ),
    ("plan-diff", "get", "/api/plans/{plan}/diff/{draft}/", None, _READ),
    ("plan-guides", "post", "/api/plans/{draft}/guides/", {}, _CONFLICT),
    ("guide-queue", "get", "/api/guides/queue/", None, (401, 200, 200, 403, 403, 200)),
    ("guide", "get", "/api/guides/{guide}/", None, _READ),
    ("guide-checks", "get", "/api/guides/{guide}/checks/", None, _READ),
    ("guide-sign", "post", "/api/guides/{guide}/sign/", SIGNATURE, (401, 403, 409, 404, 404, 404)),
    ("guide-trials", "post", "/api/guides/{guide}/trials/", "bones", _CONFLICT),
    ("guide-trial-contact", "get", "/api/guide-trials/{trial}/contact.ply", None, _READ),
    ("guide-compare", "get", "/api/guides/{guide}/compare/{guide}/", None, _READ),
    ("guide-fluoroscopy", "get", "/api/guides/{guide}/fluoroscopy/", None, _CONFLICT),
    ("guide-preview", "get", "/api/guides/{guide}/preview.stl", None, _READ),
    ("guide-contact", "get", "/api/guides/{guide}/contact.ply", None, _READ),
    ("guide-stl", "get", "/api/guides/{guide}/files/guide.stl", None, _READ),
    ("guide-3mf", "get", "/api/guides/{guide}/files/guide.3mf", None, _READ),
    ("guide-report", "get", "/api/guides/{guide}/files/report.json", None, _READ),
    ("guide-package", "get", "/api/guides/{guide}/files/package.zip", None, _READ),
    ("guide-presets", "get", "/api/guide-presets/", None, (401, 200, 200, 403, 403, 200)),
    ("guide-presets", "post", "/api/guide-presets/", {}, (401, 400, 400, 403, 403, 400)),
    ("guide-presets", "post", "/api/guide-presets/", PRESET, (401, 403, 201, 403, 403, 201)),
    ("guide-preset", "delete", "/api/guide-presets/{preset}/", None, (401, 403, 204, 404, 404, 404)),
    ("unknown", "get", "/api/nowhere/", None, (404,) * 6),
    ("health", "get", "/health/", None, _OPEN),
    ("page", "get", "/cases/1", None, _OPEN),
]


@pytest.fixture
def world(settings: Any, tmp_path: Any) -> World:
    settings.FRONTEND = tmp_path
    (tmp_path / "index.html").write_text("<!doctype html>")
    site = factories.SiteFactory()
    case = factories.CaseFactory(site=site)
    image = factories.ImageFactory(case=case)
    bone_set = factories.BoneSetFactory(case=case)
    film = factories.LegFilmFactory(case=case)
    plan = factories.ApprovedPlanFactory(
        bone_set=bone_set,
        approved_at=timezone.now(),
        document=factories.plan_document() | {"long_film": films.read_on(film.sha256)},
    )
    ct = factories.CtScanFactory(case=case)
    made_from_it = factories.report("tibia") | {"ct": {"id": str(ct.pk)}}
    other_set = factories.BoneSetFactory(case=case, origin="ct_network", report=made_from_it)
    guide = factories.signed_guide(plan=plan, contact=storage.put(b"ply", ".ply"))
    return World(
        case=case,
        image=image,
        bone_set=bone_set,
        other_set=other_set,
        ct=ct,
        film=film,
        comparison=factories.ComparisonFactory(case=case, first=bone_set, second=other_set),
        job=factories.ended_job(case=case),
        plan=plan,
        guide=guide,
        trial=factories.GuideTrialFactory(guide=guide, bone_set=other_set),
        preset=factories.preset(site),
        draft=factories.with_solids(factories.PlanFactory(bone_set=bone_set)),
        person=factories.person_with(site, Role.ENGINEER),
    )


def person_of(who: str, world: World) -> Any:
    if who == "foreign_surgeon":
        return factories.person_with(factories.SiteFactory(), *Role)
    return factories.person_with(world.case.site, Role(who))


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row[0]}-{row[1]}")
def test_it_answers_each_role_as_the_matrix_says(world: World, row: Row) -> None:
    name, method, template, body, statuses = row
    url = template.format_map({key: thing.pk for key, thing in vars(world).items()})
    got = {}
    for who in (*WHO, "rater"):
        client = APIClient()
        if who != "anonymous":
            client.force_login(person_of(who, world))
        if body == "file":
            answer = client.post(url, {"view": "ap", "file": _file()}, format="multipart")
        elif body == "ct":
            answer = client.post(url, {"file": _file()}, format="multipart")
        elif body == "mesh":
            mesh = {"files": [_file()], "units": "mm", "frame": "own"}
            answer = client.post(url, mesh, format="multipart")
        elif body == "bones":
            answer = client.post(url, {"bone_set": world.other_set.pk})
        elif body == "other":
            answer = client.post(url, {"other": world.other_set.pk})
        else:
            answer = getattr(client, method)(url, body)
        got[who] = answer.status_code
        if answer.status_code >= 400 and name != "health":
            assert set(answer.json()["error"]) == {"code", "message", "kept", "remedy", "fields"}
        if name not in {"page", "health"}:
            assert "no-store" in answer["Cache-Control"] or "private" in answer["Cache-Control"]
    # Whoever rates is as blind to cases as whoever runs a study; of studies themselves, see permission_rows.
    assert got == dict(zip(WHO, statuses, strict=True)) | {"rater": statuses[WHO.index("coordinator")]}


def _file() -> SimpleUploadedFile:
    return SimpleUploadedFile("ap.dcm", b"text")


def _methods(pattern: URLPattern) -> set[str]:
    view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
    if view is None:
        return {"get"}
    return {method for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)}


def _patterns(resolver: URLResolver) -> list[URLPattern]:
    found: list[URLPattern] = []
    for entry in resolver.url_patterns:
        found += _patterns(entry) if isinstance(entry, URLResolver) else [entry]
    return found


def test_every_url_and_method_has_a_row() -> None:
    there = {(p.name, method) for p in _patterns(get_resolver()) for method in _methods(p)}
    assert there == {(name, method) for name, method, *_ in (*MATRIX, *permission_rows.ROWS)}
