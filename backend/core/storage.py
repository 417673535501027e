"""Files under the hash of their content, in whatever storage Django is configured with."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage


class AtomicFileSystemStorage(FileSystemStorage):
    """Files that are either there in full or not at all, whenever the process is killed."""

    def _save(self, name: str, content: File[Any]) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=target.parent, prefix=".draft-")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                for chunk in content.chunks():
                    stream.write(chunk)
                stream.flush()
                os.fsync(stream.fileno())
            Path(draft).replace(target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        return name


def put(content: bytes, suffix: str) -> str:
    """Store bytes under their SHA-256 and return the key; storing the same twice stores once.

    Args:
        content: the file.
        suffix: kind of file with its dot, for example ``".ply"``.
    """
    digest = hashlib.sha256(content).hexdigest()
    key = f"{digest[:2]}/{digest}{suffix}"
    if not default_storage.exists(key):
        default_storage.save(key, ContentFile(content))
    return key


def get(key: str) -> bytes:
    """The bytes under a key.

    Raises:
        FileNotFoundError: the storage has lost the file.
    """
    with default_storage.open(key, "rb") as stream:
        return bytes(stream.read())


def discard(key: str) -> None:
    """Remove a file that nothing refers to any more."""
    default_storage.delete(key)


def sha256_of(key: str) -> str:
    """The hash of the content, which is part of the key."""
    return Path(key).stem
