"""The sections that tell results: each question, the blinding, the simulated surgeon."""

from __future__ import annotations

from typing import Any

from backend.studies.models import QuestionKind
from backend.studies.reporting.blocks import Section, Table
from backend.studies.reporting.figures import Bars
from backend.studies.reporting.words import interval, number, p_value, percent
from backend.studies.templates import BLINDING

OF_BLINDING = {template.key for template in BLINDING}
ARMS = {"ct": "CT-based", "xray": "X-ray-based"}


def overview_section(document: dict[str, Any]) -> Section:
    """Mean and standard deviation of every scale, as in the paper's Fig. 3b."""
    scales = [
        question
        for question in document["questions"]
        if question["key"] in document["analysis"]["questions"]
        and question["kind"] == QuestionKind.SCALE
        and question["key"] not in OF_BLINDING
    ]
    section = Section("Mean scores")
    # Scales of unlike length do not stand on one axis.
    for high in sorted({question["points"][-1]["value"] for question in scales if question["points"]}):
        alike = [question for question in scales if question["points"][-1]["value"] == high]
        found = [document["analysis"]["questions"][question["key"]] for question in alike]
        section.figures.append(
            Bars(
                title=f"Score, mean and standard deviation (scale to {high:g})",
                labels=[question["title"] for question in alike],
                series=list(ARMS.values()),
                means=[[one[arm]["mean"] for one in found] for arm in ARMS],
                spreads=[[one[arm]["standard_deviation"] for one in found] for arm in ARMS],
                high=float(high),
            )
        )
    return section


def question_section(question: dict[str, Any], document: dict[str, Any]) -> Section:
    """One question: arms, comparison, equivalence, mixed model, agreement; by case where there are few."""
    found = document["analysis"]["questions"].get(question["key"])
    section = Section(question["title"], [question["text"]])
    if found is None:
        section.words.append("Nobody answered it for both versions.")
        return section
    timed = question["kind"] == QuestionKind.DURATION
    unit, factor = (" (minutes)", 1 / 60) if timed else ("", 1.0)
    cases = document["analysis"]["cases"]
    if len(cases) <= 10:
        section.figures.append(_by_case(question, document, unit, factor))
    section.tables.append(_arms(question, found, unit, factor))
    section.tables.append(_comparison(question, found, factor))
    agreement = _agreement(found["agreement"])
    if agreement.rows:
        section.tables.append(agreement)
    return section


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _by_case(question: dict[str, Any], document: dict[str, Any], unit: str, factor: float) -> Bars:
    """Each patient and their mean, as in the paper's Fig. 4b."""
    by_case = document["analysis"]["by_case"][question["key"]]
    found = document["analysis"]["questions"][question["key"]]
    cases = document["analysis"]["cases"]
    means = [
        [*(_scaled(value, factor) for value in by_case[arm]), _scaled(found[arm]["mean"], factor)]
        for arm in ARMS
    ]
    spreads = [[*([None] * len(cases)), _scaled(found[arm]["standard_deviation"], factor)] for arm in ARMS]
    points = question["points"]
    return Bars(
        title=f"{question['title']}{unit} (mean of each case; of all, with standard deviation)",
        labels=[*(f"Case {case}" for case in cases), "All"],
        series=list(ARMS.values()),
        means=means,
        spreads=spreads,
        high=float(points[-1]["value"]) if points else None,
    )


def _arms(question: dict[str, Any], found: dict[str, Any], unit: str, factor: float) -> Table:
    points = [f"{point['value']:g}" for point in question["points"]]
    rows = []
    for arm, name in ARMS.items():
        one = found[arm]
        values = (one[key] for key in ("mean", "standard_deviation", "median"))
        quartiles = {
            "low": _scaled(one["lower_quartile"], factor),
            "high": _scaled(one["upper_quartile"], factor),
        }
        rows.append(
            [
                name,
                str(one["n"]),
                str(one["missing"]),
                *(number(_scaled(value, factor)) for value in values),
                interval(quartiles),
                *(str(one["counts"][point]) for point in points),
            ]
        )
    chosen = [f"chose {point}" for point in points]
    return Table([f"Version{unit}", "n", "missing", "mean", "SD", "median", "quartiles", *chosen], rows)


