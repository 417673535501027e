"""Bone surfaces of a CT by threshold, to measure reconstructions against.

Nobody drew these surfaces. Each lies where the CT falls to half of the height between the cortex beside it
and soft tissue, the half-maximum rule of C. F. Spoor, F. W. Zonneveld and G. A. Macho (Am J Phys Anthropol
91:469-484, 1993), which the blur of an edge biases least. One threshold for a whole bone puts the thick
shaft too far out or loses the thin cortex at the joint (K. Rathnayaka et al., Med Eng Phys 33:226-233,
2011); here it is never less than 150 HU, half way to the cortex that is faintest in the test data.

How wrong it is: on CTs simulated from known meshes it lies 0.1 mm from the truth in the shaft, 0.3 mm on
average over a knee with slices of 1 mm, and 0.5 to 1.1 mm a bone with slices of 3.3 mm, which blur the faces
parallel to them, above all the joint surfaces, by a slice. Where bones touch, several millimetres can go to
the wrong one. It is a yardstick for errors of a millimetre, not for tenths.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import trimesh
from scipy import ndimage
from scipy.optimize import least_squares
from scipy.sparse import coo_array, eye_array
from skimage.measure import marching_cubes
from skimage.segmentation import watershed

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.knee import isolate_limb, joint_gap
from recon.output import output_folder
from recon.volumes import CtVolume, read_ct

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]  # a Bone a voxel, 0 outside

REACH_MM = 130.0  # from the joint; the reconstruction cube ends at 100
_SLICE_MM = 1.1  # thicker slices are interpolated to at most this
_SOFT_TISSUE_HU = 50.0
_FAINT_HU = 150.0  # half way to the 250 HU that thin cortex keeps in a blurred CT
_OUTWARDS_MM, _CORTEX_REACH_MM, _STEP_MM = 1.0, 3.0, 0.2
_SMOOTHING_ROUNDS = 4
_CRACK_MM = 5.0  # radius of the ball that breaks of the thin cortex at the joint do not let in
_BREAK_MM = 2.0  # the same in an axial section, before the bones are apart
_SEED_HU = 300.0
_SHAFT_MM = 42.0  # below the joint, where tibia and fibula are apart
_CLEAR_MM = 3.0  # from the middle of the joint's gap
_JOINT_RADIUS_MM = 45.0
_HEAD_MM = 18.0  # below the joint: inside the head of every fibula
_AXIS_MM, _CORE_MM = 35.0, 5.0
_FIBULA_REACH_MM = 70.0
_SMALLEST_PATELLA_MM3 = 1000.0
_CONDYLE_SHARE = 0.2  # a condyle that the CT's end parts from its fellow is not much smaller
_SPECK_MM3 = 100.0
_FLAKE_MM = 1.5
_DEEP = np.float32(100.0)


@dataclass(frozen=True, eq=False)
class CtReference:
    """What ``ct_reference`` found.

    Attributes:
        bones: closed outer surfaces in LPS mm about ``isocentre``, capped flat where the CT ends.
        field: the space in which the surfaces are the patient's: the CT's box, which leaves out the caps.
        isocentre: (3,) origin of the meshes, in the CT's own frame.
    """

    bones: BoneSet
    field: FieldOfView
    isocentre: Array


def ct_reference(
    volume: CtVolume, side: Literal["L", "R"] | None = None, *, isocentre: Array | None = None
) -> CtReference:
    """The bones of a knee in a CT, as closed outer surfaces in the frame of ``recon drr``.

    Args:
        volume: a CT, whole or cropped, that shows the joint.
        side: of the patient; a fibula is accepted on its lateral side only. None accepts either.
        isocentre: (3,) origin of the rig in the CT's own frame, as ``Scene.render_ct`` returns it; the joint
            where it is None, as there.

    Returns:
        Tibia, and femur, fibula and patella where they can be told apart.

    Raises:
        InputError: no_bone, or no_tibia where nothing below the joint is a tibia.
    """
    gap = joint_gap(volume)
    joint = np.median(gap, axis=0)
    origin = joint if isocentre is None else isocentre
    limb = _thin_slices(_near(isolate_limb(volume, joint).centred_on(joint)))
    labels = _separate(limb, gap - joint, side)
    if not (labels == Bone.TIBIA).any():
        raise InputError(
            "no_tibia", "The CT shows no tibia below the knee joint", "Give a CT of the whole knee"
        )
    meshes = {bone: _surface(labels, bone, limb) for bone in Bone if (labels == bone).any()}
    for mesh in meshes.values():
        mesh.apply_translation(joint - origin)
    low, high = limb.box
    return CtReference(BoneSet(meshes), FieldOfView(low + joint - origin, high + joint - origin), origin)


def write_ct_reference(
    ct: Path,
    out: Path,
    *,
    side: Literal["L", "R"] | None = None,
    isocentre: Array | None = None,
) -> CtReference:
    """``ct_reference`` of a file or folder, written as a folder that ``evaluate`` takes as reference.

    Raises:
        InputError: whatever ``read_ct`` and ``ct_reference`` raise, or the folder cannot be written.
    """
    reference = ct_reference(read_ct(ct), side, isocentre=isocentre)
    box = [reference.field.low.tolist(), reference.field.high.tolist()]
    with output_folder(out, replaces=[f"{bone.label}.ply" for bone in Bone]) as folder:
        reference.bones.write(folder)
        report = {"isocentre_lps": reference.isocentre.tolist(), "field_of_view": {"box_mm": box}}
        (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return reference


def _near(volume: CtVolume) -> CtVolume:
    """The slices within reach of the origin."""
    heights = volume.to_lps(np.arange(len(volume.hu))[:, None] * np.array([[0.0, 0.0, 1.0]]))[:, 2]
    kept = np.flatnonzero(np.abs(heights - heights[np.argmin(np.abs(heights))]) <= REACH_MM)
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, 2] * kept[0]
    return CtVolume(volume.hu[kept[0] : kept[-1] + 1], affine, volume.laterality)


def _thin_slices(volume: CtVolume) -> CtVolume:
    """The volume with slices of about a millimetre between thick ones."""
    count = len(volume.hu)
    factor = int(np.ceil(volume.spacing[2] / _SLICE_MM - 1e-6))
    if factor == 1:
        return volume
    positions = np.arange((count - 1) * factor + 1) / factor
    below = np.minimum(positions.astype(int), count - 2)
    share = (positions - below).astype(np.float32)[:, None, None]
    affine = volume.affine.copy()
    affine[:3, 2] /= factor
    return CtVolume(volume.hu[below] * (1 - share) + volume.hu[below + 1] * share, affine, volume.laterality)


def _separate(limb: CtVolume, gap: Array, side: Literal["L", "R"] | None) -> Labels:
    """(Z, Y, X) bone of each voxel in or near bone, 0 elsewhere.

    Clearly above and below the joint's gap the widest neck decides, by a watershed of the depth in filled
    bone: the head of the fibula lies on the tibia with a cortex as faint as the contact. At the gap, where
    the bones are thin plates, the densest path decides, by a watershed of the CT itself.
    """
    above = _height_above(gap, limb)
    solid = _solid(limb)
    depth = ndimage.distance_transform_edt(solid, sampling=limb.spacing[::-1])
    seeds = _seeds(limb, solid, above, side)
    clear = (solid & (np.abs(above) > _CLEAR_MM)) | (seeds > 0)
    apart = watershed(-depth, seeds, mask=clear)  # type: ignore[no-untyped-call]
    landscape = -ndimage.gaussian_filter(limb.hu, 0.5)
    near = _closed(limb.hu > _FAINT_HU, limb)
    return np.asarray(watershed(landscape, apart, mask=near), dtype=np.int32)  # type: ignore[no-untyped-call]


def _solid(limb: CtVolume) -> Mask:
    """Bone with marrow: axial sections are rings, which are filled even where the cortex has small breaks."""
    reach = max(1, round(_BREAK_MM / float(limb.spacing[:2].max())))
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    disc = x**2 + y**2 <= (reach + 0.5) ** 2
    sections = []
    for bright in limb.hu > _FAINT_HU:
        closed = ndimage.binary_closing(np.pad(bright, reach), disc)[reach:-reach, reach:-reach]
        marrow = ndimage.binary_fill_holes(closed) & ~closed
        # What only the closing added stays only beside marrow: outside, it would bridge joints.
        sections.append(bright | marrow | (closed & ndimage.binary_dilation(marrow, disc)))
    return np.stack(sections)


def _seeds(
    limb: CtVolume, solid: Mask, above: npt.NDArray[np.float32], side: Literal["L", "R"] | None
) -> Labels:
    """Parts of the bones that nothing joins: dense bone above the joint, the filled shafts below it."""
    seeds = np.zeros(solid.shape, dtype=np.int32)
    thigh = _pieces((limb.hu > _SEED_HU) & (above > _CLEAR_MM), limb)
    for piece in thigh:
        anterior = piece.centre[1] < thigh[0].low[1]
        if anterior and piece.volume > _SMALLEST_PATELLA_MM3:
            seeds[piece.where] = Bone.PATELLA
        elif piece.volume > _CONDYLE_SHARE * thigh[0].volume:
            seeds[piece.where] = Bone.FEMUR
    shafts = _pieces(solid & (above < max(-_SHAFT_MM, float(above.min()) + 20.0)), limb)
    for piece in shafts[:1]:
        seeds[piece.where] = Bone.TIBIA
    for piece in shafts[1:]:
        aside = piece.centre - shafts[0].centre
        lateral = side is None or (aside[0] > 0) == (side == "L")
        if lateral and np.linalg.norm(aside[:2]) < _FIBULA_REACH_MM:
            seeds[piece.where] = Bone.FIBULA
            seeds[_along_fibula(piece, limb) & (above < -_HEAD_MM) & (seeds == 0)] = Bone.FIBULA
            break
    return seeds


def _along_fibula(shaft: _Piece, limb: CtVolume) -> Mask:
    """Voxels about the prolonged axis of the upper shaft: the core of the head, whose cortex is too thin."""
    points = limb.to_lps(np.stack(shaft.where[::-1], axis=1).astype(np.float64))
    points = points[points[:, 2] > points[:, 2].max() - _AXIS_MM]
    line = np.polynomial.polynomial.polyfit(points[:, 2], points[:, :2], 1)
    z, y, x = (
        limb.affine[axis, axis] * np.arange(count) + limb.affine[axis, 3]
        for axis, count in zip((2, 1, 0), limb.hu.shape, strict=True)
    )
    centre = line[0] + z[:, None] * line[1]
    across = (x - centre[:, :1])[:, None, :] ** 2 + (y - centre[:, 1:])[:, :, None] ** 2
    return np.asarray((across < _CORE_MM**2) & (z > points[:, 2].max())[:, None, None])


def _height_above(gap: Array, limb: CtVolume) -> npt.NDArray[np.float32]:
    """(Z, Y, X) mm of each voxel above the plane that fits the joint's gap."""

    def misfit(plane: Array) -> Array:
        return np.asarray(gap[:, 2] - gap[:, :2] @ plane[:2] - plane[2])

    near = np.linalg.norm(gap[:, :2], axis=1) < _JOINT_RADIUS_MM
    gap = gap[near]
    slope_x, slope_y, height = least_squares(misfit, np.zeros(3), loss="soft_l1", f_scale=1.0).x
    normal = np.array([-slope_x, -slope_y, 1.0])
    across = normal @ limb.affine[:3, :3]
    offset = normal @ limb.affine[:3, 3] - height
    z, y, x = np.ogrid[tuple(slice(0, n) for n in limb.hu.shape)]
    return np.asarray(
        (across[0] * x + across[1] * y + across[2] * z + offset) / np.linalg.norm(normal), dtype=np.float32
    )


