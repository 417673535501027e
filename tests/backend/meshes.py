"""Meshes as other software exports them, and posting them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import trimesh
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.core import storage
from backend.imaging.models import BoneMesh, BoneSet
from recon.bones import BoneSet as Bones
from tests.backend import factories


def egg(*radii: float) -> trimesh.Trimesh:
    """A closed surface of this size; (35, 25, 60) passes for a tibia."""
    return trimesh.creation.icosphere(3).apply_scale(radii or (35, 25, 60))


def exported(mesh: trimesh.Trimesh, kind: str = "stl", **options: Any) -> bytes:
    content = mesh.export(file_type=kind, **options)
    return content if isinstance(content, bytes) else content.encode()


def post(client: Any, case: Any, files: dict[str, bytes], **fields: Any) -> Any:
    uploads = [SimpleUploadedFile(name, content) for name, content in files.items()]
    body = {"units": "mm", "frame": "own", "files": uploads} | fields
    return client.post(f"/api/cases/{case.pk}/bone-imports/", body, format="multipart")


def stored_set(case: Any, bones: Bones, **fields: Any) -> BoneSet:
    """Bones as rows and files, as after a job."""
    names = [bone.label for bone in bones]
    made = factories.BoneSetFactory(case=case, report=factories.report(*names), **fields)
    made.meshes.all().delete()
    for bone, mesh in bones.items():
        key = storage.put(exported(mesh, "ply"), ".ply")
        BoneMesh.objects.create(
            bone_set=made,
            bone=bone.label,
            mesh=key,
            display=key,
            vertices=len(mesh.vertices),
            faces=len(mesh.faces),
        )
    return made


def stored_mesh(bone_set: BoneSet, bone: str) -> trimesh.Trimesh:
    content = storage.get(bone_set.meshes.get(bone=bone).mesh)
    return trimesh.load_mesh(io.BytesIO(content), file_type="ply", process=False)


def away(degrees: float = 160.0) -> np.ndarray:
    """(4, 4) a frame of some other software."""
    transform = trimesh.transformations.rotation_matrix(np.radians(degrees), [0.2, 0.1, 1.0])
    transform[:3, 3] = [300, -200, 900]
    return np.asarray(transform)
