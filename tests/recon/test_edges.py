"""Outlines are found in the images to a fraction of a pixel, and draw the shape model to them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import trimesh
from scipy import ndimage
from scipy.spatial import cKDTree

from recon.bones import Bone
from recon.drr.raster import path_lengths
from recon.field_of_view import FieldOfView
from recon.geometry import Camera
from recon.images import XrayView
from recon.metrics import surface_distances
from recon.population.people import bones_from_nodes, people_nodes
from recon.population.pose import KneePose, pose_leg
from recon.refine.edges import EdgeImage, mesh_edges, outline, rim
from recon.refine.matching import Surface
from recon.refine.register import lay_on, place_knee
from recon.refine.shapes import left_knee, vertex_normals
from recon.training.dataset import VALIDATION_PEOPLE

SEEN = FieldOfView(np.full(3, -100.0), np.full(3, 100.0))
POSE = KneePose((0.2, 0.3, 0.5), 14, 2, -3, 4, 4, 3, (0.05, -0.04, 0.12), (5, -6, 8))


def camera(angle: float) -> Camera:
    return Camera.from_angles(
        source_to_detector=1000.0,
        source_to_isocentre=700.0,
        primary_angle=angle,
        pixel_spacing=(0.4, 0.4),
        rows=720,
        columns=720,
    )


def view(meshes: list[trimesh.Trimesh], angle: float, *, noise: float = 0.01) -> XrayView:
    """An X-ray of meshes in a uniform leg, blurred and noisy."""
    at = camera(angle)
    lengths = sum(path_lengths(np.array(m.vertices), np.array(m.faces), at) for m in meshes)
    rng = np.random.default_rng(round(angle))
    image = ndimage.gaussian_filter(0.04 * lengths + 1.5, 0.6) + rng.normal(0, noise, (at.rows, at.columns))
    return XrayView(image.astype(np.float32), np.ones(image.shape, bool), at, "rig")


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


@cache
def knee() -> dict[Bone, trimesh.Trimesh]:
    nodes = {part: every[VALIDATION_PEOPLE[1]] for part, every in people_nodes().items()}
    return dict(pose_leg(bones_from_nodes(nodes), POSE))


def drawn(mesh: trimesh.Trimesh) -> Surface:
    """A network's surface that is too small on one side and too large on the other, smoothly."""
    dense = mesh.subdivide()
    points = np.array(dense.vertices)
    normals = vertex_normals(points, np.array(dense.faces))
    points = points + (1.2 * np.sin(points @ np.array([0.03, 0.05, 0.02])))[:, None] * normals
    inside = SEEN.depth(points) > 1
    points, normals = points[inside], normals[inside]
    return Surface(points, normals, np.full(len(points), 0.6), cKDTree(points))


def test_outlines_bring_the_shape_nearer_to_the_bone_and_blank_images_change_nothing() -> None:
    bone = Bone.TIBIA
    surfaces = {b: drawn(mesh) for b, mesh in knee().items()}
    start = place_knee(left_knee(), surfaces, SEEN.depth)
    images = [EdgeImage.of_view(view(list(knee().values()), angle)) for angle in (0, 90)]
    blank = [EdgeImage(np.zeros_like(image.slopes), image.camera, image.inside_mm) for image in images]
    plain, mended, same = (
        lay_on(left_knee()[bone], surfaces[bone], start, SEEN.depth, images=given)
        for given in ((), images, blank)
    )
    inside = (SEEN.depth(plain.vertices) > 5) & ~plain.ended
    errors = [surface_distances(fit.vertices[inside], knee()[bone]).mean() for fit in (plain, mended)]
    assert errors[1] < 0.75 * errors[0]
    assert plain.misfit is None and mended.misfit is not None and mended.misfit < 0.2
    assert np.array_equal(same.vertices, plain.vertices)
