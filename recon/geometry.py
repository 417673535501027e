"""Cameras, rigs and the reconstruction cube: the only place that projects points or changes frames.

The world is patient LPS in millimetres with its origin at the isocentre of the rig: x to the patient's
left, y to posterior, z to superior. Pixels are (column, row) with the centre of the first pixel at (0, 0).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from recon.errors import InputError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole view of the world.

    Attributes:
        projection: (3, 4) matrix from homogeneous LPS millimetres to homogeneous (column, row). It is
            stored normalised: its third row gives the distance from the source along the optical axis
            in millimetres, positive for the isocentre.
        rows: image height in pixels.
        columns: image width in pixels.
    """

    projection: Array
    rows: int
    columns: int
    source: Array = field(init=False)

    def __post_init__(self) -> None:
        projection = np.asarray(self.projection, dtype=np.float64)
        if projection.shape != (3, 4) or not np.isfinite(projection).all():
            raise InputError(
                "bad_projection",
                "A projection matrix is not 3 x 4 finite numbers",
                "Give three rows of four numbers a view in rig.json",
            )
        norm = float(np.linalg.norm(projection[2, :3]))
        if norm == 0 or abs(np.linalg.det(projection[:, :3] / max(norm, 1e-300))) < 1e-9:
            raise InputError(
                "bad_projection",
                "A projection matrix is singular, so it describes no X-ray source",
                "Calibrate the view again",
            )
        sign = -1.0 if projection[2, 3] < 0 else 1.0
        normalised = projection * (sign / norm)
        object.__setattr__(self, "projection", normalised)
        object.__setattr__(self, "source", -np.linalg.solve(normalised[:, :3], normalised[:, 3]))

    @classmethod
    def from_angles(
        cls,
        *,
        source_to_detector: float,
        source_to_isocentre: float,
        primary_angle: float,
        secondary_angle: float = 0.0,
        pixel_spacing: tuple[float, float],
        rows: int,
        columns: int,
    ) -> Camera:
        """A camera from the DICOM positioner attributes, by their standard meaning (PS3.3 C.8.7.5).

        Args:
            source_to_detector: DistanceSourceToDetector (0018,1110), mm.
            source_to_isocentre: DistanceSourceToPatient (0018,1111), mm.
            primary_angle: PositionerPrimaryAngle (0018,1510), degrees; 0 puts the detector in front of
                the patient, +90 at the patient's left.
            secondary_angle: PositionerSecondaryAngle (0018,1511), degrees; positive is cranial.
            pixel_spacing: ImagerPixelSpacing (0018,1164), mm at the detector, (row spacing, column spacing).
            rows: image height in pixels.
            columns: image width in pixels.
        """
        t, s = np.deg2rad(primary_angle), np.deg2rad(secondary_angle)
        towards_detector = np.array([np.sin(t) * np.cos(s), -np.cos(t) * np.cos(s), np.sin(s)])
        along_columns = np.array([np.cos(t), np.sin(t), 0.0])
        along_rows = np.array([np.sin(t) * np.sin(s), -np.cos(t) * np.sin(s), -np.cos(s)])
        rotation = np.stack([along_columns, along_rows, towards_detector])
        source = -source_to_isocentre * towards_detector
        intrinsics = np.array(
            [
                [source_to_detector / pixel_spacing[1], 0.0, (columns - 1) / 2],
                [0.0, source_to_detector / pixel_spacing[0], (rows - 1) / 2],
                [0.0, 0.0, 1.0],
            ]
        )
        return cls(intrinsics @ np.column_stack([rotation, -rotation @ source]), rows, columns)

    @property
    def direction(self) -> Array:
        """(3,) unit vector of the optical axis, from source to detector."""
        return np.array(self.projection[2, :3])

    def project(self, points: Array) -> tuple[Array, Array]:
        """Project (..., 3) points in mm to (..., 2) pixels (column, row) and (...) depths in mm."""
        homogeneous = points @ self.projection[:, :3].T + self.projection[:, 3]
        depth = homogeneous[..., 2]
        return homogeneous[..., :2] / depth[..., None], depth

    def rays(self, pixels: Array) -> Array:
        """Unit vectors (..., 3) from the source through (..., 2) pixels (column, row)."""
        per_column, per_row, first = self._unit_depths
        towards = pixels[..., :1] * per_column + pixels[..., 1:] * per_row + first
        return np.asarray(towards / np.sqrt(np.einsum("...i,...i", towards, towards))[..., None])

    def obliquity(self) -> Array:
        """(rows, columns) ratio of distance along the ray through a pixel to depth along the optical axis."""
        # The square of the length of a vector that grows evenly with column and row.
        (cc, cr, c), (_, rr, r), (_, _, one) = self._unit_depths @ self._unit_depths.T
        column, row = np.arange(self.columns), np.arange(self.rows)[:, None]
        square = (cc * column + 2 * c) * column + (rr * row + 2 * r) * row + 2 * cr * row * column + one
        return np.asarray(np.sqrt(square))

    def heights(self, depth: float) -> Array:
        """(rows, columns) z in mm of the ray through each pixel, so many mm deep along the optical axis."""
        per_column, per_row, first = self._unit_depths[:, 2] * depth
        column, row = np.arange(self.columns), np.arange(self.rows)[:, None]
        return np.asarray(self.source[2] + per_column * column + per_row * row + first)

    @property
    def _unit_depths(self) -> Array:
        """(3, 3) mm from the source at unit depth: what a column adds, what a row adds, the first pixel."""
        return np.array(np.linalg.inv(self.projection[:, :3]).T)

    def sees(self, points: Array, margin: float = 0.0) -> npt.NDArray[np.bool_]:
        """Which of (..., 3) points fall on the image, at least ``margin`` pixels inside its border."""
        pixels, depth = self.project(points)
        low, high = margin - 0.5, np.array([self.columns, self.rows]) - 0.5 - margin
        return np.asarray((depth > 0) & ((pixels >= low) & (pixels <= high)).all(axis=-1))

    def depth_inside(self, points: Array) -> Array:
        """(...) mm from each of (..., 3) points to the border of what the image shows; negative outside."""
        pixels, depth = self.project(points)
        column, row = pixels[..., 0], pixels[..., 1]
        border = np.minimum.reduce([column, self.columns - 1 - column, row, self.rows - 1 - row])
        return np.asarray(np.where(depth > 0, border * depth / self._focal, -np.inf))

    def pixel_size_at(self, point: Array) -> float:
        """Millimetres that one pixel spans in the plane through a (3,) point, parallel to the detector."""
        return float(self.project(point)[1]) / self._focal

    @property
    def _focal(self) -> float:
        """Focal length in pixels; the geometric mean where pixels are not square."""
        return float(np.sqrt(abs(np.linalg.det(self.projection[:, :3]))))

    def transformed(self, image_map: Array, rows: int, columns: int) -> Camera:
        """The camera of an image resampled so that new pixel = ``image_map`` (3, 3) @ old pixel."""
        return Camera(image_map @ self.projection, rows, columns)

    def upright_map(self, width: float, pixels: int) -> Array:
        """The (3, 3) pixel map to a square picture of the isocentre, the same way up for every rig.

        In the new picture the isocentre is the middle, ``width`` mm in the isocentre's plane span it,
        +z points up, and whichever of +x and +y lies more across the view points to the right: a
        network then sees AP and PA, left and right lateral alike, and the camera carries the rest.

        Args:
            width: millimetres that the new picture spans.
            pixels: rows and columns of the new picture.
        """
        probes = np.vstack([np.zeros(3), np.eye(3)])
        (centre, *tips), _ = self.project(probes)
        across, ahead, up = np.array(tips) - centre
        down = -up / np.linalg.norm(up)
        right = np.array([down[1], -down[0]])
        leading = max(across, ahead, key=lambda tip: abs(float(tip @ right)))
        if leading @ right < 0:
            right = -right
        scale = self.pixel_size_at(np.zeros(3)) * pixels / width
        linear = scale * np.stack([right, down])
        result = np.eye(3)
        result[:2, :2] = linear
        result[:2, 2] = (pixels - 1) / 2 - linear @ centre
        return result

    def cropped(self, top: int, bottom: int, left: int, right: int) -> Camera:
        """The camera of rows ``top`` to ``bottom`` and columns ``left`` to ``right``, ends not included."""
        shift = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]])
        return self.transformed(shift, bottom - top, right - left)


