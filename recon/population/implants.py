"""Metal in and on the bones of a virtual knee: closed meshes in millimetres, placed on given bones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import trimesh

from recon.bones import Bone


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
