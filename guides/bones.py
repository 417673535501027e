"""The four bones of a knee: reading, cleaning, cross-sections, height maps and distances."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from guides.errors import InputError

Array = NDArray[np.float64]


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
    return {
        bone.label: hashlib.sha256(path.read_bytes()).hexdigest()
        for bone in Bone
        if (path := folder / f"{bone.label}.ply").is_file()
    }


def read_mesh(path: Path) -> trimesh.Trimesh:
    """Load one surface mesh as it is in the file.

    Raises:
        InputError: the file is no surface mesh.
    """
    try:
        mesh: trimesh.Trimesh = trimesh.load_mesh(path, process=False)
        faces, vertices = np.asarray(mesh.faces), np.asarray(mesh.vertices)
        usable = len(faces) >= 4 and bool(np.isfinite(vertices).all())
    except Exception as error:  # trimesh raises whatever its parser trips on
        raise _not_a_mesh(path) from error
    if not usable:
        raise _not_a_mesh(path)
    return mesh


def _read_clean(path: Path, name: str) -> trimesh.Trimesh:
    state = path.stat()
    return _read_clean_version(path, state.st_mtime_ns, state.st_size, name)


@lru_cache(maxsize=8)  # a slider asks for the same tibia many times a second
def _read_clean_version(path: Path, _changed_ns: int, _size: int, name: str) -> trimesh.Trimesh:
    mesh = clean(read_mesh(path), name)
    mesh.vertices.flags.writeable = mesh.faces.flags.writeable = False  # it is shared
    return mesh


def _not_a_mesh(path: Path) -> InputError:
    return InputError(
        "not_a_mesh", f"{path.name} is not a readable surface mesh", "Export it again as binary PLY"
    )


def clean(mesh: trimesh.Trimesh, name: str) -> trimesh.Trimesh:
    """Weld, keep the largest part, close flat open ends and turn the normals outwards.

    Raises:
        InputError: ``open_mesh`` when holes remain that are not the flat cut of a field of view.
    """
    mesh = mesh.copy(include_cache=False)
    mesh.merge_vertices(merge_norm=True, merge_tex=True)
    mesh.update_faces(mesh.nondegenerate_faces())
    mesh.remove_unreferenced_vertices()
    graph: Any = trimesh.graph
    parts = graph.connected_component_labels(mesh.face_adjacency, node_count=len(mesh.faces))
    if parts.any():
        mesh.update_faces(parts == np.argmax(np.bincount(parts)))
        mesh.remove_unreferenced_vertices()
    if not mesh.is_watertight:
        mesh = _close_flat_ends(mesh)
    if not (mesh.is_watertight and mesh.is_winding_consistent):
        raise InputError(
            "open_mesh",
            f"The {name} mesh has holes or doubled surfaces",
            "Export it again as one closed surface, or reconstruct the knee again",
        )
    if mesh.volume < 0:
        mesh.invert()
    return mesh


def _close_flat_ends(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Cap every boundary loop that lies in one plane to within 1.5 mm with a fan about its centre."""
    _, first, count = np.unique(mesh.edges_sorted, axis=0, return_index=True, return_counts=True)
    following = {int(a): int(b) for a, b in mesh.edges[first[count == 1]]}
    vertices, faces = [np.asarray(mesh.vertices)], [np.asarray(mesh.faces)]
    centres = len(mesh.vertices)
    while following:
        start = next(iter(following))
        loop, here = [], start
        while here in following:
            loop.append(here)
            here = following.pop(here)
        points = np.asarray(mesh.vertices)[loop]
        centre = points.mean(axis=0)
        flatness = np.abs(
            (points - centre) @ np.linalg.svd(points - centre, full_matrices=False)[2][-1]
        ).max()
        if here != start or len(loop) < 3 or flatness > 1.5:
            return mesh
        ring = np.array(loop)
        vertices.append(centre[None])
        # The cap runs along each boundary edge backwards, so that the winding stays consistent.
        faces.append(np.column_stack([np.roll(ring, -1), ring, np.full(len(ring), centres)]))
        centres += 1
    return trimesh.Trimesh(np.vstack(vertices), np.vstack(faces), process=False)


@dataclass(frozen=True)
class Sections:
    """Moments of the cross-sections of a mesh with a stack of parallel planes.

    Attributes:
        levels: (N,) heights along the axis, mm.
        area: (N,) mm2, zero where the plane misses the mesh.
        centroid: (N, 2) in the two in-plane directions, mm; NaN where the area is zero.
        covariance: (N, 2, 2) second central moment divided by the area, mm2.
    """

    levels: Array
    area: Array
    centroid: Array
    covariance: Array


def cross_section(mesh: trimesh.Trimesh, point: Array, normal: Array) -> Array:
    """The outline where a plane cuts a mesh, as unordered segments.

    Returns:
        (N, 2, 3) points in mm; seen against ``normal`` each segment has the solid on its left.
    """
    heights = (np.asarray(mesh.vertices) - point) @ normal
    return _segments(np.asarray(mesh.vertices), np.asarray(mesh.faces), heights, normal)


def _segments(vertices: Array, faces: NDArray[np.int64], heights: Array, normal: Array) -> Array:
    above = heights[faces] > 0
    count = above.sum(axis=1)
    crossed = (count == 1) | (count == 2)
    faces, above, count = faces[crossed], above[crossed], count[crossed]
    # Turn each triangle so that the vertex that stands alone on its side comes first.
    alone = np.where(count == 1, above.argmax(axis=1), (~above).argmax(axis=1))
    turn = (alone[:, None] + np.arange(3)) % 3
    faces = np.take_along_axis(faces, turn, axis=1)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    ha, hb, hc = (heights[faces[:, i]][:, None] for i in range(3))
    ab = a + (b - a) * (ha / (ha - hb))
    ac = a + (c - a) * (ha / (ha - hc))
    segments = np.stack([ab, ac], axis=1)
    # A lone vertex above gives (ab, ac) with the solid on the left, a lone vertex below the reverse.
    flip = np.einsum("ij,ij->i", np.cross(b - a, c - a), np.cross(ac - ab, normal)) < 0
    segments[flip] = segments[flip][:, ::-1]
    return segments


