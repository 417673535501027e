"""Whether the uncertainty is true and the refusal refuses.

``python -m tests.benchmarks.uncertainty [--quick] [--separation DEGREES] [--model WEIGHTS]``. Knees are those
of test people, whom neither weights nor calibration know. Points of all bones are sorted by the predicted
uncertainty; in each tenth, mean prediction and mean true distance are compared. What must be refused: X-rays
of thigh and ankle (the knee out of sight), noise, children (small bones), knees with a plate or a partial
knee of metal, and displaced fractures: of the shank in every leg, of one bone alone or of the plateau in
some. Beside the share that is refused stands that of which the surgeon is at least asked to look again. AUC
is the share of pairs of a knee and such a case in which the knee scores lower. The five external limbs
(evaluation only), in three positions like everybody, are knees too, with figures of their own; tenths of
those that are not refused are printed beside those of all.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from trimesh.transformations import translation_matrix

from recon.alignment import moved
from recon.bones import Bone, BoneSet
from recon.drr.physics import Detector
from recon.errors import InputError
from recon.images import XrayView, read_pair
from recon.networks.registry import Model, find
from recon.population.crop import Crop
from recon.population.implants import (
    Implant,
    metal_lengths,
    partial_knee,
    plate_and_screws,
    remaining_bones,
)
from recon.population.pose import side_of
from recon.population.sample import person_bones
from recon.reconstruct import Reconstruction, reconstruct_views
from recon.training.dataset import TEST_PEOPLE
from recon.trust.calibrate import Known, stations_of, turned, xray
from recon.trust.calibration import Calibration, calibration_of
from tests.benchmarks import report
from tests.benchmarks.accuracy import EXTERNAL
from tests.benchmarks.exposed import write_views
from tests.benchmarks.fracture import FROM_END_MM, Fracture, broken, depressed, render_fractured
from tests.data import FOLDER

Array = npt.NDArray[np.float64]
TENTHS = 10
POSES = 3
_METAL_PER_MM = 0.34  # titanium in this beam, about
_NOTHING_FOUND = 10.0  # score where no bone was found at all
_SEED = 31_000
_NOT_REFUSED = "external knee, not refused"

Make = Callable[[BoneSet, int, float], list[XrayView]]


def thigh(bones: BoneSet, seed: int, separation: float) -> list[XrayView]:
    """The isocentre 130 mm above the joint."""
    return xray(moved(bones, translation_matrix([0, 0, -130])), seed, separation=separation)


def ankle(bones: BoneSet, seed: int, separation: float) -> list[XrayView]:
    """The isocentre 150 mm below the joint: shanks, and the ankle where they are short."""
    return xray(moved(bones, translation_matrix([0, 0, 150])), seed, separation=separation)


def child(bones: BoneSet, seed: int, separation: float) -> list[XrayView]:
    """Bones of 60 % of their size."""
    small = {}
    for bone, mesh in bones.items():
        small[bone] = mesh.copy()
        small[bone].apply_scale(0.6)
    return xray(BoneSet(small), seed, separation=separation)


def noise(bones: BoneSet, seed: int, separation: float) -> list[XrayView]:
    """Clouds in place of pictures."""
    rng = np.random.default_rng(seed)
    views = xray(bones, seed, separation=separation)
    clouds = [
        sum(ndimage.gaussian_filter(rng.normal(size=v.line_integrals.shape), s) * s for s in (1, 8, 40))
        for v in views
    ]
    return [
        replace(view, line_integrals=np.asarray(cloud - np.min(cloud), np.float32))
        for view, cloud in zip(views, clouds, strict=True)
    ]


def plate(bones: BoneSet, seed: int, separation: float) -> list[XrayView]:
    """A tibial plate with screws."""
    implant = plate_and_screws(bones, side_of(bones), np.random.default_rng(seed))
    return _with_metal(bones, implant, seed, separation)


def partial(bones: BoneSet, seed: int, separation: float) -> list[XrayView]:
    """A partial knee replacement."""
    return _with_metal(bones, partial_knee(bones, side_of(bones)), seed, separation)


def fracture(bones: BoneSet, seed: int, separation: float) -> list[XrayView]:
    """A broken shank, see ``tests.benchmarks.fracture``."""
    stations = stations_of(separation)
    drawn = Fracture.draw(bones, np.random.default_rng(seed))
    rendered = render_fractured(bones, [station.camera for station in stations], drawn, seed)
    with tempfile.TemporaryDirectory() as temporary:
        write_views(Path(temporary), stations, rendered, Detector(), seed)
        return list(read_pair(Path(temporary, "ap.dcm"), Path(temporary, "lateral.dcm"), None))


def one_bone(bone: Bone) -> Make:
    """A broken femur, fibula or patella, see ``tests.benchmarks.fracture.broken``."""

    def make(bones: BoneSet, seed: int, separation: float) -> list[XrayView]:
        return xray(broken(bones, bone, np.random.default_rng(seed)), seed, separation=separation)

    return make


def plateau(bones: BoneSet, seed: int, separation: float) -> list[XrayView]:
    """One side of the plateau pressed in."""
    return xray(depressed(bones, np.random.default_rng(seed)), seed, separation=separation)


_FRACTURE = "fracture"
KINDS: dict[str, Make] = {
    "thigh": thigh,
    "ankle": ankle,
    "noise": noise,
    "child": child,
    "plate": plate,
    "partial knee": partial,
    _FRACTURE: fracture,
    **{f"fracture, {bone.label}": one_bone(bone) for bone in FROM_END_MM},
    "fracture, plateau": plateau,
}


def _with_metal(bones: BoneSet, implant: Implant, seed: int, separation: float) -> list[XrayView]:
    views = []
    for view in xray(remaining_bones(bones, [implant]), seed, separation=separation):
        metal = metal_lengths(implant, [view.camera], Crop.nothing())[0]
        added = view.line_integrals + _METAL_PER_MM * metal
        views.append(replace(view, line_integrals=np.asarray(added, np.float32)))
    return views


def legs(*, quick: bool) -> Iterator[tuple[BoneSet, int]]:
    """Bones of test people in random poses, with a seed each."""
    for pose in range(1 if quick else POSES):
        for person in TEST_PEOPLE[: 2 if quick else None]:
            seed = _SEED + 100 * person + pose
            yield person_bones(person, np.random.default_rng(seed)), seed


def external(*, quick: bool) -> Iterator[tuple[BoneSet, int]]:
    """Bones of the external limbs as they lie and turned a little, with a seed each; absent data left out."""
    for pose in range(1 if quick else POSES):
        for number, name in enumerate(EXTERNAL[: 1 if quick else None]):
            if (FOLDER / "bones" / name).is_dir():
                seed = _SEED + 100 * pose + number
                bones = BoneSet.read(FOLDER / "bones" / name)
                yield turned(bones, np.random.default_rng(seed)) if pose else bones, seed


def score(views: Sequence[XrayView], model: Model) -> tuple[float, Reconstruction | None]:
    """Score of the trust, and what was reconstructed if anything."""
    try:
        made = reconstruct_views(views, model=model, resolution=128)
    except InputError:
        return _NOTHING_FOUND, None
    return made.trust.score, made


class Verdicts:
    """What became of the cases of each kind."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self.scores: dict[str, list[float]] = {kind: [] for kind in kinds}
        self._told: dict[str, list[bool]] = {}

    def add(self, kind: str, views: Sequence[XrayView], model: Model) -> Reconstruction | None:
        """What was reconstructed of a case, if anything."""
        found, made = score(views, model)
        self.scores.setdefault(kind, []).append(found)
        self._told.setdefault(kind, []).append(made is None or bool(made.trust.warnings()))
        return made

    def told(self, kind: str) -> float:
        """Share of the cases that were refused, or of which the surgeon is asked to look again."""
        return float(np.mean(self._told[kind]))


