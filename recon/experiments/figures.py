"""Figures of an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon.bones import Bone
from recon.errors import InputError
from recon.experiments.definition import Condition, Experiment
from recon.experiments.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette: told apart by colour-blind people too.
BONE_COLOURS: dict[Bone | None, str] = {
    None: "#000000",
    Bone.PATELLA: "#E69F00",
    Bone.FEMUR: "#0072B2",
    Bone.FIBULA: "#CC79A7",
    Bone.TIBIA: "#009E73",
}
_CONDITION_COLOURS = ("#000000", "#0072B2", "#56B4E9", "#009E73", "#D55E00", "#E69F00", "#CC79A7")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_LOGARITHMIC_ABOVE = 6.0
_PANELS = (("p2s_assd_mm", "p2s ASSD (mm)"), ("p2s_hd95_mm", "p2s HD95 (mm)"))


def bone_name(bone: Bone | None) -> str:
    """The bone, or "average" for the mean of all."""
    return bone.label if bone is not None else "average"


def require_matplotlib() -> None:
    """Make sure, before any long work, that figures can be drawn.

    Raises:
        InputError: no_matplotlib.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise InputError(
            "no_matplotlib",
            "Figures need matplotlib, which is not installed",
            "Install the package with its extra: pip install 'knee-guides[train]'",
        ) from error


def draw(experiment: Experiment, results: Results, path: Path) -> None:
    """Write the figure of an experiment: lines where it has an axis, marks by bone where not."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    series = list(dict.fromkeys(c.series for c in experiment.conditions if c.x is not None))
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure, axes = pyplot.subplots(1, max(len(series), 2), figsize=(9, 3.6), squeeze=False)
        if len(series) == 1:
            for axis, (name, label) in zip(axes[0], _PANELS, strict=True):
                _lines(axis, experiment.conditions, results, name)
                axis.set(xlabel=experiment.axis, ylabel=label)
        elif series:
            for axis, one in zip(axes[0], series, strict=True):
                chosen = [c for c in experiment.conditions if c.series == one]
                _lines(axis, chosen, results, _PANELS[0][0])
                axis.set(xlabel=f"{one} {experiment.axis}", ylabel=_PANELS[0][1])
            highest = max(axis.get_ylim()[1] for axis in axes[0])
            for axis in axes[0]:
                axis.set_ylim(0, highest)
        else:
            for axis, (name, label) in zip(axes[0], _PANELS, strict=True):
                _marks(axis, experiment.conditions, results, name)
                axis.set(ylabel=label)
        handles, labels = axes[0][0].get_legend_handles_labels()
        columns = len(labels) if len(labels) <= 6 else -(-len(labels) // 2)
        figure.legend(handles, labels, loc="lower center", ncols=columns, frameon=False)
        figure.tight_layout(rect=(0, 0.08 if len(labels) <= 6 else 0.14, 1, 1))
        figure.savefig(path, dpi=110)
        pyplot.close(figure)


def _lines(
    axis: Axes, conditions: tuple[Condition, ...] | list[Condition], results: Results, name: str
) -> None:
    """A line a bone; thin bars span the people's means."""
    ordered = sorted(conditions, key=lambda c: c.x or 0.0)
    places = [c.x or 0.0 for c in ordered]
    for bone, colour in BONE_COLOURS.items():
        means = [results.mean(c.label, bone, name) for c in ordered]
        heights = [np.nan if m is None else m for m in means]
        wide = 2.2 if bone is None else 1.2
        axis.plot(places, heights, color=colour, marker="o", ms=4, lw=wide, label=bone_name(bone))
        if bone is None:
            for place, condition in zip(places, ordered, strict=True):
                people = list(results.by_person(condition.label, bone, name).values())
                if people:
                    axis.plot([place, place], [min(people), max(people)], color=colour, lw=0.8, alpha=0.6)
    axis.set_xticks(places, [f"{place:g}" for place in places])
    axis.set_ylim(bottom=0)
    axis.grid(axis="y", alpha=0.3)


def _marks(axis: Axes, conditions: tuple[Condition, ...], results: Results, name: str) -> None:
    """A mark a bone and condition, with a dot for each person beside it."""
    groups: list[Bone | None] = [None, *Bone]
    everything = []
    step = 0.8 / len(conditions)
    for i, condition in enumerate(conditions):
        colour, marker = _CONDITION_COLOURS[i % 7], _MARKERS[i % 7]
        offset = (i - (len(conditions) - 1) / 2) * step
        means = [results.mean(condition.label, bone, name) for bone in groups]
        heights = [np.nan if m is None else m for m in means]
        places = np.arange(len(groups)) + offset
        axis.plot(places, heights, color=colour, marker=marker, ms=6, ls="", label=condition.label)
        for place, bone in zip(places, groups, strict=True):
            people = list(results.by_person(condition.label, bone, name).values())
            everything += people
            axis.plot([place] * len(people), people, color=colour, marker="_", ms=5, ls="", alpha=0.5)
    axis.set_xticks(range(len(groups)), [bone_name(bone) for bone in groups])
    for edge in range(1, len(groups)):
        axis.axvline(edge - 0.5, color="0.9", lw=0.8, zorder=0)
    if everything and max(everything) > _LOGARITHMIC_ABOVE * min(everything) > 0:
        from matplotlib.ticker import LogLocator, NullLocator

        axis.set_yscale("log")
        # Not every whole number: their labels would lie on each other towards the next power of ten.
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter("{x:g}")
    else:
        axis.set_ylim(bottom=0)
    axis.grid(axis="y", alpha=0.3)
