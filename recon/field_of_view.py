"""The space in which a reconstruction can be judged: what every view saw, inside the cube."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.errors import InputError
from recon.geometry import BiplanarRig, Camera

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TurnedBox:
    """A box along the axes of another frame, for example that of a CT whose bones were aligned onto others.

    Attributes:
        low: (3,) lower corner, mm, in the frame of the box.
        high: (3,) upper corner.
        placement: (4, 4) rigid, from the frame of the box to that of the bones.
    """

    low: Array
    high: Array
    placement: Array

    def depth(self, points: Array) -> Array:
        """(N,) millimetres from each of (N, 3) points to the nearest face, negative outside."""
        own = (points - self.placement[:3, 3]) @ self.placement[:3, :3]
        return np.asarray(np.minimum((own - self.low).min(axis=1), (self.high - own).min(axis=1)))


@dataclass(frozen=True, eq=False)
class FieldOfView:
    """Intersection of a box, the cones of cameras and boxes that stand at an angle.

    Attributes:
        low: (3,) lower corner of the box, mm; may be minus infinity.
        high: (3,) upper corner.
        cameras: views that all must see a point.
        boxes: turned boxes that all must hold a point.
    """

    low: Array
    high: Array
    cameras: tuple[Camera, ...] = ()
    boxes: tuple[TurnedBox, ...] = ()

    @classmethod
    def everything(cls) -> FieldOfView:
        """No limits."""
        return cls(np.full(3, -np.inf), np.full(3, np.inf))

    @classmethod
    def of_folder(cls, folder: Path) -> FieldOfView:
        """What ``report.json`` in a bone-set folder states; everything where it states nothing.

        Raises:
            InputError: bad_report.
        """
        path = folder / "report.json"
        if not path.is_file():
            return cls.everything()
        try:
            return cls.of_report(json.loads(path.read_text(encoding="utf-8")).get("field_of_view") or {})
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                "bad_report", f"{path} does not describe a field of view ({error})", "Reconstruct again"
            ) from error

    @classmethod
    def of_report(cls, stated: dict[str, Any]) -> FieldOfView:
        """From the ``field_of_view`` of a report.

        It may hold ``cube_side_mm`` with ``projections``, ``rows`` and ``columns`` (a reconstruction),
        ``box_mm`` [[x, y, z], [x, y, z]] (bones cut from a CT), and ``turned_boxes``, each with ``box_mm``
        and a (4, 4) ``placement``.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: it holds something else.
        """
        low, high = np.full(3, -np.inf), np.full(3, np.inf)
        if "cube_side_mm" in stated:
            low, high = np.full(3, -stated["cube_side_mm"] / 2), np.full(3, stated["cube_side_mm"] / 2)
        if "box_mm" in stated:
            low, high = _corners(stated["box_mm"])
        cameras = tuple(
            Camera(np.asarray(projection), int(rows), int(columns))
            for projection, rows, columns in zip(
                stated.get("projections", ()),
                stated.get("rows", ()),
                stated.get("columns", ()),
                strict=True,
            )
        )
        boxes = tuple(
            TurnedBox(*_corners(box["box_mm"]), np.asarray(box["placement"], dtype=np.float64).reshape(4, 4))
            for box in stated.get("turned_boxes", ())
        )
        return cls(low, high, cameras, boxes)

    @property
    def separation(self) -> float:
        """Widest angle in degrees between two of the views, 0 to 90; 0 where there are fewer than two."""
        pairs = combinations(self.cameras, 2)
        return max((BiplanarRig(pair).separation for pair in pairs), default=0.0)

    def moved(self, placement: Array) -> FieldOfView:
        """The same space after a (4, 4) rigid motion in mm; the origin must stay before the cameras."""
        back = np.linalg.inv(placement)
        cameras = tuple(Camera(c.projection @ back, c.rows, c.columns) for c in self.cameras)
        boxes = tuple(TurnedBox(box.low, box.high, placement @ box.placement) for box in self.boxes)
        if np.isfinite(self.low).any() or np.isfinite(self.high).any():
            boxes += (TurnedBox(self.low, self.high, placement),)
        return FieldOfView(np.full(3, -np.inf), np.full(3, np.inf), cameras, boxes)

    def report(self) -> dict[str, Any]:
        """What ``of_report`` reads; a kilometre stands for no limit."""
        stated: dict[str, Any] = {}
        if np.isfinite(self.low).any() or np.isfinite(self.high).any():
            stated["box_mm"] = _plain(self.low, self.high)
        if self.cameras:
            stated["projections"] = [camera.projection.tolist() for camera in self.cameras]
            stated["rows"] = [camera.rows for camera in self.cameras]
            stated["columns"] = [camera.columns for camera in self.cameras]
        if self.boxes:
            stated["turned_boxes"] = [
                {"box_mm": _plain(box.low, box.high), "placement": box.placement.tolist()}
                for box in self.boxes
            ]
        return stated

    def __and__(self, other: FieldOfView) -> FieldOfView:
        """What both contain."""
        return FieldOfView(
            np.maximum(self.low, other.low),
            np.minimum(self.high, other.high),
            self.cameras + other.cameras,
            self.boxes + other.boxes,
        )

    def depth(self, points: Array) -> Array:
        """(N,) millimetres from each of (N, 3) points to the border, negative outside."""
        depths = [*(points - self.low).T, *(self.high - points).T]
        depths.extend(camera.depth_inside(points) for camera in self.cameras)
        depths.extend(box.depth(points) for box in self.boxes)
        return np.asarray(np.minimum.reduce(depths))


_UNLIMITED_MM = 1e6


def _corners(box: Any) -> tuple[Array, Array]:
    low, high = (np.asarray(corner, dtype=np.float64).reshape(3) for corner in box)
    return low, high


def _plain(low: Array, high: Array) -> list[list[float]]:
    """JSON knows no infinity."""
    return [np.clip(corner, -_UNLIMITED_MM, _UNLIMITED_MM).tolist() for corner in (low, high)]