@dataclass(frozen=True, eq=False)
class BiplanarRig(Sequence[Camera]):
    """Two or more cameras that share one world frame."""

    cameras: tuple[Camera, ...]

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self.cameras[index]

    def __iter__(self) -> Iterator[Camera]:
        return iter(self.cameras)

    def __len__(self) -> int:
        return len(self.cameras)

    @property
    def separation(self) -> float:
        """Angle in degrees between the optical axes of the first two cameras, 0 to 90.

        Opposite detectors see the same outlines, so an angle above 90 counts as its supplement.
        """
        cosine = abs(float(self.cameras[0].direction @ self.cameras[1].direction))
        return float(np.rad2deg(np.arccos(min(cosine, 1.0))))

    def sees(self, points: Array, margin: float = 0.0) -> npt.NDArray[np.bool_]:
        """Which of (..., 3) points every camera sees."""
        seen = [camera.sees(points, margin) for camera in self.cameras]
        return np.asarray(np.logical_and.reduce(seen))


@dataclass(frozen=True)
class ReconstructionCube:
    """The cube round the isocentre that is reconstructed; converts to the network's [-1, 1].

    Attributes:
        side: edge length in mm.
    """

    side: float = 200.0

    def to_unit(self, points: Array) -> Array:
        """Millimetres to the network's cube [-1, 1]."""
        return np.asarray(points / (self.side / 2))

    def to_mm(self, unit: Array) -> Array:
        """The network's cube [-1, 1] to millimetres."""
        return np.asarray(unit * (self.side / 2))

    def unit_projections(self, projections: Array, pixels: int) -> Array:
        """(..., 3, 4) projections from mm to pixels of a square picture, as the network takes them.

        The result goes from the unit cube to picture coordinates in [-1, 1] (the outermost pixel centres),
        and its third row gives depths in units of half the cube's side.
        """
        half = self.side / 2
        to_picture = np.array([[2 / (pixels - 1), 0, -1], [0, 2 / (pixels - 1), -1], [0, 0, 1]])
        return np.asarray(to_picture @ projections @ np.diag([half, half, half, 1.0]) / half)

    def grid_axis(self, resolution: int) -> Array:
        """(resolution,) coordinates in mm of the grid nodes along any axis; they span the whole cube."""
        return np.linspace(-self.side / 2, self.side / 2, resolution)

    def contains(self, points: Array, margin: float = 0.0) -> npt.NDArray[np.bool_]:
        """Which of (..., 3) points in mm lie in the cube, at least ``margin`` mm inside."""
        return np.asarray((np.abs(points) <= self.side / 2 - margin).all(axis=-1))
