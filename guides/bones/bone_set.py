"""The four bones of a knee in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

import trimesh

from guides.bones.cleaning import clean, read_mesh
from guides.errors import InputError


class Bone(IntEnum):
    """Bone labels in the order of the paper; 0 is outside."""

    PATELLA = 1
    FEMUR = 2
    FIBULA = 3
    TIBIA = 4

    @property
    def label(self) -> str:
        """Lower-case name, as used in file names and reports."""
        return self.name.lower()


class BoneSet(Mapping[Bone, trimesh.Trimesh]):
    """Clean, closed bone meshes in one patient LPS frame, millimetres. A bone out of view is absent."""

    def __init__(self, meshes: Mapping[Bone, trimesh.Trimesh]) -> None:
        self._meshes = dict(sorted(meshes.items()))

    def __getitem__(self, bone: Bone) -> trimesh.Trimesh:
        return self._meshes[bone]

    def __iter__(self) -> Iterator[Bone]:
        return iter(self._meshes)

    def __len__(self) -> int:
        return len(self._meshes)

    @classmethod
    def read(cls, folder: Path, only: Iterable[Bone] = tuple(Bone)) -> BoneSet:
        """Read and clean the wanted bones of a folder, those whose ``<bone>.ply`` exists.

        Raises:
            InputError: no such folder, no tibia, or a file that is not a usable closed mesh.
        """
        if not folder.is_dir():
            raise InputError("no_bones", f"{folder} is not a folder", "Give the folder that holds tibia.ply")
        files = {bone: folder / f"{bone.label}.ply" for bone in only}
        meshes = {bone: _read_clean(path, bone.label) for bone, path in files.items() if path.is_file()}
        if Bone.TIBIA not in meshes:
            raise InputError(
                "no_tibia",
                f"{folder} holds no tibia.ply",
                "Reconstruct the knee again, or add the tibia mesh",
            )
        return cls(meshes)

    def write(self, folder: Path) -> list[Path]:
        """Write one binary PLY a bone into an existing folder and return the paths."""
        paths = []
        for bone, mesh in self.items():
            path = folder / f"{bone.label}.ply"
            mesh.export(path)
            paths.append(path)
        return paths


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each bone file in the folder, by bone name."""
    return {bone.label: _hash(path) for bone in Bone if (path := folder / f"{bone.label}.ply").is_file()}


def _hash(path: Path) -> str:
    state = path.stat()
    return _hash_version(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=32)  # as for the meshes below, of four bones each
def _hash_version(path: Path, _changed_ns: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_clean(path: Path, name: str) -> trimesh.Trimesh:
    state = path.stat()
    return _read_clean_version(path, state.st_mtime_ns, state.st_size, name)


@lru_cache(maxsize=8)  # a slider asks for the same tibia many times a second
def _read_clean_version(path: Path, _changed_ns: int, _size: int, name: str) -> trimesh.Trimesh:
    mesh = clean(read_mesh(path), name)
    mesh.vertices.flags.writeable = mesh.faces.flags.writeable = False  # it is shared
    return mesh
