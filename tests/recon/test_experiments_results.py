"""Averages and medians, findings, figures and pages of experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recon.bones import Bone
from recon.experiments import catalogue
from recon.experiments.definition import People
from recon.experiments.findings import difference, findings
from recon.experiments.page import Report, bone_table, median_table, summary_table, write_page
from recon.experiments.presets import PRESETS
from recon.experiments.results import FIGURES, Results, Row
from recon.training.dataset import TRAINING_PEOPLE, VALIDATION_PEOPLE
from tests.data import ROOT

SMALL = PRESETS["small"]


def rows(condition: str, errors: dict[str, float], cases: int = 2) -> list[Row]:
    """A case has the person's error in every bone, plus 0.1 mm a bone and 0.2 mm a case."""
    return [
        Row(
            condition,
            "test",
            person,
            f"{person}-{case}",
            (),
            bone,
            dict.fromkeys(FIGURES, error + 0.1 * (bone - 1) + 0.2 * case),
        )
        for person, error in errors.items()
        for case in range(cases)
        for bone in Bone
    ]


# Results


def test_averages_are_means_of_bone_means() -> None:
    results = Results(tuple(rows("a", {"p": 1.0, "q": 2.0})))
    assert results.mean("a", Bone.PATELLA, "p2s_assd_mm") == pytest.approx(1.6)
    assert results.mean("a", None, "p2s_assd_mm") == pytest.approx(1.75)
    assert results.by_person("a", None, "p2s_assd_mm") == pytest.approx({"p": 1.25, "q": 2.25})


def test_a_bone_left_out_is_counted_and_not_averaged_away() -> None:
    table = rows("a", {"p": 1.0})
    lost = [
        Row(r.condition, r.people, r.person, r.case, r.implants, r.bone, {}) if r.bone is Bone.FIBULA else r
        for r in table
    ]
    results = Results(tuple(lost))
    assert results.missing("a") == 2
    assert results.mean("a", Bone.FIBULA, "p2s_assd_mm") is None
    assert results.mean("a", None, "p2s_assd_mm") is None


def test_the_median_counts_a_bone_left_out_as_worst() -> None:
    table = rows("a", {"p": 1.0, "q": 2.0, "r": 9.0}, cases=1)
    results = Results(tuple(table))
    assert results.median("a", Bone.PATELLA, "p2s_assd_mm") == pytest.approx(2.0)
    assert results.median("a", None, "p2s_assd_mm") == pytest.approx(2.15)
    lost = [Row(r.condition, r.people, r.person, r.case, (), r.bone, {}) for r in table if r.person == "p"]
    results = Results((*lost, *(r for r in table if r.person != "p")))
    assert results.median("a", Bone.PATELLA, "p2s_assd_mm") == pytest.approx(9.0)


def test_csv_gives_the_same_rows_back(tmp_path: Path) -> None:
    table = rows("a, with a comma", {"p": 1.0})
    table[0] = Row("b", "implants", "p", "p-0", ("staple", "plate"), Bone.TIBIA, {})
    table[1] = Row("b", "test", "p", "p-1", (), Bone.TIBIA, dict.fromkeys(FIGURES) | {FIGURES[0]: 1.5})
    results = Results(tuple(table))
    results.write(tmp_path / "x.csv")
    assert Results.read(tmp_path / "x.csv").rows[:2] == results.rows[:2]
    assert len(Results.read(tmp_path / "x.csv").rows) == len(results.rows)


# Findings and page


def table1(errors: dict[str, dict[str, float]]) -> tuple[Any, Results]:
    experiment = catalogue.experiment("table1", SMALL, 70, 140)
    all_rows = [
        row
        for condition in experiment.conditions
        for row in rows(condition.label, errors.get(condition.label, {"p": 2.0, "q": 2.2}))
    ]
    return experiment, Results(tuple(all_rows))


