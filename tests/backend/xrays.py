"""The demo's X-rays, and what people do to X-rays before they upload them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from pydicom.dataset import FileDataset

from backend.cases.models import Case
from backend.core import storage
from backend.imaging.ingest import deidentify
from backend.imaging.models import Image
from tests.backend import factories

FOLDER = Path(__file__).parents[2] / "recon" / "assets" / "demo"
SIDE = "L"


def dataset(view: str = "ap") -> FileDataset:
    return pydicom.dcmread(FOLDER / f"{view}.dcm")


def written(changed: FileDataset) -> bytes:
    stream = io.BytesIO()
    changed.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def edited(view: str = "ap", **attributes: Any) -> bytes:
    """The X-ray with attributes set, or deleted where the value is None."""
    changed = dataset(view)
    for keyword, value in attributes.items():
        if value is None:
            delattr(changed, keyword)
        else:
            setattr(changed, keyword, value)
    return written(changed)


def lowered(view: str, rows: int) -> bytes:
    """As if the machine stood that much higher than the file states: the picture is so many pixels lower."""
    changed = dataset(view)
    pixels = np.roll(changed.pixel_array, rows, axis=0)
    pixels[:rows] = pixels[rows]
    changed.PixelData = pixels.tobytes()
    return written(changed)


def coloured(view: str = "ap") -> bytes:
    """The same picture as RGB, as screenshots are."""
    changed = dataset(view)
    grey = (changed.pixel_array >> 4).astype(np.uint8)
    changed.PixelData = np.repeat(grey[..., None], 3, axis=2).tobytes()
    changed.SamplesPerPixel, changed.PhotometricInterpretation, changed.PlanarConfiguration = 3, "RGB", 0
    changed.BitsAllocated = changed.BitsStored = 8
    changed.HighBit = 7
    return written(changed)


def deflated(view: str = "ap") -> bytes:
    changed = dataset(view)
    changed.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    return written(changed)


def stored(case: Case, view: str) -> Image:
    """As after an upload, without its child process."""
    clean = written(deidentify(dataset(view), settings.DEIDENTIFICATION_KEY))
    return factories.ImageFactory(
        case=case, view=view, file=storage.put(clean, ".dcm"), pixels=storage.put(view.encode(), ".u16")
    )


def post(client: Any, case: Any, view: str, content: bytes, name: str = "x-ray.dcm") -> Any:
    file = SimpleUploadedFile(name, content, "application/dicom")
    return client.post(f"/api/cases/{case.pk}/images/", {"view": view, "file": file}, format="multipart")
