"""Choose a place for the guide: among many by a first estimate, among a handful by trying plausible bones.

Bones from CT leave so little open that the first estimate says it all, and nothing is tried on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array, Flags
from guides.bones.uncertainty import Uncertainty
from guides.design.bridging import bridges
from guides.design.contact_area import with_area
from guides.design.expected import expected_error
from guides.design.footprint import Footprint
from guides.design.foreseen import foreseen_contact
from guides.design.layout import lay_out
from guides.design.osteophytes import find_bumps
from guides.design.placing import Place
from guides.design.plate import label_text
from guides.design.presets import Settings
from guides.errors import InputError
from guides.landmarks import Landmarks
from guides.measures import axes
from guides.osteotomy import Osteotomy, read_osteotomy
from guides.score.accuracy import GOOD_DEG, GOOD_MM, Cuts, Planned, find_cuts, hands, placed
from guides.score.contact import Contact
from guides.score.field import BoneField
from guides.score.plausible import PlausibleBones, Spots
from guides.score.seating import Seat
from guides.score.simulate import TOLERANCE_MM

TRIED = 3
"""Candidates that are put on plausible bones, the best by the first estimate. With six of them guides were no
truer on the true bones, and the design took a second longer."""

ALIKE_PERCENT = 3.0
"""Candidates whose shares of good cuts differ by no more are alike: so much is chance. The one is taken whose
cuts miss least. Chosen on people 20 and 21 of LLP26, whom no network was trained on."""

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
    def good_percent(self) -> float:
        """Share of good cuts."""
        return 100 * float(self.cuts.good.mean())

    @property
    def miss(self) -> float:
        """Root mean square of angle and distance as shares of what is good: 1 is a whole tolerance."""
        squared = (self.cuts.angle_deg / GOOD_DEG) ** 2 + (self.cuts.distance_mm / GOOD_MM) ** 2
        return float(np.sqrt(squared.mean()))


@dataclass(frozen=True, eq=False)
class Candidate:
    """A footprint that could be built.

    Attributes:
        footprint: clear of bony outgrowths where it was tried; else they have not been looked for.
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
    def good_percent(self) -> float:
        """Share of good cuts on the plausible bones; -1 where it was not tried."""
        return self.trial.good_percent if self.trial else -1.0

    @property
    def miss(self) -> float:
        """Of its trial; without bound where there was none."""
        return self.trial.miss if self.trial else float("inf")


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

    Nothing is bridged or tried on bones that say nothing of their uncertainty.

    Args:
        places: where a guide could sit.
        tibia: the bone of the plan.
        document: the plan.
        chosen: parameters, and what was painted.
        uncertainty: of the bone; None for bones that say nothing of it.

    Returns:
        The one to take; then the others that were tried, by the outcome; then the rest, the best of every
        direction before any second best.
    """
    case = Leg.of(document, uncertainty)
    found = [_estimated(case, chosen, place.footprint, place.forward_deg) for place in places]
    if uncertainty is not None and chosen.bridge:
        forward, outward = case.frame[:, 0], case.frame[:, 1] * case.osteotomy.GAP_SIGN
        for one in [one for one in found if _rank(one, found) == 0]:
            for name, nodes in bridges(one.footprint, forward, outward).items():
                bridging = replace(one.footprint, bridged=nodes)
                found.append(_estimated(case, chosen, bridging, one.forward_deg, name))
    by_estimate = sorted(found, key=lambda one: one.expected)
    wanted = 0 if uncertainty is None else TRIED
    likely = [one for one in by_estimate if np.isfinite(one.expected)][:wanted]
    tried = _tried(case, tibia, chosen, label_text(document), likely)
    others = [one for one in tried if one.trial is None] + [one for one in found if one not in likely]
    others.sort(key=lambda one: (_rank(one, found), one.expected))
    return in_order([one for one in tried if one.trial is not None]) + others


def in_order(judged: Sequence[Candidate]) -> list[Candidate]:
    """Tried candidates, the one to take first, then by the share of good cuts."""
    most = max((one.good_percent for one in judged), default=0.0)
    alike = [one for one in judged if one.good_percent >= most - ALIKE_PERCENT]
    first = min(alike, key=lambda one: one.miss, default=None)
    return sorted(judged, key=lambda one: (one is not first, -one.good_percent))


def _estimated(
    case: Leg, chosen: Settings, footprint: Footprint, forward_deg: float, bridge: str = ""
) -> Candidate:
    """A candidate with its first estimate."""
    footprint = with_area(footprint, chosen.painting, np.zeros_like(footprint.added))
    contact, error = foreseen_contact(footprint, chosen), float("inf")
    if contact is not None:
        covariance = case.bones.covariance(case.spots(footprint, contact))
        error = expected_error(contact, covariance, case.planned(footprint))
    return Candidate(footprint, forward_deg, bridge, error)


def _rank(one: Candidate, found: Sequence[Candidate]) -> int:
    """Its place among those of its direction, by the first estimate; 0 is the best."""
    return sum(other.expected < one.expected for other in found if other.forward_deg == one.forward_deg)


def _tried(
    case: Leg, tibia: trimesh.Trimesh, chosen: Settings, label: str, candidates: Sequence[Candidate]
) -> list[Candidate]:
    """The candidates with their trials; without one where a feature of the guide finds no room."""
    bumps: dict[tuple[float, float, float], Flags] = {}
    ready: list[tuple[Candidate, Contact | None]] = []
    for one in candidates:
        place = (one.forward_deg, *one.footprint.v)
        if place not in bumps:
            bumps[place] = find_bumps(one.footprint)
        footprint = with_area(one.footprint, chosen.painting, bumps[place])
        try:
            layout = lay_out(footprint, chosen, case.osteotomy, label, float(np.nanmax(footprint.height)))
        except InputError:
            ready.append((one, None))
        else:
            ready.append((replace(one, footprint=footprint), foreseen_contact(footprint, chosen, layout)))
    fields: dict[float, BoneField] = {}
    tried = []
    for one, contact in ready:
        if contact is None:
            tried.append(one)
            continue
        direction = one.forward_deg
        if direction not in fields:
            points = np.vstack([c.points for other, c in ready if c and other.forward_deg == direction])
            fields[direction] = BoneField.about(tibia, points, SPACING_MM, one.footprint.to_world)
        trial = tried_out(case, one.footprint, contact, fields[direction], chosen)
        tried.append(replace(one, trial=trial))
    return tried


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
