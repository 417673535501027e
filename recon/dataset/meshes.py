"""Knees of people whose bones are known as meshes: they get phantom tissue round them, and a CT of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from scipy.spatial.transform import Rotation

from recon.bones import BoneSet
from recon.closed_bones import read_bones
from recon.dataset.assemble import POINTS, assemble
from recon.dataset.build import Made
from recon.dataset.inputs import Fingerprint, fingerprint, knee_of_bones, known_side
from recon.dataset.manifest import Origin, Person, Settings
from recon.dataset.synthetic import PHANTOM_SPACING
from recon.errors import InputError
from recon.population.phantom import Tissue
from recon.population.phantom_ct import phantom_ct

_TURN_DEG, _SHIFT_MM = (6.0, 5.0, 11.0), (6.0, 6.0, 12.0)  # how legs lie in the rig, see KneePose.draw
_LARGEST_SHIFT_MM = 30.0


@dataclass(frozen=True)
class MeshJob:
    """One knee from annotated bones.

    Attributes:
        id: of the case.
        person: whose knee it is.
        bones: folder of closed meshes in millimetres, LPS, in their true relative pose.
        side: "L", "R" or None where the bones tell it.
        files: what the folder held when the job was made.
        points: number of near and of uniform points.
    """

    id: str
    person: Person
    bones: Path
    side: str | None
    files: Fingerprint
    points: int = POINTS
    labelled: bool = True
    origin: Origin = "meshes"
    implants: tuple[str, ...] = ()

    @property
    def drawn_as(self) -> str:
        """Id that the random numbers of the case follow from."""
        return self.id

    def make(self, settings: Settings, rng: np.random.Generator) -> Made:
        """Lay the leg into the rig and draw tissue, CT and X-rays."""
        bones = read_bones(self.bones)
        side = known_side(bones, self.side)
        placed = _in_the_rig(bones, rng)
        volume = phantom_ct(placed, Tissue.draw(rng), rng, spacing=PHANTOM_SPACING)
        return Made(assemble(volume, placed, settings, rng, points=self.points), side)


def mesh_jobs(
    folders: Sequence[Path],
    person: Person,
    *,
    poses: int = 1,
    side: str | None = None,
    points: int = POINTS,
) -> list[MeshJob]:
    """Jobs for the knees of one person.

    Args:
        folders: one a knee, named after it.
        person: whose knees they all are.
        poses: how often each lies in the rig, each time a little differently.
        side: of all of them, or None where the bones tell it.
        points: number of near and of uniform points.

    Raises:
        InputError: bad_count, no_file, and what ``read_bones`` and ``known_side`` raise.
    """
    if poses < 1:
        raise InputError("bad_count", "Less than one pose is asked for", "Give 1 or more")
    jobs = []
    for folder in folders:
        files = fingerprint(folder)
        known_side(read_bones(folder), side)
        jobs += [
            MeshJob(f"{folder.resolve().name}-pose-{pose}", person, folder, side, files, points)
            for pose in range(poses)
        ]
    return jobs


def _in_the_rig(bones: BoneSet, rng: np.random.Generator) -> BoneSet:
    """The leg with its knee near the isocentre, turned and shifted as legs are."""
    turn = Rotation.from_rotvec(np.deg2rad(rng.normal(0, _TURN_DEG)))
    shift = np.clip(rng.normal(0, _SHIFT_MM), -_LARGEST_SHIFT_MM, _LARGEST_SHIFT_MM)
    centre = knee_of_bones(bones)
    return BoneSet(
        {
            bone: trimesh.Trimesh(
                turn.apply(np.asarray(mesh.vertices) - centre) + shift, mesh.faces, process=False
            )
            for bone, mesh in bones.items()
        }
    )
