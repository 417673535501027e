"""Mesh files of other software: which bone each mesh is, and whether it can be worked with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial.distance import pdist
from trimesh.exchange.load import load_scene

from recon.bones import Bone
from recon.errors import InputError

Array = npt.NDArray[np.float64]

MILLIMETRES = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4}
FORMATS = ("stl", "obj", "ply")
MAXIMUM_FACES = 3_000_000

# What adult bones and pieces of them measure, mm: the longest way through, and the middle one of three.
_LONGEST = {Bone.PATELLA: (28, 75), Bone.FEMUR: (55, 600), Bone.FIBULA: (25, 500), Bone.TIBIA: (50, 520)}
_MIDDLE = {Bone.PATELLA: (22, 65), Bone.FEMUR: (45, 135), Bone.FIBULA: (12, 75), Bone.TIBIA: (40, 125)}
_FRAGMENT = 0.02  # of the volume of a bone; more is no crumb
_WORDS = {
    Bone.PATELLA: ("patella", "kneecap"),
    Bone.FEMUR: ("femur", "femoral", "thigh"),
    Bone.FIBULA: ("fibula",),
    Bone.TIBIA: ("tibia", "tibial", "shin"),
}
_SIDE_WORDS = {"l": "L", "left": "L", "lt": "L", "r": "R", "right": "R", "rt": "R"}


@dataclass(frozen=True, eq=False)
class NamedMesh:
    """A mesh as it lies in a file.

    Attributes:
        name: the file's, or that of the group inside it.
        path: of the file.
        mesh: in the units of the file.
    """

    name: str
    path: Path
    mesh: trimesh.Trimesh

    def scaled(self, factor: float) -> trimesh.Trimesh:
        """The mesh in other units."""
        return trimesh.Trimesh(self.mesh.vertices * factor, self.mesh.faces, process=False)


def named_meshes(files: Sequence[Path] | Mapping[Bone, Path]) -> dict[Bone, NamedMesh]:
    """Each bone's mesh from files that are named after bones, or by the given names.

    Raises:
        InputError: unnamed_bone, bone_twice, unreadable_mesh, bad_values, empty_mesh, too_many_faces.
    """
    found: dict[Bone, NamedMesh] = {}
    given: Iterator[tuple[Bone | None, NamedMesh]]
    if isinstance(files, Mapping):
        given = ((bone, NamedMesh(path.name, path, _whole(path))) for bone, path in files.items())
    else:
        given = ((None, mesh) for path in files for mesh in _parts(path))
    for bone, item in given:
        named = bone or bone_in_name(item.name)
        if named is None:
            raise InputError(
                "unnamed_bone",
                f"{item.name} does not say which bone it is",
                "Name it femur, patella, tibia or fibula, or say which file holds which bone",
            )
        if named in found:
            raise InputError(
                "bone_twice",
                f"{found[named].name} and {item.name} both hold the {named.label}",
                "Give each bone once",
            )
        found[named] = item
    return found


def bone_in_name(name: str) -> Bone | None:
    """The one bone that a name speaks of, None where it names none or several."""
    text = name.lower()
    named = [bone for bone, words in _WORDS.items() if any(word in text for word in words)]
    return named[0] if len(named) == 1 else None


def side_in_name(name: str) -> str | None:
    """ "L" or "R" where a name states a side, as ``tibia_left.stl`` and ``R-Femur.ply`` do."""
    words = re.split(r"[^a-z]+", name.lower().rsplit(".", 1)[0])
    sides = {_SIDE_WORDS[word] for word in words if word in _SIDE_WORDS}
    return sides.pop() if len(sides) == 1 else None


def _parts(path: Path) -> list[NamedMesh]:
    """The file as one mesh, or one a group where an OBJ's groups are named after bones."""
    if path.suffix.lower() == ".obj":
        for split in ("split_objects", "split_groups"):
            scene = _load(path, **{split: True})
            groups = {name: mesh for name, mesh in scene.geometry.items() if bone_in_name(str(name))}
            if len(groups) > 1:
                return [
                    NamedMesh(str(name), path, _checked(str(name), mesh)) for name, mesh in groups.items()
                ]
    return [NamedMesh(path.name, path, _whole(path))]


def _whole(path: Path) -> trimesh.Trimesh:
    return _checked(path.name, _load(path).to_mesh())


def _load(path: Path, **options: Any) -> Any:
    kind = path.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise InputError("unreadable_mesh", f"{path.name} is no STL, OBJ or PLY file", "Export it as STL")
    try:
        with path.open("rb") as stream:
            # By the open file, so that an OBJ cannot have other files read.
            return load_scene(stream, file_type=kind, skip_materials=True, process=False, **options)
    except OSError as error:
        raise InputError("no_file", f"{path} cannot be read", "Check the spelling of the path") from error
    except Exception as error:  # trimesh raises whatever its parser trips on
        raise InputError(
            "unreadable_mesh",
            f"{path.name} is not a readable {kind.upper()} mesh",
            "Export it again as binary STL",
        ) from error


