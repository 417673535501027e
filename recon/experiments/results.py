"""The figures of every case and bone of an experiment, as a table that can be written and averaged."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon.bones import Bone

FIGURES = (
    "p2s_assd_mm",
    "p2s_hd95_mm",
    "assd_16k_mm",
    "floor_16k_mm",
    "hd_16k_mm",
    "hd_floor_16k_mm",
    "dsc_percent",
)
"""What is kept of ``recon.metrics.BoneMetrics``, in the order of the columns."""


@dataclass(frozen=True)
class Row:
    """One bone of one case under one condition.

    Attributes:
        condition: label.
        people: group of people, see ``recon.experiments.definition.People``.
        person: who.
        case: which knee of the person.
        implants: in the X-rays.
        bone: which.
        figures: by name; empty where the method left the bone out although it is in view.
    """

    condition: str
    people: str
    person: str
    case: str
    implants: tuple[str, ...]
    bone: Bone
    figures: Mapping[str, float | None]

    @property
    def found(self) -> bool:
        """Whether the method made this bone at all."""
        return bool(self.figures)


@dataclass(frozen=True)
class Results:
    """All rows of an experiment."""

    rows: tuple[Row, ...]

    def of(self, condition: str, bone: Bone | None = None) -> tuple[Row, ...]:
        """Rows of a condition, of one bone or of all."""
        return tuple(r for r in self.rows if r.condition == condition and bone in (None, r.bone))

    def values(self, condition: str, bone: Bone, figure: str) -> list[float]:
        """A figure of every case that has it."""
        return [value for r in self.of(condition, bone) if (value := r.figures.get(figure)) is not None]

    def mean(self, condition: str, bone: Bone | None, figure: str) -> float | None:
        """Mean over cases; without a bone the mean of the bones' means, as in Table 1 of the paper."""
        if bone is not None:
            values = self.values(condition, bone, figure)
            return float(np.mean(values)) if values else None
        means = [self.mean(condition, b, figure) for b in Bone if self.of(condition, b)]
        known = [value for value in means if value is not None]
        return float(np.mean(known)) if known and len(known) == len(means) else None

    def median(self, condition: str, bone: Bone | None, figure: str) -> float | None:
        """Median over cases, for distances: a bone left out counts as worse than any other.

        Without a bone the mean of the bones' medians.
        """
        if bone is not None:
            rows = self.of(condition, bone)
            found = [r.figures.get(figure) if r.found else np.inf for r in rows]
            known = [value for value in found if value is not None]
            middle = float(np.median(known)) if known else np.inf
            return middle if np.isfinite(middle) else None
        medians = [self.median(condition, b, figure) for b in Bone if self.of(condition, b)]
        finite = [value for value in medians if value is not None]
        return float(np.mean(finite)) if finite and len(finite) == len(medians) else None

    def by_person(self, condition: str, bone: Bone | None, figure: str) -> dict[str, float]:
        """The mean of each person."""
        found = {}
        for person in sorted({r.person for r in self.of(condition)}):
            only = Results(tuple(r for r in self.rows if r.person == person))
            value = only.mean(condition, bone, figure)
            if value is not None:
                found[person] = value
        return found

    def missing(self, condition: str) -> int:
        """Bones in view that the method left out."""
        return sum(not r.found for r in self.of(condition))

    def cases(self, condition: str) -> tuple[str, ...]:
        """Cases of a condition."""
        return tuple(dict.fromkeys(r.case for r in self.of(condition)))

    def write(self, path: Path) -> None:
        """Write one line a condition, case and bone."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["condition", "people", "person", "case", "implants", "bone", "found", *FIGURES])
            for r in self.rows:
                cells = [r.condition, r.people, r.person, r.case, "+".join(r.implants), r.bone.label]
                writer.writerow([*cells, int(r.found), *(_cell(r.figures.get(name)) for name in FIGURES)])

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what ``write`` wrote."""
        with path.open(newline="", encoding="utf-8") as file:
            return cls(tuple(_row(line) for line in csv.DictReader(file)))

    @classmethod
    def join(cls, parts: Iterable[Iterable[Row]]) -> Results:
        """All rows of several conditions, in order."""
        return cls(tuple(row for part in parts for row in part))


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _row(line: Mapping[str, str]) -> Row:
    figures = {name: float(line[name]) if line[name] else None for name in FIGURES}
    return Row(
        condition=line["condition"],
        people=line["people"],
        person=line["person"],
        case=line["case"],
        implants=tuple(line["implants"].split("+")) if line["implants"] else (),
        bone=Bone[line["bone"].upper()],
        figures=figures if line["found"] == "1" else {},
    )
