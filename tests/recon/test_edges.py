"""Outlines are found in the images to a fraction of a pixel, and draw the shape model to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.images import XrayView
from recon.metrics import surface_distances
from recon.refine.edges import EdgeImage, mesh_edges, outline, rim
from recon.refine.register import lay_loose, lay_on, place_knee
from recon.refine.shapes import left_knee, vertex_normals
from tests.recon.knee_views import SEEN, camera, drawn, knee, view


def parts(mesh: trimesh.Trimesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    vertices, faces = np.array(mesh.vertices), np.array(mesh.faces, np.int64)
    return vertices, vertex_normals(vertices, faces), mesh_edges(faces)


@pytest.mark.parametrize("off", [-0.8, 0.0, 0.7])
def test_the_outline_of_a_sphere_is_found_wherever_the_search_begins(off: float) -> None:
    image = EdgeImage.of_view(view([trimesh.creation.icosphere(subdivisions=5, radius=30)], 20))
    vertices, normals, edges = parts(trimesh.creation.icosphere(subdivisions=4, radius=30 + off))
    found = outline(image, rim(vertices, normals, edges, image.camera), 1.5)
    assert found.belief.min() > 0.5
    # The search begins where it believes the outline to be, which pulls a little.
    assert found.across.mean() == pytest.approx(-off, abs=0.06 + 0.15 * abs(off))
    assert found.across.std() < 0.15


def test_the_rim_runs_once_round_a_sphere_across_the_rays() -> None:
    at = camera(0)
    vertices, normals, edges = parts(trimesh.creation.icosphere(subdivisions=4, radius=30))
    line = rim(vertices, normals, edges, at)
    rays = line.points - at.source
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    assert np.abs((rays * line.normals).sum(axis=1)).max() < 1e-6
    assert line.lengths.sum() == pytest.approx(2 * np.pi * 30, rel=0.25)
    assert line.of(vertices[None])[0] == pytest.approx(line.points)


def test_the_inner_wall_of_a_hollow_is_no_outline() -> None:
    inside_out = trimesh.creation.icosphere(subdivisions=3, radius=30)
    inside_out.invert()
    assert len(rim(*parts(inside_out), camera(0)).points) == 0


def test_a_place_that_was_not_exposed_has_no_edges() -> None:
    shown = view([trimesh.creation.icosphere(subdivisions=4, radius=30)], 0)
    exposed = np.ones_like(shown.exposed)
    exposed[:, :360] = False
    half = EdgeImage.of_view(XrayView(shown.line_integrals * exposed, exposed, shown.camera, "rig"))
    assert not half.slopes[:, :, :361].any()
    assert half.slopes[:, :, 400:].any()


def test_outlines_bring_the_shape_nearer_to_the_bone_and_blank_images_change_nothing() -> None:
    bone = Bone.TIBIA
    surfaces = {b: drawn(mesh) for b, mesh in knee().items()}
    start = place_knee(left_knee(), surfaces, SEEN.depth)
    images = [EdgeImage.of_view(view(list(knee().values()), angle)) for angle in (0, 90)]
    blank = [replace(image, slopes=np.zeros_like(image.slopes)) for image in images]
    plain, mended, same = (
        lay_on(left_knee()[bone], surfaces[bone], start, SEEN.depth, images=given)
        for given in ((), images, blank)
    )
    inside = (SEEN.depth(plain.vertices) > 5) & ~plain.ended
    errors = [surface_distances(fit.vertices[inside], knee()[bone]).mean() for fit in (plain, mended)]
    assert errors[1] < 0.75 * errors[0]
    assert plain.misfit is None and mended.misfit is not None and mended.misfit < 0.2
    assert np.array_equal(same.vertices, plain.vertices)


@pytest.mark.parametrize(("higher", "turned"), [(22.0, 0.0), (-25.0, 0.0), (0.0, -90.0)])
def test_a_patella_is_found_however_it_stands_beside_the_rest_of_the_knee(
    higher: float, turned: float
) -> None:
    bone = Bone.PATELLA
    patella = knee()[bone]
    surface = drawn(patella)
    rotation, shift = place_knee(left_knee(), {b: drawn(mesh) for b, mesh in knee().items()}, SEEN.depth)
    turn = Rotation.from_euler("x", turned, degrees=True).as_matrix()
    start = turn @ rotation, shift - [0.0, 0.0, higher]
    images = [EdgeImage.of_view(view([patella], angle)) for angle in (30, 60)]
    fit = lay_loose(left_knee()[bone], surface, start, SEEN.depth, images)
    assert surface_distances(fit.vertices, patella).mean() < 0.6
