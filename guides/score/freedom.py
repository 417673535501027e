"""The motion that the shape of a contact face resists least.

Geometrically stable sampling (Gelfand et al. 2003, 10.1109/IM.2003.1240258): the eigenvectors of the
covariance of the contacts' wrenches ``[n, p x n]``, with lengths divided by their mean, are motions, and the
eigenvalues say how much a unit of each opens or closes the gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from guides.bones import Array


@dataclass(frozen=True)
class Freedom:
    """The weakest motion.

    Attributes:
        slide: (3,) its translation; with ``turn`` of unit length together, lengths divided by ``length_mm``.
        turn: (3,) its rotation vector.
        centre: (3,) the point about which it turns, mm.
        length_mm: mean distance of the contacts from the centre.
        condition: largest over smallest eigenvalue; a ball on a ball has infinity.
        resistance: root mean square change of the gaps, mm, when the contacts move by 1 mm in this way.
    """

    slide: Array
    turn: Array
    centre: Array
    length_mm: float
    condition: float
    resistance: float

    @property
    def slides(self) -> bool:
        """Whether it is more a slide than a turn."""
        return bool(np.linalg.norm(self.slide) >= np.linalg.norm(self.turn))

    @property
    def arrow(self) -> Array:
        """(3,) unit direction of the slide, or the axis of the turn."""
        vector = self.slide if self.slides else self.turn
        return np.asarray(vector / np.linalg.norm(vector))


def weakest_motion(points: Array, normals: Array) -> Freedom:
    """The weakest motion of (N, 3) contacts with (N, 3) unit normals; N is at least one."""
    centre = points.mean(axis=0)
    arm = points - centre
    length = max(float(np.linalg.norm(arm, axis=1).mean()), 1e-9)
    rows = np.concatenate([normals, np.cross(arm / length, normals)], axis=1)
    values, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
    weakest = vectors[:, 0]
    # Either sign is the same motion; the one that mostly grows coordinates is shown.
    weakest = weakest * (np.sign(weakest[np.argmax(np.abs(weakest))]) or 1)
    least = max(float(values[0]), 0.0)
    condition = float(values[-1] / least) if least > 1e-12 else float("inf")
    return Freedom(weakest[:3], weakest[3:], centre, length, condition, float(np.sqrt(least)))
