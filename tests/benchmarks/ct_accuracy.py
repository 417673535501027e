"""How close the bones are that the CT network finds in CTs of people whom no weight has seen.

``python -m tests.benchmarks.ct_accuracy [--quick] [--model WEIGHTS] [--no-refine] [--pictures FOLDER]``.

- ``llp26``, ``external``: CT phantoms of the four LLP26 test people and of five limbs of three people from
  other institutions, in random tissue; the truth is exact.
- ``ct``: real CTs of people who are in no training, against bone found by thresholds at half maximum
  (``recon.reference``); slices of 1 to 3.27 mm, no sub-millimetre truth.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from recon.metrics import evaluate_bones, evaluate_folders
from recon.networks.registry import find
from recon.population.phantom import Tissue
from recon.population.phantom_ct import phantom_ct
from recon.prediction import load_network
from recon.reconstruct_ct import OVERLAY, reconstruct_ct_file, reconstruct_volume
from recon.reference import write_ct_reference
from tests.benchmarks import report
from tests.benchmarks.accuracy import CTS, people
from tests.benchmarks.accuracy_summary import FIGURES
from tests.data import FOLDER

Result = dict[str, Any]


def phantoms(model: str | None, *, quick: bool, refined: bool) -> Iterator[tuple[str, str, Result]]:
    """Source, name and figures of every phantom."""
    network = load_network(find(model, "ct"))
    for source, name, bones, seed in people(quick=quick):
        truth, rng = bones(), np.random.default_rng((seed, 2))
        volume = phantom_ct(truth, Tissue.draw(rng), rng, spacing=1.0)
        made = reconstruct_volume(volume, network, refined=refined)
        yield source, name, evaluate_bones(made.bones, truth, made.seen)


def scans(
    model: str | None, pictures: Path | None, *, quick: bool, refined: bool
) -> Iterator[tuple[str, str, Result]]:
    """The same of every real CT that is there; overlays go to ``pictures``."""
    for name in CTS[: 1 if quick else None]:
        path = FOLDER / "ct" / name
        if not path.exists():
            continue
        with tempfile.TemporaryDirectory() as temporary:
            predicted, reference = Path(temporary, "predicted"), Path(temporary, "reference")
            made = reconstruct_ct_file(
                path, predicted, model=model, refined=refined, overlay=pictures is not None
            )
            write_ct_reference(path, reference, isocentre=np.array(made["isocentre_lps"]))
            if pictures is not None:
                pictures.mkdir(parents=True, exist_ok=True)
                (pictures / f"{name.split('.')[0]}.png").write_bytes((predicted / OVERLAY).read_bytes())
            yield "ct", name, evaluate_folders(predicted, reference)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases; ends within a minute")
    parser.add_argument("--model", help="name of a shipped CT model or path of weights")
    parser.add_argument("--no-refine", action="store_true", help="what the network drew, without the mends")
    parser.add_argument("--pictures", type=Path, help="folder for overlays of the real CTs")
    options = parser.parse_args()
    rows, found = [], {}
    everything = [
        *phantoms(options.model, quick=options.quick, refined=not options.no_refine),
        *scans(options.model, options.pictures, quick=options.quick, refined=not options.no_refine),
    ]
    for source, name, result in everything:
        for bone, figures in result["bones"].items():
            found.setdefault(source, {}).setdefault(bone, []).append(figures)
            rows.append([source, name, bone, *("-" if figures[f] is None else figures[f] for f in FIGURES)])
        for kind in ("missing", "unmatched"):
            if result[kind]:
                print(f"{source}, {name}: {kind}: {', '.join(result[kind])}")
    print(report.table(["source", "case", "bone", *FIGURES], rows), end="\n\n")
    summary, line = [], {"quick": options.quick}
    for source, bones in found.items():
        line[source] = {}
        for bone, group in bones.items():
            means = {f: _mean([figures[f] for figures in group]) for f in FIGURES}
            summary.append([source, bone, len(group), *("-" if m is None else m for m in means.values())])
            line[source][bone] = {f: None if m is None else round(m, 3) for f, m in means.items()}
    print(report.table(["source", "bone", "cases", *FIGURES], summary))
    report.finish(line)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


if __name__ == "__main__":
    main()