def _checked(name: str, mesh: Any) -> trimesh.Trimesh:
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        raise InputError(
            "empty_mesh", f"{name} holds no surface", "Export the bone's surface, not its points"
        )
    if len(mesh.faces) > MAXIMUM_FACES:
        raise InputError(
            "too_many_faces",
            f"{name} has {len(mesh.faces)} triangles, more than {MAXIMUM_FACES}",
            "Reduce it in the software that made it; 200,000 show every detail of a bone",
        )
    if not np.isfinite(mesh.vertices).all():
        raise InputError("bad_values", f"{name} holds NaN or infinite coordinates", "Export it again")
    plain = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    # STL states every corner of every triangle anew.
    plain.merge_vertices()
    # Corners that fell together leave no triangle; one that is merely flat still closes the surface.
    a, b, c = plain.faces.T
    plain.update_faces((a != b) & (b != c) & (c != a))
    plain.remove_unreferenced_vertices()
    return plain


def size(mesh: trimesh.Trimesh) -> tuple[float, float]:
    """Longest and middle extent of a mesh along its own axes, in its own units."""
    points = np.asarray(mesh.vertices)
    axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2]
    spans = np.sort(np.ptp(points @ axes.T, axis=0))
    return float(spans[2]), float(spans[1])


def check_size(meshes: Mapping[Bone, trimesh.Trimesh], units: str) -> None:
    """Hold the stated unit against the sizes of human bones.

    Raises:
        InputError: wrong_units, naming the unit that would fit.
    """
    sizes = {bone: size(mesh) for bone, mesh in meshes.items()}
    wrong = [bone for bone in sizes if not _fits(bone, sizes[bone], units)]
    if not wrong:
        return
    bone = wrong[0]
    fitting = [unit for unit in MILLIMETRES if all(_fits(b, sizes[b], unit) for b in sizes)]
    length = sizes[bone][0]
    low, high = _LONGEST[bone]
    remedy = (
        f"Give the unit {' or '.join(fitting)}: then it measures {length * MILLIMETRES[fitting[0]]:.0f} mm"
        if fitting
        else "Check the unit, and that every file holds the bone that it is named after"
    )
    raise InputError(
        "wrong_units",
        f"The {bone.label} would be {length * MILLIMETRES[units]:.4g} mm long with {units} as the unit, "
        f"and such bones measure {low} to {high} mm and have the width of a knee",
        remedy,
    )


def _fits(bone: Bone, spans: tuple[float, float], unit: str) -> bool:
    longest, middle = (span * MILLIMETRES[unit] for span in spans)
    return bool(
        _LONGEST[bone][0] <= longest <= _LONGEST[bone][1] and _MIDDLE[bone][0] <= middle <= _MIDDLE[bone][1]
    )


def closed(bone: Bone, mesh: trimesh.Trimesh) -> tuple[trimesh.Trimesh, list[str]]:
    """The largest closed piece of a bone in mm, turned outside out, with a sentence on each thing mended.

    Raises:
        InputError: open_mesh, with where it is open and what closes it; in_pieces.
    """
    warnings = []
    pieces = [mesh]
    if mesh.body_count > 1:
        pieces = sorted(mesh.split(only_watertight=False), key=lambda piece: -piece.area)
        share = sum(piece.area for piece in pieces[1:]) / mesh.area
        if share > _FRAGMENT:
            raise InputError(
                "in_pieces",
                f"The {bone.label} is in {len(pieces)} pieces; the largest is only {1 - share:.0%} of it",
                "Export one solid a bone, without inner shells",
            )
        warnings.append(f"{len(pieces) - 1} crumbs of the {bone.label}, {share:.1%} of it, were left out")
    main = pieces[0]
    if not main.is_winding_consistent:
        main.fix_normals()
        warnings.append(f"Triangles of the {bone.label} faced both ways and were turned outwards")
    if not main.is_watertight:
        raise InputError(
            "open_mesh",
            f"The {bone.label} is not closed: {_holes(main)}",
            "Close it in the software that made it (fill holes, cap cut ends of the shaft) and export again",
        )
    if main.volume < 0:
        main.invert()
        warnings.append(f"The {bone.label} was inside out and was turned")
    return main, warnings


def _holes(mesh: trimesh.Trimesh) -> str:
    """How many borders an open mesh has, and where the widest one is."""
    edges = mesh.edges_sorted
    order = trimesh.grouping.group_rows(edges, require_count=1)  # type: ignore[no-untyped-call]
    border = edges[order]
    if len(border) == 0:
        return "edges are shared by more than two triangles"
    loops = trimesh.graph.connected_components(border, min_len=2)
    widest = max(loops, key=lambda loop: float(np.ptp(mesh.vertices[loop], axis=0).max()))
    points = np.asarray(mesh.vertices[widest])
    width = float(pdist(points[:: max(1, len(points) // 200)]).max()) if len(points) > 1 else 0.0
    x, y, z = points.mean(axis=0)
    count = f"{len(loops)} holes, the widest" if len(loops) > 1 else "a hole"
    return (
        f"{count} {width:.0f} mm across at ({x:.0f}, {y:.0f}, {z:.0f}) mm, {len(border)} border edges in all"
    )
