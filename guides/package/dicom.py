"""A printable mesh as a DICOM object, for archives (Encapsulated STL, PS3.3 A.85.1)."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import EncapsulatedSTLStorage, ExplicitVRLittleEndian, generate_uid


def write_dicom(stl: bytes, path: Path, *, pseudonym: str, title: str, plan_sha256: str) -> None:
    """Wrap a binary STL; the same guide gets the same identifiers.

    Args:
        stl: the file's bytes, millimetres, patient LPS.
        path: where to write.
        pseudonym: stands for the patient's name and number.
        title: of the document.
        plan_sha256: from which study, series and frame take their identifiers.
    """
    study, series, frame = (
        generate_uid(entropy_srcs=[plan_sha256, part]) for part in ("study", "m3d", "frame")
    )
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = EncapsulatedSTLStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[plan_sha256, title, str(len(stl))])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = EncapsulatedSTLStorage, meta.MediaStorageSOPInstanceUID
    data.SpecificCharacterSet = "ISO_IR 192"
    data.PatientName, data.PatientID = pseudonym, pseudonym
    data.PatientBirthDate = data.PatientSex = ""
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = "Pseudonym"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = study, series, frame
    data.PositionReferenceIndicator = ""
    data.StudyDate = data.StudyTime = data.ContentDate = data.ContentTime = data.AcquisitionDateTime = ""
    data.ReferringPhysicianName = data.StudyID = data.AccessionNumber = ""
    data.Modality, data.SeriesNumber, data.InstanceNumber = "M3D", 1, 1
    data.Manufacturer, data.ManufacturerModelName = "Knee Guides", "guides"
    data.DeviceSerialNumber, data.SoftwareVersions = "none", "0.1.0"
    data.BurnedInAnnotation, data.DocumentTitle = "NO", title
    data.ConceptNameCodeSequence = []
    data.ModelModification, data.ModelMirroring = "YES", "NO"
    data.ContentDescription = "High tibial osteotomy cutting guide"
    data.MIMETypeOfEncapsulatedDocument = "model/stl"
    unit = Dataset()
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "mm", "UCUM", "mm"
    data.MeasurementUnitsCodeSequence = [unit]
    data.EncapsulatedDocumentLength = len(stl)
    data.EncapsulatedDocument = stl + b"\0" * (len(stl) % 2)
    data.save_as(path, enforce_file_format=True)
