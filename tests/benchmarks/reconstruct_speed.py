"""How long a reconstruction takes, and against what.

``python -m tests.benchmarks.reconstruct_speed [--quick]``:

- ``warm_s``: from two DICOM files to four meshes at 256^3 in a process that has done one before, the fastest
  of some; ``cold_s``: the command line, from start to end of its process, the fastest of some; ``peak_mb``:
  the largest resident set of that process.
- ``dense_ratio``: of the field that ships, asking it on the whole grid and extracting, against coarse to
  fine, in one run; ``max_vertex_distance_mm`` between the two results. That field is linear between nodes
  ``network_grid_mm`` apart, where alone the network is asked, and refined with the shape model. Both begin as
  in a reconstruction: after refinement, when the nodes near the bones are known.
- ``network_dense_ratio`` and ``network_max_vertex_distance_mm``: the same of the network itself, asked at
  every point.
- ``author_scheme_ratio``: the authors' way (their network sizes, the whole 256^3 grid once a bone, so four
  times) against all that stands for it here. Their decoder is timed on some points and scaled up.
- ``evaluations_ratio``: questions to the field that ships at 512^3 to those at 256^3, ``evaluations`` their
  numbers; ``network_evaluations_ratio`` the same of the network itself.

``--quick`` does the comparison of grids at 128^3, and counts evaluations at 256^3 to 128^3.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree

from recon.geometry import Camera
from recon.images import read_pair
from recon.networks.build import build_network
from recon.networks.registry import Model, find, network_tables
from recon.population.demo import FOLDER
from recon.prediction import CUBE, bounded, load_network
from recon.reconstruct import (
    NETWORK_NODES,
    field_of_view,
    reconstruct_files,
    reconstruct_views,
    views_field,
)
from recon.surface import BoneField, Field, extract_bones, sample_field
from tests.benchmarks import report

Array = npt.NDArray[np.float64]
AP, LATERAL = FOLDER / "ap.dcm", FOLDER / "lateral.dcm"
RELEASED = Path(__file__).parents[2] / "recon" / "configs" / "released.toml"
_AUTHORS_POINTS = 20_000
_AUTHORS_RESOLUTION = 256
_BONES = 4


def warm(repeats: int) -> tuple[float, dict[str, float]]:
    """Seconds of the fastest of some runs after a first one, and its stages."""
    with tempfile.TemporaryDirectory() as temporary:
        runs = [
            reconstruct_files(AP, LATERAL, Path(temporary, "bones"))["seconds"] for _ in range(repeats + 1)
        ]
    best = min(runs[1:], key=lambda seconds: seconds["total"])
    return best["total"], best


def cold(repeats: int) -> float:
    """Seconds of the fastest of some processes."""
    # A shell for developers may forbid Python to keep what it compiled; that of a user does not.
    shell = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    best = np.inf
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as temporary:
            began = time.perf_counter()
            out = Path(temporary, "bones")
            command = ["recon", "reconstruct", "--ap", AP, "--lateral", LATERAL, "--out", out]
            subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, env=shell)
            best = min(best, time.perf_counter() - began)
    return best


def network_field() -> Field:
    """What the network itself sees in the demo case, closed at the border of what the views show."""
    views = read_pair(AP, LATERAL, None)
    return bounded(views_field(load_network(find(None)), views), field_of_view(views))


def shipped_field() -> Field:
    """The field that the product extracts from: the network on its grid, refined, closed at the border.

    Each has a memory of its own for what the network said.
    """
    made = reconstruct_views(read_pair(AP, LATERAL, None), model=find(None), resolution=NETWORK_NODES)
    return bounded(made.refinement.field, made.seen)


def dense(field: Field, resolution: int) -> BoneField:
    """The whole grid."""
    axis = CUBE.grid_axis(resolution + 1)
    labels, every = [], []
    for z in axis:  # a slice at a time, as the authors do, for memory's sake
        y, x = np.meshgrid(axis, axis, indexing="ij")
        margins = field(np.stack([x, y, np.full_like(x, z)], -1).reshape(-1, 3))
        every.append(margins)
        labels.append(np.where(margins.max(1) > 0, margins.argmax(1) + 1, 0).astype(np.uint8))
    margins = np.concatenate(every)
    shape = (len(axis),) * 3
    return BoneField(
        np.concatenate(labels).reshape(shape), np.arange(len(margins)), margins, axis, len(margins)
    )


def against_dense(make: Callable[[], Field], resolution: int) -> tuple[float, float]:
    """Ratio of the times and largest vertex distance in mm, each way with a field made for it."""
    field = make()
    began = time.perf_counter()
    bones = extract_bones(sample_field(field, CUBE, resolution))
    took = time.perf_counter() - began
    field = make()
    began = time.perf_counter()
    whole = extract_bones(dense(field, resolution))
    ratio = (time.perf_counter() - began) / took
    if set(whole) != set(bones):
        raise ValueError(f"dense {sorted(whole)}, coarse to fine {sorted(bones)}")
    return ratio, max(vertex_distance(whole[bone].vertices, bones[bone].vertices) for bone in whole)


def vertex_distance(first: Array, second: Array) -> float:
    """Largest distance between vertices of the same number; where counts differ, to the nearest one."""
    if len(first) == len(second):
        return float(np.linalg.norm(first - second, axis=1).max())
    pairs = ((first, second), (second, first))
    return max(float(cKDTree(there).query(here)[0].max()) for here, there in pairs)


def authors_seconds() -> float:
    """Seconds that the authors' scheme would take: their encoder, and their decoder once a bone and node."""
    table = network_tables(RELEASED)["xray"]
    network: Any = build_network(table).eval()
    pictures = torch.rand(1, 2, network.inputs, table["pixels"], table["pixels"])
    cameras = [
        Camera.from_angles(
            source_to_detector=1200.0,
            source_to_isocentre=800.0,
            primary_angle=angle,
            pixel_spacing=(0.5, 0.5),
            rows=table["pixels"],
            columns=table["pixels"],
        )
        for angle in (0.0, 90.0)
    ]
    matrices = np.stack([camera.projection for camera in cameras])
    projections = torch.from_numpy(CUBE.unit_projections(matrices, table["pixels"])).float()[None]
    points = torch.rand(1, _AUTHORS_POINTS, 3) * 2 - 1
    with torch.inference_mode():
        began = time.perf_counter()
        encoding = network.encode(pictures, projections)
        middle = time.perf_counter()
        network.decode_points(encoding, points)
        end = time.perf_counter()
    return middle - began + _BONES * _AUTHORS_RESOLUTION**3 / _AUTHORS_POINTS * (end - middle)


