"""Choose a place for the guide: among many by a first estimate, among a handful by trying plausible bones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array
from guides.bones.uncertainty import Uncertainty
from guides.design.bridging import bridges
from guides.design.contact_area import with_area
from guides.design.expected import expected_error
from guides.design.footprint import Footprint
from guides.design.foreseen import POINTS, foreseen_contact
from guides.design.placing import Place
from guides.design.presets import Settings
from guides.landmarks import Landmarks
from guides.measures import axes
from guides.osteotomy import Osteotomy, read_osteotomy
from guides.score.accuracy import GOOD_DEG, GOOD_MM, Cuts, Planned, find_cuts, hands, placed
from guides.score.contact import Contact
from guides.score.field import BoneField
from guides.score.plausible import PlausibleBones, Spots
from guides.score.seating import Seat
from guides.score.simulate import TOLERANCE_MM

TRIED = 6
"""Candidates that are put on plausible bones."""

OF_ONE_DIRECTION = 2
"""Most of them with one withdrawal direction, so that what is tried differs."""

BRIDGE_COST = 1.05
"""A bridge takes contact away, so that it must be better by so much to be taken."""

ALIKE = 1.1
"""Candidates whose errors on the plausible bones differ by less are alike: so much is chance. The least
forward of them is taken, then the best by the first estimate: on the true tibiae of the people named in
``score.plausible`` guides that touch all over cut the truer the less far forward they are withdrawn."""

BONES = 48
"""Plausible bones, each with one placement; the same for all candidates."""

STEPS = 60
"""Of the press; later ones move a guide by less than tells candidates apart."""

SEED = 0
SPACING_MM = 2.0
"""Of the distances to the bone, which are the same for all candidates."""


@dataclass(frozen=True)
class Trial:
    """What became of a candidate on the plausible bones: P placements.

    Attributes:
        cuts: where the cut went.
        contact_percent: mean share of the contact face within TOLERANCE_MM of its planned gap.
    """

    cuts: Cuts
    contact_percent: float

    @property
    def miss(self) -> float:
        """Root mean square of angle and distance as shares of what is good: 1 is a whole tolerance."""
        squared = (self.cuts.angle_deg / GOOD_DEG) ** 2 + (self.cuts.distance_mm / GOOD_MM) ** 2
        return float(np.sqrt(squared.mean()))


@dataclass(frozen=True, eq=False)
class Candidate:
    """A footprint that could be built.

    Attributes:
        footprint: without outgrowths, which are looked for on the one that is built.
        forward_deg: its withdrawal direction, forward of medial or lateral.
        bridge: name of what it bridges (``bridging.BRIDGES``); empty for nothing.
        expected: first estimate of the cut's error, see ``expected_error``.
        trial: how it did on plausible bones; None where the first estimate did not rank it high enough.
    """

    footprint: Footprint
    forward_deg: float
    bridge: str
    expected: float
    trial: Trial | None = None

    @property
    def cost(self) -> float:
        """Factor on its errors where candidates are compared."""
        return BRIDGE_COST if self.bridge else 1.0

    @property
    def outcome(self) -> float:
        """The error on the plausible bones as it is compared."""
        return self.cost * self.trial.miss if self.trial else float("inf")

    @property
    def estimate(self) -> float:
        """The first estimate as it is compared."""
        return self.cost * self.expected


@dataclass(frozen=True)
class Choice:
    """What was compared, the best first, and which was built: the best of which a sound solid came out."""

    candidates: Sequence[Candidate]
    built: Candidate


@dataclass(frozen=True)
class Leg:
    """The leg that all candidates are for: ``frame`` (3, 3) columns forward, medial and up, LPS."""

    osteotomy: Osteotomy
    frame: Array
    bones: PlausibleBones

    @classmethod
    def of(cls, document: Mapping[str, Any], uncertainty: Uncertainty | None) -> Leg:
        """The leg of a plan, whose tibia is as unsure as said."""
        osteotomy = read_osteotomy(document["osteotomy"])
        leg = axes(Landmarks.from_document(document["landmarks"]).positions(), document["side"])
        frame = np.column_stack([leg.anterior, leg.medial, leg.up])
        return cls(osteotomy, frame, PlausibleBones(osteotomy.start_point, frame, uncertainty))

    def spots(self, footprint: Footprint, contact: Contact) -> Spots:
        """Where a contact face lies on the bone."""
        return self.bones.spots(footprint.to_world(contact.points), -contact.normals @ footprint.basis.T)

    def planned(self, footprint: Footprint) -> Planned:
        """The planned cut in a footprint's frame."""
        plan, basis = self.osteotomy, footprint.basis
        return Planned(
            footprint.to_local(plan.plane_point),
            plan.plane_normal @ basis,
            footprint.to_local(plan.start_point),
            footprint.to_local(plan.hinge_point),
            plan.hinge_axis @ basis,
            plan.correction_deg,
            self.frame[:, 0] @ basis,
            self.frame[:, 1] @ basis,
        )