@dataclass(frozen=True, eq=False)
class _Piece:
    """A connected part of a mask: its voxels, volume in mm3, centre and lower corner in mm."""

    where: tuple[npt.NDArray[np.int64], ...]
    volume: float
    centre: Array
    low: Array


def _pieces(mask: Mask, volume: CtVolume) -> list[_Piece]:
    """Connected parts of a mask, the largest first, without specks."""
    labels, _ = ndimage.label(mask)
    voxel = float(np.prod(volume.spacing))
    pieces = []
    for index, box in enumerate(ndimage.find_objects(labels), start=1):
        local = np.nonzero(labels[box] == index)
        if len(local[0]) * voxel < _SPECK_MM3:
            continue
        where = tuple(axis + edge.start for axis, edge in zip(local, box, strict=True))
        points = volume.to_lps(np.stack(where[::-1], axis=1).astype(np.float64))
        pieces.append(_Piece(where, len(points) * voxel, points.mean(axis=0), points.min(axis=0)))
    return sorted(pieces, key=lambda piece: -piece.volume)


def _closed(mask: Mask, volume: CtVolume) -> Mask:
    """A mask without gaps that a ball of ``_CRACK_MM`` cannot enter; it goes on where the CT ends."""
    spacing = volume.spacing[::-1]
    pad = np.ceil(_CRACK_MM / spacing).astype(int) + 1
    padded = np.pad(mask, [(pad[0],) * 2, (0, 0), (0, 0)], mode="edge")
    padded = np.pad(padded, [(0, 0), (pad[1],) * 2, (pad[2],) * 2])
    grown = ndimage.distance_transform_edt(~padded, sampling=spacing) <= _CRACK_MM
    shrunk = ndimage.distance_transform_edt(grown, sampling=spacing) > _CRACK_MM
    inner = tuple(slice(p, -p) for p in pad)
    return np.asarray(shrunk[inner]) | mask


