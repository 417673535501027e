"""What whoever installs and runs the server depends on: first people, probes, and files that parse."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from backend.accounts.models import Person, Site
from backend.core import environment

DEPLOY = Path(django_settings.ROOT) / "deploy"
ADMINISTRATOR = ("General Hospital", "ada", "Ada Administrator")


def create_site(monkeypatch: pytest.MonkeyPatch, password: str, *arguments: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    call_command("create_site", *arguments)


@pytest.mark.django_db
def test_a_new_installation_gets_its_first_people(monkeypatch: pytest.MonkeyPatch, client: APIClient) -> None:
    create_site(monkeypatch, "a long enough password", *ADMINISTRATOR)
    login = {"username": "ada", "password": "a long enough password"}
    assert client.post("/api/session/", login).json()["person"]["roles"] == ["administrator"]
    surgeon = {"username": "sam", "name": "Sam", "password": "another long password", "roles": ["surgeon"]}
    assert client.post("/api/people/", surgeon).status_code == 201
    client.delete("/api/session/")
    client.post("/api/session/", {"username": "sam", "password": "another long password"})
    assert client.post("/api/cases/", {"pseudonym": "P-1", "side": "L"}).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("password", "arguments", "words"),
    [
        ("short", ADMINISTRATOR, "too short"),
        ("a long enough password", ("General Hospital", "Not A Name", "Ada"), "a-z"),
        ("a long enough password", ("Taken", "ada", "Ada"), "already exists"),
    ],
)
def test_a_refused_site_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, password: str, arguments: tuple[str, ...], words: str
) -> None:
    Site.objects.create(name="Taken")
    with pytest.raises(CommandError, match=words):
        create_site(monkeypatch, password, *arguments)
    assert Site.objects.count() == 1 and not Person.objects.exists()


@pytest.mark.django_db
def test_probes_are_not_sent_to_https_and_people_are(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    client = APIClient()
    assert client.get("/health/").status_code == 200
    redirected = client.get("/api/session/")
    assert (redirected.status_code, redirected["Location"]) == (301, "https://testserver/api/session/")


def test_two_processes_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    first = environment.secret("KNEE_NOT_SET", tmp_path / "secret")
    assert environment.secret("KNEE_NOT_SET", tmp_path / "secret") == first
    assert len(first) > 40 and (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def _variables(text: str) -> set[str]:
    return set(re.findall(r"\b(?:KNEE_[A-Z_]+|DATABASE_URL|REDIS_URL|CELERY_BROKER_URL)\b", text))


def test_the_composition_is_whole_and_sets_only_what_is_read() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    composition = yaml.safe_load(text)
    services = composition["services"]
    for service in services.values():
        for name in service.get("depends_on", {}):
            assert name in services
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in composition["volumes"]
    # Only the proxy is reachable from outside.
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    known = _variables((django_settings.ROOT / "backend/core/settings.py").read_text())
    of_proxy = {"KNEE_HOST", "KNEE_TLS"}
    assert _variables(text) - of_proxy <= known
    assert _variables((DEPLOY / "environment.example").read_text()) - of_proxy <= known


def test_the_operations_guide_lists_every_setting() -> None:
    read = _variables((django_settings.ROOT / "backend/core/settings.py").read_text())
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", (DEPLOY / "operations.md").read_text(), re.MULTILINE))
    assert listed == read
