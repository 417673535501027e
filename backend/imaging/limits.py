"""How many bytes each kind of upload may have."""

from __future__ import annotations

from django.conf import settings

from backend.imaging import ct, imports, services


def upload_limit(path: str) -> tuple[int, str]:
    """The limit of the address that a body is sent to, in bytes, and what to do about a larger one."""
    if path.endswith("/ct-scans/"):
        return settings.CT_UPLOAD_LIMIT_BYTES, ct.TOO_LARGE
    if path.endswith("/bone-imports/"):
        return settings.MESH_UPLOAD_LIMIT_BYTES, imports.TOO_LARGE
    return settings.UPLOAD_LIMIT_BYTES, services.TOO_LARGE
