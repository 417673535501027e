"""Whether two X-rays are a pair that a knee can be reconstructed from."""

from __future__ import annotations

import numpy as np

from recon.errors import InputError
from recon.geometry import BiplanarRig
from recon.images.view import View, XrayView

MINIMUM_SEPARATION_DEG = 25.0
# An image is refused on its own only when it is plainly the other view; between, the pair decides.
_PLAINLY_LATERAL_DEG, _PLAINLY_FRONTAL_DEG = 75.0, 15.0
_FRONTAL_POSITIONS = frozenset({"AP", "PA"})
_LATERAL_POSITIONS = frozenset({"LL", "RL", "LAT", "LATERAL", "ML", "LM", "LLAT", "RLAT"})
_SWAP_REMEDY = "Give the frontal image as AP and the side image as lateral"


def check_view(image: XrayView, view: View) -> None:
    """Check that an image can be what it was handed in as.

    The beam's angle decides; ViewPosition has a word only where the angle is between the two.

    Raises:
        InputError: views_swapped.
    """
    angle, position = image.obliquity, image.view_position.upper()
    between = _PLAINLY_FRONTAL_DEG <= angle <= _PLAINLY_LATERAL_DEG
    if view == "ap" and (angle > _PLAINLY_LATERAL_DEG or (between and position in _LATERAL_POSITIONS)):
        raise InputError(
            "views_swapped",
            f"The image given as AP is a lateral view: its beam runs {angle:.0f} degrees off frontal",
            _SWAP_REMEDY,
        )
    if view == "lateral" and (angle < _PLAINLY_FRONTAL_DEG or (between and position in _FRONTAL_POSITIONS)):
        raise InputError(
            "views_swapped",
            f"The image given as lateral is a frontal view: its beam runs {angle:.0f} degrees off frontal",
            _SWAP_REMEDY,
        )


def check_pair(ap: XrayView, lateral: XrayView) -> None:
    """Check that two images show one knee from two directions.

    Raises:
        InputError: views_swapped, views_too_close, laterality_conflict, different_patients, no_common_view.
    """
    rig = BiplanarRig((ap.camera, lateral.camera))
    if rig.separation < MINIMUM_SEPARATION_DEG:
        raise InputError(
            "views_too_close",
            f"The two views are {rig.separation:.0f} degrees apart, less than {MINIMUM_SEPARATION_DEG:.0f}",
            "Take the second image from a direction at least 25, better 90 degrees from the first",
        )
    if ap.obliquity > lateral.obliquity + 5.0:
        raise InputError(
            "views_swapped",
            f"AP and lateral are exchanged: their beams run {ap.obliquity:.0f} and {lateral.obliquity:.0f} "
            "degrees off frontal",
            _SWAP_REMEDY,
        )
    if ap.laterality and lateral.laterality and ap.laterality != lateral.laterality:
        raise InputError(
            "laterality_conflict",
            f"The AP image is marked {ap.laterality} and the lateral image {lateral.laterality}",
            "Give two images of the same knee",
        )
    if ap.subject and lateral.subject and ap.subject != lateral.subject:
        raise InputError(
            "different_patients",
            "The two images carry different patient identifiers",
            "Give two images of the same person",
        )
    if not rig.sees(np.zeros((1, 3))).all():
        raise InputError(
            "no_common_view",
            "The isocentre is not on both images, so they share no field of view",
            "Check the angles, the distances and rig.json; both images must show the same knee",
        )
