"""The X-rays of a case: a random C-arm, noisy DRRs, and pictures made of them as in reconstruction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from recon.bones import BoneSet
from recon.dataset.manifest import Settings
from recon.drr.beam import CM2_PER_G, draw_spectrum, line_integrals, per_mm
from recon.drr.joseph import project_volume
from recon.drr.physics import Detector, material_densities
from recon.drr.raster import path_lengths
from recon.errors import InputError
from recon.geometry import Array, Camera
from recon.networks.picture import PIXELS, WIDTH, upright_picture
from recon.population.implants import Implant
from recon.volumes import CtVolume

Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_DETECTOR_PIXELS = 320
_DETECTOR_REACH = 1.12  # of the picture's width, so that no picture shows the detector's border
_LARGEST_ATTENUATION = 12.0
_BODY_HU = -300.0
_METAL_HU, _TISSUE_HU = 3071.0, 50.0
_TOUCH_MM = 0.05  # shorter ways through a bone leave no shadow; the raster's rounding stays below


@dataclass(frozen=True, eq=False)
class Station:
    """One raw view and how it is exposed."""

    camera: Camera
    pixel_mm: float
    seed: int


@dataclass(frozen=True, eq=False)
class CArm:
    """The machine that takes all views of one case."""

    stations: tuple[Station, ...]
    spectrum: Array
    detector: Detector

    @classmethod
    def draw(cls, views: Sequence[str], rng: np.random.Generator) -> CArm:
        """A random machine, 900 to 1300 mm from source to detector, views within 4 degrees of their names."""
        to_detector = rng.uniform(900, 1300)
        to_isocentre = rng.uniform(550, min(800, to_detector - 150))
        pixel = WIDTH * _DETECTOR_REACH * to_detector / to_isocentre / _DETECTOR_PIXELS
        stations = []
        for view in views:
            camera = Camera.from_angles(
                source_to_detector=to_detector,
                source_to_isocentre=to_isocentre,
                primary_angle=float(view) + float(np.clip(rng.normal(0, 1.5), -4, 4)),
                secondary_angle=float(np.clip(rng.normal(0, 1.5), -4, 4)),
                pixel_spacing=(pixel, pixel),
                rows=_DETECTOR_PIXELS,
                columns=_DETECTOR_PIXELS,
            )
            stations.append(Station(camera, pixel, int(rng.integers(2**31))))
        detector = Detector(
            photons=float(10 ** rng.uniform(3.7, 4.8)),
            scatter_fraction=float(rng.uniform(0.03, 0.25)),
            focal_blur_px=float(rng.uniform(0.2, 0.8)),
        )
        return cls(tuple(stations), draw_spectrum(rng), detector)


@dataclass(frozen=True, eq=False)
class Views:
    """Pictures of all views; see ``CaseContent`` for the arrays."""

    pictures: Image
    valid: Mask
    projections: Array

    def cameras(self) -> list[Camera]:
        """The camera of each picture."""
        return [
            Camera(projection, *picture.shape)
            for projection, picture in zip(self.projections, self.pictures, strict=True)
        ]


def take_views(
    volume: CtVolume, machine: CArm, settings: Settings, implants: Sequence[Implant] = ()
) -> Views:
    """X-ray a CT whose knee lies at the origin.

    Where the CT ends above or below, the picture is collimated: rays through its cut ends show no leg.
    Metal is X-rayed by its meshes, for no Hounsfield unit tells steel from titanium.
    """
    hu = np.where(volume.hu > _METAL_HU, np.float32(_TISSUE_HU), volume.hu) if implants else volume.hu
    water, bone = material_densities(torch.from_numpy(hu))
    ends = _cut_ends(volume)
    taken = []
    for station in machine.stations:
        exponents = sum(
            CM2_PER_G[material][:, None, None]
            * (project_volume(part, volume.affine, station.camera).numpy() / 10)
            for material, part in (("water", water), ("cortical", bone))
        ) + _metal(implants, station.camera)
        clean = np.maximum(line_integrals(exponents, machine.spectrum), 0).astype(np.float32)
        exposure = machine.detector.expose(clean, pixel_mm=station.pixel_mm, seed=station.seed)
        floor = 0.5 / machine.detector.photons
        measured = -np.log(np.maximum(exposure, np.float32(floor)))
        exposed = _collimated(ends, station.camera)
        if not exposed.any():
            raise InputError(
                "nothing_in_view", "A view meets nothing of the CT", "Give a CT with more of the knee in it"
            )
        bounded = np.clip(measured, 0, _LARGEST_ATTENUATION).astype(np.float32)
        picture, camera = upright_picture(bounded, exposed, station.camera)
        valid = _carried(exposed, station.camera, camera)
        taken.append(_reduced(picture, valid, camera, settings.pixels))
    pictures, valid_pixels, cameras = zip(*taken, strict=True)
    projections = np.stack([camera.projection for camera in cameras])
    return Views(np.stack(pictures), np.stack(valid_pixels), projections)


def _metal(implants: Sequence[Implant], camera: Camera) -> Array:
    """(5, rows, columns) line integrals of implants at each of the beam's energies."""
    total = np.zeros((len(CM2_PER_G["water"]), camera.rows, camera.columns))
    for component in (part for implant in implants for part in implant.components):
        if component.material in CM2_PER_G:  # plastic is in the CT like any tissue
            mesh = component.mesh
            length = np.maximum(path_lengths(np.array(mesh.vertices), np.array(mesh.faces), camera), 0)
            total += per_mm(component.material)[:, None, None] * length
    return total


