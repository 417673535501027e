"""The contact face with its gaps, as a coloured mesh for the page and for any viewer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from guides.bones import Array

_STOPS_MM = (-0.5, 0.0, 0.5, 1.5)
"""Gap minus clearance: inside the bone red, in contact green, off it yellow, far off blue."""

_COLOURS = ((200, 30, 30), (40, 160, 60), (240, 200, 40), (40, 80, 200))


def gap_colours(error: Array) -> Array:
    """(N, 3) colours 0 to 255 of (N,) gap errors in mm."""
    channels = [np.interp(error, _STOPS_MM, [colour[i] for colour in _COLOURS]) for i in range(3)]
    return np.round(np.column_stack(channels)).astype(np.uint8)


def write_contact(path: Path, vertices: Array, faces: Array, gaps: Array, clearance: float) -> None:
    """Binary PLY of the contact face: x, y, z (LPS mm), ``gap_mm``, red, green, blue."""
    record = np.dtype([("place", "<f4", 3), ("gap", "<f4"), ("colour", "u1", 3)])
    data = np.zeros(len(vertices), record)
    data["place"], data["gap"], data["colour"] = vertices, gaps, gap_colours(gaps - clearance)
    corners = np.zeros(len(faces), np.dtype([("count", "u1"), ("corners", "<i4", 3)]))
    corners["count"], corners["corners"] = 3, faces
    header = (
        "ply\nformat binary_little_endian 1.0\ncomment simulated contact, LPS millimetres\n"
        f"element vertex {len(vertices)}\n"
        "property float x\nproperty float y\nproperty float z\nproperty float gap_mm\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\n"
        f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    path.write_bytes(header.encode() + data.tobytes() + corners.tobytes())
