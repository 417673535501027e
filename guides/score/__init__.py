"""Simulated scores of a guide on a bone: fitting, stability and accuracy, 1 to 6 as in the paper."""

from __future__ import annotations

from guides.score.files import read_design, score_files
from guides.score.simulate import Verdict, simulate

__all__ = ["Verdict", "read_design", "score_files", "simulate"]