def sections(mesh: trimesh.Trimesh, levels: Array, axis: Array, across: Array, along: Array) -> Sections:
    """Area, centroid and covariance of the cross-sections at ``levels`` along a unit ``axis``.

    ``across`` and ``along`` are the in-plane unit directions of the moments, with ``across x along = axis``.
    Green's theorem over the outline segments, so neither ordering nor capping is needed.
    """
    vertices, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    heights = vertices @ axis
    low, high = heights[faces].min(axis=1), heights[faces].max(axis=1)
    plane = np.column_stack([across, along])
    area = np.zeros(len(levels))
    centroid = np.full((len(levels), 2), np.nan)
    covariance = np.full((len(levels), 2, 2), np.nan)
    for index, level in enumerate(levels):
        near = faces[(low <= level) & (high > level)]
        if not len(near):
            continue
        p, q = (_segments(vertices, near, heights - level, axis) @ plane).transpose(1, 0, 2)
        twice = p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]
        total = twice.sum() / 2
        if total < 1.0:
            continue
        mean = ((p + q) * twice[:, None]).sum(axis=0) / (6 * total)
        second = (
            np.einsum("n,ni,nj->ij", twice, p, p)
            + np.einsum("n,ni,nj->ij", twice, q, q)
            + np.einsum("n,ni,nj->ij", twice, p + q, p + q)
        ) / (24 * total)
        area[index], centroid[index] = total, mean
        covariance[index] = second - np.outer(mean, mean)
    return Sections(np.asarray(levels, dtype=float), area, centroid, covariance)


def height_map(mesh: trimesh.Trimesh, across: Array, along: Array, up: Array, u: Array, v: Array) -> Array:
    """Highest point of the mesh over each node of a regular grid.

    Args:
        mesh: the surface.
        across: unit direction of the columns, world LPS.
        along: unit direction of the rows.
        up: unit direction of height.
        u: (U,) evenly spaced grid coordinates along ``across``, mm.
        v: (V,) evenly spaced grid coordinates along ``along``, mm.

    Returns:
        (U, V) height along ``up`` in mm, NaN where the mesh is not met.
    """
    local = np.asarray(mesh.vertices) @ np.column_stack([across, along, up])
    triangles = local[np.asarray(mesh.faces)]
    step_u, step_v = u[1] - u[0], v[1] - v[0]
    low = np.stack(
        [
            np.ceil((triangles[..., 0].min(axis=1) - u[0]) / step_u),
            np.ceil((triangles[..., 1].min(axis=1) - v[0]) / step_v),
        ],
        axis=1,
    )
    high = np.stack(
        [
            np.floor((triangles[..., 0].max(axis=1) - u[0]) / step_u),
            np.floor((triangles[..., 1].max(axis=1) - v[0]) / step_v),
        ],
        axis=1,
    )
    low = np.maximum(low, 0).astype(np.int64)
    high = np.minimum(high, [len(u) - 1, len(v) - 1]).astype(np.int64)
    spans = np.maximum(high - low + 1, 0)
    cells = spans[:, 0] * spans[:, 1]
    owner = np.repeat(np.arange(len(cells)), cells)
    offset = np.arange(cells.sum()) - np.repeat(np.cumsum(cells) - cells, cells)
    row = low[owner, 0] + offset // np.maximum(spans[owner, 1], 1)
    column = low[owner, 1] + offset % np.maximum(spans[owner, 1], 1)
    a, b, c = (triangles[owner, i] for i in range(3))
    point = np.column_stack([u[row], v[column]])
    ab, ac, ap = (b - a)[:, :2], (c - a)[:, :2], point - a[:, :2]
    determinant = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        s = (ap[:, 0] * ac[:, 1] - ap[:, 1] * ac[:, 0]) / determinant
        t = (ab[:, 0] * ap[:, 1] - ab[:, 1] * ap[:, 0]) / determinant
        height = a[:, 2] + s * (b - a)[:, 2] + t * (c - a)[:, 2]
        inside = (s >= -1e-9) & (t >= -1e-9) & (s + t <= 1 + 1e-9)
    grid = np.full((len(u), len(v)), -np.inf)
    np.maximum.at(grid, (row[inside], column[inside]), height[inside])
    grid[np.isinf(grid)] = np.nan
    return grid


def signed_distance(mesh: trimesh.Trimesh, points: Array) -> Array:
    """Distance from (N, 3) points to the surface of a solid in mm, positive outside."""
    import igl  # only the designer and the checks need it, and planning must start fast

    return _distance(mesh, points, igl.SIGNED_DISTANCE_TYPE_PSEUDONORMAL)


def distance(mesh: trimesh.Trimesh, points: Array) -> Array:
    """Distance from (N, 3) points to the surface in mm, never negative."""
    import igl

    return _distance(mesh, points, igl.SIGNED_DISTANCE_TYPE_UNSIGNED)


def _distance(mesh: trimesh.Trimesh, points: Array, kind: Any) -> Array:
    import igl

    found = igl.signed_distance(
        np.ascontiguousarray(points, dtype=np.float64),
        np.ascontiguousarray(mesh.vertices, dtype=np.float64),
        np.ascontiguousarray(mesh.faces, dtype=np.int64),
        kind,
    )[0]
    return np.asarray(found, dtype=np.float64)
