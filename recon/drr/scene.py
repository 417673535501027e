"""Make a pair of simulated radiographs: the work behind ``python -m recon drr``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from recon.closed_bones import read_bones
from recon.drr.physics import Detector, render_ct
from recon.errors import InputError
from recon.geometry import Camera
from recon.images.rig import Rig, RigView, write_rig
from recon.images.write import Positioner, SyntheticStudy, write_dicom
from recon.knee import isolate_limb, knee_centre
from recon.output import output_folder
from recon.volumes import read_ct

Progress = Callable[[str, float], None]
_DEFAULT_SIZE = 1024


@dataclass(frozen=True)
class Station:
    """One view to render.

    Attributes:
        name: "ap" or "lateral" (or any file stem of a rig with more views).
        camera: the projection.
        positioner: the same in DICOM terms, or None where only a matrix is known.
    """

    name: str
    camera: Camera
    positioner: Positioner | None = None


@dataclass(frozen=True)
class Scene:
    """What to render, and onto what.

    Attributes:
        stations: the views, AP first.
        detector: shared by all views.
        side: "L", "R" or None where unknown.
        seed: of noise and, for bones, of the tissue round them.
    """

    stations: tuple[Station, ...]
    detector: Detector = field(default_factory=Detector)
    side: Literal["L", "R"] | None = None
    seed: int = 0

    def _write(
        self,
        out: Path,
        views: list[npt.NDArray[np.float32]],
        isocentre: npt.NDArray[np.float64],
        patient: str,
    ) -> None:
        study = SyntheticStudy(patient_id=patient, laterality=self.side, seed=self.seed)
        entries = []
        for number, (station, clean) in enumerate(zip(self.stations, views, strict=True), start=1):
            spacing = station.positioner.pixel_spacing if station.positioner else (0.3, 0.3)
            exposure = self.detector.expose(
                clean, pixel_mm=float(np.mean(spacing)), seed=self.seed * 1000 + number
            )
            image = f"{station.name}.dcm"
            write_dicom(
                out / image,
                self.detector.digitise(exposure),
                study=study,
                instance=number,
                bits=self.detector.bits,
                relationship=self.detector.relationship,
                bone_bright=self.detector.bone_bright,
                positioner=station.positioner,
            )
            camera = station.camera
            view = station.name if station.name in ("ap", "lateral") else None
            entries.append(RigView(image, camera.projection, camera.rows, camera.columns, view))
        x, y, z = (float(value) for value in isocentre)
        write_rig(out / "rig.json", Rig(tuple(entries), (x, y, z)))

    def render_ct(
        self,
        ct: Path,
        out: Path,
        *,
        isocentre: npt.NDArray[np.float64] | None = None,
        progress: Progress | None = None,
    ) -> npt.NDArray[np.float64]:
        """Render a CT with its knee at the isocentre into ``ap.dcm``, ``lateral.dcm`` and ``rig.json``.

        Only the limb at the isocentre is rendered: table and other leg are left out, as on a real pair.

        Args:
            ct: DICOM folder or NIfTI file.
            out: folder, written whole or not at all.
            isocentre: (3,) point of the CT's own frame; the knee joint is found where it is None.
            progress: called with stage and fraction.

        Returns:
            (3,) the isocentre in the CT's own frame: subtract it from anything marked in the CT.
        """
        report = progress or (lambda *_: None)
        report("read", 0.0)
        volume = read_ct(ct)
        centre = knee_centre(volume) if isocentre is None else isocentre
        centred = isolate_limb(volume, centre).centred_on(centre)
        views = []
        for index, station in enumerate(self.stations):
            report(f"render {station.name}", 0.1 + 0.7 * index / len(self.stations))
            views.append(render_ct(centred, station.camera))
            if float(views[-1].max()) < 0.1:
                raise InputError(
                    "nothing_in_view",
                    f"No ray of the view {station.name} meets the CT",
                    "Check the rig's projection matrices; the knee lies at the origin",
                )
        report("write", 0.8)
        with output_folder(out) as folder:
            self._write(folder, views, centre, "SYNTHETIC-CT")
        report("done", 1.0)
        return centre

    def render_bones(self, bones: Path, out: Path, *, progress: Progress | None = None) -> None:
        """Render bone meshes inside simulated soft tissue, in the meshes' own frame; see ``render_ct``.

        Raises:
            InputError: no_bones, unreadable_mesh, empty_mesh, open_mesh (it would cast a wrong shadow),
                bad_values, wrong_units; and what writing raises.
        """
        from recon.population.phantom import render_bones

        report = progress or (lambda *_: None)
        report("read", 0.0)
        meshes = read_bones(bones)
        report("render", 0.1)
        views = render_bones(meshes, [station.camera for station in self.stations], self.seed)
        report("write", 0.8)
        with output_folder(out) as folder:
            self._write(folder, views, np.zeros(3), "SYNTHETIC-BONES")
        report("done", 1.0)


def standard_stations(ap_angle: float, separation: float, base: Positioner) -> tuple[Station, Station]:
    """AP at ``ap_angle`` and lateral ``separation`` degrees on, both with the distances of ``base``."""
    pair = []
    for name, angle in (("ap", ap_angle), ("lateral", ap_angle + separation)):
        positioner = replace(base, primary_angle=(angle + 180.0) % 360.0 - 180.0)
        pair.append(Station(name, positioner.camera, positioner))
    return pair[0], pair[1]


def rig_stations(rig: Rig) -> tuple[Station, ...]:
    """The views of a rig file; images whose size the rig leaves open get 1024 x 1024 pixels."""
    return tuple(
        Station(
            Path(entry.image).stem, entry.camera(entry.rows or _DEFAULT_SIZE, entry.columns or _DEFAULT_SIZE)
        )
        for entry in rig.views
    )
