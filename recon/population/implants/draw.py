"""A random implant for a virtual knee, and what X-rays meet of its metal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from recon.bones import BoneSet
from recon.drr.raster import path_lengths
from recon.errors import InputError
from recon.geometry import Camera
from recon.handedness import Side
from recon.population.crop import Crop
from recon.population.implants.partial_knee import partial_knee
from recon.population.implants.parts import Component, Implant
from recon.population.implants.plate import plate_and_screws
from recon.population.implants.staple import staple
from recon.population.pose import side_of

_NOT_METAL = "polyethylene"
_KINDS: tuple[Callable[[BoneSet, Side, np.random.Generator], Implant], ...] = (
    staple,
    plate_and_screws,
    lambda bones, side, _: partial_knee(bones, side),
)
_SHARES = (0.5, 0.3, 0.2)  # what may stay beside an osteotomy most often


def draw_implant(bones: BoneSet, rng: np.random.Generator) -> Implant | None:
    """A staple, a plate with screws or a partial knee on closed bones; None where that does not fit them."""
    make = _KINDS[rng.choice(len(_KINDS), p=_SHARES)]
    try:
        return make(bones, side_of(bones), rng)
    except InputError:
        return None


def metal_of(implant: Implant) -> str:
    """The metal that an implant is made of: each has only one."""
    return _metal_parts(implant)[0].material


def metal_lengths(implant: Implant, cameras: Sequence[Camera], crop: Crop) -> npt.NDArray[np.float32]:
    """(views, rows, columns) path lengths in mm through the metal of an implant, inside the crop."""
    views = np.zeros((len(cameras), cameras[0].rows, cameras[0].columns), np.float32)
    for part in _metal_parts(implant):
        vertices = crop.flattened(np.asarray(part.mesh.vertices))
        for view, camera in zip(views, cameras, strict=True):
            view += np.maximum(path_lengths(vertices, np.asarray(part.mesh.faces), camera), 0)
    return views


def _metal_parts(implant: Implant) -> list[Component]:
    return [part for part in implant.components if part.material != _NOT_METAL]
