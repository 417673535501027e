"""A data set of real LLP26 shapes that is made in seconds, for tests that read data sets.

Bones are exact; the leg is an ellipse of muscle with homogeneous bone in it, simpler than the phantom that
real data sets are made of.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.bones import BoneSet
from recon.dataset import CaseEntry, Manifest, Person, Settings, write_dataset
from recon.dataset.assemble import assemble
from recon.population.pose import side_of
from recon.population.sample import person_bones
from recon.volumes import CtVolume
from recon.voxels import voxelise

SETTINGS = Settings(pixels=64, volume_size=32, views=("000", "045", "090"))
_SPACING, _SHAPE, _ORIGIN = 2.0, (130, 80, 80), np.array([-80.0, -80.0, -130.0])


def simple_ct(bones: BoneSet) -> CtVolume:
    """A CT of given bones in a leg of muscle: 800 HU in bone, 50 HU round it, 2 mm voxels."""
    _, y, x = np.indices(_SHAPE) * _SPACING
    inside = ((x + _ORIGIN[0]) / 70) ** 2 + ((y + _ORIGIN[1] - 5) / 72) ** 2 < 1
    hu = np.where(inside, 50.0, -1000.0).astype(np.float32)
    for mesh in bones.values():
        shape = voxelise(
            np.asarray(mesh.vertices),
            np.asarray(mesh.faces),
            origin=_ORIGIN,
            shape=_SHAPE,
            spacing=_SPACING,
        )
        hu[shape] = 800.0
    affine = np.diag([_SPACING, _SPACING, _SPACING, 1.0])
    affine[:3, 3] = _ORIGIN
    return CtVolume(hu, affine)


def tiny_dataset(
    folder: Path,
    *,
    labelled: int = 2,
    unlabelled: int = 2,
    validation: int = 1,
    test: int = 1,
    settings: Settings = SETTINGS,
    points: int = 400,
) -> Manifest:
    """Write a data set: training people 0 and on, validation from 20, test from 22, one case each.

    By default 64 x 64 pictures of three views, 32^3 volumes and 400 + 400 points; about 0.2 s a case.
    """
    people, cases = [], []
    groups = [("train", 0, labelled, True), ("train", labelled, unlabelled, False)]
    groups += [("validation", 20, validation, True), ("test", 22, test, True)]
    for split, first, count, known in groups:
        for number in range(first, first + count):
            rng = np.random.default_rng((5, number))
            bones = person_bones(number, rng)
            content = assemble(simple_ct(bones), bones if known else None, settings, rng, points=points)
            people.append(Person(f"llp26-{number:02d}", split, "LLP26", "MPL-2.0", True))  # type: ignore[arg-type]
            name = f"{split}-{number:02d}"
            cases.append((CaseEntry(name, people[-1].id, side_of(bones), known, "synthetic"), content))
    return write_dataset(folder, "tiny", settings, people, cases, seed=5)
