"""How the bones of a knee model look in a radiograph: cortex and core, with densities along the bone.

Each bone is two materials, a cortical shell of the thickness usual at each place and its core. Along a bone,
shell and core have each a density at the joint, in the metaphysis and in the shaft. A picture is linear in
these densities, so for any shape and pose the best ones follow in closed form (variable projection; Golub and
Pereyra 1973, 10.1137/0710036), which keeps them out of the search. This stands for the density modes of
Klima et al. 2016 (10.1117/12.2217168), for which a set of CTs would be needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.bones import Bone
from recon.drr.raster import path_lengths
from recon.experiments.baselines.knee_model import KneeModel
from recon.experiments.baselines.sensitivity import path_length_changes
from recon.geometry import Camera

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

# Usual thickness of the cortex in mm at the joint end and in the shaft, and where along the bone it grows.
_THICKNESS = {
    Bone.PATELLA: (1.2, 1.2),
    Bone.FEMUR: (1.0, 4.5),
    Bone.FIBULA: (0.9, 2.3),
    Bone.TIBIA: (1.0, 4.5),
}
_THICKENING_MM = (20.0, 100.0)
_KNOTS_MM = (0.0, 30.0, 80.0)

# Attenuation beyond that of the muscle which the bone displaces, relative to cortical bone's at 60 keV
# (NIST XCOM): trabecular bone at the joint, hardly any in the metaphysis, marrow in the shaft.
_SHELL_MEAN, _SHELL_DEVIATION = 1.0, 0.3
_CORE_MEANS, _CORE_DEVIATION = (0.16, 0.02, -0.06), 0.12


def thickness(knee: KneeModel, bone: Bone) -> Array:
    """(V,) usual cortical thickness in mm at each vertex of a bone's model."""
    at_joint, in_shaft = _THICKNESS[bone]
    heights = knee.bones[bone].mean[:, 2]
    along = heights - heights.min() if bone is Bone.FEMUR else heights.max() - heights
    return np.asarray(np.interp(along, _THICKENING_MM, (at_joint, in_shaft)))


def density_prior(bone: Bone) -> tuple[Array, Array]:
    """Means and deviations of the densities of ``bone_layers``, relative to cortical bone."""
    core = _CORE_MEANS[: knots(bone)]
    means = np.array([_SHELL_MEAN] * len(core) + list(core))
    return means, np.array([_SHELL_DEVIATION] * len(core) + [_CORE_DEVIATION] * len(core))


def knots(bone: Bone) -> int:
    """Number of places along a bone, each with a density of shell and of core."""
    return 1 if bone is Bone.PATELLA else len(_KNOTS_MM)


@dataclass(frozen=True, eq=False)
class BoneLook:
    """One bone, posed, in one view.

    Attributes:
        camera: of the part of the picture that holds the bone.
        place: that part, as (rows, columns) slices of the picture.
        outer: (V, 3) mm.
        inner: (V, 3) mm, the surface between cortex and core.
        shares: (K, rows, columns) of the part: how much each knot along the bone counts.
    """

    camera: Camera
    place: tuple[slice, slice]
    outer: Array
    inner: Array
    shares: Array

    def layers(self, faces: npt.NDArray[np.int64]) -> Array:
        """(2 K, rows, columns) of the part: mm of shell, then of core, shared out between the knots."""
        core = np.maximum(path_lengths(self.inner, faces, self.camera), 0)
        shell = np.maximum(path_lengths(self.outer, faces, self.camera) - core, 0)
        return np.concatenate([shell * self.shares, core * self.shares])


