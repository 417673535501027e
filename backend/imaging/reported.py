"""What the engine's report says about the X-rays of bones. Child processes read it too, so without Django."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VIEWS = ("ap", "lateral")
"""In the order of the report's images."""


def reported_projections(report: Mapping[str, Any]) -> dict[str, list[list[float]]]:
    """(3, 4) projections that bones were reconstructed with, by view; empty for bones of no X-rays.

    They differ from what the files state where the engine corrected views that contradict each other.
    """
    images = report.get("images", ())
    return {view: image["camera"]["projection"] for view, image in zip(VIEWS, images, strict=False)}
