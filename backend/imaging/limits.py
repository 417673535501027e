"""How many bytes each kind of upload may have."""

from __future__ import annotations

from django.conf import settings

from backend.imaging import ct, imports, leg_films, services


def upload_limit(path: str) -> tuple[int, str]:
    """The limit of the address that a body is sent to, in bytes, and what to do about a larger one."""
    if path.endswith("/ct-scans/"):
        return settings.CT_UPLOAD_LIMIT_BYTES, ct.TOO_LARGE
    if path.endswith("/bone-imports/"):
        return settings.MESH_UPLOAD_LIMIT_BYTES, imports.TOO_LARGE
    if path.endswith("/leg-films/"):
        return settings.UPLOAD_LIMIT_BYTES, leg_films.TOO_LARGE
    return settings.UPLOAD_LIMIT_BYTES, services.TOO_LARGE
