"""Knees of real CTs, with annotated bones where there are any."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from scipy import ndimage

from recon.bones import BoneSet
from recon.closed_bones import read_bones
from recon.dataset.assemble import POINTS, assemble
from recon.dataset.build import Made
from recon.dataset.inputs import Fingerprint, fingerprint, known_side
from recon.dataset.manifest import Origin, Person, Settings
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.knee import isolate_limb, knee_centre
from recon.metrics import sample_surface
from recon.volumes import CtVolume, read_ct

# An annotated surface runs through the edge of cortex. Soft tissue has about 50 HU, cortex 300 and more.
_FAINTEST_SURFACE_HU = 100.0


@dataclass(frozen=True)
class CtJob:
    """One knee from a CT.

    Attributes:
        id: of the case.
        person: whose knee it is.
        ct: DICOM folder or NIfTI file.
        bones: folder of closed meshes in the CT's own LPS frame, mm, or None where nobody annotated it.
        side: "L", "R" or None where the CT or the bones tell it.
        isocentre: (3,) point of the CT's frame; the knee joint is found where it is None.
        files: what CT and bones were when the job was made.
        points: number of near and of uniform points.
    """

    id: str
    person: Person
    ct: Path
    bones: Path | None
    side: str | None
    isocentre: tuple[float, float, float] | None
    files: Fingerprint
    points: int = POINTS
    implants: tuple[str, ...] = ()

    @property
    def labelled(self) -> bool:
        """Whether bones are given."""
        return self.bones is not None

    @property
    def origin(self) -> Origin:
        """From a CT with or without annotated meshes."""
        return "ct" if self.bones is None else "ct_meshes"

    @property
    def drawn_as(self) -> str:
        """Id that the random numbers of the case follow from."""
        return self.id

    def make(self, settings: Settings, rng: np.random.Generator) -> Made:
        """Cut the knee out of the CT as ``recon drr`` does, and X-ray it."""
        bones = None if self.bones is None else read_bones(self.bones)
        volume = read_ct(self.ct)
        side = known_side(bones, self.side or volume.laterality)
        centre = knee_centre(volume) if self.isocentre is None else np.array(self.isocentre)
        if bones is not None:
            check_frame(bones, volume)
            bones = BoneSet(
                {
                    bone: trimesh.Trimesh(np.asarray(mesh.vertices) - centre, mesh.faces, process=False)
                    for bone, mesh in bones.items()
                }
            )
        limb = isolate_limb(volume, centre).centred_on(centre)
        return Made(assemble(limb, bones, settings, rng, points=self.points), side, centre)


def ct_job(
    ct: Path,
    person: Person,
    *,
    bones: Path | None = None,
    side: str | None = None,
    isocentre: tuple[float, float, float] | None = None,
    identity: str | None = None,
    points: int = POINTS,
) -> CtJob:
    """The job of one CT; its id is the file's name unless given.

    Raises:
        InputError: no_file, and what ``read_bones`` raises.
    """
    files = fingerprint(ct) + fingerprint(bones)
    if bones is not None:
        read_bones(bones)
    name = identity or ct.resolve().name.removesuffix(".gz").removesuffix(".nii")
    return CtJob(name, person, ct, bones, side, isocentre, files, points)


def check_frame(bones: BoneSet, volume: CtVolume) -> None:
    """Make sure that annotated bones lie on the bones of their CT.

    Raises:
        InputError: wrong_frame.
    """
    inside = FieldOfView(*volume.box)
    inverse = np.linalg.inv(volume.affine)
    found = False
    for bone, mesh in bones.items():
        points = sample_surface(mesh, inside, count=1000)
        if points is None:
            continue
        found = True
        indices = (points @ inverse[:3, :3].T + inverse[:3, 3]).T[::-1]
        typical = float(np.median(ndimage.map_coordinates(volume.hu, indices, order=1, mode="nearest")))
        if typical < _FAINTEST_SURFACE_HU:
            raise InputError(
                "wrong_frame",
                f"The surface of the {bone.label} lies in tissue of {typical:.0f} HU, which is not bone",
                "Give meshes in the CT's own patient coordinates (LPS, mm)",
            )
    if not found:
        raise InputError(
            "wrong_frame",
            "No annotated bone reaches into the CT",
            "Give meshes in the CT's own patient coordinates (LPS, mm)",
        )
