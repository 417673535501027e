"""What a trained network says of a knee: margins of the four bones at any point, and bones from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import trimesh
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from recon.bones import BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.geometry import Camera, ReconstructionCube
from recon.networks.build import build_network
from recon.networks.device import inference_device
from recon.networks.enhance import bone_shadow, enhanced_channels
from recon.networks.picture import channels
from recon.networks.registry import Model
from recon.networks.vnet import normalise_hu
from recon.parallel import in_pieces
from recon.stopwatch import Stopwatch
from recon.surface import Field, extract_bones, sample_field

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Progress = Callable[[str, float], None]

CUBE = ReconstructionCube()
RESOLUTIONS = (128, 256, 512)
# A logit falls from sure to undecided over about this many mm; used to close meshes at the border of the
# field of view, where the field itself would go on.
_LOGITS_PER_MM = 2.0
_BEYOND_MM = 5.0  # from here on outside the field of view, nothing is asked
_SMALLEST = 500.0  # mm3; less is a fragment at the edge of the picture, not a bone


def check_resolution(resolution: int) -> None:
    """Refuse a grid that is not one of ``RESOLUTIONS``.

    Raises:
        InputError: bad_resolution.
    """
    if resolution not in RESOLUTIONS:
        raise InputError(
            "bad_resolution",
            f"Resolution {resolution} is not possible",
            f"Use one of {', '.join(map(str, RESOLUTIONS))}",
        )


def load_network(model: Model) -> Any:
    """The network of a model with its weights, ready to be asked.

    Raises:
        InputError: wrong_weights, where they belong to another network; bad_network.
    """
    network = build_network(model.network)
    try:
        network.load_state_dict({name: value.float() for name, value in load_file(model.weights).items()})
    except (RuntimeError, KeyError, SafetensorError) as error:
        raise InputError(
            "wrong_weights",
            f"{model.weights} does not hold weights of the network in {model.config.name}",
            "Give the weights that were trained with this configuration",
        ) from error
    return network.eval().to(inference_device())


def network_images(network: Any, pictures: Tensor, segmentation: nn.Module | None = None) -> Tensor:
    """(B, V, C, P, P) input of an X-ray network from (B, V, P, P) normalised pictures.

    Args:
        network: says what its ``input_kind`` is.
        pictures: see ``recon.networks.picture``.
        segmentation: finds the shadow of bone, where the network takes enhanced X-rays.

    Raises:
        InputError: no_segmentation.
    """
    if network.input_kind == "raw":
        return pictures[:, :, None]
    if network.input_kind == "contrast":
        both = [channels(picture) for picture in pictures.flatten(0, 1).cpu().numpy()]
        stacked = torch.from_numpy(np.stack(both)).to(pictures.device)
        return stacked.reshape(*pictures.shape[:2], *stacked.shape[1:])
    if segmentation is None:
        raise InputError(
            "no_segmentation",
            "The network takes enhanced X-rays and no segmentation network is there to make them",
            "Put the segmentation's weights beside the network's",
        )
    return enhanced_channels(pictures, bone_shadow(segmentation, pictures))


def xray_field(
    network: Any, pictures: Image, cameras: Sequence[Camera], segmentation: nn.Module | None = None
) -> Field:
    """The field that an X-ray network sees in the views of one knee.

    Args:
        network: any X-ray network in evaluation mode.
        pictures: (V, P, P) normalised upright pictures, in the order that the network was trained with.
        cameras: the camera of each picture.
        segmentation: network of kind "unet", where the X-ray network takes enhanced X-rays.

    Returns:
        Margins (N, 4) at (N, 3) points in mm, see ``recon.surface.Field``.

    Raises:
        InputError: wrong_views, where the network was made for another number of views; no_segmentation.
    """
    if network.views not in (None, len(pictures)):
        raise InputError(
            "wrong_views",
            f"The network was trained for {network.views} views, not {len(pictures)}",
            f"Give {network.views} views, or a network for any number of views",
        )
    projections = CUBE.unit_projections(
        np.stack([camera.projection for camera in cameras]), pictures.shape[-1]
    )
    device = next(network.parameters()).device
    with torch.inference_mode():
        images = network_images(network, torch.from_numpy(pictures)[None].to(device), segmentation)
        encoding = network.encode(images, torch.from_numpy(projections).float()[None].to(device))
    return _field(network, encoding, device)


def ct_field(network: Any, hu: Image) -> Field:
    """The field that a CT network sees in a CT.

    Args:
        network: of kind "vnet", in evaluation mode.
        hu: (D, D, D) Hounsfield units on the nodes of the reconstruction cube, [z, y, x]. Another D than
            the network's is resampled linearly, as in training.

    Returns:
        Margins (N, 4) at (N, 3) points in mm.
    """
    device = next(network.parameters()).device
    size = (network.config.size,) * 3
    with torch.inference_mode():
        volume = torch.from_numpy(np.ascontiguousarray(hu, np.float32))[None, None].to(device)
        if volume.shape[2:] != size:
            volume = functional.interpolate(volume, size, mode="trilinear", align_corners=True)
        encoding = network.encode(normalise_hu(volume))
    return _field(network, encoding, device)


def _field(network: Any, encoding: Any, device: torch.device) -> Field:
    """The margins of an encoded knee, asked in pieces."""

    def margins(points: Array) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            unit = torch.from_numpy(CUBE.to_unit(points)).float()[None]
            logits = network.decode_points(encoding, unit.to(device))[0].float()
            return np.asarray(_margins(logits).cpu().numpy())

    return lambda points: in_pieces(margins, points)


def _margins(logits: Tensor) -> Tensor:
    """(N, 4) how much each bone's logit exceeds the largest other one of (N, 5)."""
    first, second = logits.topk(2, dim=1).values.unbind(1)
    others = torch.where(logits == first[:, None], second[:, None], first[:, None])
    return (logits - others)[:, 1:]


