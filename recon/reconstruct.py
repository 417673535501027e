"""The one public way through the engine: two X-rays in, bones and a report out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.geometry import Camera, ReconstructionCube
from recon.images import XrayView, read_pair
from recon.networks.lift import Encoding, LiftConfig, LiftNetwork
from recon.networks.picture import PIXELS, channels, upright_picture
from recon.networks.registry import Model, find
from recon.output import output_folder
from recon.surface import extract_bones, sample_field

Progress = Callable[[str, float], None]
Array = npt.NDArray[np.float64]

CUBE = ReconstructionCube()
RESOLUTIONS = (128, 256, 512)
# A logit falls from sure to undecided over about this many mm; used to close meshes at the border of the
# field of view, where the field itself would go on.
_LOGITS_PER_MM = 2.0
_CHUNK = 32768
_SMALLEST = 500.0  # mm3; less is a fragment at the edge of the picture, not a bone


@dataclass
class Stopwatch:
    """Seconds that each stage took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as a stage of this name."""
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 3)


def load_network(model: Model) -> LiftNetwork:
    """The network of a model with its weights, ready to be asked.

    Raises:
        InputError: the weights belong to another network.
    """
    network = LiftNetwork(LiftConfig.from_table(model.network)).channels_last()
    try:
        network.load_state_dict({name: value.float() for name, value in load_file(model.weights).items()})
    except (RuntimeError, KeyError) as error:
        raise InputError(
            "wrong_weights",
            f"{model.weights} does not hold weights of the network in {model.config.name}",
            "Give the weights that were trained with this configuration",
        ) from error
    return network.eval()


def encode_views(network: LiftNetwork, views: Sequence[XrayView]) -> Encoding:
    """What the network makes of the views, ready to be asked at points."""
    pictures, cameras = zip(
        *(upright_picture(v.line_integrals, v.exposed, v.camera) for v in views), strict=True
    )
    projections = CUBE.unit_projections(np.stack([camera.projection for camera in cameras]), PIXELS)
    with torch.inference_mode():
        images = torch.from_numpy(np.stack([channels(picture) for picture in pictures]))[None]
        return network.encode(images, torch.from_numpy(projections).float()[None])


def field_of_view(views: Sequence[XrayView]) -> FieldOfView:
    """What the cube and the exposed parts of all views show."""
    corner = np.full(3, CUBE.side / 2)
    return FieldOfView(-corner, corner, tuple(exposed_camera(view) for view in views))


def exposed_camera(view: XrayView) -> Camera:
    """The camera of the rectangle round the exposed part of a view: what it can say anything about."""
    rows, columns = np.flatnonzero(view.exposed.any(1)), np.flatnonzero(view.exposed.any(0))
    if len(rows) == 0:
        raise InputError("blank_image", "An image is black from border to border", "Export the X-ray again")
    return view.camera.cropped(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def margins(network: LiftNetwork, encoding: Encoding, points: Array) -> npt.NDArray[np.float32]:
    """(N, 4) how much each bone's logit exceeds the largest other one, at (N, 3) points in mm."""
    result = np.empty((len(points), 4), np.float32)
    with torch.inference_mode():
        for start in range(0, len(points), _CHUNK):
            unit = torch.from_numpy(CUBE.to_unit(points[start : start + _CHUNK])).float()[None]
            logits = network.decode_points(encoding, unit)[0].float()
            first, second = logits.topk(2, dim=1).values.unbind(1)
            others = torch.where(logits == first[:, None], second[:, None], first[:, None])
            result[start : start + len(unit[0])] = (logits - others)[:, 1:].numpy()
    return result


