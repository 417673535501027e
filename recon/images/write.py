"""Synthetic X-rays out as DICOM, by the conventions that ``recon.images.dicom`` reads."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, DigitalXRayImageStorageForProcessing, ExplicitVRLittleEndian, generate_uid

from recon.errors import InputError
from recon.geometry import Camera

_IMPLEMENTATION_UID = UID("1.2.826.0.1.3680043.8.498.1.20260.1")


@dataclass(frozen=True)
class Positioner:
    """A C-arm's position in DICOM's own terms; see ``Camera.from_angles``.

    Attributes:
        primary_angle: degrees, 0 detector in front of the patient, +90 at the patient's left.
        secondary_angle: degrees, positive cranial.
        source_to_detector: mm.
        source_to_isocentre: mm.
        pixel_spacing: (row, column) spacing at the detector, mm.
        rows: image height.
        columns: image width.
    """

    primary_angle: float
    secondary_angle: float = 0.0
    source_to_detector: float = 1000.0
    source_to_isocentre: float = 700.0
    pixel_spacing: tuple[float, float] = (0.3, 0.3)
    rows: int = 1024
    columns: int = 1024

    def __post_init__(self) -> None:
        if not 0 < self.source_to_isocentre < self.source_to_detector or min(self.pixel_spacing) <= 0:
            raise InputError(
                "bad_geometry",
                f"The isocentre at {self.source_to_isocentre:g} mm must lie between source and detector "
                f"at {self.source_to_detector:g} mm, and pixels must have a size",
                "Correct the distances",
            )

    @property
    def camera(self) -> Camera:
        """The camera of this position."""
        return Camera.from_angles(**asdict(self))

    @property
    def orientation(self) -> list[str]:
        """PatientOrientation: where image columns and rows lead, as DICOM letters."""
        t = np.deg2rad(self.primary_angle)
        x, y = np.cos(t), np.sin(t)
        letters = ("L" if x > 0 else "R") if abs(x) >= abs(y) else ("P" if y > 0 else "A")
        if abs(x * y) > 0.35:  # within 22 degrees of a diagonal the second letter matters
            letters += ("P" if y > 0 else "A") if letters in "LR" else ("L" if x > 0 else "R")
        return [letters, "F"]

    @property
    def view_position(self) -> str:
        """ViewPosition: the way the beam goes, AP or PA; LL or RL names the side next to the detector."""
        t = np.deg2rad(self.primary_angle)
        if abs(np.cos(t)) >= abs(np.sin(t)):
            return "PA" if np.cos(t) > 0 else "AP"
        return "LL" if np.sin(t) > 0 else "RL"


@dataclass(frozen=True)
class SyntheticStudy:
    """What the views of one rendered examination share. It describes nobody.

    Attributes:
        patient_id: a made-up identifier.
        laterality: "L", "R" or None.
        seed: tells studies apart; the same seed gives the same UIDs, so that runs are repeatable.
    """

    patient_id: str = "SYNTHETIC"
    laterality: Literal["L", "R"] | None = None
    seed: int = 0

    def uid(self, *parts: object) -> str:
        """A UID that depends on the study and ``parts`` only."""
        return str(generate_uid(entropy_srcs=[self.patient_id, str(self.seed), *map(str, parts)]))


def write_dicom(
    path: Path,
    stored: npt.NDArray[np.uint16],
    *,
    study: SyntheticStudy,
    instance: int,
    bits: int,
    relationship: Literal["LIN", "LOG"],
    bone_bright: bool,
    positioner: Positioner | None,
) -> None:
    """Write a digital X-ray (DX, for processing).

    Args:
        path: the file.
        stored: (rows, columns) values.
        study: patient, side and UIDs.
        instance: InstanceNumber, from 1.
        bits: BitsStored.
        relationship: how values follow the exposure.
        bone_bright: values grow with attenuation; else with exposure. Bone is displayed white either way.
        positioner: geometry attributes, or None where only rig.json can describe the camera.
    """
    dataset = Dataset()
    dataset.SOPClassUID = DigitalXRayImageStorageForProcessing
    dataset.SOPInstanceUID = study.uid("instance", instance)
    dataset.StudyInstanceUID = study.uid("study")
    dataset.SeriesInstanceUID = study.uid("series")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["DERIVED", "PRIMARY", ""]
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PROCESSING"
    dataset.Manufacturer = "knee-guides"
    dataset.ManufacturerModelName = "simulated radiograph"
    dataset.SeriesDescription = "Simulated radiograph, not acquired from a patient"
    dataset.StudyDate = dataset.ContentDate = datetime.date(2000, 1, 1)
    dataset.StudyTime = dataset.ContentTime = datetime.time(0, 0)
    dataset.PatientName = "Synthetic^Knee"
    dataset.PatientID = study.patient_id
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Simulated image"
    dataset.AccessionNumber = dataset.ReferringPhysicianName = dataset.StudyID = ""
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = instance
    dataset.BodyPartExamined = "KNEE"
    dataset.ImageLaterality = study.laterality or "U"
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    if positioner is not None:
        _write_geometry(dataset, positioner)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2" if bone_bright else "MONOCHROME1"
    dataset.PixelIntensityRelationship = relationship
    dataset.PixelIntensityRelationshipSign = -1 if bone_bright else 1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    dataset.PresentationLUTShape = "IDENTITY" if bone_bright else "INVERSE"
    low, high = (float(value) for value in np.percentile(stored, [1, 99]))
    dataset.WindowCenter, dataset.WindowWidth = round((low + high) / 2), round(max(high - low, 1))
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated = 8 if bits == 8 else 16
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, 0
    pixels: npt.NDArray[Any] = stored.astype(np.uint8 if bits == 8 else "<u2")
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"

    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.ImplementationClassUID = _IMPLEMENTATION_UID
    dataset.save_as(path, enforce_file_format=True)


def _write_geometry(dataset: Dataset, positioner: Positioner) -> None:
    magnification = positioner.source_to_detector / positioner.source_to_isocentre
    dataset.DistanceSourceToDetector = f"{positioner.source_to_detector:.10g}"
    dataset.DistanceSourceToPatient = f"{positioner.source_to_isocentre:.10g}"
    dataset.EstimatedRadiographicMagnificationFactor = f"{magnification:.8g}"
    dataset.ImagerPixelSpacing = [f"{value:.10g}" for value in positioner.pixel_spacing]
    dataset.PositionerType = "CARM"
    dataset.PositionerPrimaryAngle = f"{positioner.primary_angle:.8g}"
    dataset.PositionerSecondaryAngle = f"{positioner.secondary_angle:.8g}"
    dataset.PatientOrientation = positioner.orientation
    dataset.ViewPosition = positioner.view_position
