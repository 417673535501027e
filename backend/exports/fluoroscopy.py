"""What a C-arm would show with guide and wires in place: a simulated radiograph from any angle."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import trimesh
from PIL import Image

from backend.core import storage
from backend.core.errors import Conflict
from backend.exports.models import Guide
from recon.bones import Bone, BoneSet
from recon.drr.beam import SPECTRA, line_integrals, per_mm
from recon.drr.raster import path_lengths
from recon.geometry import Camera
from recon.images.write import Positioner
from recon.population.phantom import Tissue, attenuation, render_layers

Array = npt.NDArray[np.float64]

FIELD_MM = 200.0
"""Edge of the square that is seen, at the isocentre; a mobile C-arm's intensifier shows about as much."""

SOURCE_MM, DETECTOR_MM = 700.0, 1000.0

WIRE_MM = 150.0
"""Length of a K-wire, from its drilled end outwards."""

TISSUE = Tissue(
    shaft_cortex=4.5,
    joint_cortex=0.9,
    core_reach=40.0,
    cortical_density=0.9,
    trabecular_density=0.2,
    leg_radii=(60.0, 64.0),
    fat_thickness=10.0,
)
"""Of an average adult. The bones are the patient's; what they are made of nobody has measured."""

SHOULDER = 1.6
"""Line integral at which the grey scale bends: plastic shows, and bone behind steel does not drown."""

INSIDE_MM = 30.0
"""From the outer end of the slot to the isocentre, along the saw."""

SOFT = 3
"""Layers of the phantom from here on are flesh; the wound is open, and the view is of bone, guide, wires."""


@dataclass(frozen=True)
class View:
    """How the C-arm stands.

    Attributes:
        primary: degrees, 0 with the detector in front of the patient, +90 at the patient's left.
        secondary: degrees, positive cranial.
        pixels: edge of the square image.
        guide, wires: whether they are in place.
    """

    primary: float
    secondary: float = 0.0
    pixels: int = 512
    guide: bool = True
    wires: bool = True

    @property
    def camera(self) -> Camera:
        """The projection, with the isocentre in the middle."""
        spacing = FIELD_MM * DETECTOR_MM / SOURCE_MM / self.pixels
        return Positioner(
            self.primary,
            self.secondary,
            DETECTOR_MM,
            SOURCE_MM,
            (spacing, spacing),
            self.pixels,
            self.pixels,
        ).camera


def check_located(guide: Guide) -> None:
    """Refuse a design whose report does not say where the guide sits.

    Raises:
        Conflict: ``no_geometry``.
    """
    slot = guide.report.get("slot")
    if not isinstance(slot, Mapping) or not {"point", "direction"} <= set(slot):
        raise Conflict(
            "no_geometry",
            f"The report of guide {guide.version} does not say where its slot and wires are.",
            remedy="Design the guide again.",
        )


def radiograph(guide: Guide, view: View) -> npt.NDArray[np.uint16]:
    """(pixels, pixels) uint16: black where nothing is in the beam's way, brighter the more absorbs it.

    The isocentre lies on the saw's way, so that guide and cut stay in the middle whatever the angle.
    Polyamide and surgical resins absorb as water does, to within a few per cent.
    """
    bones, printed, wires = _bodies(guide.pk)
    camera = view.camera
    layers = render_layers(bones, [camera], TISSUE, np.random.default_rng(0))[0, :SOFT].astype(np.float64)
    exponents = np.einsum("lhw,le->ehw", layers, attenuation(TISSUE)[:SOFT])
    solids = [(printed, "water")] if view.guide else []
    solids += [(wire, "steel") for wire in wires] if view.wires else []
    for mesh, material in solids:
        behind = np.maximum(path_lengths(np.asarray(mesh.vertices), np.asarray(mesh.faces), camera), 0)
        exponents += behind * per_mm(material)[:, None, None]
    grey = -np.expm1(-line_integrals(exponents, SPECTRA["knee"]) / SHOULDER)
    return np.asarray(np.rint(np.clip(grey, 0, 1) * 65535), dtype=np.uint16)


def png(pixels: npt.NDArray[np.uint16]) -> bytes:
    """An 8-bit greyscale PNG of 16-bit pixels."""
    stream = io.BytesIO()
    Image.fromarray((pixels >> 8).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


@lru_cache(maxsize=2)
def _bodies(guide_id: UUID) -> tuple[BoneSet, trimesh.Trimesh, tuple[trimesh.Trimesh, ...]]:
    """Bones, guide and wires in mm with the isocentre at the origin; kept while somebody turns the C-arm."""
    guide = Guide.objects.select_related("plan__bone_set").get(pk=guide_id)
    slot = {name: np.asarray(guide.report["slot"][name], dtype=float) for name in ("point", "direction")}
    centre = slot["point"] + INSIDE_MM * slot["direction"]
    # The meshes that the screen shows: what they leave out is less than a pixel.
    bones = BoneSet(
        {Bone[mesh.bone.upper()]: _mesh(mesh.display, "ply") for mesh in guide.plan.bone_set.meshes.all()}
    )
    printed = _mesh(guide.stl, "stl")
    for mesh in (*bones.values(), printed):
        mesh.apply_translation(-centre)
    return bones, printed, tuple(_wire(wire, centre) for wire in guide.report.get("wires", []))


def _mesh(key: str, kind: str) -> trimesh.Trimesh:
    return trimesh.load_mesh(io.BytesIO(storage.get(key)), file_type=kind)


def _wire(wire: Mapping[str, Any], centre: Array) -> trimesh.Trimesh:
    """A K-wire as far in as it is drilled."""
    entry, direction = np.asarray(wire["point"], dtype=float), np.asarray(wire["direction"], dtype=float)
    tip = entry - centre + direction * float(wire.get("drill_depth_mm") or 0)
    return trimesh.creation.cylinder(
        radius=float(wire["diameter_mm"]) / 2, segment=[tip, tip - WIRE_MM * direction], sections=24
    )