def look(
    knee: KneeModel, bone: Bone, parameters: Array, camera: Camera, cortex: float = 0.0
) -> BoneLook | None:
    """How a bone lies in a view; None where the picture does not show it.

    Args:
        knee: the model.
        bone: which bone; K is 1 for the patella, else 3.
        parameters: of the model.
        camera: the view.
        cortex: logarithm of the cortex's thickness relative to the usual one.
    """
    vertices = knee.vertices(bone, parameters)
    pixels, _ = camera.project(vertices)
    left, top = np.maximum(np.floor(pixels.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(pixels.max(axis=0)).astype(int) + 1, [camera.columns, camera.rows])
    if left >= right or top >= bottom:
        return None
    part = camera.cropped(int(top), int(bottom), int(left), int(right))
    normals = knee.bones[bone].vertex_normals(vertices)
    depth = thickness(knee, bone) * np.exp(cortex)
    return BoneLook(
        part,
        (slice(int(top), int(bottom)), slice(int(left), int(right))),
        vertices,
        vertices - depth[:, None] * normals,
        _shares(knee, bone, vertices, part),
    )


def bone_layers(knee: KneeModel, bone: Bone, parameters: Array, camera: Camera, cortex: float = 0.0) -> Image:
    """(2 K, rows, columns) layers of the whole picture; see ``look`` and ``BoneLook.layers``."""
    result = np.zeros((2 * knots(bone), camera.rows, camera.columns), np.float32)
    seen = look(knee, bone, parameters, camera, cortex)
    if seen is not None:
        result[:, *seen.place] = seen.layers(knee.bones[bone].faces)
    return result


def picture_changes(
    knee: KneeModel,
    bone: Bone,
    parameters: Array,
    camera: Camera,
    cortex: float,
    densities: Array,
    chosen: npt.NDArray[np.int64],
) -> Image:
    """Derivative of a bone's attenuation at given densities, which are held.

    Args:
        knee: the model.
        bone: which bone.
        parameters: of the model.
        camera: the view.
        cortex: see ``look``.
        densities: (2 K,) of the layers.
        chosen: which of scale, 3 translations, 3 rotations, modes and, last, the cortex's logarithm.

    Returns:
        (len(chosen), rows, columns).
    """
    result = np.zeros((len(chosen), camera.rows, camera.columns), np.float32)
    seen = look(knee, bone, parameters, camera, cortex)
    if seen is None:
        return result
    faces, every = knee.bones[bone].faces, np.arange(len(seen.outer))
    moves = knee.vertex_jacobian(bone, parameters, (every, every, np.zeros(len(every))))
    still = np.zeros((*moves.shape[:2], 1))
    shrinks = (seen.inner - seen.outer)[:, :, None]
    outer, inner = (
        path_length_changes(surface, faces, np.concatenate([moves, last], axis=2)[:, :, chosen], seen.camera)
        for surface, last in ((seen.outer, still), (seen.inner, shrinks))
    )
    shell, core = (np.tensordot(part, seen.shares, axes=1) for part in np.split(densities, 2))
    result[:, *seen.place] = shell * (outer - inner) + core * inner
    return result


def _shares(knee: KneeModel, bone: Bone, vertices: Array, camera: Camera) -> Array:
    """(K, rows, columns) weight of each knot, linear between knots, by where a ray passes the bone."""
    count = knots(bone)
    if count == 1:
        return np.ones((1, camera.rows, camera.columns))
    near = vertices[knee.bones[bone].near]
    grid = np.stack(np.meshgrid(np.arange(camera.columns), np.arange(camera.rows)), axis=-1).astype(float)
    rays = camera.rays(grid)
    reach = float((near.mean(axis=0) - camera.source) @ camera.direction)
    heights = camera.source[2] + rays[..., 2] * reach / (rays @ camera.direction)
    along = heights - near[:, 2].min() if bone is Bone.FEMUR else near[:, 2].max() - heights
    return np.array([np.interp(along, _KNOTS_MM, np.eye(count)[knot]) for knot in range(count)])


def usual_picture(knee: KneeModel, parameters: Array, camera: Camera) -> Image:
    """(rows, columns) attenuation of all bones at their mean densities, in mm of cortical bone."""
    layers = (
        np.tensordot(density_prior(bone)[0], bone_layers(knee, bone, parameters, camera), axes=1)
        for bone in knee.bones
    )
    return np.asarray(sum(layers), np.float32)


def best_densities(layers: Array, picture: Array, weights: Array) -> Array:
    """Densities that make layers resemble a picture, with the prior over densities.

    Args:
        layers: (sum of 2 K, N) layers of all bones, in the order of ``Bone``, at N pixels.
        picture: (N,) in any unit.
        weights: (N,) one over the deviation of each pixel's residual; they weigh picture against prior.

    Returns:
        (sum of 2 K,) densities in the order of the layers, in the picture's unit.
    """
    priors = [density_prior(bone) for bone in Bone]
    means, deviations = (np.concatenate([prior[part] for prior in priors]) for part in (0, 1))
    design = layers.T * weights[:, None]
    target = picture * weights
    usual = design @ means
    gain = max(float(usual @ target) / max(float(usual @ usual), 1e-12), 1e-6)
    penalty = np.diag((gain * deviations) ** -2.0)
    normal = design.T @ design + penalty
    return np.asarray(np.linalg.solve(normal, design.T @ target + penalty @ (gain * means)))
