"""How true a cut a contact face lets expect before anything is built: first-order, to choose among many."""

from __future__ import annotations

import numpy as np

from guides.bones import Array
from guides.score.accuracy import GOOD_DEG, GOOD_MM, Planned
from guides.score.contact import Contact
from guides.score.seating import FIT_MM, HAND_DEG, HAND_MM, PATCHES


def expected_error(contact: Contact, covariance: Array, planned: Planned) -> float:
    """Expected error of the cut as a share of what is good: 1 where angle or place miss by a whole tolerance.

    The fit of the seating is linear in small errors of the surface, so that their covariance gives that of
    the guide's pose, and with it the cut's angle and its distance from the planned entry and hinge.

    Args:
        contact: N points in a frame whose second axis is square to the cut.
        covariance: (N, N) of the bone's height over its picture there, mm2.
        planned: the planned cut, same frame.
    """
    centre = contact.centre
    rows = np.concatenate([-contact.normals, np.cross(contact.points - centre, -contact.normals)], axis=1)
    prior = np.diag(np.repeat([HAND_MM**-2, np.radians(HAND_DEG) ** -2], 3))
    weight = PATCHES / len(rows) / FIT_MM**2
    solved = np.linalg.inv(weight * rows.T @ rows + prior)
    fit = weight * solved @ rows.T
    # What the surface says wrongly, and what it leaves of where the hand began.
    spread = fit @ covariance @ fit.T + solved @ prior @ solved
    angle = np.degrees(np.sqrt(spread[3, 3] + spread[5, 5]))
    across = np.array([0.0, 1.0, 0.0])
    ways = [np.concatenate([across, np.cross(at - centre, across)]) for at in (planned.entry, planned.hinge)]
    distance = np.sqrt(max(way @ spread @ way for way in ways))
    return float(np.hypot(angle / GOOD_DEG, distance / GOOD_MM))