def reconstruct_views(
    views: Sequence[XrayView],
    *,
    model: Model,
    resolution: int = 256,
    progress: Progress | None = None,
    stopwatch: Stopwatch | None = None,
) -> BoneSet:
    """Bones from calibrated views.

    Args:
        views: two or more X-rays with cameras in one frame.
        model: which network.
        resolution: grid cells along an edge of the 200 mm cube, one of ``RESOLUTIONS``.
        progress: told the stage and the share of the whole that is done.
        stopwatch: receives the seconds of the stages load, encode, field and surface.

    Returns:
        Watertight meshes in mm; bones that the views do not show are absent.

    Raises:
        InputError: bad resolution, missing weights, or no bone in the pictures.
    """
    tell = progress or (lambda _stage, _fraction: None)
    watch = stopwatch or Stopwatch()
    if resolution not in RESOLUTIONS:
        raise InputError(
            "bad_resolution",
            f"Resolution {resolution} is not possible",
            f"Use one of {', '.join(map(str, RESOLUTIONS))}",
        )
    with watch.stage("load"):
        tell("load", 0.05)
        network = load_network(model)
    with watch.stage("encode"):
        tell("encode", 0.15)
        encoding = encode_views(network, views)
        field = field_of_view(views)

    def bounded(points: Array) -> npt.NDArray[np.float32]:
        depth = field.depth(points)
        result = np.full((len(points), 4), np.float32(-10))
        seen = depth > -5
        result[seen] = margins(network, encoding, points[seen])
        return np.minimum(result, (depth * _LOGITS_PER_MM)[:, None].astype(np.float32))

    with watch.stage("field"):
        sampled = sample_field(bounded, CUBE, resolution, lambda share: tell("field", 0.25 + 0.55 * share))
    with watch.stage("surface"):
        tell("surface", 0.85)
        bones = extract_bones(sampled)
    bones = BoneSet({bone: mesh for bone, mesh in bones.items() if mesh.volume > _SMALLEST})
    if not bones:
        raise InputError(
            "no_bones_found",
            "No bone was found in the two images",
            "Check that both show the knee and that their geometry belongs to them",
        )
    return bones


def reconstruct_files(
    ap: Path,
    lateral: Path,
    out: Path,
    *,
    rig: Path | None = None,
    model: str | None = None,
    resolution: int = 256,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Reconstruct from files; writes one PLY a bone and ``report.json`` into ``out``, or nothing.

    Args:
        ap: frontal X-ray.
        lateral: side X-ray.
        out: folder for the results.
        rig: projection matrices that override the images' attributes.
        model: name of a shipped model or path of weights.
        resolution: grid cells along an edge of the cube.
        progress: told the stage and the share of the whole that is done.

    Returns:
        The report, as written.

    Raises:
        InputError: anything wrong with the images, the geometry, the model or the output folder.
    """
    began = time.perf_counter()
    tell = progress or (lambda _stage, _fraction: None)
    watch = Stopwatch()
    chosen = find(model)
    with watch.stage("read"):
        tell("read", 0.0)
        views = list(read_pair(ap, lateral, rig))
    bones = reconstruct_views(views, model=chosen, resolution=resolution, progress=progress, stopwatch=watch)
    cameras = field_of_view(views).cameras
    report: dict[str, Any] = {
        "model": {"name": chosen.name, "sha256": chosen.sha256},
        "resolution": resolution,
        "field_of_view": {
            "cube_side_mm": CUBE.side,
            "projections": [camera.projection.tolist() for camera in cameras],
            "rows": [camera.rows for camera in cameras],
            "columns": [camera.columns for camera in cameras],
        },
        "bones": {
            bone.label: {
                "vertices": len(mesh.vertices),
                "faces": len(mesh.faces),
                "volume_mm3": round(float(mesh.volume), 1),
                "watertight": bool(mesh.is_watertight),
            }
            for bone, mesh in bones.items()
        },
        "absent": [bone.label for bone in Bone if bone not in bones],
        "images": [
            {
                "file": path.name,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "camera": {"projection": view.camera.projection.tolist()},
                "provenance": view.provenance,
            }
            for path, view in zip((ap, lateral), views, strict=True)
        ],
        "warnings": [warning for view in views for warning in view.warnings],
    }
    with output_folder(out, replaces=[f"{bone.label}.ply" for bone in Bone]) as folder:
        with watch.stage("write"):
            tell("write", 0.95)
            bones.write(folder)
        report["seconds"] = {**watch.seconds, "total": round(time.perf_counter() - began, 3)}
        (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    tell("done", 1.0)
    return report
