"""The Markdown page of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from recon.bones import Bone
from recon.experiments import paper
from recon.experiments.definition import Experiment
from recon.experiments.figures import bone_name
from recon.experiments.findings import findings
from recon.experiments.results import Results

BONES: tuple[Bone | None, ...] = (None, *Bone)
_HEADINGS = {
    "p2s_assd_mm": "p2s ASSD (mm)",
    "p2s_hd95_mm": "p2s HD95 (mm)",
    "assd_16k_mm": "ASSD, 16,348 points (mm)",
    "floor_16k_mm": "its floor",
    "hd_16k_mm": "HD, 16,348 points (mm)",
    "hd_floor_16k_mm": "its floor",
    "dsc_percent": "DSC (%)",
}


@dataclass(frozen=True)
class Report:
    """What the page says besides the figures.

    Attributes:
        command: that makes the page.
        preset: name.
        seed: of the trainings.
        people: sentences about who was trained on and who was measured.
        trainings: name, what it is, seconds by the clock and of the processor; None where weights were given.
        seconds_a_case: of one reconstruction, by condition.
        measuring_seconds: processor time of all reconstructions.
        jobs: trainings at a time.
        limits: what the data sets leave open, one sentence each.
    """

    command: str
    preset: str
    seed: int
    people: tuple[str, ...]
    trainings: tuple[tuple[str, str, float | None, float | None], ...]
    seconds_a_case: dict[str, float]
    measuring_seconds: float
    jobs: int
    limits: tuple[str, ...] = ()


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column to the left, the others to the right."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: float | None, figure: str) -> str:
    """A figure as text; a dash where there is none."""
    return "–" if value is None else f"{value:.1f}" if figure == "dsc_percent" else f"{value:.2f}"


def bone_table(experiment: Experiment, results: Results, figure: str, floor: str | None = None) -> str:
    """A figure of every condition by bone; with a floor, that stands in parentheses behind."""

    def text(label: str, bone: Bone | None) -> str:
        found = cell(results.mean(label, bone, figure), figure)
        return f"{found} ({cell(results.mean(label, bone, floor), floor)})" if floor else found

    return _by_bone(experiment, _HEADINGS[figure] + (" (floor)" if floor else ""), text)


def median_table(experiment: Experiment, results: Results, figure: str) -> str:
    """The median over cases of a distance of every condition by bone."""
    return _by_bone(
        experiment,
        f"median of cases, {_HEADINGS[figure]}",
        lambda label, bone: cell(results.median(label, bone, figure), figure),
    )


def _by_bone(experiment: Experiment, heading: str, text: Callable[[str, Bone | None], str]) -> str:
    labels = dict.fromkeys(condition.label for condition in experiment.conditions)
    return markdown(
        [heading, *map(bone_name, BONES)],
        [[label, *(text(label, bone) for bone in BONES)] for label in labels],
    )


def summary_table(experiment: Experiment, results: Results) -> str:
    """Every figure of every condition, averaged over the bones, with cases and bones left out."""
    return markdown(
        ["average of the bones", "cases", "bones left out", *_HEADINGS.values()],
        [
            [
                label,
                str(len(results.cases(label))),
                str(results.missing(label)),
                *(cell(results.mean(label, None, figure), figure) for figure in _HEADINGS),
            ]
            for label in dict.fromkeys(condition.label for condition in experiment.conditions)
        ],
    )


def paper_table() -> str:
    """Table 1 of the paper."""

    def text(figures: dict[Bone | None, float], bone: Bone | None) -> str:
        return f"{figures[bone]:g}" if bone in figures else "–"

    return markdown(
        ["paper, Table 1", *map(bone_name, BONES)],
        [[name, *(text(figures, bone) for bone in BONES)] for name, figures in paper.TABLE_1.items()],
    )


def write_page(
    experiment: Experiment, results: Results, report: Report, path: Path, *, pictures: bool
) -> None:
    """Write the page; figure, pictures and CSV lie beside it under the experiment's name."""
    name = experiment.name
    parts: list[str] = [f"# {experiment.title}", experiment.question]
    parts += ["## What was done", *(f"- {sentence}" for sentence in report.people)]
    parts += [
        f"- Command: `{report.command}` (preset `{report.preset}`, seed {report.seed}, {report.jobs} "
        "processes at a time, each on one thread).",
        "- Judged in the region that all views of the data set see, 3 mm inside. p2s: from 16,348 points of "
        "one surface to the other surface itself, both ways. ASSD, HD and DSC as in Eq. 9 and 10 of the "
        "paper; the floor is what two samplings of the true surface give. Average: mean of the four bones.",
        *_times(report),
        "## Figures",
        f"![p2s ASSD and HD95 by bone]({name}.png)",
        "Marks are means over cases; thin marks are the means of single people.",
        bone_table(experiment, results, "p2s_assd_mm"),
        "One knee that a method misses altogether moves a mean of few cases; the median does not see it.",
        median_table(experiment, results, "p2s_assd_mm"),
    ]
    if experiment.by_bone:
        parts.append(bone_table(experiment, results, "dsc_percent"))
        parts.append(bone_table(experiment, results, "hd_16k_mm", "hd_floor_16k_mm"))
        parts.append(bone_table(experiment, results, "assd_16k_mm", "floor_16k_mm"))
    parts.append(summary_table(experiment, results))
    parts.append(f"Every case and bone: [{name}.csv]({name}.csv).")
    if pictures:
        parts += [
            f"![X-rays, true and reconstructed bones, surface error]({name}-bones.png)",
            "Bones from 0, 90 and 180 degrees (front, patient's left, back), cut where the views end.",
        ]
    parts += ["## What came out", *(f"- {sentence}" for sentence in findings(experiment, results))]
    parts += [
        "## What it does not show",
        *(f"- {sentence}" for sentence in (*experiment.limits, *report.limits)),
    ]
    parts += ["## The paper", paper.FINDINGS[name], *([paper_table()] if experiment.by_bone else [])]
    parts.append(paper.CAUTION)
    path.write_text(_joined(parts), encoding="utf-8")


def _times(report: Report) -> list[str]:
    def minutes(seconds: float | None) -> str:
        return "–" if seconds is None else f"{seconds / 60:.1f}"

    reconstructed = [f"{label} {seconds:.1f} s" for label, seconds in report.seconds_a_case.items()]
    training = sum(processor or 0.0 for *_, processor in report.trainings)
    return [
        f"- Reconstruction of a case, by the clock: {', '.join(reconstructed)}.",
        f"- Time of the processor, which other work on the machine does not change: trainings "
        f"{minutes(training)} minutes, all reconstructions {minutes(report.measuring_seconds)} minutes. "
        "Experiments share trainings, so the next one has less to do:",
        markdown(
            ["training", "run", "minutes by the clock", "minutes of the processor"],
            [
                [what, f"`{name}`", minutes(seconds), minutes(processor)]
                for name, what, seconds, processor in report.trainings
            ],
        ),
    ]


def _joined(parts: Sequence[str]) -> str:
    """Paragraphs apart, list items together."""
    text = parts[0]
    for before, part in pairwise(parts):
        text += ("\n" if before.startswith("- ") and part.startswith("- ") else "\n\n") + part
    return text + "\n"
