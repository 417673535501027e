"""X-ray images in and out: DICOM, PNG and TIFF to line integrals with a camera, and back to DICOM."""

from recon.images.check import check_pair
from recon.images.film import Film, read_leg_film
from recon.images.read import read_pair, read_xray
from recon.images.rig import Rig, RigView, read_rig, write_rig
from recon.images.view import XrayView

__all__ = [
    "Film",
    "Rig",
    "RigView",
    "XrayView",
    "check_pair",
    "read_leg_film",
    "read_pair",
    "read_rig",
    "read_xray",
    "write_rig",
]
