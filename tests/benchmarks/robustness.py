"""What other machines, wrong geometry and things in the way cost, one at a time against a plain rig.

``python -m tests.benchmarks.robustness [--quick]``. Two test people of LLP26 in drawn poses and two external
limbs (evaluation only), X-rayed by the renderer that training used, through DICOM files, each with the same
tissue and noise in every condition; p2s ASSD of each bone in what both views show.

- ``plain``: 1000 mm from source to detector, 700 to the isocentre, 1024 pixels of 0.3 mm, 14 bits, LIN,
  MONOCHROME1, views 90 degrees apart.
- Geometry: the machine stands elsewhere than the files state, turned about a random axis through the
  isocentre and shifted in a random direction. Bones are compared where they are, so that what moves all of
  them alike counts as well.
- A staple, or a plate with its screws, in the tibia, of steel and titanium, as after an osteotomy.
- A collimator hides the border behind lead. Wires are three, of steel, 1 mm thick, on the skin; the cast is
  6 mm of plaster on 3 mm of padding: both join the other materials in a beam of many energies.
- Exposure: a twentieth of the dose with its noise; four times the dose, which saturates the detector outside
  the leg and behind its thin edges.
- Other rigs and detectors: the ends of what is common. Where a detector is smaller, less is compared.
- Other phantoms, as somebody else may render bones: all of one material, in air, in a cylinder or a box of
  water, or shells over a weaker core; a beam of one energy (60 keV), no scatter.

``shape_mm`` is the mean p2s ASSD after all bones of a leg are moved together, rigidly, onto the true ones:
what a wrong geometry does to their shape and to where they lie to each other. ``corrected`` counts legs
whose geometry the product corrected by itself. ``difference_mm`` is the mean over bones of the difference to
the same bone in the plain rig. What the trust would refuse is counted, and measured all the same; ``unread``
is what the product cannot reconstruct at all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import igl
import numpy as np
import numpy.typing as npt
import trimesh
from scipy import ndimage

from recon.alignment import align, moved
from recon.bones import Bone, BoneSet
from recon.drr.beam import CM2_PER_G, ENERGIES_KEV, SPECTRA, line_integrals, per_mm
from recon.drr.physics import Detector
from recon.drr.raster import path_lengths
from recon.drr.scene import Station, standard_stations
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.geometry import Camera
from recon.handedness import Side
from recon.images.write import Positioner
from recon.metrics import sample_surface, surface_distances
from recon.population.crop import Crop
from recon.population.implants import Implant, metal_lengths, metal_of, plate_and_screws, staple
from recon.population.phantom import Tissue, attenuation, render_layers, skin_and_muscle
from recon.population.pose import side_of
from recon.reconstruct import reconstruct_files
from tests.benchmarks import report
from tests.benchmarks.accuracy import people
from tests.benchmarks.exposed import write_views

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

LEGS = ("person 22, pose 0", "person 24, pose 1", "vsd_z013_l", "staple_lhdl_ct_r")
TURN_DEG, SHIFT_MM = 2.0, 3.0
_BEAM = SPECTRA["knee"]
_PENUMBRA_PX = 2.0
_WIRE_RADIUS_MM, _WIRES, _WIRE_POINTS = 0.5, 3, 60
_PADDING_MM, _PLASTER_MM = 3.0, 6.0
# Gypsum attenuates like cortical bone, gram for gram: effective atomic numbers of 13 to 14.
_PLASTER = CM2_PER_G["cortical"] * 1.1 / 10  # a mm, at the density of a dry plaster bandage
_SHELL_MM, _SHELL_DENSITY = 2.0, 0.8  # density relative to cortical bone
_ONE_ENERGY = ENERGIES_KEV.index(60.0)
_PLAIN = "plain"


@dataclass(frozen=True, eq=False)
class Leg:
    """A leg to X-ray again and again."""

    name: str
    bones: BoneSet
    seed: int
    kept: dict[bytes, list[Array]] = field(default_factory=dict)

    def _tissue(self) -> tuple[Tissue, np.random.Generator]:
        rng = np.random.default_rng(self.seed)
        return Tissue.draw(rng), rng

    @property
    def skin(self) -> trimesh.Trimesh:
        """As ``exponents`` renders it."""
        tissue, rng = self._tissue()
        return skin_and_muscle(self.bones, tissue, rng)[0]

    def exponents(self, cameras: Sequence[Camera]) -> list[Array]:
        """(5, rows, columns) line integrals of each view at each energy of the beam."""
        key = b"".join(camera.projection.tobytes() for camera in cameras)
        if key not in self.kept:
            tissue, rng = self._tissue()
            layers = render_layers(self.bones, cameras, tissue, rng).astype(float)
            self.kept.clear()
            self.kept[key] = [np.einsum("lhw,le->ehw", view, attenuation(tissue)) for view in layers]
        return self.kept[key]


Cover = Callable[[Leg, Camera], Array]
"""What is there beside the leg: (5, rows, columns) line integrals in a view."""
Phantom = Callable[[Leg, Camera], Array]
"""What stands in the place of the leg: (rows, columns) line integrals in a view, at one energy."""
Shade = Callable[[int, int], Image]
"""What a collimator lets through, 0 to 1, (rows, columns)."""


def wires(leg: Leg, camera: Camera) -> Array:
    """Three wires along the leg, a third of the way round it."""
    rng = np.random.default_rng((leg.seed, 2))
    skin = leg.skin
    parts = []
    for _ in range(_WIRES):
        angle = rng.uniform(0, 2 * np.pi) + np.linspace(0, rng.uniform(-2, 2), _WIRE_POINTS)
        height = np.linspace(-110, 110, _WIRE_POINTS)
        far = np.stack([150 * np.cos(angle), 150 * np.sin(angle), height], axis=1)
        _, _, line = igl.point_mesh_squared_distance(
            far, np.asarray(skin.vertices, float), np.asarray(skin.faces, np.int64)
        )
        parts += [
            trimesh.creation.cylinder(_WIRE_RADIUS_MM, segment=ends, sections=12) for ends in pairwise(line)
        ]
    every: Any = trimesh.util.concatenate(parts)
    return np.asarray(np.multiply.outer(per_mm("steel"), _path(every, camera)))


def cast(leg: Leg, camera: Camera) -> Array:
    """Plaster round the leg, over padding that hardly attenuates."""
    skin = leg.skin
    inner, outer = (
        trimesh.Trimesh(skin.vertices + thick * skin.vertex_normals, skin.faces, process=False)
        for thick in (_PADDING_MM, _PADDING_MM + _PLASTER_MM)
    )
    return np.asarray(np.multiply.outer(_PLASTER, np.maximum(_path(outer, camera) - _path(inner, camera), 0)))


def hardware(draw: Callable[[BoneSet, Side, np.random.Generator], Implant]) -> Cover:
    """Metal that was left in a tibia, beside the bone: what it displaces is little."""

    def cover(leg: Leg, camera: Camera) -> Array:
        implant = draw(leg.bones, side_of(leg.bones), np.random.default_rng((leg.seed, 4)))
        lengths = metal_lengths(implant, [camera], Crop.nothing())[0]
        return np.asarray(np.multiply.outer(per_mm(metal_of(implant)), lengths))

    return cover


def _path(mesh: trimesh.Trimesh, camera: Camera) -> Array:
    return np.abs(path_lengths(np.asarray(mesh.vertices), np.asarray(mesh.faces), camera))


def phantom(core: float, vessel: trimesh.Trimesh | None = None) -> Phantom:
    """Bones without soft tissue, or in a vessel of water.

    Args:
        core: attenuation of what lies under the outermost ``_SHELL_MM``, relative to that shell.
        vessel: closed mesh; None for air.
    """
    bone, water = _SHELL_DENSITY * per_mm("cortical")[_ONE_ENERGY], per_mm("water")[_ONE_ENERGY]

    def line(leg: Leg, camera: Camera) -> Array:
        whole = np.zeros((camera.rows, camera.columns))
        cores = np.zeros_like(whole)
        for mesh in leg.bones.values():
            inner = trimesh.Trimesh(
                mesh.vertices - _SHELL_MM * mesh.vertex_normals, mesh.faces, process=False
            )
            outer = _path(mesh, camera)
            whole += outer
            cores += np.minimum(_path(inner, camera), outer)
        wet = np.maximum(_path(vessel, camera) - whole, 0) if vessel else 0.0
        return np.asarray(bone * (whole - (1 - core) * cores) + water * wet)

    return line


def rectangle(rows: int, columns: int) -> Image:
    """A collimator that hides 8 to 15 % of the picture on each side."""
    open_ = np.zeros((rows, columns))
    open_[int(0.08 * rows) : int(0.9 * rows), int(0.15 * columns) : int(0.88 * columns)] = 1
    return _softened(open_)


def circle(rows: int, columns: int) -> Image:
    """The round aperture of an image intensifier."""
    y, x = np.ogrid[:rows, :columns]
    return _softened(np.hypot(y - (rows - 1) / 2, x - (columns - 1) / 2) < 0.48 * min(rows, columns))


def _softened(open_: npt.NDArray[Any]) -> Image:
    return np.asarray(ndimage.gaussian_filter(open_.astype(np.float32), _PENUMBRA_PX))


@dataclass(frozen=True)
class Condition:
    """One thing that is not as in the plain rig.

    Attributes:
        name: as the table calls it.
        rig: where the machine stands, AP.
        detector: of both views.
        wrong: by view, degrees and mm by which the machine stands elsewhere than stated.
        cover: what lies on the skin, or is left in the bones.
        shade: collimator.
        dose: of what the detector expects.
        phantom: what stands in the place of the leg.
    """

    name: str
    rig: Positioner = field(default_factory=lambda: Positioner(0.0))
    detector: Detector = field(default_factory=Detector)
    wrong: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))
    cover: Cover | None = None
    shade: Shade | None = None
    dose: float = 1.0
    phantom: Phantom | None = None

    def render(self, leg: Leg, folder: Path) -> None:
        """Write ``ap.dcm`` and ``lateral.dcm``."""
        stations = [
            self._moved(station, leg.seed, number)
            for number, station in enumerate(standard_stations(0.0, 90.0, self.rig))
        ]
        cameras = [station.camera for station in stations]
        exponents = leg.exponents(cameras)
        if self.phantom:
            alike = np.ones((len(_BEAM), 1, 1))  # at every energy of the beam
            exponents = [alike * self.phantom(leg, camera) for camera in cameras]
        if self.cover:
            exponents = [
                view + self.cover(leg, camera) for view, camera in zip(exponents, cameras, strict=True)
            ]
        shades = [self.shade(camera.rows, camera.columns) for camera in cameras] if self.shade else None
        images = [line_integrals(view, _BEAM).astype(np.float32) for view in exponents]
        write_views(folder, stations, images, self.detector, leg.seed, dose=self.dose, shades=shades)

    def _moved(self, station: Station, seed: int, number: int) -> Station:
        turn, shift = self.wrong[number]
        if not turn and not shift:
            return station
        rng = np.random.default_rng((seed, 3, number))
        axis, way = rng.normal(size=(2, 3))
        motion = trimesh.transformations.rotation_matrix(np.deg2rad(turn), axis)
        motion[:3, 3] = shift * way / np.linalg.norm(way)
        camera = station.camera
        elsewhere = Camera(camera.projection @ motion, camera.rows, camera.columns)
        return Station(station.name, elsewhere, station.positioner)


def rig(to_detector: float, to_isocentre: float, side_mm: float, pixel_mm: float) -> Positioner:
    """A machine with a square detector."""
    pixels = round(side_mm / pixel_mm)
    return Positioner(
        0.0,
        source_to_detector=to_detector,
        source_to_isocentre=to_isocentre,
        pixel_spacing=(pixel_mm, pixel_mm),
        rows=pixels,
        columns=pixels,
    )


CONDITIONS = (
    Condition(_PLAIN),
    Condition("lateral view 2 degrees off", wrong=((0.0, 0.0), (TURN_DEG, 0.0))),
    Condition("lateral view 3 mm off", wrong=((0.0, 0.0), (0.0, SHIFT_MM))),
    Condition("both views 2 degrees and 3 mm off", wrong=((TURN_DEG, SHIFT_MM), (TURN_DEG, SHIFT_MM))),
    Condition("collimated to a rectangle", shade=rectangle),
    Condition("round aperture", shade=circle),
    Condition("wires", cover=wires),
    Condition("plaster cast", cover=cast),
    Condition("staple in the tibia", cover=hardware(staple)),
    Condition("plate and screws on the tibia", cover=hardware(plate_and_screws)),
    Condition("under-exposed, dose / 20", detector=Detector(photons=1000.0), dose=0.05),
    Condition("over-exposed, dose x 4", detector=Detector(photons=80_000.0), dose=4.0),
    Condition("8 bits", detector=Detector(bits=8)),
    Condition("8 bits, LOG, MONOCHROME2", detector=Detector(bits=8, relationship="LOG", bone_bright=True)),
    Condition("16 bits, LOG", detector=Detector(bits=16, relationship="LOG")),
    Condition("MONOCHROME2", detector=Detector(bone_bright=True)),
    Condition("source 900 mm, isocentre 550 mm", rig(900.0, 550.0, 307.2, 0.3)),
    Condition("source 1300 mm, isocentre 800 mm", rig(1300.0, 800.0, 307.2, 0.3)),
    Condition("detector 250 mm, pixels 0.15 mm", rig(1000.0, 700.0, 250.0, 0.15)),
    Condition("detector 430 mm, pixels 0.6 mm", rig(1000.0, 700.0, 430.0, 0.6)),
    Condition("bones of one material in air", phantom=phantom(1.0)),
    Condition(
        "bones of one material in a cylinder of water",
        phantom=phantom(1.0, trimesh.creation.cylinder(70.0, 400.0, sections=96)),
    ),
    Condition(
        "bones of one material in a box of water",
        phantom=phantom(1.0, trimesh.creation.box((130.0, 150.0, 400.0))),
    ),
    Condition("bones as shells over a weaker core, in air", phantom=phantom(0.3)),
)


@dataclass(frozen=True)
class Outcome:
    """What became of one leg under one condition.

    Attributes:
        leg: its name.
        errors: p2s ASSD in mm by bone; nothing where it could not be reconstructed.
        missing: number of bones in view that were not reconstructed.
        refused: whether the trust would refuse it; not where it was not reconstructed.
        score: of the trust.
        reason: why it could not be reconstructed.
        shape: mean p2s ASSD in mm after all bones were moved together onto the true ones.
        corrected: whether the product corrected the geometry by itself.
    """

    leg: str
    errors: Mapping[str, float] = field(default_factory=dict)
    missing: int = 0
    refused: bool = False
    score: float | None = None
    reason: str = ""
    shape: float | None = None
    corrected: bool = False


def measure(condition: Condition, leg: Leg) -> Outcome:
    """Render, reconstruct and compare."""
    with tempfile.TemporaryDirectory() as temporary:
        xrays, predicted = Path(temporary, "xrays"), Path(temporary, "predicted")
        condition.render(leg, xrays)
        try:
            made = reconstruct_files(
                xrays / "ap.dcm", xrays / "lateral.dcm", predicted, accept_untrusted=True
            )
        except InputError as error:
            return Outcome(leg.name, reason=error.code)
        bones, seen = BoneSet.read(predicted), FieldOfView.of_folder(predicted)
    errors, missing = compared(bones, leg.bones, seen)
    onto = align(bones, leg.bones, moving_field=seen, fixed_field=seen).transform
    shape, _ = compared(moved(bones, onto), leg.bones, seen)
    trust = made["trust"]
    return Outcome(
        leg.name,
        errors,
        missing,
        not trust["trusted"],
        trust["score"],
        shape=float(np.mean(list(shape.values()))),
        corrected=made["geometry"]["corrected"],
    )


def compared(bones: BoneSet, truth: BoneSet, seen: FieldOfView) -> tuple[dict[str, float], int]:
    """p2s ASSD of each bone as of ``recon.metrics``, without what else that measures; bones not found."""
    errors: dict[str, float] = {}
    missing = 0
    for bone, mesh in truth.items():
        there = sample_surface(mesh, seen, seed=10 * bone)
        if there is None:
            continue
        drawn = sample_surface(bones[bone], seen, seed=10 * bone + 2) if bone in bones else None
        if drawn is None:
            missing += 1
            continue
        both = surface_distances(drawn, mesh).mean() + surface_distances(there, bones[bone]).mean()
        errors[bone.label] = float(both) / 2
    return errors, missing


def legs(*, quick: bool) -> Iterator[Leg]:
    """The legs; those whose data are absent are left out."""
    wanted = LEGS[:1] if quick else LEGS
    for _, name, bones, seed in people(quick=False):
        if name in wanted:
            yield Leg(name, bones(), seed)


def summarised(outcomes: Sequence[Outcome], plain: Sequence[Outcome]) -> dict[str, Any]:
    """Of one condition: mean by bone, worst, difference to the plain rig, and what failed."""
    errors = {bone.label: [o.errors[bone.label] for o in outcomes if bone.label in o.errors] for bone in Bone}
    means = {bone: float(np.mean(values)) for bone, values in errors.items() if values}
    differences = [
        error - before.errors[bone]
        for outcome, before in zip(outcomes, plain, strict=True)
        for bone, error in outcome.errors.items()
        if bone in before.errors
    ]
    every = [value for values in errors.values() for value in values]
    shapes = [outcome.shape for outcome in outcomes if outcome.shape is not None]
    return {
        "p2s_assd_mm": {
            **{bone: round(value, 3) for bone, value in means.items()},
            "mean": round(float(np.mean(list(means.values()))), 3) if means else None,
        },
        "worst_p2s_assd_mm": round(max(every), 3) if every else None,
        "difference_mm": round(float(np.mean(differences)), 3) if differences else None,
        "shape_mm": round(float(np.mean(shapes)), 3) if shapes else None,
        "cases": len(outcomes),
        "corrected": sum(outcome.corrected for outcome in outcomes),
        "refused": sum(outcome.refused for outcome in outcomes),
        "missing": sum(outcome.missing for outcome in outcomes),
        "unread": sum(bool(outcome.reason) for outcome in outcomes),
    }


def main() -> None:
    """Measure and print."""
    quick = report.options(__doc__).quick
    outcomes: dict[str, list[Outcome]] = {}
    for leg in legs(quick=quick):
        for condition in CONDITIONS[::3] if quick else CONDITIONS:
            outcomes.setdefault(condition.name, []).append(measure(condition, leg))
    labels = [bone.label for bone in Bone]
    cases: list[list[Any]] = [
        [
            name,
            outcome.leg,
            *(outcome.errors.get(bone, "-") for bone in labels),
            "-" if outcome.score is None else outcome.score,
            outcome.reason or ("refused" if outcome.refused else ""),
        ]
        for name, found in outcomes.items()
        for outcome in found
    ]
    print(report.table(["p2s ASSD, mm", "leg", *labels, "score", ""], cases), end="\n\n")
    summary = {name: summarised(found, outcomes[_PLAIN]) for name, found in outcomes.items()}
    rows: list[list[Any]] = []
    for name, found in summary.items():
        figures = [found["p2s_assd_mm"].get(bone) for bone in (*labels, "mean")]
        figures += [found["worst_p2s_assd_mm"], found["difference_mm"], found["shape_mm"]]
        counts = [found[count] for count in ("corrected", "refused", "missing", "unread", "cases")]
        rows.append([name, *("-" if value is None else value for value in figures), *counts])
    headings = [
        *labels,
        "mean",
        "worst",
        "minus plain",
        "shape",
        "corrected",
        "refused",
        "bones missing",
        "unread",
        "legs",
    ]
    print(report.table(["mean p2s ASSD, mm", *headings], rows), end="\n\n")
    report.finish({"quick": quick, **summary})


if __name__ == "__main__":
    main()
