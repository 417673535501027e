"""One training example: a virtual knee, two clean views of it and labelled points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import igl
import numpy as np
import numpy.typing as npt
import trimesh

from recon.bones import Bone, BoneSet
from recon.drr.beam import per_mm
from recon.geometry import Camera, ReconstructionCube
from recon.networks.picture import PIXELS, WIDTH
from recon.population.crop import Crop
from recon.population.deformity import deformed
from recon.population.implants import Implant, draw_implant, metal_lengths, metal_of, remaining_bones
from recon.population.people import bones_from_nodes, people_nodes
from recon.population.phantom import Tissue, attenuation, render_leg
from recon.population.pose import KneePose, pose_leg
from recon.population.scans import Scan, draw_placement, scan_attenuation
from recon.population.shape_model import ShapeModel, smooth_detail

CUBE = ReconstructionCube()
CROPPED = 0.2  # share of the knees that end inside the picture


@dataclass(frozen=True, eq=False)
class Sample:
    """A virtual knee as the network's training sees it.

    Attributes:
        layers: (views, layers, PIXELS, PIXELS) path lengths in mm; those of ``phantom.LAYERS``, and metal if
            there is any.
        attenuation: (layers, 5) attenuation per mm at the energies of the beam.
        projections: (views, 3, 4) of the upright pictures.
        points: (N, 3) in mm; the first half near surfaces, the rest anywhere in the cube.
        labels: (N,) bone of each point, 0 outside, ``UNKNOWN`` where nobody can tell.
        shadows: (views, 4, PIXELS / 2, PIXELS / 2) path lengths through each bone in mm; -1 if unknown.
    """

    layers: npt.NDArray[np.float16]
    attenuation: npt.NDArray[np.float32]
    projections: npt.NDArray[np.float32]
    points: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    shadows: npt.NDArray[np.float16]


@dataclass(frozen=True)
class OffModel:
    """How far drawn bones leave the shape model, which knows few people.

    Attributes:
        part_spread: standard deviations by which each part differs from the person it belongs to. A model of
            few people ties parts more closely than nature does.
        detail: factor of the amplitude of smooth detail.
        plateaus: whether tibial plateaus get slopes, hollows and rims of their own, see
            ``recon.population.plateau``.
    """

    part_spread: float = 0.0
    detail: float = 1.0
    plateaus: bool = False


@dataclass(frozen=True)
class Rare:
    """Shares of knees of which there are few.

    Attributes:
        plain: phantoms that are plainer than a leg, see ``Tissue.draw_plain``.
        implants: legs with metal, see ``draw_implant``.
    """

    plain: float = 0.0
    implants: float = 0.0


def person_bones(person: int, rng: np.random.Generator) -> BoneSet:
    """The bones of one LLP26 person as they are, in a random pose, of either side."""
    return posed_bones({part: nodes[person] for part, nodes in people_nodes().items()}, rng)


def posed_bones(nodes: dict[str, npt.NDArray[np.float64]], rng: np.random.Generator) -> BoneSet:
    """The bones of a person's nodes as they are, in a random pose, of either side."""
    return _placed(bones_from_nodes(nodes), rng)


def draw_bones(model: ShapeModel, rng: np.random.Generator, off: OffModel = OffModel()) -> BoneSet:
    """Bones of a new person of either side, posed in the frame of the rig.

    Args:
        model: of the population.
        rng: source of everything random.
        off: how the bones differ from what the model foretells.
    """
    nodes = model.nodes(model.draw(rng))
    if off.part_spread:
        nodes = model.loosened(nodes, off.part_spread, rng)
    bones = deformed(bones_from_nodes(nodes), rng, plateaus=off.plateaus)
    scale = rng.uniform(0.92, 1.09)
    changed = {}
    for bone, mesh in bones.items():
        vertices = np.array(mesh.vertices)
        centre = vertices.mean(axis=0)
        own = scale * rng.normal(1, 0.03, 3) if bone is Bone.PATELLA else scale
        vertices = centre * scale + (vertices - centre) * own
        vertices = vertices + smooth_detail(
            vertices, rng, amplitude=off.detail * rng.uniform(0.1, 1.2), length=rng.uniform(20, 45)
        )
        vertices = vertices + smooth_detail(
            vertices, rng, amplitude=off.detail * rng.uniform(0.0, 0.5), length=rng.uniform(5, 14)
        )
        changed[bone] = trimesh.Trimesh(vertices, mesh.faces, process=False)
    return _placed(BoneSet(changed), rng)