def _comparison(question: dict[str, Any], found: dict[str, Any], factor: float) -> Table:
    """CT-based minus X-ray-based, by three methods."""
    rows = []
    if test := found["wilcoxon"]:
        at_best = f"exact, over {test['pairs']} pairs that differ; at best {p_value(test['smallest_p'])}"
        limits = {key: _scaled(test[key], factor) for key in ("low", "high")}
        rows.append(
            [
                "Wilcoxon signed ranks, case means; Hodges-Lehmann",
                number(_scaled(test["estimate"], factor), 3),
                f"{interval(limits, 3)} ({percent(test['confidence'])})",
                p_value(test["p"]),
                at_best,
            ]
        )
    registered = f"Equivalence, margin {number(_scaled(question['margin'], factor))} as registered"
    if same := found["equivalence"]:
        limits = {key: _scaled(same[key], factor) for key in ("low", "high")}
        verdict = "equivalent" if same["equivalent"] else "equivalence not shown"
        inside = "inside" if same["interval_inside"] else "not inside"
        rows.append(
            [
                f"{registered} (TOST)",
                number(_scaled(same["difference"], factor), 3),
                f"{interval(limits, 3)} (90 %, bootstrap over cases)",
                p_value(same["p"]),
                f"{verdict}; interval {inside} the margin",
            ]
        )
    elif question["margin"] is not None:
        rows.append([registered, "", "", "", "not tested: fewer than two cases"])
    if model := found["mixed_model"]:
        limits = {key: _scaled(model[key], factor) for key in ("low", "high")}
        parts = ", ".join(
            f"{name} {number(variance * factor**2, 3)}" for name, variance in model["variances"].items()
        )
        rows.append(
            [
                "Mixed model (REML), raters and cases random",
                number(_scaled(model["difference"], factor), 3),
                f"{interval(limits, 3)} (95 %)",
                p_value(model["p"]),
                f"variances: {parts}" + ("" if model["converged"] else "; the fit did not converge"),
            ]
        )
    return Table(["CT-based minus X-ray-based", "difference", "interval", "p", ""], rows)


_AGREEMENT = (
    ("icc_2_1", "ICC(2,1): one rater"),
    ("icc_2_k", "ICC(2,k): mean of all raters"),
    ("weighted_kappa", "Weighted kappa (quadratic), mean of all pairs of raters"),
    ("fleiss_kappa", "Fleiss' kappa"),
    ("alpha_ordinal", "Krippendorff's alpha, ordinal"),
    ("alpha_interval", "Krippendorff's alpha, interval"),
)

# What keeps kappa and alpha from being defined.
_ONE_POINT = "all ratings that can be compared are the same"


def _agreement(found: dict[str, Any]) -> Table:
    rows = []
    for key, name in _AGREEMENT:
        if key not in found:
            continue
        one = found[key] if isinstance(found[key], dict) else {"value": found[key]}
        if one["value"] is None:
            rows.append([name, "undefined", "", one.get("reason") or _ONE_POINT])
            continue
        p = p_value(one.get("p")) if "p" in one else ""
        rows.append([name, number(one["value"], 3), interval(one, 3) if "low" in one else "", p])
    return Table(["Agreement of the raters", "value", "95 % interval", "p"], rows)


def blinding_section(document: dict[str, Any]) -> Section:
    """Whether raters could tell the source."""
    found = document["analysis"]["blinding"]
    section = Section("Blinding")
    if found is None:
        section.words.append("Raters were not asked for the source, or gave no guess for one version.")
        return section
    guesses = ("CT", "X-rays", "don't know")
    counts = [
        [name, *(str(count) for count in row)] for name, row in zip(guesses, found["counts"], strict=True)
    ]
    section.tables.append(Table(["Guess", *ARMS.values()], counts))
    bang_ct, bang_xray = found["bang_ct"], found["bang_xray"]
    indices = [
        ["Bang, CT-based", number(bang_ct["value"], 3), interval(_within(bang_ct, -1, 1), 3)],
        ["Bang, X-ray-based", number(bang_xray["value"], 3), interval(_within(bang_xray, -1, 1), 3)],
        ["James", number(found["james"]["value"], 3), interval(_within(found["james"], 0, 1), 3)],
    ]
    section.tables.append(Table(["Blinding index", "value", "95 % interval"], indices))
    section.words.append(
        "Bang: 1, all know; 0, as if guessed; -1, all guess the opposite. James: 1, all do not know; 0.5, as "
        "if guessed; 0, all know. Intervals end where the index does. Guesses of one rater depend on each "
        "other, so they are too narrow."
    )
    return section


def _within(found: dict[str, Any], low: float, high: float) -> dict[str, Any]:
    """The interval cut where the index ends: that of a normal error goes beyond."""
    ends = {
        key: found[key] if found[key] is None else min(max(found[key], low), high) for key in ("low", "high")
    }
    return {**found, **ends}


def simulated_section(document: dict[str, Any]) -> Section:
    """The simulated surgeon against people."""
    section = Section("Simulated scores against people")
    names = {question["key"]: question["title"] for question in document["questions"]}
    for key, found in document["analysis"]["simulated"].items():
        rows = [
            [
                f"Case {pair['case']}",
                ARMS[pair["arm"]],
                number(pair["simulated"], 0),
                number(pair["people"]),
            ]
            for pair in found["pairs"]
        ]
        section.tables.append(Table([names[key], "version", "simulated", "people, mean"], rows))
        section.words.append(
            f"{names[key]}: simulated minus people {number(found['mean_difference'])} on average; Spearman's "
            f"rho {number(found['rho'])}, p {p_value(found['p'])} (permutation)."
        )
    return section
