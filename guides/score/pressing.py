"""A guide under load on a bone: unilateral springs, Coulomb friction and wires, many guides at once.

A Winkler foundation carries the press and friction holds the points that touch; nothing passes into the bone
by more than the springs give. Without friction a guide slides to wherever the shape lets it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from guides.bones import Array, Indices
from guides.score.holding import Load, Wires
from guides.score.pose import Poses
from guides.score.seating import Seat

FOUNDATION_N_PER_MM3 = 425.0
"""A layer of polyamide 12 (1.7 GPa) 4 mm thick."""

SHEAR_SHARE = 0.36
"""Tangential over normal stiffness of that layer, 1 / 2 (1 + 0.4)."""

FRICTION = 0.3
"""Polymer on wet bone; an assumption of common knowledge."""

DRAG_N_PER_MM = 20.0
"""Resistance to each step, which makes the way to the rest a slow one; at rest it is gone."""

STEPS = 150
STILL_MM = 5e-4
LONGEST_MM = 0.3
BALANCED_N = 0.5


def pressed(seat: Seat, poses: Poses, steps: int = STEPS) -> Poses:
    """Lift each guide clear of the bone, then press it until nothing moves, for at most so many steps."""
    gaps = seat.gaps(poses.apply(seat.contact.points))
    lift = np.maximum(-gaps.min(axis=1), 0)
    lifted = replace(poses, shift=poses.shift + lift[:, None] * [0.0, 0.0, 1.0])
    return loaded(seat, lifted, seat.press(len(lift)), steps=steps)


def loaded(seat: Seat, poses: Poses, load: Load, wires: Wires | None = None, steps: int = STEPS) -> Poses:
    """Follow a load to the rest by implicit steps.

    Args:
        seat: contact face and bone.
        poses: P guides before; where they touch, friction begins at zero.
        load: P loads.
        wires: hold the guides from the start.
        steps: most that are taken.

    Returns:
        Poses at rest, or after the last step where a guide slides without end.
    """
    points = seat.contact.points
    area = seat.contact.area / len(points)
    normal_k = FOUNDATION_N_PER_MM3 * area
    shear_k = SHEAR_SHARE * normal_k
    reach = float(np.linalg.norm(points - seat.contact.centre, axis=1).max())
    drag = np.diag(np.repeat([DRAG_N_PER_MM, DRAG_N_PER_MM * reach**2], 3))
    anchor: Array = poses.apply(points)
    poses = replace(poses, rotation=poses.rotation.copy(), shift=poses.shift.copy())
    limit, last = np.full(len(anchor), 0.2), np.zeros((len(anchor), 6))
    moving: Indices = np.arange(len(anchor), dtype=np.int64)
    for _ in range(steps):
        now = poses.rows(moving)
        places = now.apply(points)
        depth = -seat.rows(moving).gaps(places)
        who, where = np.nonzero(depth > 0)
        touching = places[who, where]
        normals = seat.bone.normal(touching)
        slip = touching - anchor[moving[who], where]
        slip -= np.einsum("ki,ki->k", slip, normals)[:, None] * normals
        carried = normal_k * depth[who, where]
        length = np.linalg.norm(slip, axis=1)
        held = np.minimum(1, FRICTION * carried / np.maximum(shear_k * length, 1e-12))
        # Where friction gives way the spring's foot follows; where nothing touches it follows freely.
        anchor[moving] = places
        anchor[moving[who], where] = touching - slip * held[:, None]
        arm = touching - (now.centre + now.shift)[who]
        push = carried[:, None] * normals - (shear_k * held)[:, None] * slip
        total = _summed(who, np.concatenate([push, np.cross(arm, push)], axis=1), len(moving))
        total += load.rows(moving).on(now)
        stiffness = drag + _contact_stiffness(who, arm, normals, normal_k, shear_k * (held >= 1), len(moving))
        if wires is not None:
            more_force, more_stiffness = wires.hold(now)
            total, stiffness = total + more_force, stiffness + more_stiffness
        step: Array = np.asarray(np.linalg.solve(stiffness, total[..., None])[..., 0])
        # Steps that turn back and forth are shortened, so that contact that comes and goes settles.
        back = (step * last[moving]).sum(axis=1) < 0
        limit[moving] = np.where(back, limit[moving] * 0.6, np.minimum(limit[moving] * 1.15, LONGEST_MM))
        size = np.linalg.norm(step[:, :3], axis=1) + reach * np.linalg.norm(step[:, 3:], axis=1)
        step = step * np.minimum(1, limit[moving] / np.maximum(size, 1e-12))[:, None]
        moved = now.moved(step)
        poses.rotation[moving], poses.shift[moving], last[moving] = moved.rotation, moved.shift, step
        # Stiff springs take small steps long before they have given way: what is left of the force tells.
        left = np.linalg.norm(total[:, :3], axis=1) + np.linalg.norm(total[:, 3:], axis=1) / reach
        moving = moving[(np.minimum(size, limit[moving]) > STILL_MM) | (left > BALANCED_N)]
        if not len(moving):
            break
    return poses


def _summed(who: Indices, rows: Array, count: int) -> Array:
    """Sums of (K, ...) rows by guide: (count, ...)."""
    total = np.zeros((count, *rows.shape[1:]))
    np.add.at(total, who, rows)
    return total


def _contact_stiffness(
    who: Indices, arm: Array, normals: Array, normal_k: float, shear_k: Array, count: int
) -> Array:
    """(count, 6, 6) of K touching points: springs along the normal and, where they stick, across it."""
    projector = normals[:, :, None] * normals[:, None, :]
    spring = normal_k * projector + shear_k[:, None, None] * (np.eye(3) - projector)
    lever = np.zeros((len(arm), 3, 6))
    lever[:, :, :3] = np.eye(3)
    x, y, z = arm.T
    lever[:, 0, 4], lever[:, 0, 5], lever[:, 1, 3] = z, -y, -z
    lever[:, 1, 5], lever[:, 2, 3], lever[:, 2, 4] = x, y, -x
    return _summed(who, lever.transpose(0, 2, 1) @ spring @ lever, count)