def bone_shadows(bones: BoneSet, cameras: Sequence[Camera]) -> Mask:
    """(V, rows, columns) where any bone lies in a pixel's ray."""
    shadows = []
    for camera in cameras:
        lengths = [
            path_lengths(np.array(mesh.vertices), np.array(mesh.faces), camera) for mesh in bones.values()
        ]
        shadows.append((np.abs(lengths) > _TOUCH_MM).any(axis=0))
    return np.stack(shadows)


def _cut_ends(volume: CtVolume) -> tuple[Array, Array]:
    """(4, 3) corners in mm of the rectangles where a CT cuts the limb off, above and below."""
    low, high = volume.box
    body = volume.hu > _BODY_HU
    if not body.any():
        raise InputError("empty_volume", "The CT shows nothing but air", "Give a CT of a knee")
    columns, rows = (np.flatnonzero(body.any(axis=others))[[0, -1]] for others in ((0, 1), (0, 2)))
    corners = volume.to_lps(np.array([[x, y, 0.0] for x in columns for y in rows]))
    above, below = (np.column_stack([corners[:, :2], np.full(4, z)]) for z in (high[2], low[2]))
    return above, below


def _collimated(ends: tuple[Array, Array], camera: Camera) -> Mask:
    """(rows, columns) of a raw view that no ray through the CT's cut ends reaches."""
    above, below = (camera.project(end)[0][:, 1] for end in ends)
    exposed = np.zeros((camera.rows, camera.columns), bool)
    exposed[max(0, int(np.ceil(above.max()))) : max(0, int(np.floor(below.min())) + 1)] = True
    return exposed


def _carried(exposed: Mask, raw: Camera, picture: Camera) -> Mask:
    """Which pixels of a picture show exposed pixels of the raw view that it was made from."""
    to_picture = raw.upright_map(WIDTH, PIXELS)
    back = np.linalg.inv(to_picture)
    grid = np.stack(np.meshgrid(np.arange(picture.columns), np.arange(picture.rows)), axis=-1)
    column, row = np.moveaxis(np.rint(grid @ back[:2, :2].T + back[:2, 2]).astype(int), -1, 0)
    inside = (row >= 0) & (row < raw.rows) & (column >= 0) & (column < raw.columns)
    inside[inside] = exposed[row[inside], column[inside]]
    return np.asarray(inside)


def picture_block(pixels: int) -> int:
    """How many of the networks' pixels, a side, a picture of a data set with so many pixels averages.

    Raises:
        InputError: bad_size.
    """
    block = PIXELS // pixels
    if block * pixels != PIXELS:
        raise InputError(
            "bad_size",
            f"Pictures cannot have {pixels} pixels a side",
            f"Give {PIXELS}, or a half or quarter of it",
        )
    return block


def _reduced(picture: Image, valid: Mask, camera: Camera, pixels: int) -> tuple[Image, Mask, Camera]:
    """The picture with fewer pixels: means of blocks, valid where the whole block is."""
    block = picture_block(pixels)
    blocks = picture.reshape(pixels, block, pixels, block).mean(axis=(1, 3))
    whole = np.asarray(valid.reshape(pixels, block, pixels, block).all(axis=(1, 3)))
    shift = (1 - block) / (2 * block)
    image_map = np.array([[1 / block, 0, shift], [0, 1 / block, shift], [0, 0, 1.0]])
    return np.where(whole, blocks, 0).astype(np.float32), whole, camera.transformed(image_map, pixels, pixels)
