"""Where the knee lies in a CT: the point that a radiographer would put in the isocentre."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from recon.errors import InputError
from recon.volumes import CtVolume

Array = npt.NDArray[np.float64]
BONE_HU = 200.0
_AIR_HU = -1000.0
_BODY_HU = -300.0
_GAP_MM = 12.0
_SMOOTHING_MM = 5.0


def bone_mask(volume: CtVolume) -> npt.NDArray[np.bool_]:
    """(Z, Y, X) bool: filled bone, without specks and the table."""
    bright = volume.hu > BONE_HU
    labels, count = ndimage.label(bright)
    if count == 0:
        return np.asarray(bright)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept = sizes >= max(2000.0 / float(np.prod(volume.spacing)), 0.02 * sizes.max())
    return np.asarray(kept[labels])


def knee_centre(volume: CtVolume) -> Array:
    """(3,) LPS millimetres of the middle of the tibiofemoral joint, in the volume's own frame.

    Raises:
        InputError: no_bone.
    """
    return np.asarray(np.median(joint_gap(volume), axis=0))


def joint_gap(volume: CtVolume) -> Array:
    """(N, 3) LPS millimetres of voxels between femur and tibia.

    Cartilage and menisci are a gap of a few millimetres with bone above and below it, and no other gap of the
    leg is as broad. Axial slices are filled first, so that marrow does not count as one. In a CT without a
    joint the points lie in the middle of its bone.

    Raises:
        InputError: no_bone.
    """
    bone = bone_mask(volume)
    if not bone.any():
        raise InputError("no_bone", "The CT shows no bone", "Give a CT of the knee in Hounsfield units")
    solid = np.stack([ndimage.binary_fill_holes(section) for section in bone])
    reach = max(1, round(_GAP_MM / 2 / volume.spacing[2]))
    closed = ndimage.maximum_filter1d(solid, 2 * reach + 1, axis=0, mode="nearest")
    closed = ndimage.minimum_filter1d(closed, 2 * reach + 1, axis=0, mode="nearest")
    gap = closed & ~solid
    profile = gap.sum(axis=(1, 2)).astype(np.float64)
    smooth = ndimage.gaussian_filter1d(profile, _SMOOTHING_MM / volume.spacing[2], mode="constant")
    joint = int(np.argmax(smooth))
    near = np.zeros_like(gap)
    window = slice(max(0, joint - reach), joint + reach + 1)
    near[window] = gap[window] if gap[window].any() else solid[window]
    return volume.to_lps(np.argwhere(near)[:, ::-1].astype(np.float64))


def isolate_limb(volume: CtVolume, point: Array) -> CtVolume:
    """The volume with air in place of the table, clothes and the other leg, where these do not touch.

    Args:
        volume: a CT.
        point: (3,) LPS millimetres inside the limb, for example the knee's centre.
    """
    body = volume.hu > _BODY_HU
    # Thin things part from the limb when 4 mm are peeled off; the growth afterwards gives the skin back.
    steps = max(1, round(2.0 / float(volume.spacing[:2].max())))
    disc = ndimage.generate_binary_structure(3, 1)
    disc[[0, 2]] = False
    labels, count = ndimage.label(ndimage.binary_erosion(body, disc, iterations=steps))
    if count < 2:
        return volume
    inverse = np.linalg.inv(volume.affine)
    index = np.rint(inverse[:3, :3] @ point + inverse[:3, 3]).astype(int)[::-1]
    index = np.clip(index, 0, np.array(volume.hu.shape) - 1)
    reach = np.maximum(np.rint(20.0 / volume.spacing[::-1]).astype(int), 1)
    block = labels[tuple(slice(max(0, i - r), i + r + 1) for i, r in zip(index, reach, strict=True))]
    votes = np.bincount(block.ravel(), minlength=count + 1)
    votes[0] = 0
    if votes.max() == 0:
        return volume
    limb = ndimage.binary_dilation(labels == int(np.argmax(votes)), disc, iterations=steps + 2)
    return CtVolume(np.where(limb, volume.hu, np.float32(_AIR_HU)), volume.affine, volume.laterality)
