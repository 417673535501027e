"""The four bones of a knee: reading, cleaning, cross-sections, height maps and distances."""

from __future__ import annotations

from guides.bones.arrays import Array, Flags, Indices
from guides.bones.bone_set import Bone, BoneSet, hashes
from guides.bones.cleaning import clean, read_mesh
from guides.bones.distances import distance, signed_distance
from guides.bones.heights import height_map
from guides.bones.sections import Sections, cross_section, sections

__all__ = [
    "Array",
    "Bone",
    "BoneSet",
    "Flags",
    "Indices",
    "Sections",
    "clean",
    "cross_section",
    "distance",
    "hashes",
    "height_map",
    "read_mesh",
    "sections",
    "signed_distance",
]
