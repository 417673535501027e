"""What a start-up should complain about before a person does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def folders_are_writable(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Database, files and workspaces live under ``VAR``."""
    folder = settings.VAR
    while not folder.exists():
        folder = folder.parent
    if os.access(folder, os.W_OK):
        return []
    return [
        Error(f"{settings.VAR} is not writable", hint="Set KNEE_VAR to a folder that is.", id="knee.E001")
    ]


@register()
def frontend_is_built(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without it the API works and the pages do not."""
    if (settings.FRONTEND / "index.html").is_file():
        return []
    return [
        Warning(
            f"The frontend is not built: no index.html in {settings.FRONTEND}",
            hint="Run `make demo`, or `npm run build` in frontend/.",
            id="knee.W001",
        )
    ]


@register()
def weights_are_there(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without them every reconstruction fails."""
    if any(Path(settings.ROOT / "recon" / "assets").glob("*.safetensors")):
        return []
    return [
        Warning(
            "No network weights in recon/assets, so X-rays cannot be reconstructed",
            hint="Get the whole repository, or train: python -m recon train xray --help",
            id="knee.W002",
        )
    ]


@register(deploy=True)
def production_is_told(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Settings that a hospital needs and a laptop does not."""
    found: list[CheckMessage] = []
    if not settings.HTTPS:
        found.append(
            Warning(
                "Cookies travel without encryption",
                hint="Serve by HTTPS and set KNEE_HTTPS=1.",
                id="knee.W003",
            )
        )
    if settings.WORKER == "celery" and not settings.REDIS_URL:
        found.append(
            Warning(
                "Celery workers cannot wake browsers without Redis", hint="Set REDIS_URL.", id="knee.W004"
            )
        )
    return found
