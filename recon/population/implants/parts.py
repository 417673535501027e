"""What an implant is: closed pieces of some material, and the bone that was cut away for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import manifold3d
import numpy as np
import trimesh

from recon.bones import Bone, BoneSet


@dataclass(frozen=True, eq=False)
class Component:
    """One piece of an implant.

    Attributes:
        name: what it is, "plate" or "screw 3".
        mesh: closed, mm, in the frame of the bones.
        material: a key of ``recon.drr.beam.CM2_PER_G``, or "polyethylene".
    """

    name: str
    mesh: trimesh.Trimesh
    material: str


@dataclass(frozen=True, eq=False)
class Implant:
    """What a surgeon put into a knee.

    Attributes:
        name: "staple", "plate" or "partial_knee".
        components: its pieces; they replace whatever tissue was there.
        removed: closed space that was cut off a bone before.
    """

    name: str
    components: tuple[Component, ...]
    removed: Mapping[Bone, trimesh.Trimesh] = field(default_factory=dict)


def remaining_bones(bones: BoneSet, implants: Sequence[Implant]) -> BoneSet:
    """What is left of closed bones when the cuts of the implants are made: the truth of a knee with implants.

    Only cuts count: screws, pegs and keels inside a bone leave it whole. A bone that loses nothing stays the
    mesh it was.
    """
    left = dict(bones)
    for implant in implants:
        for bone, cut in implant.removed.items():
            if bone in left:
                left[bone] = to_mesh(to_solid(left[bone]) - to_solid(cut))
    return BoneSet(left)


def to_solid(mesh: trimesh.Trimesh) -> manifold3d.Manifold:
    """A closed mesh as a solid for boolean operations."""
    return manifold3d.Manifold(
        manifold3d.Mesh64(
            np.array(mesh.vertices, np.float64, order="C"), np.array(mesh.faces, np.uint64, order="C")
        )
    )


def to_mesh(solid: manifold3d.Manifold) -> trimesh.Trimesh:
    """A solid as a closed mesh."""
    raw = solid.to_mesh64()
    return trimesh.Trimesh(
        np.ascontiguousarray(raw.vert_properties[:, :3]), raw.tri_verts.astype(np.int64), process=False
    )
