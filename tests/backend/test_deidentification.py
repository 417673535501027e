"""What identifies a person does not survive an upload: not in files, not in rows, not in answers."""

from __future__ import annotations

import json
from typing import Any

import pydicom
import pytest
from django.core import serializers
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset

from backend.audit.models import Event
from backend.core import storage
from backend.imaging import ingest
from backend.imaging.models import Image
from tests.backend import factories, xrays

# Each of these is somewhere in the original.
SECRETS = (
    "Doe", "Jane", "19610203", "MRN-4711", "ACC-0815", "Sanatorium", "Strangelove", "limps", "PRIVATE-NOTE",
    "1.2.3.4711", "20240229", "Nested^Name", "Overlay text", "MZ executable", "DEVICE-42", "lives at",
)  # fmt: skip


def identified() -> FileDataset:
    """An X-ray that names its patient in every place that we could think of."""
    named = xrays.dataset()
    named.PatientName, named.PatientID, named.PatientBirthDate = "Doe^Jane", "MRN-4711", "19610203"
    named.OtherPatientIDs, named.AccessionNumber = "MRN-4711", "ACC-0815"
    named.InstitutionName, named.ReferringPhysicianName = "Sanatorium", "Strangelove"
    named.OperatorsName, named.PatientComments = "Strangelove", "limps"
    named.StudyDescription = named.SeriesDescription = named.ImageComments = "Jane Doe lives at the corner"
    named.StudyDate = named.SeriesDate = named.AcquisitionDate = named.ContentDate = "20240229"
    named.SOPInstanceUID = named.StudyInstanceUID = named.SeriesInstanceUID = "1.2.3.4711"
    named.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4711"
    named.DeviceSerialNumber = "DEVICE-42"
    named.private_block(0x0029, "SOMEBODY", create=True).add_new(0x01, "LO", "PRIVATE-NOTE")
    named.add(DataElement(0x60003000, "OW", b"Overlay text"))
    inner = Dataset()
    inner.PatientName = "Nested^Name"
    named.RequestAttributesSequence = [inner]
    # Allowed attributes whose value is not what the standard says.
    named.add(DataElement(pydicom.tag.Tag("KVP"), "SQ", [inner]))
    named.add(DataElement(pydicom.tag.Tag("PositionerType"), "LT", "Jane Doe lives at the corner"))
    named.preamble = b"MZ executable".ljust(128, b"\0")
    return named


def test_nothing_that_names_the_patient_is_in_the_new_file() -> None:
    original = xrays.written(identified())
    assert all(secret.encode() in original for secret in SECRETS)
    clean = xrays.written(ingest.deidentify(identified(), "key"))
    assert [secret for secret in SECRETS if secret.encode() in clean] == []
    assert clean[:128] == bytes(128)


def test_only_allowed_attributes_survive() -> None:
    clean = ingest.deidentify(identified(), "key")
    written_anew = {
        "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID", "PatientName",
        "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber",
        "ReferringPhysicianName", "StudyID", "PatientIdentityRemoved", "DeidentificationMethod",
        "SpecificCharacterSet",
    }  # fmt: skip
    kept = {element.keyword for element in clean} - written_anew
    assert kept <= set(ingest.KEPT)
    assert not any(element.VR == "SQ" or element.tag.is_private for element in clean)
    assert {"DistanceSourceToDetector", "ImagerPixelSpacing", "ImageLaterality", "PixelData"} <= kept
    assert (clean.PixelData, clean.PatientIdentityRemoved) == (identified().PixelData, "YES")


def test_new_uids_follow_from_the_key_alone() -> None:
    first, again, other = (ingest.deidentify(identified(), key) for key in ("key", "key", "other"))
    assert first.SOPInstanceUID == again.SOPInstanceUID != other.SOPInstanceUID
    assert first.PatientID == again.PatientID != other.PatientID
    assert first.SOPInstanceUID.is_valid and len(first.SOPInstanceUID) <= 64


@pytest.mark.django_db
def test_an_upload_leaves_no_name_anywhere(log_in: Any) -> None:
    case = factories.CaseFactory(side=xrays.SIDE)
    client = log_in(case.surgeon)
    answer = xrays.post(client, case, "ap", xrays.written(identified()), name="Doe^Jane.dcm")
    assert answer.status_code == 201, answer.content
    image = Image.objects.get()
    places = {
        "file": storage.get(image.file),
        "answer": answer.content,
        "case": client.get(f"/api/cases/{case.pk}/").content,
        "rows": serializers.serialize("json", [image, *Event.objects.all()]).encode(),
        "audit": json.dumps(list(Event.objects.values_list("data", flat=True))).encode(),
    }
    found = {(place, s) for place, text in places.items() for s in SECRETS if s.encode() in text}
    assert found == set()
