"""Virtual knees: training people drawn from the shape model, held-out people as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from recon.bones import BoneSet
from recon.dataset.assemble import POINTS, assemble
from recon.dataset.build import Made
from recon.dataset.manifest import Origin, Person, Settings, Side, Split
from recon.errors import InputError
from recon.population.implants import Implant, partial_knee, plate_and_screws, remaining_bones, staple
from recon.population.phantom import Tissue
from recon.population.phantom_ct import phantom_ct
from recon.population.pose import side_of
from recon.population.sample import draw_bones, person_bones
from recon.population.shape_model import ShapeModel
from recon.training.dataset import TEST_PEOPLE, TRAINING_PEOPLE, VALIDATION_PEOPLE

PHANTOM_SPACING = 1.2  # mm, of the phantom: finer than the volume's nodes, and a third cheaper than 1 mm
_LICENCE = "MPL-2.0"
_SOURCE = "LLP26, musculoskeletal-models 0.2.4 (Auckland Bioengineering Institute)"


_PLACING: dict[str, Callable[[BoneSet, Side, np.random.Generator], Implant]] = {
    "staple": staple,
    "plate": plate_and_screws,
    "partial_knee": lambda bones, side, _rng: partial_knee(bones, side),
}
IMPLANTS = tuple(_PLACING)
"""Fig. 6 of the paper: staples, a plate with screws, a partial knee."""


@dataclass(frozen=True)
class SyntheticJob:
    """One virtual knee in phantom tissue.

    Attributes:
        id: of the case.
        person: whose knee it is.
        labelled: whether the true bones are kept.
        llp26: the LLP26 person whose bones these are, or None for new ones from the training people's model.
        points: number of near and of uniform points.
        origin: as the manifest calls it.
        implants: none here; see ``ImplantJob``.
    """

    id: str
    person: Person
    labelled: bool
    llp26: int | None
    points: int = POINTS
    origin: Origin = "synthetic"
    implants: tuple[str, ...] = ()

    @property
    def drawn_as(self) -> str:
        """Id that the random numbers of the case follow from."""
        return self.id

    def make(self, settings: Settings, rng: np.random.Generator) -> Made:
        """Draw bones, tissue, CT and X-rays."""
        bones = draw_bones(_training_model(), rng) if self.llp26 is None else person_bones(self.llp26, rng)
        volume = phantom_ct(bones, Tissue.draw(rng), rng, spacing=PHANTOM_SPACING)
        content = assemble(volume, bones if self.labelled else None, settings, rng, points=self.points)
        return Made(content, side_of(bones))


@dataclass(frozen=True)
class ImplantJob(SyntheticJob):
    """A knee with or without metal; jobs of one ``knee`` have the same bones, tissue and rig.

    The true bones are what the surgeon left of them.

    Attributes:
        knee: what everything random follows from instead of the case's own id.
    """

    knee: str = ""

    @property
    def drawn_as(self) -> str:
        """Id that the generator of the case belongs to."""
        return self.knee

    def make(self, settings: Settings, rng: np.random.Generator) -> Made:
        """As without metal, each stage from a generator of its own, so that metal shifts no other number."""
        assert self.llp26 is not None
        shape, placing, tissue, phantom, rig = rng.spawn(5)
        bones = person_bones(self.llp26, shape)
        side = side_of(bones)
        implants = [_PLACING[kind](bones, side, placing) for kind in self.implants]
        volume = phantom_ct(bones, Tissue.draw(tissue), phantom, spacing=PHANTOM_SPACING, implants=implants)
        truth = remaining_bones(bones, implants)
        return Made(assemble(volume, truth, settings, rig, points=self.points, implants=implants), side)


@cache
def _training_model() -> ShapeModel:
    return ShapeModel.from_people(TRAINING_PEOPLE)


def _llp26(person: int) -> str:
    return f"llp26-{person:02d}"


def real_person(number: int) -> Person:
    """An LLP26 person, in the split in which they are everywhere in this project."""
    split: Split = "train"
    if number in VALIDATION_PEOPLE:
        split = "validation"
    elif number in TEST_PEOPLE:
        split = "test"
    return Person(_llp26(number), split, _SOURCE, _LICENCE, derivable=True)


def virtual_person(identity: str) -> Person:
    """A new person from the shape model of the training people."""
    return Person(
        identity,
        "train",
        f"shape model of the training people of {_SOURCE}",
        _LICENCE,
        derivable=True,
        derived_from=tuple(_llp26(number) for number in TRAINING_PEOPLE),
    )


def synthetic_jobs(
    *,
    labelled: int = 70,
    unlabelled: int = 485,
    validation: int = 10,
    test: int = 40,
    implants: int = 0,
    points: int = POINTS,
) -> list[SyntheticJob]:
    """Jobs for a data set of the paper's make-up (Methods, Dataset).

    Args:
        labelled: virtual training people with true bones.
        unlabelled: virtual training people without.
        validation: knees of the validation people, each person in several poses.
        test: knees of the test people, likewise.
        implants: knees of the test people with metal, each kind of ``IMPLANTS`` in turn; the same knees
            without metal come on top.
        points: number of near and of uniform points of each labelled case.

    Raises:
        InputError: bad_count.
    """
    if min(labelled, unlabelled, validation, test, implants) < 0 or points < 1:
        raise InputError("bad_count", "A number of cases or points is negative", "Give 0 or more")
    jobs: list[SyntheticJob] = []
    for kind, count in (("labelled", labelled), ("unlabelled", unlabelled)):
        for number in range(count):
            name = f"{kind}-{number:04d}"
            jobs.append(
                SyntheticJob(name, virtual_person(f"virtual-{name}"), kind == "labelled", None, points)
            )
    for people, count in ((VALIDATION_PEOPLE, validation), (TEST_PEOPLE, test)):
        for number in range(count):
            pose, which = divmod(number, len(people))
            person = real_person(people[which])
            jobs.append(SyntheticJob(f"{person.id}-pose-{pose}", person, True, people[which], points))
    for number in range(implants):
        turn, which_implant = divmod(number, len(IMPLANTS))
        pose, which = divmod(turn, len(TEST_PEOPLE))
        person, implant = real_person(TEST_PEOPLE[which]), IMPLANTS[which_implant]
        knee = f"{person.id}-knee-{pose}"
        with_metal = (implant,), f"{person.id}-{implant}-{pose}"
        for metal, name in [with_metal] if which_implant else [((), knee), with_metal]:
            jobs.append(ImplantJob(name, person, True, TEST_PEOPLE[which], points, implants=metal, knee=knee))
    return jobs
