"""From an uploaded CT to a de-identified one that has been checked: runs in a child process with limits.

What is kept is written anew as NIfTI: Hounsfield units and the place of each voxel, nothing else. No header
of the original survives. No Django here.
"""

from __future__ import annotations

import gzip
import io
import shutil
import stat
import warnings
import zipfile
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID

from backend.imaging.ingest import SYNTAXES
from recon.errors import InputError
from recon.volumes import MAXIMUM_VOXELS, MINIMUM_SLICES, CtVolume, read_ct

CT_STORAGE = UID("1.2.840.10008.5.1.4.1.1.2")
_DIRECTORY = UID("1.2.840.10008.1.3.10")  # lies beside every exported series and holds no image
MAXIMUM_MEMBERS = 4000
MAXIMUM_BYTES = 2 * 1024**3
MAXIMUM_RATIO = 100  # a CT in air shrinks to a third; a bomb to a thousandth
_SIDES = {"L": "left", "R": "right"}


def ingest_ct(path: Path, work: Path, out: Path, *, name: str, side: str) -> dict[str, Any]:
    """Check a CT and write it de-identified.

    Args:
        path: the file as it came.
        work: an existing empty folder.
        out: where the new ``.nii.gz`` goes.
        name: what the person calls the file; only its ending counts.
        side: "L" or "R", the side of the case.

    Returns:
        voxels (x, y, z), spacing_mm, source ("dicom" or "nifti"), warnings.

    Raises:
        InputError: the file cannot be used; nothing of it is worth keeping.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks on sloppy values help nobody here
        notes: list[str] = []
        if _starts_with(path, b"PK") or zipfile.is_zipfile(path):
            left_out = unpack(path, work)
            if left_out:
                notes.append(f"{left_out} files beside the CT images were left out")
            source, given = "dicom", work
        else:
            source, given = "nifti", _as_nifti(path, work, name)
        volume = read_ct(given)
    if volume.laterality and volume.laterality != side:
        raise InputError(
            "wrong_side",
            f"The CT is marked {volume.laterality} and the case is of the {_SIDES[side]} knee",
            f"Give the CT of the {_SIDES[side]} knee, or open a case of the other side",
        )
    write(volume, out)
    return {
        "voxels": list(volume.hu.shape[::-1]),
        "spacing_mm": [round(float(step), 4) for step in volume.spacing],
        "source": source,
        "warnings": notes,
    }


def unpack(path: Path, folder: Path) -> int:
    """The CT images of a zip, under names of our own, once its directory has been checked.

    Returns:
        How many other files it holds, which are not looked at further.

    Raises:
        InputError: truncated, encrypted, too_many_files, too_large, zip_bomb, unsupported_modality,
            burned_in, compressed, not_ct.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check_directory(members, path.stat().st_size)
            images = 0
            for number, member in enumerate(members):
                with archive.open(member) as stream:
                    head = stream.read(132)
                    if len(head) < 132 or head[128:] != b"DICM":
                        continue
                    target = folder / f"{number:05d}.dcm"
                    with target.open("wb") as copy:
                        copy.write(head)
                        shutil.copyfileobj(stream, copy, 1 << 20)
                if _is_ct_image(target):
                    images += 1
                else:
                    target.unlink()
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError) as error:
        raise InputError(
            "truncated", "The zip file is cut short or damaged", "Zip the series and upload it again"
        ) from error
    if images == 0:
        raise InputError(
            "not_ct", "The zip file holds no CT image", "Zip the folder that holds the CT's DICOM files"
        )
    return len(members) - images