def _placed(bones: BoneSet, rng: np.random.Generator) -> BoneSet:
    """A left leg in LLP26 coordinates, posed in the rig and mirrored half of the time."""
    posed = pose_leg(bones, KneePose.draw(rng))
    if rng.random() < 0.5:
        mirror = np.diag([-1.0, 1.0, 1.0, 1.0])
        for mesh in posed.values():
            mesh.apply_transform(mirror)  # trimesh keeps the normals outward under a reflection
    return posed


def knee_centre_of(bones: BoneSet) -> npt.NDArray[np.float64]:
    """(3,) middle of the tibial plateau."""
    tibia = bones[Bone.TIBIA].vertices
    return np.asarray(tibia[tibia[:, 2] > tibia[:, 2].max() - 15].mean(axis=0))


def draw_cameras(rng: np.random.Generator) -> list[Camera]:
    """Two upright views from a random C-arm: AP or PA, and 30 to 95 degrees further on either side."""
    to_detector = rng.uniform(900, 1300)
    to_isocentre = rng.uniform(550, min(800, to_detector - 150))
    frontal = rng.normal(0, 6) + (180 if rng.random() < 0.3 else 0)
    apart = rng.normal(90, 3) if rng.random() < 0.5 else rng.uniform(28, 95)
    cameras = []
    for angle in (frontal, frontal + rng.choice([-1, 1]) * apart):
        full = Camera.from_angles(
            source_to_detector=to_detector,
            source_to_isocentre=to_isocentre,
            primary_angle=angle,
            secondary_angle=rng.normal(0, 3),
            pixel_spacing=(0.3, 0.3),
            rows=1024,
            columns=1024,
        )
        cameras.append(full.transformed(full.upright_map(WIDTH, PIXELS), PIXELS, PIXELS))
    return cameras


