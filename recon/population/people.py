"""The 26 people of the LLP26 shape model, each as four bone meshes with one vertex numbering.

LLP26 comes with ``musculoskeletal-models`` (MPL-2.0, Auckland Bioengineering Institute). A person is a
vector of nodes of piecewise Lagrange elements (quartic femur, cubic tibia and fibula, cubic patella);
here the elements are evaluated on a fine lattice, so that every person has the same triangles.
"""

from __future__ import annotations

import io
import json
import pickle
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import musculoskeletal.models
import numpy as np
import numpy.typing as npt
import trimesh
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from recon.bones import Bone, BoneSet

Array = npt.NDArray[np.float64]

PEOPLE = 26
_PARTS = {  # nodes in the order of the model's vector; the pelvis comes first and is not used
    "pelvis": 1946,
    "femur": 634,
    "patella": 74,
    "tibia_fibula": 571,
}
_LATTICES = {
    "femur": ("femur_left_quartic_flat", 12),
    "patella": ("patella_11_left", 12),
    "tibia_fibula": ("tibia_fibula_left_cubic_flat", 10),
}


@dataclass(frozen=True, eq=False)
class BoneTemplate:
    """How the nodes of a part become the vertices of one bone.

    Attributes:
        evaluate: sparse (vertices, nodes) matrix of Lagrange basis values.
        faces: (triangles, 3) vertex indices, outward normals.
    """

    evaluate: csr_matrix
    faces: npt.NDArray[np.int64]


class _NumpyOnly(pickle.Unpickler):
    """Unpickler that admits nothing but numpy arrays: a pickle from a package can run any code."""

    _ALLOWED = frozenset({"_reconstruct", "ndarray", "dtype", "scalar"})

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] != "numpy" or name not in self._ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not a numpy array")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


@cache
def people_nodes() -> dict[str, Array]:
    """Nodes of all 26 people: part name to an array (26, nodes, 3) in LPS mm, each part in its own pose."""
    path = musculoskeletal.models.get_model_path("shape_models/LLP26_rigid.pc")
    model = _NumpyOnly(io.BytesIO(path.read_bytes())).load()
    vectors = model["mean"][None] + (model["modes"] @ model["projectedWeights"]).T
    nodes = vectors.reshape(PEOPLE, 3, -1).transpose(0, 2, 1)  # the model stores all x, then y, then z
    starts = np.cumsum([0, *_PARTS.values()])
    return {
        name: nodes[:, start : start + size]
        for (name, size), start in zip(_PARTS.items(), starts, strict=False)
    }


def _lagrange(order: int, at: Array) -> Array:
    """Values (points, order + 1) of the 1D Lagrange basis with equally spaced nodes on [0, 1]."""
    nodes = np.linspace(0, 1, order + 1)
    values = np.ones((len(at), order + 1))
    for i in range(order + 1):
        for j in range(order + 1):
            if i != j:
                values[:, i] *= (at - nodes[j]) / (nodes[i] - nodes[j])
    return values


def _quad_element(across: int, down: int, n: int) -> tuple[Array, npt.NDArray[np.int64]]:
    """Basis values and triangles of a quadrilateral with (across, down) nodes on an n by n lattice."""
    s = np.linspace(0, 1, n + 1)
    basis = np.einsum("ia,jb->ijab", _lagrange(down - 1, s), _lagrange(across - 1, s))
    index = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b, c, d = (
        index[:-1, :-1].ravel(),
        index[:-1, 1:].ravel(),
        index[1:, 1:].ravel(),
        index[1:, :-1].ravel(),
    )
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return basis.reshape((n + 1) ** 2, across * down), faces


def _triangle_element(across: int, n: int) -> tuple[Array, npt.NDArray[np.int64]]:
    """Basis values and triangles of a triangle whose node rows have across, across - 1, ..., 1 nodes."""
    order = across - 1

    def ramp(at: Array, count: int) -> Array:  # product form of the simplex Lagrange basis
        value = np.ones_like(at)
        for k in range(count):
            value *= (order * at - k) / (k + 1)
        return value

    lattice = [(i, j) for j in range(n + 1) for i in range(n + 1 - j)]
    number = {point: index for index, point in enumerate(lattice)}
    l1, l2 = np.array(lattice, dtype=float).T / n
    columns = [
        ramp(l1, i) * ramp(l2, j) * ramp(1 - l1 - l2, order - i - j)
        for j in range(across)
        for i in range(across - j)
    ]
    faces = []
    for i, j in lattice:
        if i + j < n:
            faces.append((number[i, j], number[i + 1, j], number[i, j + 1]))
        if i + j < n - 1:
            faces.append((number[i + 1, j], number[i + 1, j + 1], number[i, j + 1]))
    return np.stack(columns, 1), np.array(faces)


