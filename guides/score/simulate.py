"""The simulated surgeon: one guide put on one bone, pressed, sawn with, and put on again many times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array, signed_distance
from guides.score.accuracy import PLACEMENTS, SURFACE_NOISE_MM, Planned, find_cuts, placements
from guides.score.contact import Frame, PrintedContact, find_contact
from guides.score.field import BoneField
from guides.score.freedom import weakest_motion
from guides.score.pose import Poses
from guides.score.pressing import pressed
from guides.score.seating import Seat, fitted
from guides.score.stability import find_stability, find_wires
from guides.score.verdict import accuracy_document, fitting_document, freedom_document, stability_document

SCHEMA = "hto-scores/1"
TOLERANCE_MM = 0.5
"""A point touches when its gap is the planned clearance to within this."""

HEAT_POINTS = 2000

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Verdict:
    """Scores of a guide on a bone.

    Attributes:
        document: what scores.json holds.
        contact: the contact face in the guide's frame.
        frame: that frame.
        gaps: (V,) gap of every vertex of the contact face at rest, mm.
        seat: (4, 4) motion from where the guide was designed to where it rests, LPS mm.
    """

    document: dict[str, Any]
    contact: PrintedContact
    frame: Frame
    gaps: Array
    seat: Array


def simulate(
    guide: trimesh.Trimesh,
    bone: trimesh.Trimesh,
    report: Mapping[str, Any],
    *,
    count: int = PLACEMENTS,
    seed: int = 0,
    noise_mm: float = SURFACE_NOISE_MM,
    progress: Progress | None = None,
) -> Verdict:
    """Judge one guide on one tibia, both LPS mm.

    Args:
        guide: the printed mesh.
        bone: the tibia that it is put on; not always the one that it was designed on.
        report: the design's report.
        count: placements of the accuracy score.
        seed: of the placements.
        noise_mm: standard deviation of the surface in the placements.
        progress: told the stage and the share done.

    Raises:
        InputError: ``no_contact_face``.
    """
    tell = progress or (lambda _stage, _fraction: None)
    frame = Frame.of_report(report)
    clearance = float(report["clearances_mm"]["bone"])
    tell("contact", 0.0)
    local_bone = frame.mesh(bone)
    contact = find_contact(frame.mesh(guide), report)
    seat = Seat(contact, BoneField.about(local_bone, contact.points), clearance)
    tell("seating", 0.3)
    rest = seated(seat)
    error = seat_errors(contact, rest, local_bone, clearance)
    touches = seat.gaps(rest.apply(contact.points))[0]
    touches = np.abs(touches - clearance) <= TOLERANCE_MM
    tell("stability", 0.4)
    top = frame.local(np.asarray(report["slot"]["point"], dtype=float))
    held, free = (
        find_stability(seat, rest, touches, top, wires) for wires in (find_wires(report, frame, rest), None)
    )
    tell("placements", 0.5)
    planned = planned_cut(report, frame)
    normal = np.asarray(report["slot"]["normal"], dtype=float) @ frame.basis
    normal = normal * (np.sign(normal @ planned.normal) or 1)
    cuts = find_cuts(placements(seat, count, seed, noise_mm), top, normal, planned)
    resting_cut = find_cuts(rest, top, normal, planned)
    freedom = weakest_motion(contact.points[touches], contact.normals[touches]) if touches.any() else None
    vertices = rest.apply(np.asarray(contact.face.vertices))[0]
    matrix = _in_world(rest, frame)
    document = {
        "schema": SCHEMA,
        "simulated": True,
        "fitting": fitting_document(
            100 * float((np.abs(error) <= TOLERANCE_MM).mean()), error, TOLERANCE_MM, contact.area
        ),
        "stability": stability_document(held, free, frame),
        "accuracy": accuracy_document(cuts, noise_mm, seed),
        "seat": {
            "matrix": [[round(float(x), 9) for x in row] for row in matrix],
            "shift_mm": round(float(np.linalg.norm(rest.shift[0])), 3),
            "turn_deg": round(float(rest.angles_deg()[0]), 3),
            "cut_angle_deg": round(float(resting_cut.angle_deg[0]), 3),
            "cut_distance_mm": round(float(resting_cut.distance_mm[0]), 3),
        },
        "weakest": None if freedom is None else freedom_document(freedom, frame),
    }
    tell("done", 1.0)
    return Verdict(document, contact, frame, signed_distance(local_bone, vertices), matrix)


def seated(seat: Seat) -> Poses:
    """The one rest of a guide: fitted from where it was designed, then pressed. Nothing is drawn."""
    still = np.zeros((1, 3))
    return pressed(seat, fitted(seat, seat.start(still, still)))


def seat_errors(contact: PrintedContact, rest: Poses, bone: trimesh.Trimesh, clearance: float) -> Array:
    """(HEAT_POINTS,) exact gap minus clearance, mm, at points spread evenly over the contact face."""
    points, _ = trimesh.sample.sample_surface(contact.face, HEAT_POINTS, seed=1)
    return np.asarray(signed_distance(bone, rest.apply(np.asarray(points))[0]) - clearance)


def planned_cut(report: Mapping[str, Any], frame: Frame) -> Planned:
    """The planned osteotomy that a design's report carries, in the guide's frame."""
    plan, leg = report["osteotomy"], report["leg"]

    def point(name: str) -> Array:
        return frame.local(np.asarray(plan[name], dtype=float))

    def direction(values: Any) -> Array:
        return np.asarray(np.asarray(values, dtype=float) @ frame.basis)

    return Planned(
        point("plane_point"),
        direction(plan["plane_normal"]),
        point("start_point"),
        point("hinge_point"),
        direction(plan["hinge_axis"]),
        float(plan["correction_deg"]),
        direction(leg["anterior"]),
        direction(leg["medial"]),
    )


def _in_world(rest: Poses, frame: Frame) -> Array:
    """The motion of one pose in LPS."""
    to_world = np.eye(4)
    to_world[:3, :3], to_world[:3, 3] = frame.basis, frame.origin
    return np.asarray(to_world @ rest.matrix()[0] @ np.linalg.inv(to_world))
