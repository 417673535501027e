"""Put knees on disk: a case appears whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from recon.dataset.case import BONES, DESCRIPTION, IMAGES, POINTS, VOLUME
from recon.dataset.content import CaseContent, check_content
from recon.dataset.manifest import CaseEntry, Manifest, Person, Settings
from recon.geometry import Array

__all__ = ["CaseContent", "write_case", "write_dataset"]


def write_case(
    dataset: Path,
    entry: CaseEntry,
    content: CaseContent,
    settings: Settings,
    *,
    recipe: str = "",
    isocentre: Array | None = None,
) -> CaseEntry:
    """Check a case and write it into a data set's folder, replacing one of the same id.

    Args:
        dataset: folder of the data set; made if absent.
        entry: what the manifest will say; its ``folder`` is ignored.
        content: arrays and meshes.
        settings: what all cases of the data set share.
        recipe: digest of everything that the case follows from; a builder knows by it what to keep.
        isocentre: (3,) LPS mm, where the case was cut out of a CT.

    Returns:
        The entry with its folder.

    Raises:
        InputError: see ``check_content``.
        ValueError: the entry says labelled and the content has no bones, or the other way round.
    """
    if content.labelled != entry.labelled:
        raise ValueError(f"{entry.id} is called labelled: {entry.labelled}, its content is not so")
    check_content(content, settings, entry.id)
    cases = dataset / "cases"
    final, part = cases / entry.id, cases / f".{entry.id}.part"
    shutil.rmtree(part, ignore_errors=True)  # a killed run may have left it
    part.mkdir(parents=True)
    images: dict[str, Any] = {
        "pictures": content.pictures.astype(np.float16),
        "valid": content.valid.astype(bool),
        "projections": content.projections.astype(np.float64),
    }
    if content.masks is not None:
        images["masks"] = content.masks.astype(bool)
    np.savez(part / IMAGES, **images)
    np.savez(
        part / VOLUME,
        hu=content.hu.astype(np.float16),
        spacing_mm=np.float64(settings.cube_side_mm / (settings.volume_size - 1)),
        box=content.box.astype(np.float64),
    )
    if content.bones is not None:
        np.savez(
            part / POINTS,
            near=np.asarray(content.near, np.float32),
            near_labels=np.asarray(content.near_labels, np.uint8),
            uniform=np.asarray(content.uniform, np.float32),
            uniform_labels=np.asarray(content.uniform_labels, np.uint8),
        )
        (part / BONES).mkdir()
        content.bones.write(part / BONES)
    description = {
        "id": entry.id,
        "person": entry.person,
        "side": entry.side,
        "labelled": entry.labelled,
        "origin": entry.origin,
        "implants": list(entry.implants),
        "isocentre_lps": None if isocentre is None else [float(value) for value in isocentre],
        "recipe": recipe,
    }
    (part / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(final, ignore_errors=True)
    part.rename(final)
    return replace(entry, folder=final)


def write_dataset(
    folder: Path,
    name: str,
    settings: Settings,
    people: Iterable[Person],
    cases: Iterable[tuple[CaseEntry, CaseContent]],
    *,
    seed: int = 0,
) -> Manifest:
    """Write a whole data set from memory.

    Raises:
        InputError: see ``Manifest`` and ``check_content``.
    """
    known = {person.id: person for person in people}
    given = list(cases)
    # Everything that can be wrong with people and cases is found before anything is written.
    manifest = Manifest(name, seed, settings, known, tuple(entry for entry, _ in given))
    entries = tuple(write_case(folder, entry, content, settings) for entry, content in given)
    manifest = replace(manifest, cases=entries)
    manifest.write(folder)
    return manifest