def evaluations(field: Field, resolution: int) -> int:
    """Questions to the field."""
    return sample_field(field, CUBE, resolution).evaluations


def main() -> None:
    """Measure and print."""
    quick = report.options(__doc__).quick
    model: Model = find(None)
    warm_s, stages = warm(1 if quick else 4)
    cold_s = cold(1 if quick else 3)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    resolution = 128 if quick else 256
    dense_ratio, apart = against_dense(shipped_field, resolution)
    network_ratio, network_apart = against_dense(network_field, resolution)
    asked, network_asked = (
        [evaluations(make(), times * resolution) for times in (1, 2)]
        for make in (shipped_field, network_field)
    )
    authors = authors_seconds()
    ours = sum(stages[stage] for stage in ("encode", "refine", "field", "surface"))
    print(report.table(["stage", "s"], [[name, seconds] for name, seconds in stages.items()]), end="\n\n")
    result: dict[str, Any] = {
        "quick": quick,
        "model": model.name,
        "threads": torch.get_num_threads(),
        "warm_s": warm_s,
        "cold_s": cold_s,
        "dense_ratio": dense_ratio,
        "max_vertex_distance_mm": apart,
        "network_grid_mm": CUBE.side / NETWORK_NODES,
        "network_dense_ratio": network_ratio,
        "network_max_vertex_distance_mm": network_apart,
        "author_scheme_ratio": authors / ours,
        "peak_mb": peak_mb,
        "evaluations": asked,
        "evaluations_ratio": asked[1] / asked[0],
        "network_evaluations_ratio": network_asked[1] / network_asked[0],
        "evaluations_of": f"{2 * resolution} to {resolution}",
    }
    print(report.table(["figure", "value"], [[name, value] for name, value in result.items()]), end="\n\n")
    report.finish(result)


if __name__ == "__main__":
    main()
