"""``rig.json``: one 3 x 4 projection matrix a view, which overrides what the images say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from recon.errors import InputError
from recon.geometry import Camera

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RigView:
    """One view of a rig file.

    Attributes:
        image: file name of the image, without folders.
        projection: (3, 4) from LPS millimetres to (column, row), first pixel's centre at (0, 0).
        rows: image height, or None where the file leaves it to the image.
        columns: image width, or None likewise.
        view: "ap", "lateral" or None.
        relationship: how the pixels of a PNG or TIFF follow the exposure: "LIN", "LOG" or "" (processed).
    """

    image: str
    projection: Array
    rows: int | None = None
    columns: int | None = None
    view: str | None = None
    relationship: Literal["LIN", "LOG", ""] = ""

    def camera(self, rows: int, columns: int) -> Camera:
        """The camera of an image of that size.

        Raises:
            InputError: the rig was made for another image size.
        """
        if (self.rows or rows, self.columns or columns) != (rows, columns):
            raise InputError(
                "rig_mismatch",
                f"The rig describes {self.image} as {self.rows} x {self.columns} pixels, but the image has "
                f"{rows} x {columns}",
                "Give the rig file that was made for this image",
            )
        return Camera(self.projection, rows, columns)


@dataclass(frozen=True, eq=False)
class Rig:
    """The views of a rig file, in its order.

    Attributes:
        views: at least one.
        isocentre_lps: (3,) the rig's origin in the frame of the CT that was rendered, or None.
    """

    views: tuple[RigView, ...]
    isocentre_lps: tuple[float, float, float] | None = None

    def find(self, name: str, view: str | None) -> RigView:
        """The entry of an image: by file name, else by view, else by order (AP first) in a rig of two.

        Raises:
            InputError: no entry fits.
        """
        for entry in self.views:
            if entry.image == name:
                return entry
        for entry in self.views:
            if view is not None and entry.view == view:
                return entry
        if view is not None and len(self.views) == 2 and not any(entry.view for entry in self.views):
            return self.views[0 if view == "ap" else 1]
        raise InputError(
            "rig_mismatch",
            f"The rig file has no entry for {name}",
            'Name the image in rig.json: {"views": [{"image": "' + name + '", "projection": [...]}]}',
        )


def read_rig(path: Path) -> Rig:
    """Read a rig file: ``{"views": [{"image": "ap.dcm", "projection": [[4], [4], [4]]}, ...]}``.

    ``rows``, ``columns``, ``view`` and ``relationship`` per view and ``isocentre_lps`` are optional.

    Raises:
        InputError: no_file, bad_rig, bad_projection.
    """
    if not path.is_file():
        raise InputError("no_file", f"{path} does not exist", "Check the spelling of the path")
    remedy = 'Write {"views": [{"image": "ap.dcm", "projection": [[...], [...], [...]]}, ...]}'
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        entries = document["views"]
        views = tuple(_parse(entry) for entry in entries)
        origin = document.get("isocentre_lps")
        isocentre = None if origin is None else tuple(float(value) for value in origin)
    except InputError:
        raise
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError("bad_rig", f"{path.name} is not a rig file ({error!r})", remedy) from error
    if not views or (isocentre is not None and len(isocentre) != 3):
        raise InputError("bad_rig", f"{path.name} describes no view", remedy)
    return Rig(views, isocentre)


def _parse(entry: dict[str, Any]) -> RigView:
    size = [int(entry[key]) if entry.get(key) is not None else None for key in ("rows", "columns")]
    projection = np.asarray(entry["projection"], dtype=np.float64)
    Camera(projection, size[0] or 1, size[1] or 1)  # raises bad_projection
    view, relationship = entry.get("view"), entry.get("relationship")
    return RigView(
        image=Path(str(entry["image"])).name,
        projection=projection,
        rows=size[0],
        columns=size[1],
        view=view if view in ("ap", "lateral") else None,
        relationship=relationship if relationship in ("LIN", "LOG") else "",
    )


def write_rig(path: Path, rig: Rig) -> None:
    """Write a rig file that ``read_rig`` reads back unchanged."""
    views = []
    for entry in rig.views:
        view: dict[str, Any] = {"image": entry.image, "projection": entry.projection.tolist()}
        for key in ("rows", "columns", "view", "relationship"):
            if getattr(entry, key) not in (None, ""):
                view[key] = getattr(entry, key)
        views.append(view)
    document: dict[str, Any] = {"views": views}
    if rig.isocentre_lps is not None:
        document["isocentre_lps"] = list(rig.isocentre_lps)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
