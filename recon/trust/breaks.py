"""Where a bone looks broken: what a network sees in each X-ray, told from all of them for each bone.

The shape model and the network of the reconstruction draw a whole bone, whatever they see. A network that
has seen many broken bones looks at the local contrast of each view by itself; of what it finds, each bone
answers for what lies under its own surface in all views at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from recon.bones import Bone
from recon.field_of_view import FieldOfView
from recon.geometry import Camera
from recon.images import XrayView
from recon.networks.picture import channels, upright_exposed, upright_picture
from recon.networks.registry import find
from recon.parallel import in_parallel
from recon.prediction import load_network
from recon.refine.register import Fit

Array = npt.NDArray[np.float64]

NO_BREAK = -12.0  # logit where there is nothing to look at
_BORDER_MM = 3.0  # of the field of view: an edge of the picture is no break

# From the pixels of a picture to those of half as many rows and columns.
_HALVED = np.array([[0.5, 0.0, -0.25], [0.0, 0.5, -0.25], [0.0, 0.0, 1.0]])


def break_logits(views: Sequence[XrayView], fits: Mapping[Bone, Fit], seen: FieldOfView) -> dict[Bone, float]:
    """Of each bone, the logit of a break where it looks most like one; ``NO_BREAK`` where it is not in view.

    Args:
        views: X-rays with the cameras that the bones were reconstructed with.
        fits: of the shape model to the bones.
        seen: what all views show.

    Raises:
        InputError: no_weights, wrong_weights.
    """
    network = _network()
    maps = in_parallel(lambda view: _seen_in(view, network), views)
    found = dict.fromkeys(Bone, NO_BREAK)
    for bone, fit in fits.items():
        points = fit.vertices[seen.depth(fit.vertices) > _BORDER_MM]
        if len(points):
            found[bone] = float(np.mean([_at(points, *view) for view in maps], axis=0).max())
    return found


@cache
def _network() -> Any:
    return load_network(find(None, "fractures"))


def _seen_in(view: XrayView, network: Any) -> tuple[Array, Camera]:
    """(P/2, P/2) logits of a break in a view, and the camera of these pixels."""
    picture, camera = upright_picture(view.line_integrals, view.exposed, view.camera)
    device = next(network.parameters()).device
    with torch.inference_mode():
        logits = network(torch.from_numpy(channels(picture))[None].to(device))[0, 0]
    rows, columns = logits.shape
    # Nothing taught the network what to say where no X-ray came.
    exposed = upright_exposed(view.exposed, view.camera).reshape(rows, 2, columns, 2).all(axis=(1, 3))
    known = np.where(exposed, logits.float().cpu().numpy(), NO_BREAK)
    return known.astype(np.float64), camera.transformed(_HALVED, rows, columns)


def _at(points: Array, logits: Array, camera: Camera) -> Array:
    """(N,) logits where (N, 3) points are seen."""
    column, row = camera.project(points)[0].T
    return np.asarray(ndimage.map_coordinates(logits, (row, column), order=1, mode="nearest"))