def label_points(bones: BoneSet, points: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """(N,) bone that contains each of (N, 3) points, 0 outside, by generalised winding numbers.

    Source: Barill et al. 2018, 10.1145/3197517.3201337.
    """
    labels = np.zeros(len(points), np.uint8)
    for bone, mesh in bones.items():
        low, high = mesh.bounds
        inside_box = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
        if len(inside_box):
            winding = igl.fast_winding_number(
                np.array(mesh.vertices), np.array(mesh.faces, np.int64), points[inside_box]
            )
            labels[inside_box[winding > 0.5]] = bone
    return labels


def draw_points(bones: BoneSet, count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """(count, 3) points in the cube: two thirds near the surfaces of the four bones, the rest anywhere."""
    uniform = CUBE.to_mm(rng.uniform(-1, 1, (count // 3, 3)))
    near: list[npt.NDArray[np.float64]] = []
    wanted = count - len(uniform)
    shares = {Bone.PATELLA: 0.18, Bone.FEMUR: 0.32, Bone.FIBULA: 0.18, Bone.TIBIA: 0.32}
    for bone, mesh in bones.items():
        # Most of a long bone lies outside the cube: sample its surface inside only.
        inside = CUBE.contains(mesh.triangles_center)
        triangles = mesh.triangles[inside]
        areas = mesh.area_faces[inside]
        n = round(wanted * shares[bone])
        chosen = triangles[rng.choice(len(triangles), n, p=areas / areas.sum())]
        weights = rng.dirichlet([1, 1, 1], n)
        surface = (chosen * weights[:, :, None]).sum(axis=1)
        spread = rng.choice([0.7, 2.0, 6.0], n, p=[0.5, 0.35, 0.15])
        near.append(surface + rng.normal(0, 1, (n, 3)) * spread[:, None])
    points = np.concatenate([*near, uniform])
    return points[CUBE.contains(points)]


def draw_sample(
    model: ShapeModel, seed: int, *, points: int = 20000, off: OffModel = OffModel(), rare: Rare = Rare()
) -> Sample:
    """The example of a seed; the same seed gives the same example. See ``draw_bones``.

    Args:
        model: of the population.
        seed: of everything random.
        points: about how many are labelled.
        off: how the bones differ from what the model foretells.
        rare: how often the knee is one of which there are few.
    """
    rng = np.random.default_rng(seed)
    bones = draw_bones(model, rng, off)
    tissue = Tissue.draw_plain(rng) if rare.plain and rng.random() < rare.plain else Tissue.draw(rng)
    implant = draw_implant(bones, rng) if rare.implants and rng.random() < rare.implants else None
    cameras = draw_cameras(rng)
    crop = Crop.draw(knee_centre_of(bones), rng) if rng.random() < CROPPED else None
    return make_sample(bones, cameras, tissue, rng, points=points, crop=crop, implant=implant)


def draw_scan_sample(scans: Sequence[Scan], seed: int, *, points: int = 20000) -> Sample:
    """The example of a seed that shows one of some CTs."""
    rng = np.random.default_rng(seed)
    scan = scans[int(rng.integers(len(scans)))]
    placement, cameras = draw_placement(rng), draw_cameras(rng)
    at, labels = scan.draw_points(points, placement, rng)
    return Sample(
        layers=scan.render_layers(cameras, placement).astype(np.float16),
        attenuation=scan_attenuation().astype(np.float32),
        projections=np.stack([camera.projection for camera in cameras]).astype(np.float32),
        points=at.astype(np.float32),
        labels=labels,
        shadows=np.full((len(cameras), len(Bone), PIXELS // 2, PIXELS // 2), -1, np.float16),
    )


def make_sample(
    bones: BoneSet,
    cameras: Sequence[Camera],
    tissue: Tissue,
    rng: np.random.Generator,
    *,
    points: int,
    crop: Crop | None = None,
    implant: Implant | None = None,
) -> Sample:
    """The example of given bones seen by given upright cameras.

    Args:
        bones: in the frame of the rig; closed where an implant cuts them.
        cameras: upright, of ``PIXELS`` squared.
        tissue: what the leg is made of.
        rng: source of everything random.
        points: about how many are labelled.
        crop: ends the leg in air.
        implant: placed on these bones; what its cuts leave of them is the truth.
    """
    if implant is not None:
        bones = remaining_bones(bones, [implant])
    at = draw_points(bones, points, rng)
    labels = label_points(bones, at)
    crop = crop or Crop.nothing()
    labels[~crop.contains(at)] = 0
    lengths = render_leg(bones, cameras, tissue, rng, crop)
    layers, materials = lengths.layers, attenuation(tissue)
    if implant is not None:
        layers = np.append(layers, metal_lengths(implant, cameras, crop)[:, None], axis=1)
        materials = np.append(materials, [per_mm(metal_of(implant))], axis=0)
    return Sample(
        layers=layers.astype(np.float16),
        attenuation=materials.astype(np.float32),
        projections=np.stack([camera.projection for camera in cameras]).astype(np.float32),
        points=at.astype(np.float32),
        labels=labels,
        shadows=_halved(lengths.bones).astype(np.float16),
    )


def _halved(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Means of 2 x 2 pixels of (..., rows, columns)."""
    rows, columns = images.shape[-2:]
    blocks = images.reshape(*images.shape[:-2], rows // 2, 2, columns // 2, 2)
    return np.asarray(blocks.mean(axis=(-3, -1)), np.float32)
