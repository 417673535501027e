"""One knee of a data set; arrays are read when they are asked for."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.bones import BoneSet
from recon.dataset.content import CaseContent
from recon.dataset.manifest import CaseEntry, Settings
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.geometry import Array, Camera

IMAGES, VOLUME, POINTS, BONES, DESCRIPTION = "images.npz", "volume.npz", "points.npz", "bones", "case.json"


@dataclass(eq=False)
class KneeCase:
    """A knee of a data set, seen in some of its views.

    Attributes:
        entry: what the manifest says of it.
        settings: what all cases of the data set share.
        views: names of the V views that were chosen.
    """

    entry: CaseEntry
    settings: Settings
    views: tuple[str, ...]

    def _read(self, file: str, *names: str) -> list[npt.NDArray[Any]]:
        path = self.entry.folder / file
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return [arrays[name] for name in names]
        except FileNotFoundError as error:
            raise InputError("missing_file", f"{path} is missing", "Build the data set again") from error
        except KeyError as error:
            spacing = error.args and "spacing_mm" in str(error.args[0])
            raise InputError(
                "no_spacing" if spacing else "bad_array",
                f"{path} states no spacing" if spacing else f"{path} lacks an array ({error.args[0]})",
                "Build the case again",
            ) from error
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(
                "unreadable_case", f"{path} cannot be read ({error})", "Build the case again"
            ) from error

    def _of_views(self, name: str) -> npt.NDArray[Any]:
        (array,) = self._read(IMAGES, name)
        views = len(self.settings.views)
        if array.shape[:1] != (views,):
            raise InputError(
                "bad_array",
                f"{name} of {self.entry.id} has the shape {array.shape}, not {views} views",
                "Build the case again",
            )
        return np.asarray(array[self.settings.indices(self.views)])

    @cached_property
    def pictures(self) -> npt.NDArray[np.float32]:
        """(V, P, P) normalised pictures, 0 where not valid."""
        return self._of_views("pictures").astype(np.float32)

    @cached_property
    def valid(self) -> npt.NDArray[np.bool_]:
        """(V, P, P) where the detector was exposed."""
        return self._of_views("valid")

    @cached_property
    def projections(self) -> Array:
        """(V, 3, 4) from mm to (column, row) of the pictures."""
        return self._of_views("projections").astype(np.float64)

    @cached_property
    def masks(self) -> npt.NDArray[np.bool_] | None:
        """(V, P, P) shadow of the bones; None where unlabelled."""
        return self._of_views("masks") if self.entry.labelled else None

    @cached_property
    def _points(self) -> list[npt.NDArray[Any]]:
        return self._read(POINTS, "near", "near_labels", "uniform", "uniform_labels")

    @property
    def near(self) -> npt.NDArray[np.float32] | None:
        """(n, 3) points near the bones' surfaces, mm, in random order; None where unlabelled."""
        return self._points[0] if self.entry.labelled else None

    @property
    def near_labels(self) -> npt.NDArray[np.uint8] | None:
        """(n,) bone that holds each of ``near``, 0 outside; None where unlabelled."""
        return self._points[1] if self.entry.labelled else None

    @property
    def uniform(self) -> npt.NDArray[np.float32] | None:
        """(m, 3) points anywhere in ``box``, mm; None where unlabelled."""
        return self._points[2] if self.entry.labelled else None

    @property
    def uniform_labels(self) -> npt.NDArray[np.uint8] | None:
        """(m,) bone that holds each of ``uniform``, 0 outside; None where unlabelled."""
        return self._points[3] if self.entry.labelled else None

    @cached_property
    def box(self) -> Array:
        """(2, 3) lower and upper corner in mm of the part of the cube that the volume knows."""
        return self._read(VOLUME, "box")[0].astype(np.float64)

    def volume(self) -> npt.NDArray[np.float32]:
        """(D, D, D) Hounsfield units on the nodes of the cube, [z, y, x]; air outside ``box``.

        Raises:
            InputError: no_spacing, wrong_spacing, bad_values, unreadable_case.
        """
        hu, spacing = self._read(VOLUME, "hu", "spacing_mm")
        expected = self.settings.cube_side_mm / (self.settings.volume_size - 1)
        # NaN is near to nothing.
        stated = float(spacing) if spacing.size == 1 else np.nan
        if hu.shape != (self.settings.volume_size,) * 3 or not abs(stated - expected) <= 1e-6 * expected:
            raise InputError(
                "wrong_spacing",
                f"The volume of {self.entry.id} has {hu.shape} nodes {stated:.4f} mm apart, "
                "which the manifest states otherwise",
                "Build the case again",
            )
        if not np.isfinite(hu).all():
            raise InputError(
                "bad_values",
                f"The volume of {self.entry.id} holds NaN or infinite values",
                "Build the case again",
            )
        return np.asarray(hu, dtype=np.float32)

    def bones(self) -> BoneSet:
        """The true bones in mm, whole as their source has them, also outside the cube.

        Raises:
            InputError: unlabelled.
        """
        if not self.entry.labelled:
            raise InputError(
                "unlabelled", f"No true bones are known for {self.entry.id}", "Choose a labelled case"
            )
        return BoneSet.read(self.entry.folder / BONES)

    def cameras(self) -> tuple[Camera, ...]:
        """The camera of each picture."""
        pixels = self.settings.pixels
        return tuple(Camera(projection, pixels, pixels) for projection in self.projections)

    def field_of_view(self) -> FieldOfView:
        """The space in which a reconstruction from the chosen views can be judged."""
        cameras = []
        for camera, valid in zip(self.cameras(), self.valid, strict=True):
            rows, columns = np.flatnonzero(valid.any(1)), np.flatnonzero(valid.any(0))
            cameras.append(
                camera.cropped(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
            )
        return FieldOfView(self.box[0], self.box[1], tuple(cameras))

    def isocentre(self) -> Array | None:
        """(3,) LPS mm of the isocentre in the frame of the CT that the case was made from, if any."""
        stated = json.loads((self.entry.folder / DESCRIPTION).read_text(encoding="utf-8"))["isocentre_lps"]
        return None if stated is None else np.asarray(stated, dtype=np.float64)

    def content(self) -> CaseContent:
        """Everything in memory, in the chosen views."""
        return CaseContent(
            self.pictures,
            self.valid,
            self.projections,
            self.volume(),
            self.box,
            self.masks,
            self.near,
            self.near_labels,
            self.uniform,
            self.uniform_labels,
            self.bones() if self.entry.labelled else None,
        )
