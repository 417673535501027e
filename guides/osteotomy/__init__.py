"""Where the tibia is cut, about which hinge it turns and by how much, and what that does to the leg."""

from __future__ import annotations

from guides.osteotomy.bands import Planned, osteotomy_bands
from guides.osteotomy.closing import ClosingWedge, close_wedge
from guides.osteotomy.construction import dugdale, jlca_compensation, miniaci, plateau_crossing
from guides.osteotomy.cut import (
    CLOSING_BELOW_JOINT_MM,
    CORTEX_MM,
    HINGE_BELOW_JOINT_MM,
    START_BELOW_JOINT_MM,
    Cut,
    find_closing_cut,
    find_cut,
)
from guides.osteotomy.fragments import CorrectedKnee, corrected_knee, exact_knee
from guides.osteotomy.hinge import solved_hinge
from guides.osteotomy.motion import DISTAL_FRAGMENT, Correction, move
from guides.osteotomy.opening import MAX_CORRECTION_DEG, open_wedge, retrotubercular
from guides.osteotomy.placing import Placing
from guides.osteotomy.second_cut import SecondCut, read_second_cut
from guides.osteotomy.simulation import Simulation, simulate
from guides.osteotomy.solid_files import solid_files
from guides.osteotomy.target import solve_correction
from guides.osteotomy.technique import Kind, Technique, TuberositySide
from guides.osteotomy.volume import volume_of, wedge_volume
from guides.osteotomy.wedge import Osteotomy, read_osteotomy

__all__ = [
    "CLOSING_BELOW_JOINT_MM",
    "CORTEX_MM",
    "DISTAL_FRAGMENT",
    "HINGE_BELOW_JOINT_MM",
    "MAX_CORRECTION_DEG",
    "START_BELOW_JOINT_MM",
    "ClosingWedge",
    "CorrectedKnee",
    "Correction",
    "Cut",
    "Kind",
    "Osteotomy",
    "Placing",
    "Planned",
    "SecondCut",
    "Simulation",
    "Technique",
    "TuberositySide",
    "close_wedge",
    "corrected_knee",
    "dugdale",
    "exact_knee",
    "find_closing_cut",
    "find_cut",
    "jlca_compensation",
    "miniaci",
    "move",
    "open_wedge",
    "osteotomy_bands",
    "plateau_crossing",
    "read_osteotomy",
    "read_second_cut",
    "retrotubercular",
    "simulate",
    "solid_files",
    "solve_correction",
    "solved_hinge",
    "volume_of",
    "wedge_volume",
]
