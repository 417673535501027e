"""The statistics of studies: published figures, properties, and what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from backend.studies.statistics import (
    blinding,
    describe,
    equivalence,
    icc,
    kappa,
    krippendorff,
    mixed,
    paired,
)
from backend.studies.statistics.analysis import analyse, blinding_of
from tests.backend.studies.oracle import printed
from tests.backend.studies.software_oracles import arms, software
from tests.benchmarks.statistics_oracles import published

NAN = float("nan")


def test_every_figure_agrees_with_its_published_or_computed_oracle() -> None:
    rows = [*published(), *software()]
    assert len(rows) > 40
    assert [row.name for row in rows if not row.holds] == []


def test_an_oracle_can_fail() -> None:
    assert not printed("ICC", 0.296, "0.29", "nobody").holds


def test_raters_who_agree_in_everything() -> None:
    table = np.array([[1, 1, 1], [2, 2, 2], [4, 4, 4]])
    assert icc.icc_single(table).value == pytest.approx(1)
    assert krippendorff.alpha(table, "ordinal") == pytest.approx(1)
    assert kappa.fleiss_kappa(kappa.count_table(table, range(1, 5))).value == pytest.approx(1)
    assert kappa.mean_cohen_kappa(table, range(1, 5)) == pytest.approx(1)


def test_a_constant_table_has_no_reliability_to_speak_of() -> None:
    table = np.full((4, 3), 2)
    assert math.isnan(icc.icc_single(table).value)
    assert math.isnan(krippendorff.alpha(table, "interval"))
    assert math.isnan(kappa.fleiss_kappa(kappa.count_table(table, range(1, 5))).value)
    assert math.isnan(kappa.mean_cohen_kappa(table, range(1, 5)))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("table", "single", "average"),
    [
        # Two raters who answer the opposite of each other: nothing is left between the targets.
        ([[1, 2], [2, 1]], icc.BELOW_CHANCE, icc.BELOW_CHANCE),
        ([[1, 2, 4], [4, 2, 1]], icc.BELOW_CHANCE, icc.BELOW_CHANCE),
        ([[2, 2], [2, 2]], icc.NOTHING_VARIES, icc.NOTHING_VARIES),
        # One rater is harsher and that is all.
        ([[1, 2], [1, 2], [1, 2]], "", ""),
        ([[1, 1], [2, 3], [4, 4]], "", ""),
        ([[1, 2], [2, 1], [2, 2]], "", icc.BELOW_CHANCE),
    ],
)
def test_a_reliability_is_at_most_one_or_says_why_there_is_none(
    table: list[list[float]], single: str, average: str
) -> None:
    for coefficient, reason in ((icc.icc_single, single), (icc.icc_average, average)):
        found = coefficient(table)
        assert found.reason == reason
        assert math.isnan(found.value) if reason else found.value <= 1
        assert math.isnan(found.high) or found.high <= 1


@pytest.mark.filterwarnings("error")
def test_every_small_table_has_a_reliability_or_a_reason() -> None:
    generator = np.random.default_rng(4)
    for _ in range(300):
        shape = tuple(generator.integers(2, 5, 2))
        table = generator.integers(1, 3, shape)
        for found in (icc.icc_single(table), icc.icc_average(table)):
            assert math.isnan(found.value) == bool(found.reason)
            limits = [x for x in (found.low, found.value, found.high) if not math.isnan(x)]
            assert max(limits, default=0) <= 1 + 1e-12


def test_a_harsh_rater_lowers_agreement_and_not_what_is_paired() -> None:
    generator = np.random.default_rng(3)
    table = np.repeat(generator.normal(size=(12, 1)), 4, axis=1) + generator.normal(0, 0.2, (12, 4))
    harsh = table - np.array([0, 0, 0, 3])
    assert icc.icc_single(harsh).value < icc.icc_single(table).value - 0.3
    assert paired.wilcoxon(np.subtract(*paired.case_means(harsh.T, harsh.T + 1))).estimate == pytest.approx(
        -1
    )


def test_holes_are_refused_or_left_out() -> None:
    with pytest.raises(ValueError, match="every rater"):
        icc.icc_single([[1, NAN], [2, 2]])
    with pytest.raises(ValueError, match="same number of raters"):
        kappa.fleiss_kappa([[2, 0], [1, 0]])
    assert krippendorff.alpha([[1, 1, NAN], [2, 2, 2], [NAN, NAN, 3]], "nominal") == pytest.approx(1)


def test_a_rater_counts_for_a_case_only_with_both_versions() -> None:
    first = np.array([[4.0, 1.0], [NAN, 1.0]])
    second = np.array([[3.0, 1.0], [1.0, NAN]])
    one, two = paired.case_means(first, second)
    assert one.tolist() == [4, 1] and two.tolist() == [3, 1]


def test_five_pairs_cannot_reach_five_percent() -> None:
    test = paired.wilcoxon([1, 2, 3, 4, 5])
    assert test.p == test.smallest_p == 0.0625
    assert (test.low, test.high) == (1, 5) and test.confidence == 0.9375


def test_no_difference_at_all() -> None:
    test = paired.wilcoxon([0, 0, 0])
    assert (test.p, test.pairs, test.estimate) == (1, 0, 0)
    same = np.tile(np.arange(4.0), (3, 1))
    result = equivalence.equivalence(same, same, 0.1)
    assert result.equivalent and result.interval_inside and result.difference == 0


def test_swapping_the_arms_only_turns_the_sign() -> None:
    one, two = arms(np.random.default_rng(5))
    for compare in (lambda a, b: equivalence.equivalence(a, b, 0.3), mixed.crossed):
        there, back = compare(one, two), compare(two, one)
        assert there.p == pytest.approx(back.p) and there.difference == pytest.approx(-back.difference)


def test_the_interval_resamples_cases_not_ratings() -> None:
    # Ten identical raters are no more evidence than one.
    generator = np.random.default_rng(8)
    cases = generator.normal(size=(1, 20))
    one = equivalence.equivalence(cases, np.zeros_like(cases), 1)
    ten = equivalence.equivalence(np.repeat(cases, 10, axis=0), np.zeros((10, 20)), 1)
    assert (one.low, one.high) == pytest.approx((ten.low, ten.high))


def test_the_mixed_model_takes_holes() -> None:
    one, two = arms(np.random.default_rng(6))
    two[2, 5] = one[7, 30] = NAN
    result = mixed.fit(one, two)
    assert result.converged and abs(result.difference - np.nanmean(one - two)) < 0.05
    with pytest.raises(ValueError, match="every rater"):
        mixed.crossed(one, two)


def test_the_mixed_model_ends_at_the_maximum_when_raters_have_no_taste() -> None:
    # A component at zero, where the fit's own start has stopped short with half as large an error again.
    generator = np.random.default_rng(11)
    for _ in range(3):
        shared = generator.normal(0, 0.35, (1, 40)) + generator.normal(0, 0.3, (10, 1))
        one, two = (
            shared + generator.normal(0, 0.15, (1, 40)) + generator.normal(0, 0.6, (10, 40)) for _ in range(2)
        )
        assert mixed.fit(one, two).standard_error == pytest.approx(
            mixed.crossed(one, two).standard_error, rel=0.05
        )


def test_the_error_of_james_index_is_that_of_its_slopes() -> None:
    # Unlike margins: among equal ones a wrong slope hides.
    counts = np.array([[61.0, 9.0], [14.0, 40.0], [30.0, 77.0]])
    step, slopes = 1e-4, np.zeros((3, 2))
    for cell in np.ndindex(3, 2):
        shift = np.zeros((3, 2))
        shift[cell] = step
        up, down = blinding.james(counts + shift), blinding.james(counts - shift)
        slopes[cell] = (up.value - down.value) / (2 * step)
    # Slopes by counts sum to nothing along the counts, since the index does not know how many there are.
    expected = math.sqrt((counts * slopes**2).sum())
    assert blinding.james(counts).standard_error == pytest.approx(expected, rel=1e-6)


def test_blinding_indices_at_their_ends() -> None:
    known = blinding.bang([[10, 0], [0, 10], [0, 0]])
    assert [index.value for index in known] == [1, 1]
    assert blinding.james([[10, 0], [0, 10], [0, 0]]).value == 0
    assert blinding.james([[0, 0], [0, 0], [10, 10]]).value == 1
    assert blinding.james([[5, 5], [5, 5], [0, 0]]).value == pytest.approx(0.5)
    with pytest.raises(ValueError, match="three rows"):
        blinding.bang([[1, 2], [3, 4]])


def test_a_description_counts_what_is_missing() -> None:
    told = describe.describe([1, 2, 2, NAN], [1, 2, 3])
    assert (told.n, told.missing, told.mean, told.median) == (3, 1, pytest.approx(5 / 3), 2)
    assert told.counts == {"1": 1, "2": 2, "3": 0}


@pytest.mark.parametrize("categories", [(), (1, 2, 3, 4)])
def test_an_analysis_is_json_whatever_was_answered(categories: tuple[int, ...]) -> None:
    generator = np.random.default_rng(9)
    tables = [generator.integers(1, 5, (3, 6)).astype(float) for _ in range(2)]
    constant = [np.full((3, 6), 2.0)] * 2
    holes = [np.where(generator.random((3, 6)) < 0.2, NAN, table) for table in tables]
    small = [[table[:, :1] for table in tables], [table[:1] for table in tables]]
    for one, two in (tables, constant, holes, *small):
        told = analyse(one, two, categories=categories, margin=0.5)
        assert json.loads(json.dumps(told, allow_nan=False)) == told
        assert told["ct"]["n"] == np.isfinite(one).sum() and 0 <= told["wilcoxon"]["p"] <= 1


def test_ratings_too_few_for_the_mixed_model_keep_every_other_figure() -> None:
    told = analyse([[4, NAN], [1, 4]], [[2, 3], [3, 2]], categories=(1, 2, 3, 4), margin=0.5)
    assert told["ct"]["n"] == 3
    assert told["wilcoxon"]["pairs"] > 0
    assert json.loads(json.dumps(told)) == told


def test_the_analysis_of_guesses_counts_them_under_their_arm() -> None:
    told = blinding_of([[1, 1, 2, 0]], [[2, 2, 0, NAN]])
    assert told is not None and told["counts"] == [[2, 0], [1, 2], [1, 1]]
    assert blinding_of([[NAN]], [[1]]) is None