def _check_directory(members: list[zipfile.ZipInfo], packed: int) -> None:
    """Look at what a zip says of itself; Python reads no more of a member than that."""
    total = sum(member.file_size for member in members)
    if len(members) > MAXIMUM_MEMBERS:
        raise InputError(
            "too_many_files",
            f"The zip file holds {len(members)} files, more than {MAXIMUM_MEMBERS}",
            "Give one CT series",
        )
    if total > MAXIMUM_BYTES:
        raise InputError(
            "too_large",
            f"The zip file unpacks to {total / 2**30:.1f} GB, more than {MAXIMUM_BYTES / 2**30:.0f} GB",
            "Crop the CT to one knee",
        )
    if total > MAXIMUM_RATIO * max(packed, 1):
        raise InputError(
            "zip_bomb",
            f"The zip file would grow {total / max(packed, 1):.0f} times when unpacked, as no CT does",
            "Zip the series again",
        )
    for member in members:
        if member.flag_bits & 1:
            raise InputError("encrypted", "The zip file is encrypted", "Zip the series without a password")
        if stat.S_ISLNK(member.external_attr >> 16) or member.filename.lower().endswith(".zip"):
            raise InputError(
                "not_ct", "The zip file holds links or other zip files", "Zip the CT's DICOM files alone"
            )


def _is_ct_image(path: Path) -> bool:
    """Whether a DICOM file of the zip is an image of the CT; false for a directory of the medium.

    Raises:
        InputError: unsupported_modality, burned_in, compressed, truncated.
    """
    try:
        # Before anything is parsed: a deflated file is a bomb until it is known not to be.
        meta = read_file_meta_info(path)
        syntax, kind = UID(str(meta.TransferSyntaxUID)), UID(str(meta.MediaStorageSOPClassUID))
    except Exception as error:  # a cut or forged header fails anywhere in pydicom
        raise _damaged() from error
    if kind == _DIRECTORY:
        return False
    if kind != CT_STORAGE:
        raise _other_kind(kind)
    if syntax not in SYNTAXES:
        raise InputError(
            "compressed",
            f"The images are stored as {syntax.name if syntax.is_transfer_syntax else 'an unknown syntax'}, "
            "which is not taken",
            "Export them uncompressed (Explicit VR Little Endian)",
        )
    try:
        head = pydicom.dcmread(path, stop_before_pixels=True)
        stated = UID(str(head.get("SOPClassUID", "")))
        burned_in = str(head.get("BurnedInAnnotation") or "NO").upper() == "YES"
        pixels = int(head.get("Rows") or 0) * int(head.get("Columns") or 0)
    except Exception as error:  # as above
        raise _damaged() from error
    if stated != CT_STORAGE:
        raise _other_kind(stated)
    if burned_in:
        raise InputError(
            "burned_in",
            "Images of the CT have text burned into their pixels, which may name the patient",
            "Export the series without annotations",
        )
    if pixels * 2 > path.stat().st_size or pixels > MAXIMUM_VOXELS // MINIMUM_SLICES:
        raise _damaged()
    return True


def _other_kind(kind: UID) -> InputError:
    named = kind.name if kind else "an object of no stated class"
    return InputError(
        "unsupported_modality",
        f"The zip file holds {named}, which is no CT image",
        "Zip the CT series alone, without reports, localisers and other series",
    )


def _damaged() -> InputError:
    return InputError("truncated", "A file of the series is cut short or damaged", "Export the series again")


def _starts_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(mark)) == mark


def _as_nifti(path: Path, work: Path, name: str) -> Path:
    """The file under a name that says its kind.

    Raises:
        InputError: empty, not_ct.
    """
    if path.stat().st_size == 0:
        raise InputError("empty", "The file is empty", "Choose the CT again and upload that file")
    if not name.lower().endswith((".nii", ".nii.gz")):
        raise InputError(
            "not_ct",
            "The file is neither a zip of a DICOM series nor a NIfTI file",
            "Zip the folder that holds the CT's DICOM files, or give a .nii or .nii.gz file",
        )
    return path.rename(work / ("ct.nii.gz" if _starts_with(path, b"\x1f\x8b") else "ct.nii"))


def write(volume: CtVolume, out: Path) -> None:
    """Hounsfield units as int16 and the affine, compressed; equal volumes give equal bytes."""
    hu = np.clip(np.rint(volume.hu), -32768, 32767).astype(np.int16).transpose(2, 1, 0)
    lps_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    image = nibabel.Nifti1Image(hu, lps_to_ras @ volume.affine)
    image.header.set_xyzt_units("mm")
    plain = io.BytesIO(image.to_bytes())
    with out.open("wb") as stream, gzip.GzipFile("", "wb", 3, stream, mtime=0) as packed:
        shutil.copyfileobj(plain, packed, 1 << 20)
