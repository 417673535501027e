"""How the bones of a virtual knee stand to one another, and how the leg lies in the rig."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial.transform import Rotation, Slerp

from recon.bones import Bone, BoneSet
from recon.handedness import Side

Array = npt.NDArray[np.float64]

_ASSET = Path(__file__).parents[1] / "assets" / "knee_poses.json"
_GRID = 2.0  # mm, cell of the height maps that measure a joint gap


@dataclass(frozen=True)
class KneePose:
    """Pose of one knee; angles in degrees, lengths in mm, for a left leg.

    Attributes:
        blend: weights of the measured reference poses, summing to 1.
        flexion: knee flexion.
        varus: frontal-plane angle of the joint, positive opens it laterally.
        rotation: axial rotation of the femur over the tibia.
        joint_gap: smallest distance between femur and tibia (cartilage).
        patella_gap: smallest distance between patella and femur.
        patella_height: shift of the patella along the leg.
        leg_rotation: rotation vector of the whole leg.
        leg_shift: shift of the knee centre from the isocentre.
    """

    blend: tuple[float, ...]
    flexion: float
    varus: float
    rotation: float
    joint_gap: float
    patella_gap: float
    patella_height: float
    leg_rotation: tuple[float, float, float]
    leg_shift: tuple[float, float, float]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> KneePose:
        """A pose as people have it on an X-ray table: 0 to 30 degrees of flexion, any slight misplacement."""
        return cls(
            blend=tuple(rng.dirichlet(np.full(len(_references()), 0.8))),
            flexion=float(min(abs(rng.normal(0, 10)), 30)),
            varus=float(rng.normal(0, 2.5)),
            rotation=float(rng.normal(0, 4)),
            joint_gap=float(rng.uniform(1.0, 6.0)),
            patella_gap=float(rng.uniform(1.5, 6.0)),
            patella_height=float(rng.normal(0, 5)),
            leg_rotation=tuple(np.deg2rad(rng.normal(0, (6, 5, 11)))),
            leg_shift=tuple(np.clip(rng.normal(0, (6, 6, 12)), -30, 30)),
        )


@cache
def _references() -> list[dict[str, Array]]:
    measured = json.loads(_ASSET.read_text())
    return [{name: np.array(pose[name]) for name in ("femur", "patella")} for pose in measured]


def _blended(name: str, blend: tuple[float, ...], anchor: Array) -> Array:
    """(4, 4) mean of the reference poses; the translation is averaged where the joint is, at ``anchor``."""
    matrices = np.array([pose[name] for pose in _references()])
    rotation = Rotation.from_matrix(matrices[:, :3, :3]).mean(weights=np.array(blend) + 1e-9).as_matrix()
    target = np.average(matrices[:, :3, :3] @ anchor + matrices[:, :3, 3], axis=0, weights=blend)
    result = np.eye(4)
    result[:3, :3], result[:3, 3] = rotation, target - rotation @ anchor
    return result


def _about(rotation: Rotation, centre: Array) -> Array:
    result = np.eye(4)
    result[:3, :3] = rotation.as_matrix()
    result[:3, 3] = centre - result[:3, :3] @ centre
    return result


def _gap(upper: Array, lower: Array, axis: int) -> float:
    """Smallest gap along an axis between two vertex clouds that face one another (2nd percentile)."""
    others = [i for i in range(3) if i != axis]

    def height_map(points: Array, keep: str) -> dict[tuple[int, int], float]:
        cells = np.floor(points[:, others] / _GRID).astype(int)
        heights: dict[tuple[int, int], float] = {}
        for cell, value in zip(map(tuple, cells), points[:, axis], strict=True):
            best = heights.get(cell)
            if best is None or (value < best if keep == "low" else value > best):
                heights[cell] = float(value)
        return heights

    above, below = height_map(upper, "low"), height_map(lower, "high")
    gaps = [above[cell] - below[cell] for cell in above.keys() & below.keys()]
    return float(np.percentile(gaps, 2)) if gaps else 0.0


def _kneecap_forward(points: dict[Bone, Array]) -> Rotation:
    """The turn about z that brings the patella straight in front of the femoral condyles."""
    femur = points[Bone.FEMUR]
    condyles = femur[femur[:, 2] < femur[:, 2].min() + 40]
    ahead = points[Bone.PATELLA].mean(axis=0) - condyles.mean(axis=0)
    return Rotation.from_euler("z", -np.arctan2(ahead[0], -ahead[1]))


def pose_leg(bones: BoneSet, pose: KneePose) -> BoneSet:
    """Place the bones of a left leg, given in LLP26 coordinates, in the frame of the rig.

    The knee centre, a little above the tibial plateau, comes to lie ``pose.leg_shift`` from the isocentre.
    """
    points = {bone: np.array(mesh.vertices) for bone, mesh in bones.items()}

    condyles = points[Bone.FEMUR][points[Bone.FEMUR][:, 2] < points[Bone.FEMUR][:, 2].min() + 40]
    femur = _blended("femur", pose.blend, condyles.mean(axis=0))
    points[Bone.FEMUR] = trimesh.transform_points(points[Bone.FEMUR], femur)
    patella = _blended("patella", pose.blend, points[Bone.PATELLA].mean(axis=0))
    points[Bone.PATELLA] = trimesh.transform_points(points[Bone.PATELLA], patella)

    condyles = trimesh.transform_points(condyles, femur)
    # The posterior condyles roll about their own axis, a little behind the middle of the condyles.
    axis_point = np.array([condyles[:, 0].mean(), np.percentile(condyles[:, 1], 65), condyles[:, 2].mean()])
    # Flexion swings the femoral shaft to posterior: +z turns towards +y, a negative turn about x.
    bend = Rotation.from_euler("x", -pose.flexion, degrees=True)
    tilt = Rotation.from_euler("yz", (pose.varus, pose.rotation), degrees=True)
    points[Bone.FEMUR] = trimesh.transform_points(points[Bone.FEMUR], _about(tilt * bend, axis_point))
    follow = Slerp([0, 1], Rotation.concatenate([Rotation.identity(), tilt * bend]))(0.6)
    points[Bone.PATELLA] = trimesh.transform_points(points[Bone.PATELLA], _about(follow, axis_point))
    points[Bone.PATELLA][:, 2] += pose.patella_height

    lift = pose.joint_gap - _gap(points[Bone.FEMUR], points[Bone.TIBIA], axis=2)
    points[Bone.FEMUR][:, 2] += lift
    points[Bone.PATELLA][:, 2] += lift
    points[Bone.PATELLA][:, 1] += _gap(points[Bone.FEMUR], points[Bone.PATELLA], axis=1) - pose.patella_gap

    plateau = points[Bone.TIBIA][points[Bone.TIBIA][:, 2] > points[Bone.TIBIA][:, 2].max() - 15]
    centre = np.array([*plateau[:, :2].mean(axis=0), points[Bone.TIBIA][:, 2].max() + 3])
    leg = Rotation.from_rotvec(pose.leg_rotation) * _kneecap_forward(points)
    return BoneSet(
        {
            bone: trimesh.Trimesh(
                leg.apply(points[bone] - centre) + np.array(pose.leg_shift), bones[bone].faces, process=False
            )
            for bone in bones
        }
    )


def side_of(bones: BoneSet) -> Side:
    """The side of a leg: its fibula is lateral of its tibia, and x grows to the patient's left."""
    outwards = bones[Bone.FIBULA].vertices[:, 0].mean() - bones[Bone.TIBIA].vertices[:, 0].mean()
    return "L" if outwards > 0 else "R"
