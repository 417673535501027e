"""What a data set says of itself: people with their split and licence, cases, and what all cases share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from recon.errors import InputError

FORMAT = 1
FILE = "manifest.json"
VIEWS = ("000", "030", "045", "060", "075", "090", "135")
"""Primary angles in degrees of the views of a case: frontal, lateral, and those of Fig. 5b and 5c."""

Split = Literal["train", "validation", "test"]
Side = Literal["L", "R"]
Origin = Literal["ct_meshes", "ct", "meshes", "synthetic"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VIEW = re.compile(r"\d{3}")


@dataclass(frozen=True)
class Settings:
    """What all cases of a data set share.

    Attributes:
        cube_side_mm: edge of the reconstruction cube, whose nodes carry the volume.
        pixels: rows and columns of a picture.
        volume_size: nodes of the volume along each axis.
        views: names of the views, in the order of the arrays; a name is the primary angle in degrees.
    """

    cube_side_mm: float = 200.0
    pixels: int = 256
    volume_size: int = 128
    views: tuple[str, ...] = VIEWS

    def __post_init__(self) -> None:
        if not (self.cube_side_mm > 0 and self.pixels > 1 and self.volume_size > 1):
            raise _bad("cube, pictures and volume need a size above nothing")
        if not self.views or len(set(self.views)) != len(self.views):
            raise _bad("its views are none or named twice")
        for view in self.views:
            if not _VIEW.fullmatch(view):
                raise InputError(
                    "bad_view",
                    f'"{view}" names no view',
                    'Name a view by its primary angle in three digits, for example "000" or "090"',
                )

    def indices(self, views: Iterable[str]) -> list[int]:
        """Where named views lie in the arrays of a case.

        Raises:
            InputError: unknown_view.
        """
        chosen = list(views)
        missing = [view for view in chosen if view not in self.views]
        if missing or not chosen:
            raise InputError(
                "unknown_view",
                f"The data set has no view {', '.join(missing) or 'of an empty list'}",
                f"Choose from {', '.join(self.views)}",
            )
        return [self.views.index(view) for view in chosen]


@dataclass(frozen=True)
class Person:
    """Somebody whose knees are in a data set, real or virtual.

    Attributes:
        id: name without any meaning outside the data set.
        split: the only split in which this person and everything derived from them may be.
        source: where the data comes from.
        licence: of the data.
        derivable: whether weights may be derived from it; False means evaluation only.
        derived_from: real people whose shape went into a virtual one.
    """

    id: str
    split: Split
    source: str
    licence: str
    derivable: bool
    derived_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseEntry:
    """One knee in the manifest.

    Attributes:
        id: name of the case's folder.
        person: id of the person.
        side: "L" or "R".
        labelled: whether true bones are known.
        origin: what it was made from.
        implants: kinds of implants in the knee.
        folder: where the files lie.
    """

    id: str
    person: str
    side: Side
    labelled: bool
    origin: Origin
    implants: tuple[str, ...] = ()
    folder: Path = Path()


def _bad(what: str) -> InputError:
    return InputError("bad_manifest", f"The manifest cannot be used: {what}", "Build the data set again")


@dataclass(frozen=True)
class Manifest:
    """A data set's ``manifest.json``; always consistent, for it is checked when it is made.

    Attributes:
        name: of the data set.
        seed: that everything drawn at random follows from.
        settings: what all cases share.
        people: by id.
        cases: all cases, in order.

    Raises:
        InputError: person_in_two_splits, evaluation_only, duplicate_case, unknown_person, bad_side,
            bad_manifest.
    """

    name: str
    seed: int
    settings: Settings = field(default_factory=Settings)
    people: Mapping[str, Person] = field(default_factory=dict)
    cases: tuple[CaseEntry, ...] = ()

    def __post_init__(self) -> None:
        check_people(self.people.values())
        seen: set[str] = set()
        for case in self.cases:
            if not _ID.fullmatch(case.id):
                raise _bad(f'"{case.id}" cannot name a case')
            if case.id in seen:
                raise InputError(
                    "duplicate_case", f"The case {case.id} is there twice", "Give each case its own id"
                )
            seen.add(case.id)
            if case.person not in self.people:
                raise InputError(
                    "unknown_person",
                    f"The case {case.id} belongs to {case.person}, who is not among the people",
                    "Add the person with their split and licence",
                )
            if case.side not in get_args(Side):
                raise InputError(
                    "bad_side", f'The case {case.id} has the side "{case.side}"', 'Give "L" or "R"'
                )
            if case.origin not in get_args(Origin):
                raise _bad(f'the case {case.id} has the origin "{case.origin}"')

    def write(self, folder: Path) -> None:
        """Write ``manifest.json`` into an existing folder, in one step."""
        document = {
            "format": FORMAT,
            "name": self.name,
            "seed": self.seed,
            "cube_side_mm": self.settings.cube_side_mm,
            "pixels": self.settings.pixels,
            "volume_size": self.settings.volume_size,
            "views": list(self.settings.views),
            "people": {
                person.id: {
                    "split": person.split,
                    "source": person.source,
                    "licence": person.licence,
                    "derivable": person.derivable,
                    "derived_from": list(person.derived_from),
                }
                for person in self.people.values()
            },
            "cases": [
                {
                    "id": case.id,
                    "person": case.person,
                    "side": case.side,
                    "labelled": case.labelled,
                    "origin": case.origin,
                    "implants": list(case.implants),
                }
                for case in self.cases
            ],
        }
        part = folder / f".{FILE}.part"
        part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        part.rename(folder / FILE)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read and check ``manifest.json``.

        Raises:
            InputError: no_dataset, unknown_format, and what the class raises.
        """
        path = folder / FILE
        if not path.is_file():
            raise InputError(
                "no_dataset",
                f"{folder} holds no {FILE}",
                "Give the folder of a data set; python -m recon dataset makes one",
            )
        try:
            document = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_no_duplicates)
            if document.get("format") != FORMAT:
                raise InputError(
                    "unknown_format",
                    f"{path} has the format {document.get('format')}, not {FORMAT}",
                    "Build the data set again with this version",
                )
            return _parsed(document, folder)
        except InputError:
            raise
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise _bad(f"{path} ({error!r})") from error