def _filled(mask: Mask, volume: CtVolume) -> Mask:
    """A bone's dense voxels with everything that they enclose."""
    solid = _closed(mask, volume)
    for axis in range(3):
        sections = np.moveaxis(solid, axis, 0)
        for section in sections:
            section |= ndimage.binary_fill_holes(section)
    return solid


def _without_flakes(solid: Mask, volume: CtVolume) -> Mask:
    """A solid without what is thinner than a ball of ``_FLAKE_MM``: partial volume between bones."""
    spacing = volume.spacing[::-1]
    pad = np.ceil(2 * _FLAKE_MM / spacing).astype(int)
    padded = np.pad(solid, [(pad[0],) * 2, (0, 0), (0, 0)], mode="edge")
    core = ndimage.distance_transform_edt(padded, sampling=spacing) > _FLAKE_MM
    opened = ndimage.distance_transform_edt(~core, sampling=spacing) <= _FLAKE_MM + 0.5 * spacing.min()
    return np.asarray((opened & padded)[pad[0] : -pad[0]])


def _surface(labels: Labels, bone: Bone, limb: CtVolume) -> trimesh.Trimesh:
    """The half-maximum surface of one bone, about the joint."""
    (box,) = ndimage.find_objects((labels == bone).astype(np.int32))
    margin = np.ceil(6.0 / limb.spacing[::-1]).astype(int)
    box = tuple(slice(max(0, edge.start - m), edge.stop + m) for edge, m in zip(box, margin, strict=True))
    affine = limb.affine.copy()
    affine[:3, 3] = limb.to_lps(np.array([float(edge.start) for edge in box[::-1]]))
    part = CtVolume(limb.hu[box], affine)
    own = labels[box] == bone
    free = own | (labels[box] == 0)
    excess = part.hu - np.float32(_FAINT_HU)
    solid = _filled(own & (excess > 0), part) & free
    pieces = _pieces(_without_flakes(solid, part), part)
    solid[:] = False
    for piece in pieces:
        if piece.volume > _CONDYLE_SHARE * pieces[0].volume:
            solid[piece.where] = True
    field = np.where(solid, np.where(excess > 0, excess, _DEEP), np.minimum(excess, -1.0))
    field[~free] = -_DEEP
    vertices, faces, _, _ = marching_cubes(  # type: ignore[no-untyped-call]
        np.pad(field, 1, constant_values=-_DEEP), 0.0
    )
    mesh = trimesh.Trimesh(part.to_lps(vertices[:, ::-1] - 1.0), faces, process=True)
    if mesh.volume < 0:
        mesh.invert()
    _to_half_maximum(mesh, limb)
    return mesh