def test_findings_say_the_order_that_the_figures_have() -> None:
    falling = {"labelled only": {"p": 1.3, "q": 1.5}, "labelled + pseudo labels": {"p": 1.2, "q": 1.4}}
    experiment, results = table1({**falling, "SSR-KD": {"p": 1.1, "q": 1.3}})
    assert any("(each step helps) is found" in sentence for sentence in findings(experiment, results))
    experiment, results = table1({**falling, "SSR-KD": {"p": 1.1, "q": 1.6}})
    sentences = findings(experiment, results)
    assert any("(each step helps) is not found" in sentence for sentence in sentences)
    assert any("better in 1 of 2 people" in sentence for sentence in sentences)
    apart = difference(results, "labelled only", "SSR-KD", None)
    assert apart == pytest.approx({"p": 0.2, "q": -0.1})


def test_trends_are_named_only_where_there_is_one() -> None:
    experiment = catalogue.experiment("angles", SMALL, 70, 140)
    errors = dict(zip([c.label for c in experiment.conditions], (1.0, 1.1, 1.2, 1.3, 1.4), strict=True))

    def text() -> str:
        table = [row for label, error in errors.items() for row in rows(label, {"p": error})]
        return " ".join(findings(experiment, Results(tuple(table))))

    assert "falls at every step" in text()
    errors["60°"] = 0.9
    assert "neither falls nor rises throughout" in text()


def test_the_page_shows_the_figures_and_the_paper_beside(tmp_path: Path) -> None:
    experiment, results = table1({"SSR-KD": {"p": 1.0, "q": 1.2}})
    report = Report(
        "python -m recon experiment table1", "small", 1, ("Trained on X.",),
        (("ct-1", "ct", None, None), ("xray-1", "xray", 90.0, 60.0)), {"SSR-KD": 1.5}, 30.0, 2,
    )  # fmt: skip
    write_page(experiment, results, report, tmp_path / "table1.md", pictures=True)
    page = (tmp_path / "table1.md").read_text()
    assert "| SSR-KD | 1.35 | 1.20 | 1.30 | 1.40 | 1.50 |" in page
    assert "| SSR-KD, ASSD (mm) | 0.94 | 1.12 | 0.8 | 1.05 | 0.77 |" in page
    assert "| ct | `ct-1` | – | – |" in page
    assert "| xray | `xray-1` | 1.5 | 1.0 |" in page
    assert "trainings 1.0 minutes, all reconstructions 0.5 minutes" in page
    assert "(table1-bones.png)" in page
    assert "None" not in page
    assert "nan" not in page


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_every_experiment_has_a_figure(name: str, tmp_path: Path) -> None:
    from PIL import Image

    from recon.experiments.figures import draw

    experiment = catalogue.experiment(name, SMALL, 70, 140)
    table = []
    for i, condition in enumerate(experiment.conditions):
        table += rows(condition.label, {"p": 1.0 + i, "q": 1.2 + 10 * i})
    draw(experiment, Results(tuple(table)), tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as image:
        assert image.width > 800
        assert np.asarray(image.convert("L")).std() > 5
    assert {condition.people for condition in experiment.conditions} <= set(People)


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_the_committed_page_says_what_its_figures_say(name: str) -> None:
    """Every table and finding of ``docs/experiments`` again, by today's code from the CSV beside the page."""
    folder = ROOT / "docs" / "experiments"
    made = catalogue.experiment(name, SMALL, 70, 170)
    found = Results.read(folder / f"{name}.csv")
    text = (folder / f"{name}.md").read_text(encoding="utf-8")
    assert {row.condition for row in found.rows} == {condition.label for condition in made.conditions}
    assert bone_table(made, found, "p2s_assd_mm") in text
    assert median_table(made, found, "p2s_assd_mm") in text
    assert summary_table(made, found) in text
    for sentence in (*findings(made, found), *made.limits):
        assert sentence in text


def test_nobody_whose_figures_are_committed_was_trained_on() -> None:
    people = {
        row.person
        for name in catalogue.NAMES
        for row in Results.read(ROOT / "docs" / "experiments" / f"{name}.csv").rows
    }
    assert len(people) > 4
    trained = {f"llp26-{person}" for person in (*TRAINING_PEOPLE, *VALIDATION_PEOPLE)}
    assert not people & trained
