"""Measure how the four bones of a real knee stand to one another, for the population's poses.

LLP26 aligns each bone on its own and so holds no joint. Three derivable people whose bones
lie in their true relative pose (HuBMAP female and male, CC BY 4.0; pymskt, MIT) give it: the mean LLP26
bones are fitted to each of theirs. ``python -m recon.population.fit_poses BONES_FOLDER`` writes
``recon/assets/knee_poses.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import trimesh

from recon.bones import Bone, BoneSet
from recon.population.people import bones_from_nodes, people_nodes

Array = npt.NDArray[np.float64]

ASSET = Path(__file__).parents[1] / "assets" / "knee_poses.json"
REFERENCES = ("hubmap_vhf_l", "hubmap_vhm_l", "pymskt_dess1_r")
_SPAN = 70.0  # mm of each long bone next to the joint that the fit looks at


def _near_joint(points: Array, bone: Bone) -> Array:
    if bone is Bone.FEMUR:
        return np.asarray(points[points[:, 2] < points[:, 2].min() + _SPAN])
    if bone in (Bone.TIBIA, Bone.FIBULA):
        return np.asarray(points[points[:, 2] > points[:, 2].max() - _SPAN])
    return points


def near_joint_similarity(bone: Bone, moving: trimesh.Trimesh, fixed: trimesh.Trimesh) -> Array:
    """(4, 4) similarity that lays the end of ``moving`` next to the joint on ``fixed``."""
    source, target = _near_joint(moving.vertices, bone), _near_joint(fixed.vertices, bone)
    initial = np.eye(4)
    initial[:3, 3] = target.mean(axis=0) - source.mean(axis=0)
    matrix, _, _ = trimesh.registration.icp(  # type: ignore[no-untyped-call]
        source, fixed, initial=initial, threshold=1e-7, max_iterations=200, reflection=False
    )
    return np.asarray(matrix)


def rotation_of(matrix: Array) -> Array:
    """The rotation of a similarity; its translation is set so that nothing else changes at the joint."""
    u, _, vt = np.linalg.svd(matrix[:3, :3])
    return np.asarray(u @ vt)


def measure(folder: Path) -> list[dict[str, object]]:
    """Pose of femur and patella in the frame of the mean LLP26 tibia, for every reference person."""
    mean = bones_from_nodes({part: nodes.mean(axis=0) for part, nodes in people_nodes().items()})
    poses: list[dict[str, object]] = []
    for person in REFERENCES:
        bones = BoneSet.read(folder / person)
        if person.endswith("_r"):
            for mesh in bones.values():
                mesh.apply_transform(np.diag([-1.0, 1.0, 1.0, 1.0]))
        fits = {
            bone: near_joint_similarity(bone, mean[bone], bones[bone])
            for bone in (Bone.FEMUR, Bone.PATELLA, Bone.TIBIA)
        }
        to_tibia = np.linalg.inv(fits[Bone.TIBIA])
        pose: dict[str, object] = {"person": person}
        for bone in (Bone.FEMUR, Bone.PATELLA):
            relative = to_tibia @ fits[bone]
            anchor = _near_joint(mean[bone].vertices, bone).mean(axis=0)
            rigid = np.eye(4)
            rigid[:3, :3] = rotation_of(relative)
            rigid[:3, 3] = relative[:3, :3] @ anchor + relative[:3, 3] - rigid[:3, :3] @ anchor
            pose[bone.label] = rigid.round(6).tolist()
        poses.append(pose)
    return poses


if __name__ == "__main__":
    ASSET.parent.mkdir(exist_ok=True)
    ASSET.write_text(json.dumps(measure(Path(sys.argv[1])), indent=1) + "\n")