def _to_half_maximum(mesh: trimesh.Trimesh, volume: CtVolume) -> None:
    """Move each vertex along its normal to where the CT is half way from soft tissue to cortex below it."""
    steps = np.arange(_OUTWARDS_MM, -_CORTEX_REACH_MM - 1e-6, -_STEP_MM)
    normals = np.asarray(mesh.vertex_normals)
    points = mesh.vertices[:, None] + steps[:, None] * normals[:, None]
    inverse = np.linalg.inv(volume.affine)
    indices = points @ inverse[:3, :3].T + inverse[:3, 3]
    profile = ndimage.map_coordinates(volume.hu, indices.reshape(-1, 3).T[::-1], order=1, mode="nearest")
    profile = profile.reshape(indices.shape[:2])
    wanted = np.maximum((profile.max(axis=1) + _SOFT_TISSUE_HU) / 2, _FAINT_HU)[:, None]
    rising = (profile[:, :-1] < wanted) & (profile[:, 1:] >= wanted)
    first = rising.argmax(axis=1)
    row = np.arange(len(first))
    before, after = profile[row, first], profile[row, first + 1]
    share = (wanted[:, 0] - before) / np.where(after > before, after - before, 1.0)
    shift = np.where(rising.any(axis=1), steps[first] - share * _STEP_MM, 0.0)
    edges = mesh.edges_unique
    ones = np.ones(len(edges))
    links = coo_array((ones, (edges[:, 0], edges[:, 1])), shape=(len(shift),) * 2)
    links = (links + links.T + eye_array(len(shift))).tocsr()
    degree = links.sum(axis=1)
    for _ in range(_SMOOTHING_ROUNDS):
        shift = links @ shift / degree
    # Vertices on the cap, where the CT ends, have no cortex to move to.
    low, high = volume.box
    inside = ((mesh.vertices > low) & (mesh.vertices < high)).all(axis=1)
    mesh.vertices = mesh.vertices + np.where(inside, shift, 0.0)[:, None] * normals
