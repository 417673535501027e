"""How close reconstructed bones are to the truth, on people that no weight has seen.

``python -m tests.benchmarks.accuracy [--quick] [--model WEIGHTS] [--no-refine] [--sources NAME ...]
[--markdown] [--log FILE]``. Every case goes the whole way through files: X-rays are rendered, written as
DICOM, read, reconstructed, and compared in the common field of view. What the trust would have refused is
counted, and measured all the same.

- ``llp26``: the four test people of the LLP26 population, in random poses and random tissue. X-rays come from
  the renderer that training used, two views 90 degrees apart.
- ``external``: five limbs of three people from other institutions (evaluation only), same renderer.
- ``llp26_voxels``, ``external_voxels``: the same people as a CT phantom in voxels, with trabecular texture,
  cartilage, partial volume and noise, X-rayed by the projector for CTs: phantom and renderer that training
  did not use. ``_60`` and ``_30`` mean so many degrees between the views.
- ``derivable_voxels``: the Visible Human female of HuBMAP, both legs, in the same way. Weights may be derived
  from her bones, and none were; her femora were repaired by their makers, up to 9 mm off at the old holes.
- ``second_fold_voxels``: another person from whose bones weights may be derived, HuBMAP's male, both legs, in
  the same way; only where it is named, for the shipped weights learned from him. Give ``--model`` weights
  that did not: ``git show 9312022:recon/assets/compact.safetensors``. The bones of ``pymskt`` end in view.
- ``ct``: DRRs of real CTs against thresholded bone; slices of 3.27 mm, no sub-millimetre truth.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon.bones import Bone, BoneSet
from recon.drr.scene import Scene, standard_stations
from recon.images.write import Positioner
from recon.metrics import evaluate_folders
from recon.population.phantom import Tissue
from recon.population.phantom_ct import phantom_ct
from recon.population.pose import side_of
from recon.population.sample import person_bones
from recon.reconstruct import reconstruct_files
from recon.reference import write_ct_reference
from recon.training.dataset import TEST_PEOPLE
from recon.volumes import write_nifti
from tests.benchmarks import report
from tests.benchmarks.accuracy_summary import Judged, case_table, markdown, summarised, summary_tables
from tests.data import FOLDER

EXTERNAL = ("vsd_z013_l", "staple_lhdl_ct_r", "vsd_z013_r", "staple_mc22_l", "staple_mc22_r")
DERIVABLE = ("hubmap_vhf_l", "hubmap_vhf_r")
SECOND_FOLD = ("hubmap_vhm_l", "hubmap_vhm_r")
CTS = ("sts_010_dicom", "sts_028_dicom", "vhf_L.nii.gz", "vhf_R.nii.gz")
POSES = 3
SEPARATIONS = (90.0, 60.0, 30.0)
_NAMED_ONLY = "second_fold_voxels"
_VOXEL_MM = 0.8

Prepare = Callable[[Path, Path], None]


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
    prepare: Prepare


def _scene(seed: int, separation: float = 90.0) -> Scene:
    return Scene(standard_stations(max(0.0, 48.0 - separation), separation, Positioner(0.0)), seed=seed)


def _from_bones(bones: Callable[[], BoneSet], seed: int) -> Prepare:
    def prepare(xrays: Path, reference: Path) -> None:
        reference.mkdir()
        bones().write(reference)
        _scene(seed).render_bones(reference, xrays)

    return prepare


def from_voxels(bones: Callable[[], BoneSet], seed: int, separation: float) -> Prepare:
    """X-rays of bones as a CT phantom in voxels, by the projector for CTs."""

    def prepare(xrays: Path, reference: Path) -> None:
        reference.mkdir()
        truth = bones()
        truth.write(reference)
        rng = np.random.default_rng((seed, 1))
        volume = phantom_ct(truth, Tissue.draw(rng), rng, spacing=_VOXEL_MM)
        ct = reference.parent / "phantom.nii"
        write_nifti(volume, ct)
        _scene(seed, separation).render_ct(ct, xrays, isocentre=np.zeros(3))

    return prepare


def from_ct(path: Path) -> Prepare:
    """X-rays of a real CT, and its bones by threshold."""

    def prepare(xrays: Path, reference: Path) -> None:
        centre = _scene(0).render_ct(path, xrays)
        write_ct_reference(path, reference, isocentre=centre)

    return prepare


def people(*, quick: bool) -> Iterator[tuple[str, str, Callable[[], BoneSet], int]]:
    """Source, name, bones and seed of every leg whose bones are known; the absent data left out."""
    for person in TEST_PEOPLE[: 1 if quick else None]:
        for pose in range(1 if quick else POSES):
            seed = 1000 * person + pose

            def bones(person: int = person, seed: int = seed) -> BoneSet:
                return person_bones(person, np.random.default_rng(seed))

            yield "llp26", f"person {person}, pose {pose}", bones, seed
    for number, name in enumerate(EXTERNAL[: 1 if quick else None]):
        folder = FOLDER / "bones" / name
        if folder.is_dir():
            yield "external", name, lambda folder=folder: BoneSet.read(folder), number


def cases(*, quick: bool) -> Iterator[Case]:
    """Every case."""
    for source, name, bones, seed in people(quick=quick):
        yield Case(source, name, _from_bones(bones, seed))
    for separation in SEPARATIONS[: 1 if quick else None]:
        suffix = "" if separation == 90 else f"_{separation:.0f}"
        for source, name, bones, seed in people(quick=quick):
            yield Case(f"{source}_voxels{suffix}", name, from_voxels(bones, seed, separation))
    for source, names in {"derivable_voxels": DERIVABLE, _NAMED_ONLY: SECOND_FOLD}.items():
        for number, name in enumerate(names if not quick else ()):
            folder = FOLDER / "bones" / name
            if folder.is_dir():
                prepare = from_voxels(lambda folder=folder: BoneSet.read(folder), 100 + number, 90.0)
                yield Case(source, name, prepare)
    for name in CTS[: 1 if quick else None]:
        if (FOLDER / "ct" / name).exists():
            yield Case("ct", name, from_ct(FOLDER / "ct" / name))


def measure(case: Case, model: str | None, *, refined: bool = True) -> Judged:
    """Figures of one case, whatever the trust says of it."""
    with tempfile.TemporaryDirectory() as temporary:
        xrays, reference, predicted = (Path(temporary, name) for name in ("xrays", "reference", "predicted"))
        case.prepare(xrays, reference)
        made = reconstruct_files(
            xrays / "ap.dcm",
            xrays / "lateral.dcm",
            predicted,
            model=model,
            refined=refined,
            accept_untrusted=True,
        )
        result = evaluate_folders(predicted, reference)
        truth = BoneSet.read(reference)
    if result["missing"]:
        print(f"{case.source}, {case.name}: in view but not reconstructed: {', '.join(result['missing'])}")
    trust = made["trust"]
    return Judged(
        case.source,
        case.name,
        side_of(truth) if {Bone.FIBULA, Bone.TIBIA} <= set(truth) else None,
        result["bones"],
        tuple(result["missing"]),
        trust["score"],
        trust["threshold"],
    )


def main() -> None:
    """Measure and print."""
    options = _options()
    if options.log:
        line = json.loads(options.log.read_text(encoding="utf-8").splitlines()[-1])
        quick = line.pop("quick")
        summary = line
    else:
        quick = options.quick
        judged = [
            measure(case, options.model, refined=not options.no_refine)
            for case in cases(quick=quick)
            if case.source in (options.sources or {case.source} - {_NAMED_ONLY})
        ]
        print(case_table(judged), end="\n\n")
        summary = summarised(judged)
    print(markdown(summary) if options.markdown else summary_tables(summary), end="\n\n")
    report.finish({"quick": quick, **summary})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases; ends within a minute")
    parser.add_argument("--model", help="name of a shipped model or path of weights")
    parser.add_argument("--no-refine", action="store_true", help="without the shape model")
    parser.add_argument("--sources", nargs="+", help="only these sources")
    parser.add_argument("--markdown", action="store_true", help="the summary as rows for the model card")
    parser.add_argument("--log", type=Path, help="what an earlier run printed; measures nothing")
    options = parser.parse_args()
    if _NAMED_ONLY in (options.sources or ()) and not options.model:
        parser.error(f"{_NAMED_ONLY} needs --model: the shipped weights learned from him")
    return options


if __name__ == "__main__":
    main()