def _node_numbers(mesh: dict[str, Any]) -> list[list[int]]:
    """Global node number of every local node of every element; shared nodes get their number once."""
    sizes = {"quad55": 25, "quad54": 20, "quad44": 16, "tri15": 15, "tri10": 10}
    numbers: dict[str, int] = {}
    elements = []
    count = 0
    for element in range(len(mesh["elements"])):
        kind = mesh["elements"][str(element)].split()[1]
        local = []
        for node in range(sizes[kind]):
            key = f"{element}_{node}"
            if key not in numbers:
                for shared in [key, *mesh["connectivity"][key].split()]:
                    numbers[shared] = count
                count += 1
            local.append(numbers[key])
        elements.append(local)
    return elements


def _part_template(part: str) -> BoneTemplate:
    name, n = _LATTICES[part]
    mesh = json.loads(musculoskeletal.models.get_model_path(f"atlas_meshes/{name}.mesh").read_text())
    shapes = {
        "quad55": lambda: _quad_element(5, 5, n),
        "quad54": lambda: _quad_element(5, 4, n),
        "quad44": lambda: _quad_element(4, 4, n),
        "tri15": lambda: _triangle_element(5, n),
        "tri10": lambda: _triangle_element(4, n),
    }
    rows, faces, offset = [], [], 0
    for element, local in enumerate(_node_numbers(mesh)):
        basis, triangles = shapes[mesh["elements"][str(element)].split()[1]]()
        dense = np.zeros((len(basis), _PARTS[part]))
        np.add.at(dense.T, local, basis.T)
        rows.append(dense)
        faces.append(triangles + offset)
        offset += len(basis)
    # Lattice points on a shared edge have the same basis row, whatever the person: merge by it.
    evaluate, inverse = np.unique(np.concatenate(rows).round(9), axis=0, return_inverse=True)
    merged = inverse.reshape(-1)[np.concatenate(faces)]
    merged = merged[(merged != np.roll(merged, 1, axis=1)).all(axis=1)]
    return BoneTemplate(csr_matrix(evaluate), merged)


def _oriented(template: BoneTemplate, nodes: Array) -> BoneTemplate:
    """The template with outward normals and without unused vertices, judged on (nodes, 3) of one person."""
    used = np.unique(template.faces)
    renumber = np.full(template.evaluate.shape[0], -1)
    renumber[used] = np.arange(len(used))
    mesh = trimesh.Trimesh(template.evaluate[used] @ nodes, renumber[template.faces], process=False)
    mesh.fix_normals()
    return BoneTemplate(template.evaluate[used], np.array(mesh.faces))


@cache
def templates() -> dict[Bone, BoneTemplate]:
    """The template of each bone; the nodes of fibula and tibia are those of the part they share."""
    nodes = {part: array.mean(axis=0) for part, array in people_nodes().items()}
    leg = _part_template("tibia_fibula")
    edges = leg.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    vertices = leg.evaluate.shape[0]
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(vertices, vertices))
    _, component = connected_components(graph, directed=False)
    by_size = np.argsort(np.bincount(component))[::-1]
    heights = [np.ptp(leg.evaluate[component == c] @ nodes["tibia_fibula"], axis=0) for c in by_size[:2]]
    widths = [float(h[0] * h[1]) for h in heights]
    tibia, fibula = by_size[:2][np.argsort(widths)[::-1]]

    def select(label: int) -> BoneTemplate:
        return BoneTemplate(leg.evaluate, leg.faces[component[leg.faces[:, 0]] == label])

    raw = {
        Bone.PATELLA: (_part_template("patella"), nodes["patella"]),
        Bone.FEMUR: (_part_template("femur"), nodes["femur"]),
        Bone.FIBULA: (select(fibula), nodes["tibia_fibula"]),
        Bone.TIBIA: (select(tibia), nodes["tibia_fibula"]),
    }
    return {bone: _oriented(template, mean) for bone, (template, mean) in raw.items()}


def part_of(bone: Bone) -> str:
    """Name of the LLP26 part whose nodes make a bone."""
    return {Bone.PATELLA: "patella", Bone.FEMUR: "femur"}.get(bone, "tibia_fibula")


def bones_from_nodes(nodes: dict[str, Array]) -> BoneSet:
    """A left leg from the nodes (nodes, 3) of each part, in the pose that the nodes have."""
    return BoneSet(
        {
            bone: trimesh.Trimesh(
                cast(Array, template.evaluate @ nodes[part_of(bone)]), template.faces, process=False
            )
            for bone, template in templates().items()
        }
    )
