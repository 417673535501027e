"""Metal in and on the bones of a virtual knee: closed meshes in millimetres, placed on given bones.

Sizes are those of usual products, shapes are simplified: no threads, no locking holes, no rounded edges.
"""

from recon.population.implants.draw import draw_implant, metal_lengths, metal_of
from recon.population.implants.partial_knee import partial_knee
from recon.population.implants.parts import Component, Implant, remaining_bones
from recon.population.implants.plate import plate_and_screws
from recon.population.implants.staple import staple

__all__ = [
    "Component",
    "Implant",
    "draw_implant",
    "metal_lengths",
    "metal_of",
    "partial_knee",
    "plate_and_screws",
    "remaining_bones",
    "staple",
]
