"""How close reconstructed bones are to the truth, on people that no weight has seen.

``python -m tests.benchmarks.accuracy [--quick]``. Every case goes the whole way through files: X-rays are
rendered, written as DICOM, read, reconstructed, and compared in the common field of view.

- ``llp26``: the four test people of the LLP26 population, in random poses and random tissue. X-rays come from
  the renderer that training used.
- ``external``: five limbs of three people from other institutions (evaluation only), same renderer.
- ``ct``: DRRs of real CTs against thresholded bone; slices of 3.27 mm, no sub-millimetre truth.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recon.bones import BoneSet
from recon.drr.scene import Scene, standard_stations
from recon.images.write import Positioner
from recon.metrics import evaluate_folders
from recon.population.sample import person_bones
from recon.reconstruct import reconstruct_files
from recon.reference import write_ct_reference
from recon.training.dataset import TEST_PEOPLE
from tests.benchmarks import report
from tests.data import FOLDER

FIGURES = ("p2s_assd_mm", "p2s_hd95_mm", "assd_16k_mm", "floor_16k_mm", "dsc_percent")
EXTERNAL = ("vsd_z013_l", "staple_lhdl_ct_r", "vsd_z013_r", "staple_mc22_l", "staple_mc22_r")
CTS = ("sts_010_dicom", "sts_028_dicom", "vhf_L.nii.gz", "vhf_R.nii.gz")
POSES = 3


@dataclass(frozen=True)
class Case:
    """One reconstruction to judge.

    Attributes:
        source: group that its figures are averaged in.
        name: of the case.
        prepare: fills the folders ``xrays`` (ap.dcm, lateral.dcm) and ``reference`` (PLYs).
    """

    source: str
    name: str
    prepare: Callable[[Path, Path], None]


def _scene(seed: int) -> Scene:
    return Scene(standard_stations(0.0, 90.0, Positioner(0.0)), seed=seed)


def _from_bones(bones: Callable[[], BoneSet], seed: int) -> Callable[[Path, Path], None]:
    def prepare(xrays: Path, reference: Path) -> None:
        reference.mkdir()
        bones().write(reference)
        _scene(seed).render_bones(reference, xrays)

    return prepare


def _from_ct(path: Path) -> Callable[[Path, Path], None]:
    def prepare(xrays: Path, reference: Path) -> None:
        centre = _scene(0).render_ct(path, xrays)
        write_ct_reference(path, reference, isocentre=centre)

    return prepare


def cases(*, quick: bool) -> Iterator[Case]:
    """Every case, the absent data left out."""
    for person in TEST_PEOPLE[: 1 if quick else None]:
        for pose in range(1 if quick else POSES):
            seed = 1000 * person + pose

            def bones(person: int = person, seed: int = seed) -> BoneSet:
                return person_bones(person, np.random.default_rng(seed))

            yield Case("llp26", f"person {person}, pose {pose}", _from_bones(bones, seed))
    for number, name in enumerate(EXTERNAL[: 1 if quick else None]):
        folder = FOLDER / "bones" / name
        if folder.is_dir():
            yield Case("external", name, _from_bones(lambda folder=folder: BoneSet.read(folder), number))
    for name in CTS[: 1 if quick else None]:
        if (FOLDER / "ct" / name).exists():
            yield Case("ct", name, _from_ct(FOLDER / "ct" / name))


def measure(case: Case) -> dict[str, dict[str, float]]:
    """Figures by bone of one case."""
    with tempfile.TemporaryDirectory() as temporary:
        xrays, reference, predicted = (Path(temporary, name) for name in ("xrays", "reference", "predicted"))
        case.prepare(xrays, reference)
        reconstruct_files(xrays / "ap.dcm", xrays / "lateral.dcm", predicted)
        result = evaluate_folders(predicted, reference)
    if result["missing"]:
        print(f"{case.name}: in view but not reconstructed: {', '.join(result['missing'])}")
    bones: dict[str, dict[str, float]] = result["bones"]
    return bones


def main() -> None:
    """Measure and print."""
    quick = report.options(__doc__).quick
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    rows = []
    for case in cases(quick=quick):
        for bone, figures in measure(case).items():
            found.setdefault((case.source, bone), []).append(figures)
            rows.append([case.name, bone, *(_cell(figures[name]) for name in FIGURES)])
    print(report.table(["case", "bone", *FIGURES], rows), end="\n\n")
    means = {key: {name: _mean([f[name] for f in group]) for name in FIGURES} for key, group in found.items()}
    print(
        report.table(
            ["source", "bone", "cases", *FIGURES],
            [
                [source, bone, len(found[source, bone]), *(_cell(figures[name]) for name in FIGURES)]
                for (source, bone), figures in means.items()
            ],
        )
    )
    line: dict[str, Any] = {"quick": quick}
    for source in dict.fromkeys(source for source, _ in means):
        line[source] = {
            name: {bone: _rounded(figures[name]) for (s, bone), figures in means.items() if s == source}
            for name in FIGURES
        }
    report.finish(line)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _cell(value: float | None) -> float | str:
    return "-" if value is None else value


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


if __name__ == "__main__":
    main()
