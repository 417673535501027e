"""Reconstruction as the backend wants it: bones, lighter meshes, outlines; in a child process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fast_simplification
import numpy as np
import trimesh
from scipy.spatial import cKDTree

from backend.imaging.reported import reported_projections
from recon.bones import BoneSet
from recon.geometry import Camera
from recon.images import read_xray
from recon.outlines import bone_outlines
from recon.vertex_values import uncertainty_of, with_uncertainty

# Software WebGL draws about this many a bone without stutter.
DISPLAY_FACES = 16_000

# The engine's words for its stages, and those for the people who wait.
STAGES = {
    "read": "Reading the X-rays",
    "load": "Loading the network",
    "encode": "Looking at the X-rays",
    "refine": "Fitting the shapes of bones",
    "geometry": "Checking how the X-rays stand to each other",
    "field": "Finding the bones",
    "surface": "Making the surfaces",
    "write": "Writing the bones",
    "done": "Writing the bones",
}


def reconstruct(
    ap: Path,
    lateral: Path,
    out: Path,
    *,
    resolution: int,
    model: str | None,
    progress: Callable[[str, float], None],
) -> dict[str, Any]:
    """Bones from two X-rays, with what a browser needs to show them.

    Args:
        ap, lateral: de-identified DICOM files.
        out: an existing folder; gets ``bones/`` (as of the engine), ``display/`` (PLY, at most 16,000 faces
            each, with the uncertainty where it is known) and ``outlines.json``.
        resolution: samples along an edge of the reconstruction cube.
        model: name of the network, or None for the standard one.
        progress: told the stage and the share done.

    Returns:
        The engine's report.

    Raises:
        InputError: as of the engine.
    """
    # Imported late: the other engines of this module do without the networks.
    from recon.reconstruct import reconstruct_files

    report = reconstruct_files(
        ap,
        lateral,
        out / "bones",
        resolution=resolution,
        model=model,
        accept_untrusted=True,  # a surgeon sees why not to trust them, beside the bones
        progress=lambda stage, fraction: progress(STAGES.get(stage, stage), 0.92 * fraction),
    )
    cameras = {}
    for (view, projection), path in zip(reported_projections(report).items(), (ap, lateral), strict=True):
        stated = read_xray(path).camera
        cameras[view] = Camera(np.asarray(projection), stated.rows, stated.columns)
    draw(BoneSet.read(out / "bones"), out, cameras, progress)
    return report


def draw(
    bones: BoneSet, out: Path, cameras: dict[str, Camera], progress: Callable[[str, float], None]
) -> None:
    """What a browser needs to show bones: ``display/`` and, where there are cameras, ``outlines.json``.

    Args:
        bones: meshes in mm, in the frame of the cameras if there are any.
        out: an existing folder.
        cameras: by view, "ap" and "lateral".
        progress: told the stage and the share done, from 0.93 on.
    """
    progress("Drawing the bones", 0.93)
    (out / "display").mkdir()
    for bone, mesh in bones.items():
        light = simplified(mesh)
        uncertainty = uncertainty_of(mesh)
        if uncertainty is not None:
            with_uncertainty(light, uncertainty[cKDTree(mesh.vertices).query(light.vertices)[1]])
        light.export(out / "display" / f"{bone.label}.ply")
    if not cameras:
        return
    progress("Projecting the outlines", 0.97)
    outlines = {
        view: {
            bone.label: [np.round(line, 2).tolist() for line in lines]
            for bone, lines in bone_outlines(bones, camera).items()
        }
        for view, camera in cameras.items()
    }
    (out / "outlines.json").write_text(json.dumps(outlines, separators=(",", ":")))


def simplified(mesh: trimesh.Trimesh, faces: int = DISPLAY_FACES) -> trimesh.Trimesh:
    """A mesh of at most this many faces that looks the same; the mesh itself when it has no more."""
    if len(mesh.faces) <= faces:
        return mesh
    points, triangles = fast_simplification.simplify(
        mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), target_count=faces
    )
    return trimesh.Trimesh(points, triangles, process=False)
