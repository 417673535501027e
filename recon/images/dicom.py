"""One DICOM X-ray to an ``XrayView``: checks, camera, pixels."""

from __future__ import annotations

import hashlib
import secrets
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import FileDataset
from pydicom.pixels.processing import apply_modality_lut

from recon.errors import InputError
from recon.geometry import Camera
from recon.images.intensity import Relationship, to_line_integrals
from recon.images.limits import check_flat, check_size
from recon.images.rig import Rig
from recon.images.view import View, XrayView

MODALITIES = frozenset({"CR", "DX", "XA", "RF"})
BODY_PARTS = frozenset(
    {"", "KNEE", "KNEES", "LEG", "LOWERLEG", "TIBIA", "FIBULA", "TIBIAFIBULA", "PATELLA", "FEMUR"}
    | {"EXTREMITY", "LOWEREXTREMITY", "LEXTREMITY", "LOWERLIMB"}
)
_SUBJECT_KEY = secrets.token_bytes(16)  # of this process only, so that no digest leads back to a person


def read_dicom(path: Path, *, view: View | None, rig: Rig | None) -> XrayView:
    """Read a file that begins like DICOM; see ``recon.images.read.read_xray`` for errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks on sloppy values are not for our reader
        try:
            dataset = pydicom.dcmread(path)
            check_kind(dataset, path.name, BODY_PARTS)
        except InputError:
            raise
        except Exception as error:  # a cut or corrupt header fails anywhere in pydicom
            raise truncated(path.name, str(error)) from error
        rows, columns = int(dataset.Rows), int(dataset.Columns)
        if rig is not None:
            camera, provenance = rig.find(path.name, view).camera(rows, columns), "rig"
            remarks: list[str] = []
        else:
            camera, remarks = camera_from_dicom(dataset, path.name)
            provenance = "geometry"
        stored = stored_values(dataset, path.name)
        values, step, white = _modality_values(dataset, stored)
    check_flat(values, path.name)
    padding = dataset.get("PixelPaddingValue")
    attenuation = to_line_integrals(
        values,
        relationship=_relationship(dataset),
        exposure_sign=_sign(dataset),
        white=white,
        step=step,
        padding=None if padding is None else np.asarray(stored == int(padding)),
    )
    return XrayView(
        line_integrals=attenuation.line_integrals,
        exposed=attenuation.exposed,
        camera=camera,
        provenance=provenance,
        laterality=laterality_of(dataset),
        body_part=str(dataset.get("BodyPartExamined") or ""),
        view_position=str(dataset.get("ViewPosition") or ""),
        subject=_subject(dataset),
        warnings=(*remarks, *attenuation.warnings),
    )


def truncated(name: str, detail: str) -> InputError:
    """The refusal of a file that ends too soon."""
    return InputError(
        "truncated", f"{name} is cut short or damaged ({detail})", "Export or upload the image again"
    )


def check_kind(dataset: FileDataset, name: str, body_parts: frozenset[str] | None = None) -> None:
    """Refuse what is not one plain X-ray, before anything is decoded.

    Args:
        dataset: the file.
        name: what to call it.
        body_parts: those that it may show, letters alone; None: a person looks at what it shows.

    Raises:
        InputError: unsupported_modality, wrong_body_part, truncated, multi_frame, colour_image, burned_in,
            too_large, bad_pixels.
    """
    modality = str(dataset.get("Modality") or "").upper()
    if modality not in MODALITIES:
        raise InputError(
            "unsupported_modality",
            f"{name} is {f'of modality {modality}' if modality else 'of unknown modality'}, not an X-ray",
            "Give a radiograph (CR, DX) or a single fluoroscopy frame (XA, RF)",
        )
    body_part = str(dataset.get("BodyPartExamined") or "").upper()
    if body_parts is not None and "".join(filter(str.isalpha, body_part)) not in body_parts:
        raise InputError(
            "wrong_body_part", f"{name} shows {body_part}, not a knee", "Give an X-ray of the knee"
        )
    if "PixelData" not in dataset or not dataset.get("Rows") or not dataset.get("Columns"):
        raise truncated(name, "it holds no pixels")
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        raise InputError(
            "multi_frame",
            f"{name} is a sequence of {int(dataset.NumberOfFrames)} frames",
            "Export the one frame that shows the knee",
        )
    photometric = str(dataset.get("PhotometricInterpretation") or "")
    if int(dataset.get("SamplesPerPixel") or 1) != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise InputError(
            "colour_image",
            f"{name} is a colour picture ({photometric or 'no photometric interpretation'})",
            "Export the X-ray itself, not a screenshot",
        )
    if str(dataset.get("BurnedInAnnotation") or "NO").upper() == "YES":
        raise InputError(
            "burned_in",
            f"{name} has text burned into its pixels, which may name the patient and hides bone",
            "Export the image without annotations",
        )
    check_size(int(dataset.Rows), int(dataset.Columns), name)


def number_of(dataset: FileDataset, keyword: str) -> float | None:
    """A finite number, or None where the file has none."""
    value = dataset.get(keyword)
    try:
        number = float(value) if value is not None and value != "" else None
    except (TypeError, ValueError):
        return None
    return number if number is not None and np.isfinite(number) else None


def camera_from_dicom(dataset: FileDataset, name: str) -> tuple[Camera, list[str]]:
    """The camera that the DICOM attributes describe, and remarks on how they were read.

    Raises:
        InputError: no_geometry where an attribute is absent, bad_geometry where one is impossible.
    """
    remarks: list[str] = []
    # Systems with an isocentre state it apart from the patient's distance (0018,9402).
    to_isocentre = number_of(dataset, "DistanceSourceToIsocenter") or number_of(
        dataset, "DistanceSourceToPatient"
    )
    to_detector = number_of(dataset, "DistanceSourceToDetector")
    primary = number_of(dataset, "PositionerPrimaryAngle")
    # Never PixelSpacing (0028,0030): it may be corrected for magnification.
    spacing = dataset.get("ImagerPixelSpacing") or dataset.get("NominalScannedPixelSpacing")
    wanted: dict[str, Any] = {
        "DistanceSourceToDetector": to_detector,
        "DistanceSourceToPatient": to_isocentre,
        "ImagerPixelSpacing": spacing,
        "PositionerPrimaryAngle": primary,
    }
    missing = [keyword for keyword, value in wanted.items() if value is None]
    if missing or to_isocentre is None or to_detector is None or primary is None:
        raise InputError(
            "no_geometry",
            f"{name} does not say where source and detector stood ({', '.join(missing)} absent)",
            "Give rig.json with a projection matrix a view, or export from a calibrated C-arm",
        )
    try:
        row_spacing, column_spacing = (float(value) for value in spacing)
    except (TypeError, ValueError):
        row_spacing = column_spacing = 0.0
    plausible = 0 < to_isocentre < to_detector < 10_000 and 0 < min(row_spacing, column_spacing) < 10
    if not plausible:
        raise InputError(
            "bad_geometry",
            f"{name} states an impossible geometry: detector at {to_detector:g} mm, isocentre at "
            f"{to_isocentre:g} mm, pixels of {row_spacing:g} x {column_spacing:g} mm",
            "Correct the attributes or give rig.json",
        )
    camera = Camera.from_angles(
        source_to_detector=to_detector,
        source_to_isocentre=to_isocentre,
        primary_angle=primary,
        secondary_angle=number_of(dataset, "PositionerSecondaryAngle") or 0.0,
        pixel_spacing=(row_spacing, column_spacing),
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
    )
    return _mirrored_as_stored(camera, dataset, remarks), remarks


_AXES = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "H": (0, 0, 1), "F": (0, 0, -1)}


def _mirrored_as_stored(camera: Camera, dataset: FileDataset, remarks: list[str]) -> Camera:
    """Follow PatientOrientation (0020,0020) where it says that rows or columns run the other way."""
    orientation = dataset.get("PatientOrientation")
    if not orientation or len(orientation) != 2:
        return camera
    image_map = np.eye(3)
    focal = camera.projection[:2, :3] - np.outer([camera.columns / 2, camera.rows / 2], camera.direction)
    for axis, letters in enumerate(orientation):
        named = _AXES.get(str(letters)[:1])
        # Letters can be coarse; only a clear opposite counts.
        if named is None or focal[axis] @ np.array(named) > -0.7 * np.linalg.norm(focal[axis]):
            continue
        image_map[axis, axis] = -1
        image_map[axis, 2] = (camera.columns, camera.rows)[axis] - 1
        remarks.append(f"The image is stored {('mirrored', 'upside down')[axis]}, as PatientOrientation says")
    return camera.transformed(image_map, camera.rows, camera.columns) if remarks else camera


def stored_values(dataset: FileDataset, name: str) -> npt.NDArray[Any]:
    """(rows, columns) pixels as they are stored.

    Raises:
        InputError: bad_pixels, compressed, truncated.
    """
    bits = int(dataset.get("BitsStored") or dataset.BitsAllocated)
    if int(dataset.BitsAllocated) not in (8, 16) or not 6 <= bits <= 16:
        raise InputError(
            "bad_pixels",
            f"{name} has {bits} of {dataset.BitsAllocated} bits a pixel",
            "Export the image with 8 to 16 bits",
        )
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_compressed:
        expected = int(dataset.Rows) * int(dataset.Columns) * int(dataset.BitsAllocated) // 8
        if len(dataset.PixelData) < expected:
            raise truncated(name, f"{len(dataset.PixelData)} of {expected} bytes of pixels")
    try:
        stored: npt.NDArray[Any] = dataset.pixel_array
    except Exception as error:  # each decoder has its own way to fail
        absent = isinstance(error, NotImplementedError) or "missing dependencies" in str(error)
        if absent or "no available" in str(error).lower():
            raise InputError(
                "compressed",
                f"{name} is compressed as {syntax.name}, for which no decoder is installed",
                "Export it uncompressed, or install a pydicom decoder for this syntax",
            ) from error
        raise truncated(name, str(error).split("\n")[0]) from error
    if stored.shape != (int(dataset.Rows), int(dataset.Columns)):
        raise truncated(name, f"pixels of shape {stored.shape}")
    if int(dataset.get("PixelRepresentation") or 0) == 0 and bits < int(dataset.BitsAllocated):
        stored = stored & ((1 << bits) - 1)  # old files keep overlays in the unused bits
    return stored


def _modality_values(
    dataset: FileDataset, stored: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float32], float, float]:
    """Values after the modality transformation, the size of one stored step, the value of stored white."""
    signed = int(dataset.get("PixelRepresentation") or 0) == 1
    bits = int(dataset.get("BitsStored") or dataset.BitsAllocated)
    top = (1 << (bits - 1)) - 1 if signed else (1 << bits) - 1
    if "ModalityLUTSequence" in dataset:
        values = np.asarray(apply_modality_lut(stored, dataset), dtype=np.float32)
        return values, 1.0, float(values.max())
    slope = number_of(dataset, "RescaleSlope") or 1.0
    intercept = number_of(dataset, "RescaleIntercept") or 0.0
    values = np.asarray(stored * slope + intercept, dtype=np.float32)
    bottom = -(1 << (bits - 1)) if signed else 0
    if signed and _relationship(dataset) == "LIN" and intercept == 0:
        values -= bottom  # exposure counts from the lowest stored value
        top -= bottom
    return values, abs(slope), top * slope + intercept


def _relationship(dataset: FileDataset) -> Relationship:
    word = str(dataset.get("PixelIntensityRelationship") or "").upper()
    return "LIN" if word == "LIN" else "LOG" if word == "LOG" else ""


def _sign(dataset: FileDataset) -> int | None:
    sign = number_of(dataset, "PixelIntensityRelationshipSign")
    if sign in (1, -1):
        slope = number_of(dataset, "RescaleSlope") or 1.0
        return int(sign * np.sign(slope))
    return None


def laterality_of(dataset: FileDataset) -> Literal["L", "R"] | None:
    """Side of the patient; None where the file says neither or both."""
    side = str(dataset.get("ImageLaterality") or dataset.get("Laterality") or "").upper()
    return "L" if side == "L" else "R" if side == "R" else None


def _subject(dataset: FileDataset) -> str:
    identifier = str(dataset.get("PatientID") or "").strip()
    return hashlib.blake2b(identifier.encode(), key=_SUBJECT_KEY).hexdigest()[:16] if identifier else ""
