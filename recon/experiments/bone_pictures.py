"""Pictures like Fig. 2 of the paper: X-rays, true and reconstructed bones from three sides, surface error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import trimesh
from PIL import Image

from recon.bones import BoneSet
from recon.field_of_view import FieldOfView
from recon.metrics import surface_distances
from recon.render import Surface, render

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable

ANGLES = (0, 90, 180)
_TRUE_COLOUR = np.array([0.86, 0.79, 0.66])
_FOUND_COLOUR = np.array([0.60, 0.74, 0.86])
_COLOUR_MAP = "viridis"  # rises evenly in lightness, so colour-blind people read it too
_HEIGHT_MM, _WIDTH_MM = 180.0, 162.0
_PIXELS = 200


@dataclass(frozen=True, eq=False)
class Shown:
    """A case to show.

    Attributes:
        title: who it is and what was done.
        pictures: (V, P, P) X-rays as the network got them.
        truth: true bones, mm.
        found: reconstructed bones, mm.
        field: what can be judged; true bones are cut at its border.
    """

    title: str
    pictures: npt.NDArray[np.float32]
    truth: BoneSet
    found: BoneSet
    field: FieldOfView


def write_sheet(cases: Sequence[Shown], path: Path, *, most_mm: float = 3.0) -> None:
    """Write one row a case: X-rays, true bones, reconstructed bones, and the distance to the true surface.

    Args:
        cases: what to show.
        path: PNG file.
        most_mm: end of the colour scale; more has the same colour.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import cm, pyplot
    from matplotlib.colors import Normalize

    views = max(len(case.pictures) for case in cases)
    columns = views + 3 * len(ANGLES)
    colours = cm.ScalarMappable(Normalize(0, most_mm), _COLOUR_MAP)
    figure, axes = pyplot.subplots(
        len(cases), columns, figsize=(1.4 * columns + 0.8, 1.75 * len(cases) + 0.4), squeeze=False
    )
    for row, case in zip(axes, cases, strict=True):
        for axis in row:
            axis.set_axis_off()
        for axis, picture in zip(row, case.pictures, strict=False):
            axis.imshow(_window(picture), cmap="gray")
        for axis, image in zip(row[views:], _bones(case, colours), strict=True):
            axis.imshow(image)
        row[0].set_title(case.title, fontsize=8, loc="left")
    for i, heading in enumerate(("true", "reconstructed", "surface error")):
        for j, angle in enumerate(ANGLES):
            axes[0][views + 3 * i + j].set_title(
                f"{heading}\n{angle}°" if j == 1 else f"{angle}°", fontsize=8
            )
    figure.subplots_adjust(left=0.005, right=0.93, bottom=0.01, top=1 - 0.42 / (1.75 * len(cases) + 0.4))
    figure.subplots_adjust(wspace=0.03, hspace=0.14)
    bar = figure.colorbar(colours, cax=figure.add_axes((0.945, 0.15, 0.012, 0.65)), extend="max")
    bar.set_label("distance to the true surface (mm)", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
    _fewer_colours(path, np.asarray(colours.to_rgba(np.linspace(0, most_mm, 24)))[:, :3])


def _bones(case: Shown, colours: ScalarMappable) -> list[Image.Image]:
    """Nine pictures: true, reconstructed and error, each from three sides."""

    def surface(mesh: trimesh.Trimesh, colour: npt.NDArray[np.float64]) -> Surface:
        # Cut at the border of the field of view, so that both bones end at the same place.
        depth = np.nan_to_num(case.field.depth(np.asarray(mesh.vertices)), posinf=1.0, neginf=-1.0)
        return Surface(mesh, colour, depth)

    truth = [surface(mesh, _TRUE_COLOUR) for mesh in case.truth.values()]
    found = [surface(mesh, _FOUND_COLOUR) for mesh in case.found.values()]
    error = []
    for bone, mesh in case.found.items():
        if bone in case.truth:
            distances = surface_distances(np.asarray(mesh.vertices), case.truth[bone])
            error.append(surface(mesh, np.asarray(colours.to_rgba(distances))[:, :3]))
    centre = np.zeros(3)
    return [
        render(surfaces, angle, centre=centre, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, pixels=_PIXELS)
        for surfaces in (truth, found, error)
        for angle in ANGLES
    ]


def _window(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    low, high = np.percentile(picture, (1, 99.5))
    return np.asarray(np.clip((picture - low) / max(float(high - low), 1e-6), 0, 1))


def _fewer_colours(path: Path, scale: npt.NDArray[np.float64]) -> None:
    """Halve a file by a palette: greys, and shades of the bones' and the scale's colours.

    A palette chosen by frequency would have hardly any colour for the bar, which is small.
    """
    plain = [(np.ones(3), np.linspace(0, 1, 42)), (_TRUE_COLOUR, np.linspace(0.3, 1, 34))]
    plain.append((_FOUND_COLOUR, np.linspace(0.3, 1, 34)))
    shades = [np.outer(levels, colour) for colour, levels in plain]
    shades += [np.outer(np.linspace(0.35, 1, 6), colour) for colour in scale]
    palette = Image.new("P", (1, 1))
    palette.putpalette((np.concatenate(shades) * 255).round().astype(np.uint8).tobytes())
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
