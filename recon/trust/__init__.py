"""How far a reconstruction can be trusted: millimetres at each vertex, and whether it is a knee at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.refine import Refinement
from recon.trust.breaks import NO_BREAK
from recon.trust.calibration import MOST_MM, Calibration
from recon.trust.evidence import METAL, knee_evidence, point_evidence

Array = npt.NDArray[np.float64]
_WORST_SIGN = 6.0  # standard deviations; more of one sign says no more
_TELLING = 3.0  # from here on a sign is told as a reason
_MOST_REASONS = 3
_NEIGHBOURS = 3
# However well the rest looks like a knee, metal hides what is behind it: it is no sign among many. Somewhat
# more than three standard deviations are too much.
_METAL_WEIGHT = 0.5
# The logit from which on a bone is taken for broken. In 198 sound pairs of views of the calibration and of
# validation people the largest was 2.7; of 18 with a broken shaft or patella all but one came to 3.6 or more.
BROKEN = 2.9
# And from which on the surgeon is asked to look. Of 19 plateaus pressed in by 5 to 10 mm 15 came to it, and 8
# of the sound pairs, 3 of them with femora that had been repaired.
SUSPECT = 2.0
_WORDS = {
    "absent": "no {bone} was found",
    "unsure": "the network is unsure where the {bone} ends",
    "distance": "the {bone} has another shape than those known",
    "unmatched": "parts of the {bone} are missing or in excess",
    "oddness": "the {bone} is unusually shaped",
    "size": "the {bone} is unusually large or small",
    "misfit": "the outlines of the {bone} are not where the images have edges",
    "metal": "something much denser than bone hides part of the bones",
    "shift": "the {bone} stands at an unusual distance from the tibia",
    "turn": "the {bone} stands at an unusual angle to the tibia",
}
REMEDY = (
    "Check that both images show an adult's knee, without an implant or a fracture, near the isocentre, and "
    "that their geometry belongs to them; --accept-untrusted goes on all the same"
)


@dataclass(frozen=True)
class Trust:
    """Whether this is a knee like those that the network knows.

    Attributes:
        together: root mean square of the signs against it, in standard deviations.
        alone: what metal or a break says by itself, in the same unit.
        threshold: above which it is refused.
        reasons: what speaks against it, the strongest first; may be there though it is trusted.
        suspected: names of bones that may be broken, where it is trusted to be looked at again.
    """

    together: float
    alone: float
    threshold: float
    reasons: tuple[str, ...]
    suspected: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """What is held against the threshold."""
        return max(self.together, self.alone)

    @property
    def trusted(self) -> bool:
        """Whether the score is not above the threshold."""
        return self.score <= self.threshold

    def report(self) -> dict[str, Any]:
        """As of ``report.json``."""
        return {
            "score": round(self.score, 3),
            "threshold": round(self.threshold, 3),
            "trusted": self.trusted,
            "reasons": list(self.reasons),
            "suspected": list(self.suspected),
        }

    def warnings(self) -> list[str]:
        """What a report says to people; nothing where it is trusted and nothing is suspected."""
        if self.trusted:
            which = " and the ".join(self.suspected)
            whole = "bones are drawn whole, whatever the images show"
            return [f"Look at the {which} in both images: there may be a fracture; {whole}."] if which else []
        return [
            f"Do not trust these bones: this does not look like a knee that the network knows: {self._why()}."
        ]

    def require(self) -> None:
        """Refuse what is not trusted.

        Raises:
            InputError: untrusted.
        """
        if not self.trusted:
            why = f"This does not look like a knee that can be reconstructed: {self._why()}"
            raise InputError("untrusted", why, REMEDY)

    def _why(self) -> str:
        return "; ".join(self.reasons) or "many small signs speak against it"


def judge(
    refinement: Refinement, seen: FieldOfView, breaks: Mapping[Bone, float], calibration: Calibration
) -> Trust:
    """The trust in a reconstruction.

    Args:
        refinement: of it.
        seen: what the views show.
        breaks: how much each bone looks broken, see ``break_logits``.
        calibration: of the weights.
    """
    strengths: dict[str, float] = {}
    separation = seen.separation
    for name, value in knee_evidence(refinement, seen).items():
        if not np.isfinite(value):
            strengths[name] = _WORST_SIGN
            continue
        strengths[name] = float(np.clip(calibration.excess(name, value, separation), 0, _WORST_SIGN))
    together = np.sqrt(np.mean([s**2 for name, s in strengths.items() if name != METAL]))
    # A broken bone is broken, however well the rest looks like a knee.
    broken = calibration.threshold + max(breaks.values(), default=NO_BREAK) - BROKEN
    reasons = _broken(breaks)
    absent = {bone.label for bone in Bone if bone not in refinement.fits}
    # That a bone is not there says most.
    for name, strength in sorted(
        strengths.items(), key=lambda item: (item[0].split(".")[0] not in absent, -item[1])
    ):
        bone, sign = name.split(".")
        words = _WORDS["absent" if bone in absent else sign].format(bone=bone)
        if strength >= _TELLING and words not in reasons:
            reasons.append(words)
    return Trust(
        float(together),
        max(_METAL_WEIGHT * strengths[METAL], float(broken)),
        calibration.threshold,
        tuple(reasons[:_MOST_REASONS]),
        _names(breaks, SUSPECT),
    )


def _broken(breaks: Mapping[Bone, float]) -> list[str]:
    """The reason that names the bones that look broken; one bone's break can lie before another in a view."""
    names = _names(breaks, BROKEN)
    return [f"the {' or the '.join(names)} looks broken: there may be a fracture"] if names else []


def _names(breaks: Mapping[Bone, float], limit: float) -> tuple[str, ...]:
    """The bones whose logit is above a limit, those that look most broken first."""
    return tuple(bone.label for bone in sorted(breaks, key=lambda b: -breaks[b]) if breaks[bone] > limit)


def vertex_uncertainty(
    bones: BoneSet, refinement: Refinement, seen: FieldOfView, calibration: Calibration
) -> dict[Bone, Array]:
    """(V,) expected distance in mm from each vertex of each bone to the true surface.

    Bones of which nothing is known get the largest value.
    """
    found = {}
    for bone, mesh in bones.items():
        if bone not in refinement.surfaces:
            found[bone] = np.full(len(mesh.vertices), MOST_MM)
            continue
        evidence = point_evidence(refinement, seen, bone)
        expected = calibration.expected_error(bone, evidence.signs)
        distance, nearest = cKDTree(evidence.points).query(np.asarray(mesh.vertices), _NEIGHBOURS)
        near = 1 / (distance + 0.5)
        found[bone] = (expected[nearest] * near).sum(axis=1) / near.sum(axis=1)
    return found


def uncertainty_report(uncertainty: Mapping[Bone, Array]) -> dict[str, dict[str, float]]:
    """Mean and 95th percentile in mm of each bone, for ``report.json``."""
    return {
        bone.label: {
            "mean_mm": round(float(values.mean()), 3),
            "p95_mm": round(float(np.percentile(values, 95)), 3),
        }
        for bone, values in uncertainty.items()
    }
