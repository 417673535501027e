"""Figures of many reconstructions by source, bone and side: mean and worst, and how many would be refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from recon.bones import Bone
from tests.benchmarks import report

FIGURES = ("p2s_assd_mm", "p2s_hd95_mm", "p2s_hd_mm", "assd_16k_mm", "floor_16k_mm", "dsc_percent")
ALIASES = {"hd95_mm": "p2s_hd95_mm"}
"""Other names under which scripts read a figure."""
MEAN = "mean"
SIDES = {"L": "left", "R": "right"}
_MORE_IS_BETTER = "dsc_percent"
_FLOOR = "floor_16k_mm"
_SHORT = {
    "p2s_assd_mm": "p2s ASSD",
    "p2s_hd95_mm": "HD95",
    "p2s_hd_mm": "HD",
    "assd_16k_mm": "ASSD 16k",
    "dsc_percent": "DSC %",
}


@dataclass(frozen=True)
class Judged:
    """One reconstruction and what was measured on it.

    Attributes:
        source: group that its figures are averaged in.
        name: of the case.
        side: of the leg, None where too few bones tell.
        bones: figures by bone.
        missing: bones that were in view and not reconstructed.
        score: of the trust.
        limit: above which the product refuses.
    """

    source: str
    name: str
    side: Literal["L", "R"] | None
    bones: Mapping[str, Mapping[str, float | None]]
    missing: tuple[str, ...]
    score: float
    limit: float

    @property
    def refused(self) -> bool:
        """Whether the product would have refused it."""
        return self.score > self.limit


def summarised(cases: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """By source, what scripts read.

    ``FIGURES`` and ``ALIASES``, each by bone, and under ``MEAN`` the mean of the bones; ``worst_`` before a
    name: the worst case instead of the mean of cases, under ``MEAN`` of all bones. Counts: ``cases``,
    ``bone_cases`` by bone, ``missing`` bones, ``refused``. Of the trust: ``largest_score``, ``score_limit``.
    ``sides``: cases and mean figures of the left and of the right legs.
    """
    found: dict[str, dict[str, Any]] = {}
    for source in dict.fromkeys(case.source for case in cases):
        group = [case for case in cases if case.source == source]
        sides = {name: [c for c in group if c.side == letter] for letter, name in SIDES.items()}
        found[source] = {
            **_figures(group, _mean),
            **{
                f"worst_{name}": _by_bone(group, name, _worst(name), _worst(name))
                for name in FIGURES
                if name != _FLOOR
            },
            "cases": len(group),
            "bone_cases": {bone: len(_values(group, bone, FIGURES[0])) for bone in _bones(group)},
            "missing": sum(len(case.missing) for case in group),
            "refused": sum(case.refused for case in group),
            "largest_score": round(max(case.score for case in group), 3),
            "score_limit": round(max(case.limit for case in group), 3),
            "sides": {
                side: {"cases": len(legs), **_figures(legs, _mean)} for side, legs in sides.items() if legs
            },
        }
        for alias, name in ALIASES.items():
            found[source][f"worst_{alias}"] = found[source][f"worst_{name}"]
    return found


Reduce = Callable[[list[float]], float]


def _figures(group: Sequence[Judged], reduce: Reduce) -> dict[str, dict[str, float | None]]:
    figures = {name: _by_bone(group, name, reduce, _mean) for name in FIGURES}
    return figures | {alias: figures[name] for alias, name in ALIASES.items()}


def _by_bone(group: Sequence[Judged], name: str, reduce: Reduce, together: Reduce) -> dict[str, float | None]:
    """A figure of the cases by bone, and of the bones together."""
    values = {bone: _values(group, bone, name) for bone in _bones(group)}
    reduced = {bone: reduce(found) if found else None for bone, found in values.items()}
    known = [value for value in reduced.values() if value is not None]
    every = {**reduced, MEAN: together(known) if known else None}
    return {bone: None if value is None else round(value, 3) for bone, value in every.items()}


def _bones(group: Sequence[Judged]) -> list[str]:
    return [bone.label for bone in Bone if any(bone.label in case.bones for case in group)]


def _values(group: Sequence[Judged], bone: str, name: str) -> list[float]:
    values = [case.bones[bone][name] for case in group if bone in case.bones]
    return [value for value in values if value is not None]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _worst(name: str) -> Reduce:
    return min if name == _MORE_IS_BETTER else max


def case_table(cases: Sequence[Judged]) -> str:
    """Every bone of every case, with what the trust says of the case."""
    rows = [
        [
            case.source,
            case.name,
            case.side or "-",
            bone,
            *(_cell(figures[name]) for name in FIGURES),
            case.score,
            case.limit,
            "refused" if case.refused else "",
        ]
        for case in cases
        for bone, figures in case.bones.items()
    ]
    return report.table(["source", "case", "side", "bone", *FIGURES, "score", "limit", ""], rows)


def summary_tables(summary: Mapping[str, Mapping[str, Any]]) -> str:
    """Means and worst by source and bone, means by side, and refusals, for people."""
    figures = []
    for source, found in summary.items():
        for bone in found["p2s_assd_mm"]:
            cells = [_cell(found[name][bone]) for name in FIGURES]
            count = found["bone_cases"].get(bone, "")
            figures.append([source, "mean", bone, count, *cells])
            cells = [
                _cell(found[f"worst_{name}"][bone]) if f"worst_{name}" in found else "" for name in FIGURES
            ]
            figures.append([source, "worst", bone, count, *cells])
    sides = [
        [source, side, bone, legs["cases"], *(_cell(legs[name][bone]) for name in FIGURES)]
        for source, found in summary.items()
        for side, legs in found["sides"].items()
        for bone in legs["p2s_assd_mm"]
    ]
    trust = [
        [
            source,
            found["cases"],
            found["refused"],
            found["largest_score"],
            found["score_limit"],
            found["missing"],
        ]
        for source, found in summary.items()
    ]
    return "\n\n".join(
        [
            report.table(["source", "", "bone", "cases", *FIGURES], figures),
            report.table(["mean by side", "side", "bone", "cases", *FIGURES], sides),
            report.table(
                ["trust", "cases", "would be refused", "largest score", "limit", "bones not found"], trust
            ),
        ]
    )


def markdown(summary: Mapping[str, Mapping[str, Any]]) -> str:
    """The same as the model card shows it: mean and, behind a slash, worst; millimetres and per cent."""
    rows = [
        [
            source,
            bone,
            found["bone_cases"].get(bone, ""),
            *(_mean_and_worst(found, name, bone) for name in _SHORT),
        ]
        for source, found in summary.items()
        for bone in found["p2s_assd_mm"]
    ]
    sides = [
        [
            source,
            side,
            legs["cases"],
            *(_number(legs["p2s_assd_mm"].get(bone), 2) for bone in (*(b.label for b in Bone), MEAN)),
            _number(legs["p2s_hd95_mm"][MEAN], 2),
            _number(legs["dsc_percent"][MEAN], 1),
        ]
        for source, found in summary.items()
        for side, legs in found["sides"].items()
    ]
    trust = [
        [source, found["cases"], found["refused"], _number(found["largest_score"], 2), found["missing"]]
        for source, found in summary.items()
    ]
    headings = [name + (" (floor)" if name == "ASSD 16k" else "") for name in _SHORT.values()]
    return "\n\n".join(
        [
            _grid(["source", "bone", "cases", *headings], rows),
            _grid(
                ["source", "side", "legs", *(b.label for b in Bone), "p2s ASSD", "HD95", "DSC %"],
                sides,
            ),
            _grid(["source", "cases", "would be refused", "largest score", "bones not found"], trust),
        ]
    )


def _mean_and_worst(found: Mapping[str, Any], name: str, bone: str) -> str:
    digits = 1 if name == "dsc_percent" else 2
    text = f"{_number(found[name][bone], digits)} / {_number(found[f'worst_{name}'][bone], digits)}"
    return f"{text} ({_number(found[_FLOOR][bone], 2)})" if name == "assd_16k_mm" else text


def _grid(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _cell(value: float | None) -> float | str:
    return "-" if value is None else value
