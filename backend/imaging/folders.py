"""Bone sets as folders, which is what the engines read."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from django.conf import settings

from backend.core import storage
from backend.imaging.models import BoneSet


def lay_out(bone_set: BoneSet, folder: Path) -> None:
    """Write the meshes of a bone set into an existing folder."""
    for mesh in bone_set.meshes.all():
        (folder / f"{mesh.bone}.ply").write_bytes(storage.get(mesh.mesh))


def lay_out_reported(bone_set: BoneSet, folder: Path) -> None:
    """Write the meshes of a bone set and the report of the engine that made them into an existing folder."""
    lay_out(bone_set, folder)
    (folder / "report.json").write_text(json.dumps(bone_set.report))


def cached_folder(bone_set: BoneSet) -> Path:
    """A folder of a bone set and its report that stays, so that a preview need not fetch them each time."""
    home = settings.WORKSPACES / "bone-sets"
    target = Path(home / str(bone_set.pk))
    if target.is_dir():
        return target
    home.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=home, prefix=".draft-"))
    try:
        lay_out_reported(bone_set, draft)
        draft.rename(target)
    except OSError:
        # Another request was first: both wrote the same.
        shutil.rmtree(draft, ignore_errors=True)
        if not target.is_dir():
            raise
    return target
