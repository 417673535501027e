"""From an uploaded file to a de-identified X-ray that has been checked: runs in a child process with limits.

What is stored is written anew from an allow-list: an attribute that is not named here does not survive. So
the file that the engine checks is the very file that is kept. No Django here, and no secret but the key for
new UIDs.

References:
    DICOM PS3.15 Annex E (Basic Application Level Confidentiality Profile), option "Clean Pixel Data"
    replaced by refusing images that say they have text burned in. CVE-2019-11687: the preamble may be an
    executable; it is zeroed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import warnings
from pathlib import Path
from typing import Any

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from recon.errors import InputError
from recon.images import check_pair, read_xray

SYNTAXES = frozenset({ExplicitVRLittleEndian, ImplicitVRLittleEndian})
MAXIMUM_PIXEL_BYTES = 128 * 1024 * 1024
METHOD = "Allow-list of geometry and pixel attributes; keyed UIDs; dates, times, texts, private tags dropped"

CLASSES = frozenset(
    {
        UID("1.2.840.10008.5.1.4.1.1.1"),  # computed radiography
        UID("1.2.840.10008.5.1.4.1.1.1.1"),  # digital X-ray, for presentation
        UID("1.2.840.10008.5.1.4.1.1.1.1.1"),  # digital X-ray, for processing
        UID("1.2.840.10008.5.1.4.1.1.12.1"),  # X-ray angiographic
        UID("1.2.840.10008.5.1.4.1.1.12.2"),  # X-ray radiofluoroscopic
    }
)

KEPT = (
    "SOPClassUID", "Modality", "ImageType", "PresentationIntentType", "PresentationLUTShape",
    # where source, detector and knee stood
    "DistanceSourceToDetector", "DistanceSourceToPatient", "DistanceSourceToIsocenter", "ImagerPixelSpacing",
    "NominalScannedPixelSpacing", "PixelSpacing", "PixelSpacingCalibrationType", "PixelAspectRatio",
    "PositionerType", "PositionerPrimaryAngle", "PositionerSecondaryAngle",
    "EstimatedRadiographicMagnificationFactor", "PatientOrientation", "ViewPosition", "Laterality",
    "ImageLaterality", "BodyPartExamined",
    # what the pixels mean
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PixelIntensityRelationship",
    "PixelIntensityRelationshipSign", "PixelPaddingValue", "RescaleIntercept", "RescaleSlope",
    "WindowCenter", "WindowWidth", "LossyImageCompression", "KVP", "BurnedInAnnotation", "PixelData",
)  # fmt: skip

# Values that cannot hold a name: numbers, UIDs, pixels. "US or SS" is how the dictionary says either.
_NUMBERS = frozenset({"US", "SS", "UL", "SL", "FL", "FD", "DS", "IS", "UI", "US or SS", "OB or OW"})
_CODE = re.compile(r"[A-Za-z0-9_ .\\-]{0,16}")


def ingest(
    path: Path, out: Path, pixels: Path, *, view: str, side: str, other: Path | None, key: str
) -> dict[str, Any]:
    """Check an upload and write it de-identified.

    Args:
        path: the file as it came.
        out: where the de-identified DICOM file goes.
        pixels: where the display pixels go, little-endian uint16, bright where bone is.
        view: "ap" or "lateral", as the person said.
        side: "L" or "R", the side of the case.
        other: the stored image of the other view, if there is one.
        key: secret of the UID map.

    Returns:
        rows, columns, window_center, window_width, projection (3 x 4), provenance, acquired_note.

    Raises:
        InputError: the file cannot be used; nothing of it is worth keeping.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks on sloppy values help nobody here
        check_header(path)
        deidentify(read_checked(path), key).save_as(out, enforce_file_format=True)
    image = read_xray(out, view="ap" if view == "ap" else "lateral")
    if image.laterality and image.laterality != side:
        raise InputError(
            "wrong_side",
            f"The image is marked {image.laterality} and the case is of the {_SIDES[side]} knee",
            f"Give the image of the {_SIDES[side]} knee, or open a case of the other side",
        )
    if other is not None:
        partner = read_xray(other)
        check_pair(*((image, partner) if view == "ap" else (partner, image)))
    shown = image.display_pixels()
    pixels.write_bytes(shown.astype("<u2").tobytes())
    center, width = image.window
    return {
        "rows": shown.shape[0],
        "columns": shown.shape[1],
        "window_center": center,
        "window_width": width,
        "projection": image.camera.projection.tolist(),
        "provenance": image.provenance,
        "acquired_note": acquired_note(out),
    }


_SIDES = {"L": "left", "R": "right"}


def check_header(path: Path) -> None:
    """Look at the file meta information alone, which no bomb can hide in, before anything is parsed.

    Raises:
        InputError: empty, not_dicom, truncated, compressed.
    """
    with path.open("rb") as stream:
        start = stream.read(132)
    if not start:
        raise InputError("empty", "The file is empty", "Export the X-ray again and upload that file")
    if len(start) < 132 or start[128:] != b"DICM":
        raise InputError(
            "not_dicom", "This is not a DICOM file", "Export the X-ray as DICOM and upload that file"
        )
    try:
        meta = read_file_meta_info(path)
        syntax = UID(str(meta.TransferSyntaxUID))
    except Exception as error:  # a cut or forged header fails anywhere in pydicom
        raise _damaged() from error
    if syntax == DeflatedExplicitVRLittleEndian or syntax not in SYNTAXES:
        name = syntax.name if syntax.is_transfer_syntax else "an unknown syntax"
        raise InputError(
            "compressed",
            f"The image is stored as {name}, which is not taken",
            "Export it uncompressed (Explicit VR Little Endian)",
        )


