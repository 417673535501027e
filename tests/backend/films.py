"""Long-leg films, and marks on them."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pydicom
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from tests.data import ROOT

EXAMPLES: list[dict[str, Any]] = json.loads((ROOT / "tests" / "film_examples.json").read_text())
LEFT = EXAMPLES[0]
ROWS, COLUMNS = 1900, 1000


def grey() -> np.ndarray:
    """(ROWS, COLUMNS) from 0 to 1: a bright leg on a dark ground, not alike anywhere."""
    row, column = np.mgrid[:ROWS, :COLUMNS]
    leg = np.exp(-(((column - 480) / 120) ** 2))
    return np.asarray(0.8 * leg + 0.2 * row / ROWS)


def dataset(bits: int = 12, **attributes: Any) -> FileDataset:
    """A film of both legs as a radiography system sends it; attributes are set, or left out where None."""
    found = FileDataset("", {}, preamble=b"\0" * 128)
    found.SOPClassUID, found.SOPInstanceUID = ComputedRadiographyImageStorage, "1.2.3.4"
    found.StudyInstanceUID = found.SeriesInstanceUID = "1.2.3"
    found.Modality, found.BodyPartExamined, found.PatientID = "CR", "LEG", "MRN-4711"
    found.PatientName, found.PatientBirthDate = "Doe^Jane", "19610203"
    found.PatientOrientation, found.PixelSpacing = ["L", "F"], [0.5, 0.5]
    found.Rows, found.Columns = ROWS, COLUMNS
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated, found.BitsStored, found.HighBit = 8 if bits == 8 else 16, bits, bits - 1
    found.PixelRepresentation = 0
    pixels = np.rint(grey() * (2**bits - 1)).astype(np.uint8 if bits == 8 else "<u2")
    found.PixelData = pixels.tobytes()
    found["PixelData"].VR = "OB" if bits == 8 else "OW"
    for keyword, value in attributes.items():
        if value is None:
            delattr(found, keyword)
        else:
            setattr(found, keyword, value)
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    return found


def dicom(bits: int = 12, **attributes: Any) -> bytes:
    stream = io.BytesIO()
    dataset(bits, **attributes).save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def picture(kind: str = "PNG", mode: str = "L", **options: Any) -> bytes:
    """The same as a picture, with a comment that names the patient."""
    values = np.rint(grey() * (65535 if mode == "I;16" else 255))
    image = Image.fromarray(values.astype(np.uint16 if mode == "I;16" else np.uint8))
    stream = io.BytesIO()
    (image if mode == "I;16" else image.convert(mode)).save(stream, kind, **options)
    return stream.getvalue()


def post(client: Any, case: Any, content: bytes, name: str = "film.dcm") -> Any:
    file = SimpleUploadedFile(name, content, "application/dicom")
    return client.post(f"/api/cases/{case.pk}/leg-films/", {"file": file}, format="multipart")


def read_on(sha256: str) -> dict[str, Any]:
    """The ``long_film`` part of a plan document that was measured on a film."""
    reading = {name: LEFT[name] for name in ("points", "pixel_spacing", "mirrored", "angles")}
    return {
        "HKA": 176.0,
        "JLCA": 2.1,
        "landmarks": {},
        "reading": {"film_sha256": sha256, **reading, "read_by": "Dr Reader"},
    }


def stored_pixels(content: bytes) -> np.ndarray:
    return np.asarray(pydicom.dcmread(io.BytesIO(content)).pixel_array)
