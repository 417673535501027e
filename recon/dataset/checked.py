"""Cases are read whole and checked once: a stamp keeps the digest of each for as long as its files stay."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from recon.dataset.case import BONES, IMAGES, POINTS, VOLUME
from recon.dataset.manifest import CaseEntry
from recon.dataset.reader import Dataset, Progress

FILE = ".checked.json"
_VERSION = 1  # to be raised when a check is added

Stamp = dict[str, tuple[str, str]]  # by id of the case: how its files looked, and its digest


def check_once(
    dataset: Dataset, entries: Sequence[CaseEntry], progress: Progress | None = None
) -> dict[str, str]:
    """Make sure that cases can be used; those whose files are as they were at an earlier check are not read.

    The stamp lies in the data set's folder, or among the user's caches where that folder is read-only.

    Args:
        dataset: where the cases lie.
        entries: the cases.
        progress: told the stage "check" and the share of the cases still to be read that is done.

    Returns:
        By id, a digest of everything that is read of the case: arrays, meshes and the data set's settings.

    Raises:
        InputError: see ``Dataset.check_case``.
    """
    known = _read(dataset)
    looks = {entry.id: _look(dataset, entry) for entry in entries}
    fresh = [entry for entry in entries if known.get(entry.id, ("", ""))[0] != looks[entry.id]]
    found: Stamp = {}
    try:
        for number, entry in enumerate(fresh, start=1):
            dataset.check_case(entry)
            found[entry.id] = looks[entry.id], _digest(dataset, entry)
            if progress:
                progress("check", number / len(fresh))
    finally:  # what was found good stays so where a later case is not, or somebody stops the check
        if found:
            _write(dataset, found)
    known |= found
    return {entry.id: known[entry.id][1] for entry in entries}


def _files(entry: CaseEntry) -> Iterator[Path]:
    """Everything that is read of a case."""
    yield entry.folder / IMAGES
    yield entry.folder / VOLUME
    if entry.labelled:
        yield entry.folder / POINTS
        yield from sorted((entry.folder / BONES).glob("*.ply"))


def _settings(dataset: Dataset, entry: CaseEntry) -> bytes:
    return json.dumps([asdict(dataset.settings), entry.labelled], sort_keys=True).encode()


def _look(dataset: Dataset, entry: CaseEntry) -> str:
    """What changes with every write to the case's files, without reading them."""
    look = hashlib.sha256(_settings(dataset, entry))
    for path in _files(entry):
        state = path.stat()
        look.update(f"{path.name} {state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}\n".encode())
    return look.hexdigest()[:16]


def _digest(dataset: Dataset, entry: CaseEntry) -> str:
    total = hashlib.sha256(_settings(dataset, entry))
    for path in _files(entry):
        with path.open("rb") as file:
            total.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def _places(dataset: Dataset) -> tuple[Path, Path]:
    """Where the stamp may lie: beside the data, and where the user can always write."""
    where = dataset.folder.resolve()
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    own = hashlib.sha256(str(where).encode()).hexdigest()[:16]
    return where / FILE, caches / "knee-guides" / "checked" / f"{own}.json"


def _read(dataset: Dataset) -> Stamp:
    """What is known; a stamp that cannot be read, or of another version, is none."""
    known: Stamp = {}
    for path in _places(dataset):
        try:
            stamp = json.loads(path.read_text(encoding="utf-8"))
            if stamp["version"] == _VERSION:
                known |= {
                    str(name): (str(look), str(digest)) for name, (look, digest) in stamp["cases"].items()
                }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return known


def _write(dataset: Dataset, found: Stamp) -> None:
    """Add to the stamp what was found; where nothing can be written, the check is made again next time."""
    # Read again: another process may have checked other cases meanwhile.
    text = json.dumps({"version": _VERSION, "cases": _read(dataset) | found}, indent=0) + "\n"
    for path in _places(dataset):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
        except OSError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        try:
            Path(name).replace(path)
        except OSError:
            Path(name).unlink()
            continue
        return
