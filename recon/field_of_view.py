"""The space in which a reconstruction can be judged: what every view saw, inside the cube."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.errors import InputError
from recon.geometry import Camera

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FieldOfView:
    """Intersection of a box and the cones of cameras.

    Attributes:
        low: (3,) lower corner of the box, mm; may be minus infinity.
        high: (3,) upper corner.
        cameras: views that all must see a point.
    """

    low: Array
    high: Array
    cameras: tuple[Camera, ...] = ()

    @classmethod
    def everything(cls) -> FieldOfView:
        """No limits."""
        return cls(np.full(3, -np.inf), np.full(3, np.inf))

    @classmethod
    def of_folder(cls, folder: Path) -> FieldOfView:
        """What ``report.json`` in a bone-set folder states; everything where it states nothing.

        The report's ``field_of_view`` may hold ``cube_side_mm`` with ``projections``, ``rows`` and
        ``columns`` (a reconstruction), or ``box_mm`` [[x, y, z], [x, y, z]] (bones cut from a CT).

        Raises:
            InputError: bad_report.
        """
        path = folder / "report.json"
        if not path.is_file():
            return cls.everything()
        try:
            stated: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")).get("field_of_view") or {}
            low, high = np.full(3, -np.inf), np.full(3, np.inf)
            if "cube_side_mm" in stated:
                low, high = np.full(3, -stated["cube_side_mm"] / 2), np.full(3, stated["cube_side_mm"] / 2)
            if "box_mm" in stated:
                low, high = (np.asarray(corner, dtype=np.float64).reshape(3) for corner in stated["box_mm"])
            cameras = tuple(
                Camera(np.asarray(projection), int(rows), int(columns))
                for projection, rows, columns in zip(
                    stated.get("projections", ()),
                    stated.get("rows", ()),
                    stated.get("columns", ()),
                    strict=True,
                )
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                "bad_report", f"{path} does not describe a field of view ({error})", "Reconstruct again"
            ) from error
        return cls(low, high, cameras)

    def __and__(self, other: FieldOfView) -> FieldOfView:
        """What both contain."""
        return FieldOfView(
            np.maximum(self.low, other.low), np.minimum(self.high, other.high), self.cameras + other.cameras
        )

    def depth(self, points: Array) -> Array:
        """(N,) millimetres from each of (N, 3) points to the border, negative outside."""
        depths = [(points - self.low).min(axis=1), (self.high - points).min(axis=1)]
        depths.extend(camera.depth_inside(points) for camera in self.cameras)
        return np.asarray(np.minimum.reduce(depths))
