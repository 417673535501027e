"""A small CT of two cylinders in a leg, as DICOM slices in a zip, and what can be wrong with it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import nibabel
import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
SPACING, STEP, SIZE, SLICES = 2.0, 4.0, 64, 24
# Each of these is somewhere in the original.
SECRETS = (b"Doe^Jane", b"MRN-4711", b"19610203", b"Sanatorium", b"limps", b"PRIVATE-NOTE")


def hounsfield() -> np.ndarray:
    """(slices, rows, columns) int16: air, muscle, and two rods of bone with a gap at the joint."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    leg = np.where(np.hypot(x, y) < 26, 40, -1000).astype(np.int16)
    volume = np.repeat(leg[None], SLICES, axis=0)
    rod = np.hypot(x, y) < 12
    for level in range(SLICES):
        if abs(level - SLICES // 2) > 1:
            volume[level][rod] = 900
    return volume


def slices(**attributes: Any) -> list[FileDataset]:
    """One dataset a slice, with a patient in it; ``attributes`` are set on all of them."""
    made = []
    for number, plane in enumerate(hounsfield()):
        dataset = FileDataset("", {}, preamble=b"\0" * 128)
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID, dataset.SOPInstanceUID = CT_STORAGE, f"1.2.3.{number + 1}"
        dataset.SeriesInstanceUID, dataset.Modality = "1.2.3", "CT"
        dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Doe^Jane", "MRN-4711", "19610203"
        dataset.InstitutionName, dataset.PatientComments = "Sanatorium", "limps"
        dataset.private_block(0x0029, "SOMEBODY", create=True).add_new(0x01, "LO", "PRIVATE-NOTE")
        dataset.Rows = dataset.Columns = SIZE
        dataset.PixelSpacing = [SPACING, SPACING]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [-SIZE * SPACING / 2, -SIZE * SPACING / 2, number * STEP]
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit, dataset.PixelRepresentation = 15, 1
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -24
        dataset.PixelData = (plane + 24).astype("<i2").tobytes()
        for keyword, value in attributes.items():
            setattr(dataset, keyword, value)
        dataset.file_meta.MediaStorageSOPClassUID = UID(str(dataset.SOPClassUID))
        dataset.file_meta.MediaStorageSOPInstanceUID = UID(str(dataset.SOPInstanceUID))
        made.append(dataset)
    return made


def written(dataset: FileDataset) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def series(**attributes: Any) -> dict[str, bytes]:
    return {f"Doe^Jane/{n:03}.dcm": written(dataset) for n, dataset in enumerate(slices(**attributes))}


def nifti() -> bytes:
    """The same as a NIfTI file whose header names the patient."""
    affine = np.diag([-SPACING, -SPACING, STEP, 1.0])
    image = nibabel.Nifti1Image(hounsfield().transpose(2, 1, 0), affine)
    image.header["descrip"] = b"Doe^Jane MRN-4711"
    return bytes(image.to_bytes())


def post(client: Any, case: Any, content: bytes, name: str = "ct.zip") -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post(f"/api/cases/{case.pk}/ct-scans/", {"file": file}, format="multipart")
