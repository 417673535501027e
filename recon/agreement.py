"""Two views brought to agree: where bones tell that they stand otherwise than stated, both are read again.

The shape of bones is mended by it, and where they lie to each other; where they lie as a whole is known no
better than before, for which of the views is wrong cannot be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recon.geometry import BiplanarRig
from recon.images import XrayView
from recon.limb_end import FieldOfLimb
from recon.refine import Refinement
from recon.refine.edges import EdgeImage
from recon.refine.poses import Disagreement, disagreement
from recon.surface import Field

_CORRECTIONS = 2
_LEAST_APART_DEG = 10.0  # views closer than this share no axis that both show well
_LARGE_MM, _LARGE_DEG = 1.5, 1.5  # worth a word to people
_CHECK = "Check the calibration or the positions that the files state."


@dataclass(frozen=True, eq=False)
class Look:
    """What network and shape model make of views as these are taken to stand.

    Attributes:
        views: the X-rays.
        seen: what they show.
        field: of the network.
        images: edges of the views.
        refinement: of the field.
    """

    views: Sequence[XrayView]
    seen: FieldOfLimb
    field: Field
    images: Sequence[EdgeImage]
    refinement: Refinement


@dataclass(frozen=True)
class Agreement:
    """How far two views stood otherwise to each other than stated.

    Attributes:
        shift_mm: that was corrected, along the axis across both views' rays.
        turn_deg: that was corrected, about the axes across that one.
        left_mm: that is seen but could not be mended.
        left_deg: the same of the turn.
    """

    shift_mm: float = 0.0
    turn_deg: float = 0.0
    left_mm: float = 0.0
    left_deg: float = 0.0

    @property
    def corrected(self) -> bool:
        """Whether anything was."""
        return bool(self.shift_mm or self.turn_deg)

    def report(self) -> dict[str, Any]:
        """As of ``report.json``."""
        return {
            "corrected": self.corrected,
            "shift_mm": round(self.shift_mm, 2),
            "turn_deg": round(self.turn_deg, 2),
            "left_shift_mm": round(self.left_mm, 2),
            "left_turn_deg": round(self.left_deg, 2),
        }

    def warnings(self) -> list[str]:
        """What a report says to people: of a large correction, and of much that could not be mended."""
        found = []
        if _large(self.shift_mm, self.turn_deg):
            size = _words(self.shift_mm, self.turn_deg)
            found.append(
                f"The two X-rays do not stand to each other as stated: {size} were corrected. The "
                "shape of the bones allows for that, but where they lie as a whole is not known so well. "
                f"{_CHECK}"
            )
        if _large(self.left_mm, self.left_deg):
            found.append(
                "The two X-rays contradict each other on where the bones are, by about "
                f"{_words(self.left_mm, self.left_deg)} that could not be corrected. {_CHECK}"
            )
        return found


def _large(shift_mm: float, turn_deg: float) -> bool:
    return shift_mm > _LARGE_MM or turn_deg > _LARGE_DEG


def _words(shift_mm: float, turn_deg: float) -> str:
    return f"{shift_mm:.1f} mm and {turn_deg:.1f} degrees"


def agreed(first: Look, look: Callable[[Sequence[XrayView]], Look]) -> tuple[Look, Agreement]:
    """The look at views that agree, after the first one; that itself where they do as stated.

    Kept is the look whose outlines of bones lie nearest to edges.

    Args:
        first: with the views as stated.
        look: at views with other cameras.
    """
    stated = [view.camera for view in first.views]
    if len(stated) != 2 or BiplanarRig(tuple(stated)).separation < _LEAST_APART_DEG:
        return first, Agreement()
    tried = [(Disagreement.none(stated), first)]
    for number in range(_CORRECTIONS + 1):
        known, last = tried[-1]
        found = _found(last, first.images, known)
        settled = not found.since(known).noticed
        if settled or number == _CORRECTIONS:
            break
        cameras = found.corrected(stated)
        views = [replace(view, camera=camera) for view, camera in zip(first.views, cameras, strict=True)]
        tried.append((found, look(views)))
    known, best = min(tried, key=lambda one: _misfit(one[1].refinement))
    left = found.since(known)
    if settled and best is last:
        return best, Agreement(known.shift_mm, known.turn_deg)
    return best, Agreement(known.shift_mm, known.turn_deg, left.shift_mm, left.turn_deg)


def _found(look: Look, stated: Sequence[EdgeImage], known: Disagreement) -> Disagreement:
    """What the bones tell that are believed."""
    refinement = look.refinement
    fits = {bone: fit for bone, fit in refinement.fits.items() if bone not in refinement.rejected}
    return disagreement(fits, refinement.surfaces, look.seen.depth, stated, known)


def _misfit(refinement: Refinement) -> float:
    """Mean over bones of how far their outlines are from edges, mm."""
    return float(
        np.mean([np.inf if f.misfit is None else f.misfit for f in refinement.fits.values()] or [np.inf])
    )
