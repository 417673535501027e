"""People of other collections than LLP26, each as the nodes of the same elements.

``recon/assets/other_people.safetensors`` holds them; ``python -m recon.population.fit_others`` made it from

- the Visible Human male of HuBMAP (CC BY 4.0) and the knee of pymskt (MIT), from meshes;
- femora and patellae in CTs of TCIA Soft-tissue-Sarcoma (CC BY 3.0, 10.7937/K9/TCIA.2015.7GO2GSKS).

What was out of view of somebody is what the shapes of LLP26 people 0 to 19 foretell from the rest.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file

from recon.bones import Bone
from recon.errors import InputError

Array = npt.NDArray[np.float64]

ASSET = Path(__file__).parents[1] / "assets" / "other_people.safetensors"
FORETOLD = {name: frozenset([Bone.FIBULA, Bone.TIBIA]) for name in ("sts_042", "sts_051")}
"""Bones of those in CTs that are not their own."""


def other_person(name: str) -> dict[str, Array]:
    """Nodes (nodes, 3) of each part in LPS mm, aligned as those of LLP26; left legs.

    Raises:
        InputError: unknown_person; no_people, where the file is not installed.
    """
    people = _people()
    if name not in people:
        raise InputError("unknown_person", f"There is no person {name!r}", f"Use some of {', '.join(people)}")
    return {part: nodes.astype(np.float64) for part, nodes in people[name].items()}


@cache
def _people() -> dict[str, dict[str, npt.NDArray[np.float32]]]:
    try:
        arrays = load_file(ASSET)
    except (OSError, SafetensorError) as error:
        raise InputError(
            "no_people", f"The people in {ASSET} cannot be read ({error})", "Install the package again"
        ) from error
    people: dict[str, dict[str, npt.NDArray[np.float32]]] = {}
    for key, nodes in sorted(arrays.items()):
        name, part = key.split(".")
        people.setdefault(name, {})[part] = nodes
    return people
