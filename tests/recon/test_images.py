"""X-ray files in: geometry, intensity conventions, and an error with a remedy for whatever cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import ExplicitVRBigEndian, RLELossless

from recon.drr.physics import Detector
from recon.errors import InputError
from recon.images import Rig, RigView, read_pair, read_rig, read_xray, write_rig
from recon.images.write import Positioner, SyntheticStudy, write_dicom

SIZE = 128
PIXEL_MM = 1.6


def limb() -> np.ndarray:
    """Line integrals of an upright cylinder of soft tissue round a bone, with air at both sides."""
    x = np.linspace(-1, 1, SIZE)
    across = 2.4 * np.sqrt(np.maximum(1 - (x / 0.7) ** 2, 0)) + 1.2 * np.sqrt(
        np.maximum(1 - (x / 0.2) ** 2, 0)
    )
    return np.repeat(across[None], SIZE, axis=0).astype(np.float32)


def write(
    path: Path,
    angle: float = 0.0,
    *,
    detector: Detector | None = None,
    change: Callable[[Any], None] = lambda _: None,
    geometry: bool = True,
) -> Path:
    detector = detector or Detector()
    positioner = Positioner(angle, pixel_spacing=(PIXEL_MM, PIXEL_MM), rows=SIZE, columns=SIZE)
    write_dicom(
        path,
        detector.digitise(np.exp(-limb())),
        study=SyntheticStudy(laterality="L"),
        instance=1,
        bits=detector.bits,
        relationship=detector.relationship,
        bone_bright=detector.bone_bright,
        positioner=positioner if geometry else None,
    )
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        action()
    error = caught.value
    assert error.message
    assert error.remedy
    assert "\n" not in str(error)
    return error.code


@pytest.mark.parametrize("angle", [0, 90, -90, 180, 35])
def test_the_camera_of_a_file_is_the_one_that_was_written(tmp_path: Path, angle: float) -> None:
    expected = Positioner(angle, pixel_spacing=(PIXEL_MM, PIXEL_MM), rows=SIZE, columns=SIZE).camera
    image = read_xray(write(tmp_path / "a.dcm", angle))
    assert image.camera.projection == pytest.approx(expected.projection, abs=1e-6)
    assert image.provenance == "geometry"
    assert image.laterality == "L"


@pytest.mark.parametrize("bits", [8, 12, 14, 16])
@pytest.mark.parametrize("bone_bright", [False, True])
def test_linear_exposures_give_back_the_line_integrals(tmp_path: Path, bits: int, bone_bright: bool) -> None:
    detector = Detector(bits=bits, bone_bright=bone_bright)
    found = read_xray(write(tmp_path / "a.dcm", detector=detector)).line_integrals
    # One stored step is 1.1 / 2**bits of the open beam; half of it is the rounding.
    tolerance = 0.55 / ((1 << bits) - 1) * np.exp(limb()) * 1.5 + 2.0 / (1 << bits) + 1e-3
    assert (np.abs(found - limb()) <= tolerance).all()


@pytest.mark.parametrize("bone_bright", [False, True])
def test_logarithmic_images_are_proportional_to_the_line_integrals(tmp_path: Path, bone_bright: bool) -> None:
    detector = Detector(relationship="LOG", bone_bright=bone_bright)
    found = read_xray(write(tmp_path / "a.dcm", detector=detector)).line_integrals
    assert np.corrcoef(found.ravel(), limb().ravel())[0, 1] > 0.9999
    assert found[:, :10].max() < 0.01


def test_big_endian_and_run_length_files_read_the_same(tmp_path: Path) -> None:
    plain = read_xray(write(tmp_path / "plain.dcm")).line_integrals

    def compress(dataset: Any) -> None:
        dataset.compress(RLELossless)

    assert read_xray(write(tmp_path / "rle.dcm", change=compress)).line_integrals == pytest.approx(plain)
    dataset = pydicom.dcmread(tmp_path / "plain.dcm")
    dataset.PixelData = dataset.pixel_array.astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    pydicom.dcmwrite(tmp_path / "big.dcm", dataset, little_endian=False, implicit_vr=False)
    assert read_xray(tmp_path / "big.dcm").line_integrals == pytest.approx(plain)


def test_padding_is_not_exposed(tmp_path: Path) -> None:
    def pad(dataset: Any) -> None:
        pixels = dataset.pixel_array.copy()
        pixels[:, -20:] = 7
        dataset.add_new("PixelPaddingValue", "US", 7)
        dataset.PixelData = pixels.tobytes()

    image = read_xray(write(tmp_path / "a.dcm", change=pad))
    assert not image.exposed[:, -20:].any()
    assert image.exposed[:, 30:-24].all()


def test_an_image_that_says_it_is_mirrored_projects_mirrored(tmp_path: Path) -> None:
    plain = read_xray(write(tmp_path / "plain.dcm"))

    def mirror(dataset: Any) -> None:
        dataset.PatientOrientation = ["R", "F"]

    image = read_xray(write(tmp_path / "mirrored.dcm", change=mirror))
    point = np.array([[30.0, 5.0, 10.0]])
    (column, row), (other, same) = (view.camera.project(point)[0][0] for view in (plain, image))
    assert (other, same) == pytest.approx((SIZE - 1 - column, row))
    assert image.warnings


def _set(**values: Any) -> Callable[[Any], None]:
    def change(dataset: Any) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_set(BodyPartExamined="CHEST"), "wrong_body_part"),
        (_set(Modality="CT"), "unsupported_modality"),
        (_set(NumberOfFrames=12), "multi_frame"),
        (_set(PhotometricInterpretation="RGB", SamplesPerPixel=3), "colour_image"),
        (_set(BurnedInAnnotation="YES"), "burned_in"),
        (_set(DistanceSourceToDetector=None), "no_geometry"),
        (_set(DistanceSourceToDetector="500"), "bad_geometry"),
        (_set(Rows=30_000, Columns=30_000), "too_large"),
        (_set(PixelData=b"\x05\x00" * SIZE * SIZE), "empty_image"),
        (_set(PixelData=b"\x05\x00" * 100), "truncated"),
    ],
)
def test_files_that_cannot_be_used_say_why(tmp_path: Path, change: Callable[[Any], None], code: str) -> None:
    path = write(tmp_path / "a.dcm", change=change)
    assert code_of(lambda: read_xray(path)) == code


def test_what_is_no_dicom_file_or_only_half_of_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.dcm").write_text("not an image at all\n" * 20)
    assert code_of(lambda: read_xray(tmp_path / "text.dcm")) == "not_dicom"
    assert code_of(lambda: read_xray(tmp_path / "absent.dcm")) == "no_file"
    whole = write(tmp_path / "whole.dcm").read_bytes()
    for length in (140, 400, len(whole) // 2):
        (tmp_path / "cut.dcm").write_bytes(whole[:length])
        assert code_of(lambda: read_xray(tmp_path / "cut.dcm")) in ("truncated", "unsupported_modality")


def test_pictures_need_a_rig_and_must_be_grey(tmp_path: Path) -> None:
    grey = np.rint(np.exp(-limb()) / 1.1 * 65535).astype(np.uint16)
    Image.fromarray(grey).save(tmp_path / "ap.png")
    Image.new("RGB", (SIZE, SIZE)).save(tmp_path / "colour.png")
    assert code_of(lambda: read_xray(tmp_path / "ap.png")) == "no_geometry"
    camera = Positioner(0.0, rows=SIZE, columns=SIZE).camera
    rig = Rig(
        tuple(RigView(name, camera.projection, relationship="LIN") for name in ("ap.png", "colour.png"))
    )
    image = read_xray(tmp_path / "ap.png", rig=rig)
    assert image.provenance == "rig"
    assert np.abs(image.line_integrals - limb()).max() < 0.02
    assert code_of(lambda: read_xray(tmp_path / "colour.png", rig=rig)) == "colour_image"
    other = Rig((RigView("ap.png", camera.projection, rows=64, columns=64),))
    assert code_of(lambda: read_xray(tmp_path / "ap.png", rig=other)) == "rig_mismatch"


def test_pairs_that_are_no_pair_are_refused(tmp_path: Path) -> None:
    ap, lateral = write(tmp_path / "ap.dcm"), write(tmp_path / "lateral.dcm", 90)
    assert len(read_pair(ap, lateral)) == 2
    assert code_of(lambda: read_pair(lateral, ap)) == "views_swapped"
    near = write(tmp_path / "near.dcm", 16, change=_set(ViewPosition=""))
    assert code_of(lambda: read_pair(ap, near)) == "views_too_close"
    stranger = write(tmp_path / "stranger.dcm", 90, change=_set(PatientID="SOMEONE-ELSE"))
    assert code_of(lambda: read_pair(ap, stranger)) == "different_patients"
    right = write(tmp_path / "right.dcm", 90, change=_set(ImageLaterality="R"))
    assert code_of(lambda: read_pair(ap, right)) == "laterality_conflict"


def test_a_rig_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    camera = Positioner(17.0).camera
    rig = Rig(
        (RigView("ap.dcm", camera.projection, 1024, 1024, "ap", "LIN"), RigView("b.png", camera.projection)),
        (1.5, -2.25, 480.0),
    )
    write_rig(tmp_path / "rig.json", rig)
    again = read_rig(tmp_path / "rig.json")
    assert again.isocentre_lps == rig.isocentre_lps
    for found, expected in zip(again.views, rig.views, strict=True):
        assert (found.projection == expected.projection).all()
        assert (found.image, found.rows, found.columns, found.view, found.relationship) == (
            (expected.image, expected.rows, expected.columns, expected.view, expected.relationship)
        )


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", "bad_rig"),
        ("{}", "bad_rig"),
        ('{"views": []}', "bad_rig"),
        ('{"views": [{"image": "a.dcm"}]}', "bad_rig"),
        (json.dumps({"views": [{"image": "a", "projection": [[float("nan")] * 4] * 3}]}), "bad_projection"),
        (json.dumps({"views": [{"image": "a", "projection": [[1, 2], [3, 4]]}]}), "bad_projection"),
        (json.dumps({"views": [{"image": "a", "projection": [[1, 0, 0, 0]] * 3}]}), "bad_projection"),
    ],
)
def test_rig_files_that_describe_no_camera_are_refused(tmp_path: Path, document: str, code: str) -> None:
    (tmp_path / "rig.json").write_text(document)
    assert code_of(lambda: read_rig(tmp_path / "rig.json")) == code
