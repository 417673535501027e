"""The statistics of studies against published worked examples and against scipy and statsmodels.

``python -m tests.benchmarks.statistics_oracles [--quick]``. A published figure holds when ours rounds to it,
one of other software when nothing but rounding, or the place where its iteration ends, lies between. The
example of Bang et al. 2004, their Table 7, is the one that the manual of R's package BI (1.2.0) repeats; the
figures beside it are those of that package's formulas, run in R 4.2.2 to the seventh place. Its intervals of
level 90 % are the two one-sided limits of 95 %, which Bang et al. prefer.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend.studies.statistics import blinding, icc, kappa, krippendorff, paired, simulated
from tests.backend.studies.oracle import Oracle, printed, ratings_of
from tests.backend.studies.software_oracles import software
from tests.backend.studies.worked_examples import (
    CRISP,
    DEPRESSION,
    FLEISS,
    HOUWELING,
    KRIPPENDORFF,
    LIGHTNESS,
    LIKED,
    SAS_TABLE,
    SHROUT_FLEISS,
)
from tests.benchmarks import report


def published() -> Iterator[Oracle]:
    """Worked examples with their printed figures."""
    source = "Shrout & Fleiss 1979"
    squares = icc.mean_squares(SHROUT_FLEISS)
    yield printed("mean square of targets", squares.targets, "11.24", source)
    yield printed("mean square of judges", squares.raters, "32.49", source)
    yield printed("mean square of error", squares.error, "1.02", source)
    single, average = icc.icc_single(SHROUT_FLEISS), icc.icc_average(SHROUT_FLEISS)
    yield printed("ICC(2,1)", single.value, "0.29", source)
    yield printed("ICC(2,k)", average.value, "0.62", source)
    for name, ours, theirs in (
        ("ICC(2,1) low", single.low, "0.019"),
        ("ICC(2,1) high", single.high, "0.761"),
        ("ICC(2,k) low", average.low, "0.071"),
        ("ICC(2,k) high", average.high, "0.927"),
    ):
        yield printed(name, ours, theirs, "R psych on the same")
    for level, theirs in (("nominal", "0.743"), ("ordinal", "0.815"), ("interval", "0.849")):
        ours = krippendorff.alpha(KRIPPENDORFF, level)  # type: ignore[arg-type]
        yield printed(f"alpha, {level}", ours, theirs, "Krippendorff 2011")
    fleiss = kappa.fleiss_kappa(kappa.count_table(FLEISS, range(1, 6)))
    yield printed("Fleiss' kappa", fleiss.value, "0.430", "Fleiss 1971")
    yield printed("Fleiss' kappa, z", fleiss.z, "17.7", "R irr on the same")
    for name, ours, theirs in zip(
        ("depression", "personality", "schizophrenia", "neurosis", "other"),
        fleiss.categories,
        ("0.245", "0.245", "0.520", "0.471", "0.566"),
        strict=True,
    ):
        yield printed(f"Fleiss' kappa, {name}", ours, theirs, "Fleiss 1971")
    first, second = ratings_of(SAS_TABLE)
    simple = kappa.cohen_kappa(first, second, range(3), "none")
    linear = kappa.cohen_kappa(first, second, range(3), "linear")
    for name, ours, theirs in (
        ("Cohen's kappa", simple.value, "0.4842"),
        ("Cohen's kappa, error", simple.standard_error, "0.1380"),
        ("weighted kappa", linear.value, "0.4701"),
        ("weighted kappa, error", linear.standard_error, "0.1457"),
        ("weighted kappa, low", linear.low, "0.1845"),
        ("weighted kappa, high", linear.high, "0.7558"),
    ):
        yield printed(name, ours, theirs, "SAS printout")
    yield from _blinding(
        "Bang 2004, Table 7",
        "R BI 1.2.0",
        CRISP,
        {
            "Bang index, treatment": ("0.2057762", "0.0352371", "0.1478163", "0.2637360"),
            "Bang index, placebo": ("0.0143885", "0.0538230", "-0.0741424", "0.1029194"),
            "James index": ("0.7479275", "0.0217374", "0.7053230", "0.7905321"),
        },
    )
    yield from _blinding(
        "Houweling 2014, Table 2",
        "BlindingIndex.jl",
        HOUWELING,
        {
            "Bang index, treatment": ("0.115", "0.018"),
            "Bang index, placebo": ("0.022", "0.019"),
            "James index": ("0.896", "0.011", "0.875", "0.918"),
        },
    )
    wilcoxon = paired.wilcoxon(DEPRESSION)
    yield printed("signed ranks", wilcoxon.statistic, "40", "Hollander & Wolfe 1973")
    yield printed("signed ranks, one-sided p", wilcoxon.p / 2, "0.01953", "R manual on the same")
    yield printed("Hodges-Lehmann estimate", wilcoxon.estimate, "0.46", "R 4.2.2 on the same")
    yield printed("Hodges-Lehmann, low", wilcoxon.low, "0.010", "R 4.2.2 on the same")
    yield printed("Hodges-Lehmann, high", wilcoxon.high, "0.786", "R 4.2.2 on the same")
    liked = simulated.against_people(
        {(case, "ct"): {"fitting": value} for case, value in enumerate(LIGHTNESS)},
        range(len(LIGHTNESS)),
        {"fitting": {"ct": LIKED}},
    )["fitting"]
    yield printed("Spearman's rho", liked["rho"], "0.7142857", "Hollander & Wolfe 1973, R 4.2.2")
    yield printed("Spearman's rho, exact p", liked["p"], "0.0880952", "Hollander & Wolfe 1973, R 4.2.2")


def _blinding(
    data: str, program: str, counts: list[list[int]], theirs: dict[str, tuple[str, ...]]
) -> Iterator[Oracle]:
    """Value, standard error and limits, as many as they print, of each index of one table of guesses."""
    treated, placebo = blinding.bang(counts, confidence=0.9)
    ours = {
        "Bang index, treatment": treated,
        "Bang index, placebo": placebo,
        "James index": blinding.james(counts),
    }
    for name, figures in theirs.items():
        index = ours[name]
        mine = (index.value, index.standard_error, index.low, index.high)
        for what, value, figure in zip(("", ", error", ", low", ", high"), mine, figures, strict=False):
            yield printed(f"{name}{what}", value, figure, f"{data}, {program}")


def main() -> None:
    report.options(__doc__)
    rows = [*published(), *software()]
    print(
        report.table(
            ("statistic", "ours", "theirs", "difference", "allowed", "holds", "source"),
            [
                (
                    row.name,
                    f"{row.ours:.6f}",
                    f"{row.theirs:.6f}",
                    f"{row.difference:.1e}",
                    f"{row.tolerance:.0e}",
                    "yes" if row.holds else "NO",
                    row.source,
                )
                for row in rows
            ],
        )
    )
    print()
    report.finish(
        {
            "rows": len(rows),
            "failed": sum(not row.holds for row in rows),
            "largest_difference": max(row.difference for row in rows),
            "largest_beyond_rounding": max(max(row.difference - row.tolerance, 0.0) for row in rows),
            "largest_to_software": max(row.difference for row in software()),
        }
    )


if __name__ == "__main__":
    main()
