"""Long-leg films of bones whose angles are known: rendered as a radiography system would take them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from guides.measures import FILM_POINTS, axes
from guides.plan import plan_files
from recon.bones import BoneSet
from recon.drr.raster import path_lengths
from recon.geometry import Camera
from tests.film_marks import marked_places

ROWS, COLUMNS, SPACING_MM = 2600, 1000, 0.4
# As far as a standing film is taken from; the rays of hip and ankle are 9 degrees off the middle one.
TO_DETECTOR_MM, TO_LEG_MM = 3000.0, 2850.0


@dataclass(frozen=True)
class LegFilm:
    """A film on disk, where the landmarks of the bones fall on it, and what the bones themselves measure."""

    bones: Path
    path: Path
    marks: dict[str, tuple[float, float]]
    measures: dict[str, float]


def take_film(bones: Path, side: Literal["L", "R"], path: Path) -> LegFilm:
    """X-ray a whole leg from in front, as its own axes say, and write the film as DICOM."""
    plan = plan_files(bones, side, correction_deg=0.0)
    places = {name: np.array(mark["position"]) for name, mark in plan["landmarks"].items()}
    frame = axes(places, side)
    left = frame.medial * (-1 if side == "L" else 1)
    turn = np.stack([left, -frame.anterior, frame.up])
    middle = (places["hip_center"] + places["ankle_center"]) / 2
    camera = Camera.from_angles(
        source_to_detector=TO_DETECTOR_MM,
        source_to_isocentre=TO_LEG_MM,
        primary_angle=0.0,
        pixel_spacing=(SPACING_MM, SPACING_MM),
        rows=ROWS,
        columns=COLUMNS,
    )
    path_mm = np.zeros((ROWS, COLUMNS))
    for mesh in BoneSet.read(bones).values():
        path_mm += path_lengths((np.asarray(mesh.vertices) - middle) @ turn.T, np.asarray(mesh.faces), camera)
    _write(path, 1 - np.exp(-0.03 * path_mm), side)
    seen = {
        name: camera.project((place - middle) @ turn.T)[0]
        for name, place in marked_places(places, frame).items()
    }
    return LegFilm(
        bones,
        path,
        {name: (float(seen[name][0]), float(seen[name][1])) for name in FILM_POINTS},
        {name: measure["before"] for name, measure in plan["measures"].items()},
    )


def _write(path: Path, grey: np.ndarray, side: str) -> None:
    film = FileDataset("", {}, preamble=b"\0" * 128)
    film.SOPClassUID, film.SOPInstanceUID = ComputedRadiographyImageStorage, pydicom.uid.generate_uid()
    film.StudyInstanceUID, film.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    film.Modality, film.BodyPartExamined, film.ImageLaterality = "CR", "LEG", side
    film.PatientID, film.PatientOrientation = "", ["L", "F"]
    film.ImagerPixelSpacing = [SPACING_MM, SPACING_MM]
    film.Rows, film.Columns = grey.shape
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME1"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
    film.PixelData = np.rint((1 - grey) * 4095).astype("<u2").tobytes()
    film["PixelData"].VR = "OW"
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    film.save_as(path, enforce_file_format=True)
