"""Fit the elements of LLP26 to the bones of other people.

``python -m recon.population.fit_others BONES_FOLDER CT_FOLDER [OUT]`` writes
``recon/assets/other_people.safetensors``, see ``recon.population.others``, and prints how far the fitted
surfaces lie from the given ones.

Shape and place of each part, maximum a posteriori among the shapes of LLP26 people 0 to 19, by Gauss-Newton
steps on point-to-plane distances; then smooth detail off that model, a Gaussian process of displacements.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import igl
import numpy as np
import numpy.typing as npt
import trimesh
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix, vstack
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from recon.bones import Bone, BoneSet
from recon.population.fit_poses import near_joint_similarity, rotation_of
from recon.population.others import ASSET, FORETOLD
from recon.population.people import part_of, people_nodes, templates
from recon.population.shape_model import PARTS, ShapeModel
from recon.reference import ct_reference
from recon.training.dataset import TRAINING_PEOPLE
from recon.volumes import read_ct

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_MESHES = {"hubmap_vhm": "hubmap_vhm_l", "pymskt_dess1": "pymskt_dess1_r"}
_SCANS = tuple(FORETOLD)  # in sts_013 a condyle falls apart at any threshold
_CUT = ("pymskt_dess1",)
_CUT_MM = 4.0  # next to a cut, where the surface is the cut's
_STEPS, _FREE_STEPS = 40, 4
_DEVIATION_MM = 0.5  # of a surface from the shapes that the model can make
_ROBUST_MM = 2.0  # at which a point counts a quarter
_ALIKE = 0.5  # cosine between the normals of points that can be the same
_DETAIL_MM = 1.2
_FORETOLD_MM = 2.0  # how well one part foretells another
_MAIN = {"femur": Bone.FEMUR, "patella": Bone.PATELLA, "tibia_fibula": Bone.TIBIA}
_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Surface:
    """A bone's surface as somebody's images showed it.

    Attributes:
        mesh: of a left leg, mm.
        low: (3,) lower corner of the box in which it was seen.
        high: (3,) upper corner.
        noise: mm that it is off by itself.
        reach: mm over which detail off the model that it shows can be believed.
    """

    mesh: trimesh.Trimesh
    low: Array
    high: Array
    noise: float
    reach: float


@dataclass(frozen=True, eq=False)
class Fitted:
    """A part of somebody.

    Attributes:
        nodes: (nodes, 3) in the frame of the part in LLP26.
        apart: (M,) mm between fitted and given surface where both are known.
    """

    nodes: Array
    apart: Array


@dataclass(frozen=True, eq=False)
class _Matched:
    """Vertices and the planes that they should lie in, in the frame of the model."""

    vertices: Array
    normals: Array
    distances: Array
    rows: csr_matrix


def fit_part(part: str, surfaces: Mapping[Bone, Surface]) -> Fitted:
    """The nodes of a part that make the bones of somebody; ``surfaces`` holds its main bone at least."""
    nodes = people_nodes()[part][list(TRAINING_PEOPLE)]
    mean = nodes.mean(axis=0)
    _, singular, rows = np.linalg.svd((nodes - mean).reshape(len(nodes), -1), full_matrices=False)
    rank = len(nodes) - 1
    modes = (rows[:rank] * (singular[:rank, None] / np.sqrt(rank))).reshape(rank, -1, 3)

    bone = _MAIN[part]
    template = templates()[bone]
    lying = trimesh.Trimesh(template.evaluate @ mean, template.faces, process=False)
    onto = near_joint_similarity(bone, lying, surfaces[bone].mesh)
    turn = Rotation.from_matrix(rotation_of(onto))
    anchor = np.asarray(lying.vertices).mean(axis=0)
    shift = onto[:3, :3] @ anchor + onto[:3, 3] - turn.apply(anchor)

    coefficients = np.zeros(rank)
    for _ in range(_STEPS):
        current = mean + np.tensordot(coefficients, modes, axes=1)
        found = _matched(current, surfaces, turn, shift)
        weights = _weights(found.distances) / (_DEVIATION_MM**2 * _independent(found))
        along = np.stack([((found.rows @ mode) * found.normals).sum(axis=1) for mode in modes], axis=1)
        levers = np.cross(found.vertices - anchor, found.normals)
        slopes = np.hstack([along, levers, found.normals])
        stiffness = np.diag(np.concatenate([np.ones(rank), np.full(6, 1e-6)]))
        normal = slopes.T @ (weights[:, None] * slopes) + stiffness
        right = slopes.T @ (weights * found.distances)
        right[:rank] -= coefficients
        step = np.linalg.solve(normal, right)
        coefficients = coefficients + step[:rank]
        # The vertices' motion in the model's frame, carried over to the frame of the surfaces.
        small = Rotation.from_rotvec(step[rank : rank + 3])
        shift = np.asarray(shift + turn.apply(anchor + step[rank + 3 :] - small.apply(anchor)))
        turn = turn * small

    current = mean + np.tensordot(coefficients, modes, axes=1)
    main = surfaces[bone]
    prior = np.linalg.inv(
        _DETAIL_MM**2 * np.exp(-cdist(current, current, "sqeuclidean") / (2 * main.reach**2))
        + 1e-4 * np.eye(len(current))
    )
    start = current
    for _ in range(_FREE_STEPS):
        found = _matched(current, surfaces, turn, shift)
        weights = _weights(found.distances) / (main.noise**2 * _independent(found))
        size = 3 * len(current)
        slopes = np.zeros((len(found.distances), size))
        dense = found.rows.toarray()
        for axis in range(3):
            slopes[:, axis::3] = dense * found.normals[:, axis, None]
        gone = slopes @ (current - start).ravel()
        normal = slopes.T @ (weights[:, None] * slopes) + np.kron(prior, np.eye(3))
        move = np.linalg.solve(normal, slopes.T @ (weights * (found.distances + gone)))
        current = start + move.reshape(-1, 3)
    return Fitted(current, np.abs(_matched(current, surfaces, turn, shift).distances))


def _weights(distances: Array) -> Array:
    return np.asarray(1 / (1 + (distances / _ROBUST_MM) ** 2) ** 2)


def _independent(found: _Matched) -> float:
    """How many vertices say one thing: those of about a square centimetre."""
    extent = np.ptp(found.vertices, axis=0)
    area = float(2 * (extent[0] + extent[1]) * extent[2])
    return max(1.0, 100.0 * len(found.vertices) / area)


def _matched(nodes: Array, surfaces: Mapping[Bone, Surface], turn: Rotation, shift: Array) -> _Matched:
    """Vertices with the nearest points of the surfaces, as far as these were seen and face the same way."""
    pieces = []
    for bone, surface in surfaces.items():
        template = templates()[bone]
        vertices = template.evaluate @ nodes
        normals = np.array(trimesh.Trimesh(vertices, template.faces, process=False).vertex_normals)
        moved = turn.apply(vertices) + shift
        _, face, nearest = igl.point_mesh_squared_distance(
            moved, np.array(surface.mesh.vertices), np.array(surface.mesh.faces, np.int64)
        )
        towards = np.asarray(surface.mesh.face_normals)[face]
        alike = (turn.apply(normals) * towards).sum(axis=1) > _ALIKE
        both = np.stack([moved, nearest])
        kept = alike & ((both > surface.low) & (both < surface.high)).all(axis=(0, 2))
        planes = turn.inv().apply(towards[kept])
        gaps = (turn.inv().apply(nearest[kept] - moved[kept]) * planes).sum(axis=1)
        pieces.append((vertices[kept], planes, gaps, template.evaluate[kept]))
    points, planes_of, gaps_of, rows = zip(*pieces, strict=True)
    return _Matched(
        np.concatenate(points), np.concatenate(planes_of), np.concatenate(gaps_of), csr_matrix(vstack(rows))
    )


def completed(known: Mapping[str, Array]) -> dict[str, Array]:
    """All parts of somebody of whom only some are known, by what these foretell of the others."""
    model = ShapeModel.from_people(TRAINING_PEOPLE)
    ends = np.cumsum([0, *(3 * size for size in model.sizes)])
    spans = {part: slice(ends[i], ends[i + 1]) for i, part in enumerate(PARTS)}
    seen = np.concatenate([np.arange(spans[part].start, spans[part].stop) for part in known])
    slopes = (model.modes[:, seen] * model.deviations[:, None]).T
    right = np.concatenate([known[part].ravel() for part in known]) - model.mean[seen]
    weight = 1 / (_FORETOLD_MM**2 * len(seen) / 100)
    normal = weight * slopes.T @ slopes + np.eye(slopes.shape[1])
    foretold = model.nodes(np.linalg.solve(normal, weight * slopes.T @ right))
    return {part: known.get(part, foretold[part]) for part in PARTS}


def mesh_people(folder: Path) -> Iterator[tuple[str, dict[Bone, Surface]]]:
    """Name and surfaces of everybody whose bones are meshes."""
    for name, where in _MESHES.items():
        surfaces = {}
        for bone, mesh in BoneSet.read(folder / where).items():
            if where.endswith("_r"):
                mesh.apply_transform(_MIRROR)
            low, high = np.full(3, -np.inf), np.full(3, np.inf)
            if name in _CUT and bone in (Bone.TIBIA, Bone.FIBULA):
                low[2] = mesh.bounds[0, 2] + _CUT_MM
            if name in _CUT and bone is Bone.FEMUR:
                high[2] = mesh.bounds[1, 2] - _CUT_MM
            surfaces[bone] = Surface(mesh, low, high, noise=0.3, reach=14.0)
        yield name, surfaces


def scan_people(folder: Path) -> Iterator[tuple[str, dict[Bone, Surface]]]:
    """Name and surfaces, femur and patella, of everybody in a CT that training may see."""
    for name in _SCANS:
        reference = ct_reference(read_ct(folder / f"{name}.nii.gz"))
        low, high = reference.field.low + _CUT_MM, reference.field.high - _CUT_MM
        yield (
            name,
            {
                bone: Surface(mesh, low, high, noise=0.8, reach=30.0)
                for bone, mesh in reference.bones.items()
                if bone not in FORETOLD[name]
            },
        )


def fit_person(surfaces: Mapping[Bone, Surface]) -> dict[str, Fitted]:
    """Every part whose main bone is there."""
    fitted = {}
    for part in PARTS:
        own = {bone: surface for bone, surface in surfaces.items() if part_of(bone) == part}
        if _MAIN[part] in own:
            fitted[part] = fit_part(part, own)
    return fitted


def _mirrored(surfaces: Mapping[Bone, Surface]) -> dict[Bone, Surface]:
    across = np.array([-1.0, 1.0, 1.0])
    mirrored = {}
    for bone, s in surfaces.items():
        low, high = np.sort([s.low * across, s.high * across], axis=0)
        mirrored[bone] = Surface(s.mesh.copy().apply_transform(_MIRROR), low, high, s.noise, s.reach)
    return mirrored


def _misfit(fitted: Mapping[str, Fitted]) -> float:
    return float(np.mean([float(part.apart.mean()) for part in fitted.values()]))


def main(bones: Path, scans: Path, out: Path = ASSET) -> None:
    """Fit everybody and write the nodes."""
    arrays = {}
    for name, surfaces in (*mesh_people(bones), *scan_people(scans)):
        tries = [fit_person(surfaces)]
        if name in _SCANS:  # of either side
            tries.append(fit_person(_mirrored(surfaces)))
        fitted = min(tries, key=_misfit)
        for part, one in fitted.items():
            print(  # noqa: T201
                f"{name} {part}: mean {one.apart.mean():.2f} mm, 95 % {np.percentile(one.apart, 95):.2f}"
            )
        for part, nodes in completed({part: one.nodes for part, one in fitted.items()}).items():
            arrays[f"{name}.{part}"] = nodes.astype(np.float32)
    save_file(arrays, out)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
