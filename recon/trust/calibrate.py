"""Measure what signs of error mean: ``python -m recon.trust.calibrate [--model W] [--knees N] [BONES ...]
[--repaired BONE ...] [--before W]``.

Virtual knees under seeds that training did not use, whose bones differ more from each other than a model of
few people foretells, the validation people in random poses, and bone sets of other people where some are
given, are X-rayed from 90, 60 and 30 degrees apart, reconstructed and compared with the truth; every third
as a CT phantom in voxels, by the projector for CTs, for no training's renderer draws what a clinic's machine
does. The people of other collections whom the weights have learned from take part in the eyes of weights of
before that (``--before``): what these make of strangers is what the model will make of others. No test
person takes part. Writes ``X.trust.json`` beside the weights ``X.safetensors``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation
from tqdm import tqdm

from recon.alignment import moved
from recon.bones import Bone, BoneSet
from recon.drr.scene import Scene, Station, standard_stations
from recon.field_of_view import FieldOfView
from recon.images import XrayView, read_pair
from recon.images.write import Positioner
from recon.metrics import surface_distances
from recon.networks.registry import Model, find
from recon.population.others import FORETOLD, other_person
from recon.population.phantom import Tissue
from recon.population.phantom_ct import phantom_ct
from recon.population.sample import OffModel, draw_bones, person_bones, posed_bones
from recon.population.shape_model import ShapeModel
from recon.reconstruct import Reconstruction, reconstruct_views
from recon.refine import Refinement
from recon.training.dataset import TRAINING_OTHERS, TRAINING_PEOPLE, VALIDATION_PEOPLE
from recon.trust import judge
from recon.trust.calibration import SEPARATIONS_DEG, Calibration, fit_spread
from recon.trust.evidence import knee_evidence, point_evidence
from recon.trust.slopes import Points, fit_by_bone
from recon.trust.temper import Temper
from recon.volumes import write_nifti

Array = npt.NDArray[np.float64]
_SEED, _STRANGERS_SEED = 77_000_000, 78_000_000  # far from those of training
_MARGIN_MM = 3.0
_VOXELS_EVERY, _VOXEL_MM = 3, 0.8
_PART_SPREADS = (0.0, 0.4)  # of every other virtual knee
# People whom nobody knows differ more from the calibration's than these among themselves.
_ALLOWANCE = 1.15
_REPAIRED_MM = 3.0  # a repair that is off is further off than most errors
_ALIKE_DEG = 10.0  # a geometry that was corrected is still of its angle
_POSES = 6  # of each leg of another collection


@dataclass(frozen=True, eq=False)
class Known:
    """A reconstruction whose truth is known.

    Attributes:
        refinement: of it.
        seen: what the views showed.
        truth: the bones that were X-rayed.
        people: whom these bones are held out with; None where they are a shape model's, nobody's.
        repaired: bones whose surface is partly an invention.
        foretold: bones that are a shape model's all the same.
    """

    refinement: Refinement
    seen: FieldOfView
    truth: BoneSet
    people: str | None = None
    repaired: frozenset[Bone] = frozenset()
    foretold: frozenset[Bone] = frozenset()

    def errors(self, bone: Bone) -> tuple[Array, Array]:
        """Signs and true distances in mm of the points of a bone well inside the field of view."""
        evidence = point_evidence(self.refinement, self.seen, bone)
        inside = self.seen.depth(evidence.points) > _MARGIN_MM
        if bone in self.refinement.bones:
            inside &= ~self.refinement.bones[bone].fit.ended
        return evidence.signs[inside], surface_distances(evidence.points[inside], self.truth[bone])


def stations_of(separation: float) -> tuple[Station, Station]:
    """Two views so many degrees apart; from the front, or between front and side where they are close."""
    return standard_stations(max(0.0, 48.0 - separation), separation, Positioner(0.0))


def turned(bones: BoneSet, rng: np.random.Generator) -> BoneSet:
    """The leg as it may lie another time."""
    placement = np.eye(4)
    placement[:3, :3] = Rotation.from_rotvec(np.deg2rad(rng.normal(0, (3, 3, 8)))).as_matrix()
    placement[:3, 3] = rng.normal(0, 5, 3)
    return moved(bones, placement)


def xray(bones: BoneSet, seed: int, *, separation: float = 90.0, voxels: bool = False) -> list[XrayView]:
    """Two views of bones in random tissue, read back from DICOM files.

    Args:
        bones: in the frame of the rig.
        seed: of tissue and noise.
        separation: degrees between the views.
        voxels: whether they are made into a CT phantom first.
    """
    with tempfile.TemporaryDirectory() as temporary:
        reference, images = Path(temporary, "bones"), Path(temporary, "xrays")
        scene = Scene(stations_of(separation), seed=seed)
        if voxels:
            rng, ct = np.random.default_rng((seed, 1)), Path(temporary, "phantom.nii")
            write_nifti(phantom_ct(bones, Tissue.draw(rng), rng, spacing=_VOXEL_MM), ct)
            scene.render_ct(ct, images, isocentre=np.zeros(3))
        else:
            reference.mkdir()
            bones.write(reference)
            scene.render_bones(reference, images)
        return list(read_pair(images / "ap.dcm", images / "lateral.dcm", None))


def knees(
    count: int, model: Model, folders: Sequence[Path] = (), repaired: Iterable[Bone] = ()
) -> Iterator[Known]:
    """``count`` virtual knees, a third as many (two or more) of the validation people, and those of folders.

    Each of them is seen from all ``SEPARATIONS_DEG``; those of folders as they lie and turned a little.

    Args:
        count: number of virtual knees.
        model: that reconstructs them.
        folders: of bone sets.
        repaired: bones of these folders whose surface is partly an invention.
    """
    invented = frozenset(repaired)
    shapes = ShapeModel.from_people(TRAINING_PEOPLE)
    people = max(len(VALIDATION_PEOPLE), count // 3)
    cases = list(product(range(count + people + _POSES * len(folders)), SEPARATIONS_DEG))
    for index, separation in tqdm(cases, unit="pair of views"):
        seed = _SEED + index
        rng = np.random.default_rng(seed)
        held_out, given = None, index >= count + people
        if index < count:
            spread = _PART_SPREADS[index % len(_PART_SPREADS)]
            truth = draw_bones(shapes, rng, OffModel(spread))
        elif not given:
            person = VALIDATION_PEOPLE[index % len(VALIDATION_PEOPLE)]
            truth, held_out = person_bones(person, rng), f"person {person}"
        else:
            # Both legs of one person have the same name but for the side.
            pose, number = divmod(index - count - people, len(folders))
            truth, held_out = BoneSet.read(folders[number]), folders[number].name.rpartition("_")[0]
            truth = turned(truth, rng) if pose else truth
        made = _reconstructed(truth, seed, index, separation, model)
        yield Known(made.refinement, made.seen, truth, held_out, invented if given else frozenset())


def strangers(before: Model) -> Iterator[Known]:
    """Those of ``TRAINING_OTHERS`` in random poses, each seen from all ``SEPARATIONS_DEG``.

    Args:
        before: weights that did not learn from them.
    """
    cases = list(product(range(_POSES * len(TRAINING_OTHERS)), SEPARATIONS_DEG))
    for index, separation in tqdm(cases, unit="pair of views"):
        name, seed = TRAINING_OTHERS[index % len(TRAINING_OTHERS)], _STRANGERS_SEED + index
        truth = posed_bones(other_person(name), np.random.default_rng(seed))
        made = _reconstructed(truth, seed, index, separation, before)
        yield Known(made.refinement, made.seen, truth, name, foretold=FORETOLD.get(name, frozenset()))


def _reconstructed(truth: BoneSet, seed: int, index: int, separation: float, model: Model) -> Reconstruction:
    voxels = index % _VOXELS_EVERY == _VOXELS_EVERY - 1
    # Another angle, other tissue.
    views = xray(truth, seed + 1000 * round(90 - separation), separation=separation, voxels=voxels)
    return reconstruct_views(views, model=model, resolution=128, calibration=Calibration.blank(model.sha256))


def calibrate(cases: Iterable[Known], model: str, others: Iterable[Known] = ()) -> Calibration:
    """The calibration from reconstructions whose truth is known.

    Args:
        cases: reconstructions.
        model: SHA-256 of the weights that made them.
        others: by other weights, which teach what signs of error mean, not what is usual of a knee.
    """
    cases = list(cases)
    centre, spread = _usual(cases)
    points = points_of([*cases, *others])
    made = Calibration(model, fit_by_bone(points), Temper.of_people(points), centre, spread, np.inf)
    # Of what is too much by itself no sound knee says how much is usual.
    scores = [judge(case.refinement, case.seen, {}, made).together for case in cases]
    return replace(made, threshold=_ALLOWANCE * float(np.percentile(scores, 97)))


def points_of(cases: Sequence[Known]) -> list[Points]:
    """What the bones of some cases teach; of repaired ones, where they are not far from what was drawn."""
    points = []
    for case in cases:
        for bone in (bone for bone in Bone if bone in case.refinement.surfaces):
            signs, errors = case.errors(bone)
            kept = errors < (_REPAIRED_MM if bone in case.repaired else np.inf)
            people = None if bone in case.foretold else case.people
            points.append(Points(bone, people, signs[kept], errors[kept]))
    return points


def _usual(cases: Sequence[Known]) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Centre and spread of each figure at each of ``SEPARATIONS_DEG``."""
    found = []
    for separation in SEPARATIONS_DEG:
        alike = [case for case in cases if abs(case.seen.separation - separation) < _ALIKE_DEG]
        found.append(fit_spread([knee_evidence(case.refinement, case.seen) for case in alike]))
    centre, spread = (
        {name: [usual[name] for usual in kind] for name in kind[0]} for kind in zip(*found, strict=True)
    )
    return centre, spread


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="name of a shipped model or path of weights")
    parser.add_argument("--knees", type=int, default=18, help="number of virtual knees (%(default)s)")
    parser.add_argument("bones", type=Path, nargs="*", help="folders of bone sets of more people")
    parser.add_argument(
        "--repaired",
        nargs="+",
        default=(),
        choices=[bone.label for bone in Bone],
        metavar="BONE",
        help="of these folders, whose surface is partly an invention: only points near it teach",
    )
    parser.add_argument(
        "--before",
        metavar="WEIGHTS",
        help="of before the people of other collections were learned from, who teach through these",
    )
    options = parser.parse_args()
    model = find(options.model)
    repaired = [Bone[label.upper()] for label in options.repaired]
    others = strangers(find(options.before)) if options.before else ()
    made = calibrate(knees(options.knees, model, options.bones, repaired), model.sha256, others)
    made.write(model.weights.with_suffix(".trust.json"))


if __name__ == "__main__":
    main()
