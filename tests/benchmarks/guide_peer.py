"""The same assembly by two solid engines: manifold3d, which the product uses, and VTK, which it does not.

``python -m tests.benchmarks.guide_peer`` prints both. VTK is measured where it is installed
(``pip install vtk``); it is no dependency of the product.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from guides.bones import Bone, BoneSet
from guides.solids import from_mesh, to_mesh
from tests.guides.synthetic import synthetic_leg, write_leg

RUNS = 3

PEER_LIMIT_S = 120.0


def operands(folder: Path) -> tuple[trimesh.Trimesh, list[trimesh.Trimesh]]:
    """A block over the medial face of a tibia, and what is cut from it: the bone, a slot and four holes."""
    path = folder / "peer"
    tibia = BoneSet.read(write_leg(path, synthetic_leg("L")), [Bone.TIBIA])[Bone.TIBIA]
    bone = tibia.subdivide() if len(tibia.faces) < 20_000 else tibia
    block = trimesh.creation.box((30, 44, 50))
    block.apply_translation([-28, 0, -42])
    # VTK cuts along the edges of long thin triangles badly; even ones are fair to both.
    block, slot = (_even(mesh) for mesh in (block, _slot()))
    holes = []
    for y in (-11.03, 11.07):
        for z in (-28.02, -58.04):
            hole = trimesh.creation.cylinder(1.3, 80, sections=64)
            hole.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [0, 1, 0]))
            hole.apply_translation([-28, y, z])
            holes.append(_even(hole))
    return block, [bone, slot, *holes]


def _slot() -> trimesh.Trimesh:
    slot = trimesh.creation.box((60, 30, 1.3))
    slot.apply_translation([-28, 0, -40.03])
    return slot


def _even(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    vertices, faces = trimesh.remesh.subdivide_to_size(mesh.vertices, mesh.faces, 4.0)
    even = trimesh.Trimesh(vertices, faces)
    even.merge_vertices()
    return even


WORK = {"bone": 1, "whole": None}
"""How many of the cuts are made: the bone alone, or all of them."""


def peer(folder: Path) -> dict[str, Any]:
    """Processor seconds (best of some runs) and validity of each work by each engine, ``WORK`` by engine.

    VTK is None where it is not installed. It works in a process of its own: what crashes there is a result,
    with the status of the process.
    """
    block, cuts = operands(folder)
    return {
        work: {"manifold3d": _measured(_manifold, block, cuts[:count]), "vtk": _vtk_apart(work)}
        for work, count in WORK.items()
    }


def _vtk_apart(work: str) -> dict[str, Any] | None:
    if importlib.util.find_spec("vtk") is None:
        return None
    command = [sys.executable, "-m", "tests.benchmarks.guide_peer", work]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PEER_LIMIT_S)
    except subprocess.TimeoutExpired:
        return {"closed": False, "crashed": "time limit"}
    if done.returncode:
        return {"closed": False, "crashed": done.returncode}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


Engine = Callable[[trimesh.Trimesh, list[trimesh.Trimesh]], trimesh.Trimesh]


def _measured(engine: Engine, block: trimesh.Trimesh, cuts: list[trimesh.Trimesh]) -> dict[str, Any]:
    seconds, mesh = [], trimesh.Trimesh()
    for _ in range(RUNS):
        start = time.process_time()
        mesh = engine(block, cuts)
        seconds.append(time.process_time() - start)
    mesh.merge_vertices()
    return {
        "seconds": round(min(seconds), 4),
        "closed": bool(mesh.is_watertight and mesh.is_winding_consistent),
        "parts": int(mesh.body_count) if len(mesh.faces) else 0,
        "volume_mm3": round(float(mesh.volume), 1) if len(mesh.faces) else 0.0,
    }


def _manifold(block: trimesh.Trimesh, cuts: list[trimesh.Trimesh]) -> trimesh.Trimesh:
    solid = from_mesh(block)
    for cut in cuts:
        solid = solid - from_mesh(cut)
    return to_mesh(solid)


def _vtk(block: trimesh.Trimesh, cuts: list[trimesh.Trimesh]) -> trimesh.Trimesh:
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy

    def data(mesh: trimesh.Trimesh) -> Any:
        points = vtk.vtkPoints()
        points.SetData(numpy_to_vtk(np.array(mesh.vertices, dtype=np.float64), deep=True))
        cells = vtk.vtkCellArray()
        faces = np.column_stack([np.full(len(mesh.faces), 3), mesh.faces]).astype(np.int64).ravel()
        cells.SetCells(len(mesh.faces), numpy_to_vtkIdTypeArray(faces, deep=True))
        poly = vtk.vtkPolyData()
        poly.SetPoints(points)
        poly.SetPolys(cells)
        return poly

    vtk.vtkObject.GlobalWarningDisplayOff()
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)
    result = data(block)
    for cut in cuts:
        difference = vtk.vtkBooleanOperationPolyDataFilter()
        difference.SetOperationToDifference()
        difference.SetInputData(0, result)
        difference.SetInputData(1, data(cut))
        triangles = vtk.vtkTriangleFilter()
        triangles.SetInputConnection(difference.GetOutputPort())
        triangles.Update()
        result = triangles.GetOutput()
    if not result.GetNumberOfPolys():
        return trimesh.Trimesh()
    faces = vtk_to_numpy(result.GetPolys().GetData()).reshape(-1, 4)[:, 1:]
    return trimesh.Trimesh(vtk_to_numpy(result.GetPoints().GetData()), faces, process=False)


def main() -> None:
    """Both engines, or VTK alone when a work is named."""
    with tempfile.TemporaryDirectory() as folder_name:
        if sys.argv[1:] and sys.argv[1] in WORK:
            block, cuts = operands(Path(folder_name))
            print(json.dumps(_measured(_vtk, block, cuts[: WORK[sys.argv[1]]])))
            return
        found = peer(Path(folder_name))
    print(f"{'cut out':8}{'engine':14}what came out")
    for work, engines in found.items():
        for engine, result in engines.items():
            print(f"{work:8}{engine:14}{result}")
    print(json.dumps({"benchmark": "guide_peer", **found}))


if __name__ == "__main__":
    main()
