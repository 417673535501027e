"""From a CT with its knee at the origin, and its bones where they are known, to a case."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recon.bones import BoneSet
from recon.closed_bones import check_bones
from recon.dataset.content import CaseContent
from recon.dataset.cube import known_box, sample_cube
from recon.dataset.manifest import Settings
from recon.dataset.points import draw_labelled_points
from recon.dataset.xrays import CArm, bone_shadows, take_views
from recon.population.implants import Implant
from recon.volumes import CtVolume

POINTS = 10_000


def assemble(
    volume: CtVolume,
    bones: BoneSet | None,
    settings: Settings,
    rng: np.random.Generator,
    *,
    points: int = POINTS,
    implants: Sequence[Implant] = (),
) -> CaseContent:
    """X-ray a knee and sample everything that a case holds.

    Args:
        volume: CT with the knee at the origin.
        bones: true bones in the same frame, or None where they are not known.
        settings: what all cases of the data set share.
        rng: source of everything random.
        points: number of near and of uniform points.
        implants: metal in the CT, whose shadows are drawn from its meshes.

    Raises:
        InputError: open_mesh, bad_values, no_overlap, no_bone_in_view, nothing_in_view.
    """
    if bones is not None:
        check_bones(bones, "the case")
    box = known_box(volume, settings)
    views = take_views(volume, CArm.draw(settings.views, rng), settings, implants)
    hu = sample_cube(volume, settings)
    if bones is None:
        return CaseContent(views.pictures, views.valid, views.projections, hu, box)
    labelled = draw_labelled_points(bones, box, points, rng)
    return CaseContent(
        views.pictures,
        views.valid,
        views.projections,
        hu,
        box,
        bone_shadows(bones, views.cameras()) & views.valid,
        labelled.near,
        labelled.near_labels,
        labelled.uniform,
        labelled.uniform_labels,
        bones,
    )