def check_people(people: Iterable[Person]) -> None:
    """Make sure that nobody, directly or through somebody derived from them, is in two splits.

    Raises:
        InputError: person_in_two_splits; evaluation_only where somebody whose data no weight may be
            derived from is not a test person; bad_manifest.
    """
    splits: dict[str, Person] = {}
    for person in people:
        if person.split not in get_args(Split):
            raise _bad(f'{person.id} has the split "{person.split}"')
        if not person.licence.strip():
            raise _bad(f"{person.id} has no licence")
        if not person.derivable and person.split != "test":
            raise InputError(
                "evaluation_only",
                f"{person.id} is for evaluation only but in the split {person.split}",
                'Put this person into the split "test"',
            )
        for real in (person.id, *person.derived_from):
            other = splits.setdefault(real.casefold(), person)
            if other.split != person.split:
                raise InputError(
                    "person_in_two_splits",
                    f"{real} is in the split {other.split} (as {other.id}) and in {person.split} "
                    f"(as {person.id})",
                    "Keep a person and everything derived from them in one split",
                )


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a name that is there twice would hide the first, perhaps a person's other split."""
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise _bad(f"{', '.join(twice)} is there twice")
    return result


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise _bad(f"{name} is neither true nor false")
    return value


def _parsed(document: dict[str, Any], folder: Path) -> Manifest:
    settings = Settings(
        cube_side_mm=float(document["cube_side_mm"]),
        pixels=int(document["pixels"]),
        volume_size=int(document["volume_size"]),
        views=tuple(str(view) for view in document["views"]),
    )
    people = {
        identity: Person(
            id=identity,
            split=stated["split"],
            source=str(stated["source"]),
            licence=str(stated["licence"]),
            derivable=_flag(stated["derivable"], f"derivable of {identity}"),
            derived_from=tuple(str(real) for real in stated["derived_from"]),
        )
        for identity, stated in document["people"].items()
    }
    cases = tuple(
        CaseEntry(
            id=str(stated["id"]),
            person=str(stated["person"]),
            side=stated["side"],
            labelled=_flag(stated["labelled"], f"labelled of {stated['id']}"),
            origin=stated["origin"],
            implants=tuple(str(kind) for kind in stated["implants"]),
            folder=folder / "cases" / str(stated["id"]),
        )
        for stated in document["cases"]
    )
    return Manifest(str(document["name"]), int(document["seed"]), settings, people, cases)
