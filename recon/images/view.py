"""One X-ray image with everything the engine needs to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from recon.geometry import Camera

View = Literal["ap", "lateral"]
Image = npt.NDArray[np.float32]
_DISPLAY_TOP = 65535


@dataclass(frozen=True, eq=False)
class XrayView:
    """An X-ray and its camera. Nothing in it names a person.

    Attributes:
        line_integrals: (rows, columns) float32, -log(I / I0): 0 in air, larger behind bone, never negative.
            Exact up to noise for LIN images; for LOG and processed images the scale is an estimate. 0 where
            the collimator hid the detector.
        exposed: (rows, columns) bool, False where collimator or aperture hid the detector.
        camera: the projection of patient LPS millimetres.
        provenance: where the millimetres come from: "geometry" (DICOM attributes) or "rig" (rig.json).
        laterality: side of the patient, or None where the file does not say.
        body_part: BodyPartExamined as stored, "" where absent.
        view_position: ViewPosition as stored, "" where absent.
        subject: a key to tell two patients apart within this process only; "" where unknown.
        warnings: sentences for the person who reads the result.
    """

    line_integrals: Image
    exposed: npt.NDArray[np.bool_]
    camera: Camera
    provenance: str
    laterality: Literal["L", "R"] | None = None
    body_part: str = ""
    view_position: str = ""
    subject: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def pixels(self) -> Image:
        """(rows, columns) float32 from 0 to 1, bright where bone is: the image as a radiologist knows it."""
        top = float(self.line_integrals.max())
        return np.asarray(self.line_integrals / np.float32(top if top > 0 else 1.0))

    @property
    def window(self) -> tuple[float, float]:
        """Window (center, width) that shows the limb, in the units of ``display_pixels``."""
        limb = self.pixels[self.exposed & (self.line_integrals > 0.05 * self.line_integrals.max())]
        if limb.size == 0:
            return (_DISPLAY_TOP + 1) / 2, float(_DISPLAY_TOP + 1)
        low, high = np.percentile(limb, [10, 99.8]) * _DISPLAY_TOP
        return float(low + high) / 2, float(max(high - low, 1.0))

    @property
    def obliquity(self) -> float:
        """Degrees in the axial plane between the beam and the sagittal plane: 0 for AP or PA, 90 lateral."""
        x, y, _ = self.camera.direction
        return float(np.rad2deg(np.arctan2(abs(x), abs(y))))

    def display_pixels(self) -> npt.NDArray[np.uint16]:
        """(rows, columns) uint16 over the whole 16-bit range, bright where bone is."""
        return np.asarray(np.rint(self.pixels * _DISPLAY_TOP), dtype=np.uint16)
