"""The letters of printed reports: those of the guide engine's sheets, so that all paper looks alike."""

from __future__ import annotations

from guides.letters import BOLD, FONT, printable

__all__ = ["BOLD", "FONT", "printable"]