def tenths(predicted: Array, true: Array) -> list[tuple[float, float]]:
    """Mean predicted and mean true distance in each tenth of the prediction."""
    order = np.argsort(predicted, kind="stable")
    return [
        (float(predicted[part].mean()), float(true[part].mean())) for part in np.array_split(order, TENTHS)
    ]


def auc(knees: Sequence[float], others: Sequence[float]) -> float:
    """Share of pairs in which the knee scores lower; ties count half."""
    first, second = np.array(knees)[:, None], np.array(others)[None]
    return float(((first < second) + 0.5 * (first == second)).mean())


class Distances:
    """Predicted and true distances at the points of many knees."""

    def __init__(self) -> None:
        self._predicted: list[Array] = []
        self._true: list[Array] = []

    def add(self, made: Reconstruction, bones: BoneSet, calibration: Calibration) -> None:
        """Those of one knee."""
        case = Known(made.refinement, made.seen, bones)
        for bone in Bone:
            if bone in made.refinement.surfaces:
                signs, errors = case.errors(bone)
                self._predicted.append(calibration.expected_error(bone, signs))
                self._true.append(errors)

    def tenths(self) -> list[tuple[float, float]]:
        """See ``tenths``; nothing where there is no knee."""
        if not self._predicted:
            return []
        return tenths(np.concatenate(self._predicted), np.concatenate(self._true))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases; ends within a minute")
    parser.add_argument("--model", help="name of a shipped model or path of weights")
    parser.add_argument("--separation", type=float, default=90.0, help="degrees between views (%(default)g)")
    options = parser.parse_args()
    model, separation = find(options.model), options.separation
    calibration = calibration_of(model.weights)
    verdicts = Verdicts(("knee", "external knee"))
    scores = verdicts.scores
    distances = {name: Distances() for name in (*scores, _NOT_REFUSED)}
    fractures: list[list[Any]] = []
    for index, (bones, seed) in enumerate(legs(quick=options.quick)):
        made = verdicts.add("knee", xray(bones, seed, separation=separation), model)
        if made is not None:
            distances["knee"].add(made, bones, calibration)
        for number, (kind, make) in enumerate(KINDS.items()):
            # One leg in three for each kind, but a broken shank in all; all of the first in a quick run.
            wanted = kind == _FRACTURE or index % 3 == number % 3
            if (index == 0) if options.quick else wanted:
                verdicts.add(kind, make(bones, seed, separation), model)
            if kind == _FRACTURE and len(scores.get(kind, ())) > len(fractures):
                drawn = Fracture.draw(bones, np.random.default_rng(seed))
                fractures.append([drawn.displaced_mm, drawn.tilted_deg, scores[kind][-1]])
    for bones, seed in external(quick=options.quick):
        made = verdicts.add("external knee", xray(bones, seed, separation=separation), model)
        if made is not None:
            distances["external knee"].add(made, bones, calibration)
            if made.trust.trusted:
                distances[_NOT_REFUSED].add(made, bones, calibration)
    pairs = {name: found.tenths() for name, found in distances.items()}
    rows: list[list[Any]] = [
        [name, n, p, t, t / p] for name, found in pairs.items() for n, (p, t) in enumerate(found, 1)
    ]
    print(report.table(["knees", "tenth", "predicted mm", "true mm", "true / predicted"], rows), end="\n\n")
    print(report.table(["fracture of the shank, mm", "degrees", "score"], sorted(fractures)), end="\n\n")
    limit = calibration.threshold
    refused = {kind: float(np.mean(np.array(found) > limit)) for kind, found in scores.items() if found}
    kinds = [
        [
            kind,
            len(found),
            float(np.median(found)),
            float(np.min(found)),
            float(np.max(found)),
            refused[kind],
            verdicts.told(kind),
            *(
                auc(scores[knees], found) if kind in KINDS and scores[knees] else "-"
                for knees in ("knee", "external knee")
            ),
        ]
        for kind, found in scores.items()
        if found
    ]
    headings = [
        "kind",
        "cases",
        "median score",
        "least",
        "largest",
        "refused",
        "or to be looked at",
        "AUC",
        "AUC, external knees",
    ]
    print(report.table(headings, kinds))
    print(f"Refused above {limit:.2f}", end="\n\n")
    result: dict[str, Any] = {
        "quick": options.quick,
        "separation_deg": separation,
        "calibrated": calibration.model == model.sha256,
        **_tenths_line(pairs["knee"]),
        "auc": {kind: round(auc(scores["knee"], scores[kind]), 3) for kind in KINDS},
        "refused": {kind: round(refused[kind], 3) for kind in ("knee", *KINDS)},
        "told": {kind: round(verdicts.told(kind), 3) for kind in ("knee", *KINDS)},
        "threshold": limit,
    }
    if scores["external knee"]:
        result["external"] = {
            **_tenths_line(pairs["external knee"]),
            "auc": {kind: round(auc(scores["external knee"], scores[kind]), 3) for kind in KINDS},
            "refused": round(refused["external knee"], 3),
            "told": round(verdicts.told("external knee"), 3),
            "largest_score": round(max(scores["external knee"]), 3),
            "not_refused": _tenths_line(pairs[_NOT_REFUSED]),
        }
    report.finish(result)


def _tenths_line(pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    if not pairs:
        return {}
    return {
        "worst_tenth_percent": round(100 * max(abs(t / p - 1) for p, t in pairs), 1),
        "tenths": [[round(p, 3), round(t, 3)] for p, t in pairs],
    }


if __name__ == "__main__":
    main()