def choose(
    places: Sequence[Place],
    tibia: trimesh.Trimesh,
    document: Mapping[str, Any],
    chosen: Settings,
    uncertainty: Uncertainty | None,
) -> list[Candidate]:
    """Every place, and bridges on the best of each direction where they are wanted, the truest cut first.

    Args:
        places: where a guide could sit.
        tibia: the bone of the plan.
        document: the plan.
        chosen: parameters, and what was painted.
        uncertainty: of the bone; None for bones that say nothing of it.

    Returns:
        The best; then the others that were tried, by the outcome; then the rest, the best of every direction
        before any second best.
    """
    case = Leg.of(document, uncertainty)
    whole = [_estimated(case, chosen, place.footprint, place.forward_deg) for place in places]
    found = list(whole)
    if uncertainty is not None and chosen.bridge:
        forward, outward = case.frame[:, 0], case.frame[:, 1] * case.osteotomy.GAP_SIGN
        for one, _ in _best_of_directions(whole):
            for name, nodes in bridges(one.footprint, forward, outward).items():
                bridging = replace(one.footprint, bridged=nodes)
                found.append(_estimated(case, chosen, bridging, one.forward_deg, name))
    ranks = _ranks([candidate for candidate, _ in found])
    order = sorted(range(len(found)), key=lambda index: found[index][0].estimate)
    tried = [i for i in order if ranks[i] < OF_ONE_DIRECTION and np.isfinite(found[i][0].expected)][:TRIED]
    others = sorted(set(order) - set(tried), key=lambda index: (ranks[index], found[index][0].estimate))
    judged = _tried(case, tibia, chosen, [found[index] for index in tried])
    return judged + [found[index][0] for index in others]


def _estimated(
    case: Leg, chosen: Settings, footprint: Footprint, forward_deg: float, bridge: str = ""
) -> tuple[Candidate, Contact]:
    """A candidate with its first estimate, and the contact face that it would get."""
    footprint = with_area(footprint, chosen.painting, outgrowths=False)
    contact, error = foreseen_contact(footprint, chosen), float("inf")
    if len(contact.points) == POINTS:
        covariance = case.bones.covariance(case.spots(footprint, contact))
        error = expected_error(contact, covariance, case.planned(footprint))
    return Candidate(footprint, forward_deg, bridge, error), contact


def _ranks(candidates: Sequence[Candidate]) -> list[int]:
    """The place of each among those of its direction, by the first estimate; 0 is the best."""
    ranks = []
    for one in candidates:
        of_direction = [other.estimate for other in candidates if other.forward_deg == one.forward_deg]
        ranks.append(sum(error < one.estimate for error in of_direction))
    return ranks


def _best_of_directions(found: Sequence[tuple[Candidate, Contact]]) -> list[tuple[Candidate, Contact]]:
    ranks = _ranks([candidate for candidate, _ in found])
    return [one for one, rank in zip(found, ranks, strict=True) if rank == 0]


def _tried(
    case: Leg, tibia: trimesh.Trimesh, chosen: Settings, candidates: Sequence[tuple[Candidate, Contact]]
) -> list[Candidate]:
    """The candidates with their trials, the truest first."""
    fields: dict[float, BoneField] = {}
    judged = []
    for candidate, contact in candidates:
        footprint, direction = candidate.footprint, candidate.forward_deg
        if direction not in fields:
            points = np.vstack([c.points for other, c in candidates if other.forward_deg == direction])
            fields[direction] = BoneField.about(tibia, points, SPACING_MM, footprint.to_world)
        judged.append(
            replace(candidate, trial=tried_out(case, footprint, contact, fields[direction], chosen))
        )
    judged.sort(key=lambda one: one.outcome)
    alike = [one for one in judged if one.outcome <= ALIKE * judged[0].outcome]
    first = min(alike, key=lambda one: (one.forward_deg, one.estimate), default=None)
    return sorted(judged, key=lambda one: one is not first)


def tried_out(
    case: Leg, footprint: Footprint, contact: Contact, field: BoneField, chosen: Settings, seed: int = SEED
) -> Trial:
    """Put a contact face on plausible bones, once on each; hands begin alike on a leg and its mirror image.

    Args:
        case: the leg.
        footprint: its frame is that of contact face and field.
        contact: the contact face.
        field: distance to the picture of the bone.
        chosen: parameters.
        seed: of hands and bones; one seed means the same ones for every contact face.
    """
    to_leg = footprint.basis.T @ case.frame
    turn, shift = hands(BONES, np.random.default_rng(seed))
    turn = turn * np.sign(np.linalg.det(case.frame))
    noise = case.bones.heights(case.spots(footprint, contact), BONES, seed + 1)
    seat = Seat(contact, field, chosen.bone_clearance_mm, noise)
    poses = placed(seat, turn @ to_leg.T, shift @ to_leg.T, STEPS)
    planned = case.planned(footprint)
    off = seat.gaps(poses.apply(contact.points)) - chosen.bone_clearance_mm
    cuts = find_cuts(poses, planned.point, planned.normal, planned)
    return Trial(cuts, 100 * float((np.abs(off) <= TOLERANCE_MM).mean()))
