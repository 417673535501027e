"""Open a data set and take knees out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recon.dataset.case import BONES, DESCRIPTION, IMAGES, POINTS, VOLUME, KneeCase
from recon.dataset.content import check_content
from recon.dataset.manifest import CaseEntry, Manifest, Person, Settings, Split
from recon.errors import InputError

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Dataset:
    """A data set on disk.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
    """

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path | str) -> Dataset:
        """Open a data set: read its manifest, check splits, and that every file is there.

        Raises:
            InputError: no_dataset, unknown_format, bad_manifest, person_in_two_splits, evaluation_only,
                duplicate_case, unknown_person, bad_side, missing_file.
        """
        folder = Path(folder)
        manifest = Manifest.read(folder)
        for entry in manifest.cases:
            missing = missing_files(entry)
            if missing:
                raise InputError(
                    "missing_file",
                    f"{missing[0]} is missing",
                    "Build the data set again; cases that are whole stay as they are",
                )
        return cls(folder, manifest)

    @property
    def settings(self) -> Settings:
        """What all cases share: cube, sizes, views."""
        return self.manifest.settings

    def person(self, entry: CaseEntry) -> Person:
        """Whose knee a case is."""
        return self.manifest.people[entry.person]

    def entries(self, split: Split, labelled: bool | None = None) -> list[CaseEntry]:
        """Cases of a split in the manifest's order, all or only labelled or only unlabelled ones."""
        return [
            entry
            for entry in self.manifest.cases
            if self.person(entry).split == split and labelled in (None, entry.labelled)
        ]

    def load(self, entry: CaseEntry, views: Sequence[str] = ("000", "090")) -> KneeCase:
        """A case in some of its views; its arrays are read when they are asked for.

        Raises:
            InputError: unknown_view.
        """
        self.settings.indices(views)
        return KneeCase(entry, self.settings, tuple(views))

    def check(self, progress: Progress | None = None) -> None:
        """Read everything once and make sure that it can be used.

        Raises:
            InputError: see ``check_case``.
        """
        for number, entry in enumerate(self.manifest.cases, start=1):
            self.check_case(entry)
            if progress:
                progress("check", number / len(self.manifest.cases))

    def check_case(self, entry: CaseEntry) -> None:
        """Read a whole case and make sure that it can be used.

        Raises:
            InputError: see ``check_content`` and ``KneeCase.volume``.
        """
        check_content(self.load(entry, self.settings.views).content(), self.settings, entry.id)


def missing_files(entry: CaseEntry) -> list[Path]:
    """The files that a case should have and has not."""
    files = [entry.folder / name for name in (DESCRIPTION, IMAGES, VOLUME)]
    if entry.labelled:
        files.append(entry.folder / POINTS)
    missing = [path for path in files if not path.is_file()]
    if entry.labelled and not any((entry.folder / BONES).glob("*.ply")):
        missing.append(entry.folder / BONES)
    return missing