def bounded(field: Field, field_of_view: FieldOfView) -> Field:
    """The field, closed at the border of the field of view and not asked far outside it."""

    def margins(points: Array) -> npt.NDArray[np.float32]:
        depth = in_pieces(field_of_view.depth, points)
        result = np.full((len(points), 4), np.float32(-10))
        seen = depth > -_BEYOND_MM
        result[seen] = field(points[seen])
        return np.minimum(result, (depth * _LOGITS_PER_MM)[:, None].astype(np.float32))

    return margins


def bones_of_field(
    field: Field,
    field_of_view: FieldOfView,
    resolution: int = 256,
    progress: Progress | None = None,
    *,
    smallest_piece: float = 1.0,
    stopwatch: Stopwatch | None = None,
) -> BoneSet:
    """Closed meshes of the bones in a field.

    Args:
        field: margins at points in mm.
        field_of_view: where the field can be trusted; bones are cut flat at its border.
        resolution: grid cells along an edge of the 200 mm cube, one of ``RESOLUTIONS``.
        progress: told the stages "field" and "surface" and the share of both that is done.
        smallest_piece: of a bone, beside its largest one, as a share of that; see ``extract_bones``.
        stopwatch: receives the seconds of these stages.

    Returns:
        Watertight meshes in mm; bones that are not there are absent.

    Raises:
        InputError: bad_resolution.
    """
    check_resolution(resolution)
    tell = progress or (lambda _stage, _fraction: None)
    watch = stopwatch or Stopwatch()

    with watch.stage("field"):
        tell("field", 0.0)
        sampled = sample_field(
            bounded(field, field_of_view), CUBE, resolution, lambda share: tell("field", 0.85 * share)
        )
    with watch.stage("surface"):
        tell("surface", 0.9)
        bones = extract_bones(sampled, smallest_piece=smallest_piece)
        return BoneSet({bone: mesh for bone, mesh in bones.items() if _enclosed(mesh) > _SMALLEST})


def _enclosed(mesh: trimesh.Trimesh) -> float:
    """mm^3 inside a closed mesh; ``mesh.volume`` takes twenty times as long, for it finds the inertia too."""
    first, second, third = np.asarray(mesh.vertices)[np.asarray(mesh.faces).T]
    return float(np.einsum("ij,ij", first, np.cross(second, third))) / 6
