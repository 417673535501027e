"""Where a limb ends in air, bones end; a limb that leaves the picture ends nowhere."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from recon.drr.raster import path_lengths
from recon.geometry import Camera
from recon.images import XrayView
from recon.limb_end import limb_ends
from recon.reconstruct import field_of_view


def views(low: float, high: float, *, bright_skin: bool = False) -> list[XrayView]:
    """Two views of a limb from ``low`` to ``high`` in z."""
    limb = trimesh.creation.cylinder(radius=55, segment=[[0, 0, low], [0, 0, high]], sections=48)
    made = []
    for angle in (0.0, 90.0):
        camera = Camera.from_angles(
            source_to_detector=1000.0,
            source_to_isocentre=700.0,
            primary_angle=angle,
            pixel_spacing=(1.0, 1.0),
            rows=320,
            columns=320,
        )
        image = 0.02 * path_lengths(np.array(limb.vertices), np.array(limb.faces), camera)
        image += np.random.default_rng(0).normal(0, 0.01, image.shape)
        if bright_skin:  # over-exposed: all soft tissue is burnt out, the bone is not
            bone = trimesh.creation.cylinder(radius=14, segment=[[0, 0, low], [0, 0, high]], sections=32)
            image = 0.05 * path_lengths(np.array(bone.vertices), np.array(bone.faces), camera)
        made.append(
            XrayView(np.maximum(image, 0).astype(np.float32), np.ones(image.shape, bool), camera, "rig")
        )
    return made


@pytest.mark.parametrize(("low", "high", "outside"), [(-300, 40, 1), (-35, 300, -1)])
def test_bones_end_where_the_limb_does(low: float, high: float, outside: int) -> None:
    seen = field_of_view(views(low, high))
    end = high if outside > 0 else low
    z = end + outside * np.array([-30.0, -10.0, 10.0, 30.0])
    points = np.column_stack([np.zeros((4, 2)), z])
    depth = seen.depth(points)
    # The near and the far edge of the cut surface are 4 mm apart in the picture.
    assert depth == pytest.approx([30, 10, -10, -30], abs=6)


@pytest.mark.parametrize("bright_skin", [False, True])
def test_a_limb_that_leaves_the_picture_has_no_end(bright_skin: bool) -> None:
    assert limb_ends(views(-300, 300, bright_skin=bright_skin)) == ()


def test_an_empty_picture_has_no_limb_to_end() -> None:
    empty = [XrayView(np.zeros_like(v.line_integrals), v.exposed, v.camera, "rig") for v in views(-300, 300)]
    assert limb_ends(empty) == ()