def read_checked(path: Path) -> FileDataset:
    """The whole file, once its size has been checked against what it claims.

    Raises:
        InputError: truncated, too_large, unsupported_modality, unsupported_lut, burned_in.
    """
    try:
        head = pydicom.dcmread(path, stop_before_pixels=True)
        rows, columns = int(head.get("Rows") or 0), int(head.get("Columns") or 0)
        frames, bits = int(head.get("NumberOfFrames") or 1), int(head.get("BitsAllocated") or 16)
        samples = int(head.get("SamplesPerPixel") or 1)
        burned_in = str(head.get("BurnedInAnnotation") or "NO").upper()
        sop_class = str(head.get("SOPClassUID") or "")
        table = "ModalityLUTSequence" in head
    except Exception as error:  # as above
        raise _damaged() from error
    if sop_class not in CLASSES:
        name = UID(sop_class).name if sop_class else "of no stated class"
        raise InputError(
            "unsupported_modality",
            f"This is no X-ray but {name}",
            "Give a radiograph (CR, DX) or a fluoroscopy frame",
        )
    if burned_in == "YES":
        raise InputError(
            "burned_in",
            "The image has text burned into its pixels, which may name the patient",
            "Export the image without annotations",
        )
    if table:
        # The table does not survive the allow-list, and without it the pixels would mean something else.
        raise InputError(
            "unsupported_lut",
            "The image maps its pixels by a table of its own (Modality LUT)",
            "Export it with the table applied",
        )
    if rows * columns * frames * samples * bits // 8 > MAXIMUM_PIXEL_BYTES:
        raise InputError(
            "too_large",
            f"The image claims {rows} x {columns} pixels in {frames} frames, more than is taken",
            "Give a single X-ray image at the detector's own resolution",
        )
    try:
        return pydicom.dcmread(path)
    except Exception as error:  # as above
        raise _damaged() from error


def _damaged() -> InputError:
    return InputError("truncated", "The file is cut short or damaged", "Export it and upload it again")


def deidentify(dataset: Dataset, key: str) -> FileDataset:
    """A new file with the allowed attributes of an old one, new UIDs and nothing else.

    The same original gets the same new UIDs; nobody without the key can tell which original they are of.
    """
    clean = FileDataset("", {}, preamble=b"\0" * 128)
    for keyword in KEPT:
        if keyword in dataset and holds_no_text(dataset[keyword]):
            clean[keyword] = dataset[keyword]
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(clean, keyword, keyed_uid(str(dataset.get(keyword) or ""), key))
    # Tells two patients apart, names neither.
    identifier = str(dataset.get("PatientID") or "").strip()
    clean.PatientID = _keyed(identifier, key).hex()[:16] if identifier else ""
    clean.PatientName = clean.PatientBirthDate = clean.PatientSex = ""
    clean.StudyDate = clean.StudyTime = clean.AccessionNumber = clean.ReferringPhysicianName = (
        clean.StudyID
    ) = ""
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = METHOD[:64]
    clean.SpecificCharacterSet = "ISO_IR 192"
    clean.file_meta = FileMetaDataset()
    clean.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    clean.file_meta.MediaStorageSOPClassUID = clean.SOPClassUID
    clean.file_meta.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
    return clean


def holds_no_text(element: DataElement) -> bool:
    """Whether an element is of the kind that the dictionary says and, where it is a code, as short as one.

    Explicit VR files state the kind of each value themselves, so an allowed attribute could hold a sequence
    with names in it, or a remark where a code belongs.
    """
    kind = dictionary_VR(element.tag)
    if element.VR not in kind.split(" or "):
        return False
    if kind in _NUMBERS:
        return True
    values = element.value if element.VM > 1 else [element.value]
    return all(_CODE.fullmatch(str(value or "")) for value in values)


def _keyed(text: str, key: str) -> bytes:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()


def keyed_uid(original: str, key: str) -> str:
    """A UID under 2.25 (a UUID as a number) that follows from the original and the key."""
    return f"2.25.{int.from_bytes(_keyed(original, key)[:16], 'big')}"


def acquired_note(path: Path) -> str:
    """How the image was taken, in one line, from the de-identified file."""
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    angle = dataset.get("PositionerPrimaryAngle")
    distances = dataset.get("DistanceSourceToDetector"), dataset.get("DistanceSourceToPatient")
    parts = [f"{dataset.Modality} {dataset.Rows} x {dataset.Columns}"]
    if angle is not None:
        parts.append(f"C-arm at {float(angle):g}°")
    if all(distances):
        parts.append(
            f"source to detector {float(distances[0]):g} mm, to isocentre {float(distances[1]):g} mm"
        )
    return ", ".join(parts)[:200]
