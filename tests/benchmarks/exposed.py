"""Line integrals that a benchmark made itself, as the two DICOM files of an examination."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recon.drr.physics import Detector
from recon.drr.scene import Station
from recon.images.write import SyntheticStudy, write_dicom

Image = npt.NDArray[np.float32]
_SHADOW = 0.003  # of the open beam, behind lead: less than 0.1 % comes through, the rest is scatter


def write_views(
    folder: Path,
    stations: Sequence[Station],
    line_integrals: Sequence[Image],
    detector: Detector,
    seed: int,
    *,
    dose: float = 1.0,
    shades: Sequence[Image] | None = None,
) -> None:
    """Expose, digitise and write ``ap.dcm`` and ``lateral.dcm``, as ``recon.drr.scene`` does.

    Args:
        folder: made where it is not there.
        stations: with the positions that the files state.
        line_integrals: (rows, columns) of each view, without noise.
        detector: of all views.
        seed: of the noise.
        dose: of what the detector expects.
        shades: what a collimator lets through in each view, 0 to 1, (rows, columns).
    """
    folder.mkdir(parents=True, exist_ok=True)
    study = SyntheticStudy(patient_id="SYNTHETIC-BONES", laterality=None, seed=seed)
    for index, (station, clean) in enumerate(zip(stations, line_integrals, strict=True)):
        if station.positioner is None:
            raise ValueError(f"the view {station.name} has no positioner")
        spacing = float(np.mean(station.positioner.pixel_spacing))
        exposure = detector.expose(clean, pixel_mm=spacing, seed=seed * 1000 + index)
        if shades is not None:
            exposure = exposure * shades[index] + _SHADOW * (1 - shades[index])
        write_dicom(
            folder / f"{station.name}.dcm",
            detector.digitise(np.asarray(dose * exposure, np.float32)),
            study=study,
            instance=index + 1,
            bits=detector.bits,
            relationship=detector.relationship,
            bone_bright=detector.bone_bright,
            positioner=station.positioner,
        )
