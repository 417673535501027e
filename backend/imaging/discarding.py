"""Taking files out of storage with the rows that named them."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from backend.core import storage
from backend.imaging.models import CtScan, Image, LegFilm

HOLDERS = ((Image, "file"), (Image, "pixels"), (LegFilm, "file"), (LegFilm, "pixels"), (CtScan, "file"))
"""What names an uploaded file, and the pixels that a browser gets of it."""


def discard(*keys: str) -> None:
    """Discard files once the transaction that deletes their row is through.

    Content is stored once: a file stays while another case, or an image of another kind, has it too.
    """
    for key in keys:
        transaction.on_commit(partial(_discard_unless_used, key))


def _discard_unless_used(key: str) -> None:
    if not any(model.objects.filter(**{field: key}).exists() for model, field in HOLDERS):
        storage.discard(key)
