"""Measure what signs of error mean: ``python -m recon.trust.calibrate [--model W] [--knees N] [BONES ...]``.

Virtual knees under seeds that training did not use, whose bones differ more from each other than a model of
few people foretells, the validation people in random poses, and bone sets of other people where some are
given, are X-rayed, reconstructed and compared with the truth; every third as a CT phantom in voxels, by the
projector for CTs, for no training's renderer draws what a clinic's machine does. No test person takes part.
Writes ``X.trust.json`` beside the weights ``X.safetensors``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from recon.bones import Bone, BoneSet
from recon.drr.scene import Scene, standard_stations
from recon.field_of_view import FieldOfView
from recon.images import XrayView, read_pair
from recon.images.write import Positioner
from recon.metrics import surface_distances
from recon.networks.registry import Model, find
from recon.population.phantom import Tissue
from recon.population.phantom_ct import phantom_ct
from recon.population.sample import OffModel, draw_bones, person_bones
from recon.population.shape_model import ShapeModel
from recon.reconstruct import Reconstruction, reconstruct_views
from recon.refine import Refinement
from recon.training.dataset import TRAINING_PEOPLE, VALIDATION_PEOPLE
from recon.trust import judge
from recon.trust.calibration import Calibration, fit_slopes, fit_spread
from recon.trust.evidence import knee_evidence, point_evidence
from recon.volumes import write_nifti

Array = npt.NDArray[np.float64]
_SEED = 77_000_000  # far from those of training
_MARGIN_MM = 3.0
_VOXELS_EVERY, _VOXEL_MM = 3, 0.8
_PART_SPREADS = (0.0, 0.4)  # of every other virtual knee
# People whom nobody knows differ more from the calibration's than these among themselves.
_ALLOWANCE = 1.15


@dataclass(frozen=True, eq=False)
class Known:
    """A reconstruction whose truth is known.

    Attributes:
        refinement: of it.
        seen: what the views showed.
        truth: the bones that were X-rayed.
    """

    refinement: Refinement
    seen: FieldOfView
    truth: BoneSet

    def errors(self, bone: Bone) -> tuple[Array, Array]:
        """Signs and true distances in mm of the points of a bone well inside the field of view."""
        evidence = point_evidence(self.refinement, self.seen, bone)
        inside = self.seen.depth(evidence.points) > _MARGIN_MM
        if bone in self.refinement.bones:
            inside &= ~self.refinement.bones[bone].fit.ended
        return evidence.signs[inside], surface_distances(evidence.points[inside], self.truth[bone])


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
        scene = Scene(standard_stations(max(0.0, 48.0 - separation), separation, Positioner(0.0)), seed=seed)
        if voxels:
            rng, ct = np.random.default_rng((seed, 1)), Path(temporary, "phantom.nii")
            write_nifti(phantom_ct(bones, Tissue.draw(rng), rng, spacing=_VOXEL_MM), ct)
            scene.render_ct(ct, images, isocentre=np.zeros(3))
        else:
            reference.mkdir()
            bones.write(reference)
            scene.render_bones(reference, images)
        return list(read_pair(images / "ap.dcm", images / "lateral.dcm", None))


def known(made: Reconstruction, truth: BoneSet) -> Known:
    """A reconstruction with its truth."""
    return Known(made.refinement, made.seen, truth)


def knees(count: int, model: Model, folders: Sequence[Path] = ()) -> Iterator[Known]:
    """``count`` virtual knees, a third as many of the validation people, and those of bone-set folders."""
    shapes = ShapeModel.from_people(TRAINING_PEOPLE)
    people = count // 3
    for index in tqdm(range(count + people + len(folders)), unit="knee"):
        seed = _SEED + index
        rng = np.random.default_rng(seed)
        if index < count:
            spread = _PART_SPREADS[index % len(_PART_SPREADS)]
            truth = draw_bones(shapes, rng, OffModel(spread))
        elif index < count + people:
            truth = person_bones(VALIDATION_PEOPLE[index % len(VALIDATION_PEOPLE)], rng)
        else:
            truth = BoneSet.read(folders[index - count - people])
        voxels = index % _VOXELS_EVERY == _VOXELS_EVERY - 1
        made = reconstruct_views(xray(truth, seed, voxels=voxels), model=model, resolution=128)
        yield known(made, truth)


def calibrate(cases: Iterable[Known], model: str) -> Calibration:
    """The calibration from reconstructions whose truth is known.

    Args:
        cases: reconstructions.
        model: SHA-256 of the weights that made them.
    """
    cases = list(cases)
    slopes = {}
    for bone in Bone:
        found = [case.errors(bone) for case in cases if bone in case.refinement.surfaces]
        slopes[bone] = fit_slopes(
            np.concatenate([signs for signs, _ in found]),
            np.concatenate([errors for _, errors in found]),
            np.concatenate([np.full(len(errors), 1 / max(len(errors), 1)) for _, errors in found]),
        )
    centre, spread = fit_spread([knee_evidence(case.refinement, case.seen) for case in cases])
    made = Calibration(model, slopes, centre, spread, np.inf)
    scores = [judge(case.refinement, case.seen, made).score for case in cases]
    return Calibration(model, slopes, centre, spread, _ALLOWANCE * float(np.percentile(scores, 97)))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="name of a shipped model or path of weights")
    parser.add_argument("--knees", type=int, default=24, help="number of virtual knees (%(default)s)")
    parser.add_argument("bones", type=Path, nargs="*", help="folders of bone sets of more people")
    options = parser.parse_args()
    model = find(options.model)
    calibrate(knees(options.knees, model, options.bones), model.sha256).write(
        model.weights.with_suffix(".trust.json")
    )


if __name__ == "__main__":
    main()
