"""The paper's design with virtual raters: does the report find what was planted, and nothing else?

``python -m tests.benchmarks.study_simulation [--quick]``. 40 cases, two versions each, 10 raters, three
scales from 1 to 4, each rater in the order that the allocation gives, slowly getting harsher. A score is a
latent opinion (case + version of the case + rater + noise) rounded to the scale.

Studies with a planted difference give ``power`` (share that Wilcoxon on per-case means finds at 5 %); studies
without, ``false_positive`` and ``equivalence_rate``, beside the rate that theory gives for this spread and
margin; studies whose true difference is the margin, ``false_equivalence``, which must stay below 5 %. Raters
who differ in what they think of the arms are simulated too: there only the mixed model keeps its level.

The HTO arm has 5 pairs; how many surgeons rated is not in the paper, three are assumed here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from backend.studies.allocation.order import place
from backend.studies.statistics.equivalence import equivalence
from backend.studies.statistics.mixed import crossed, fit
from backend.studies.statistics.paired import case_means, wilcoxon
from tests.benchmarks import report

MARGIN = 0.2
PLANTED = 0.2
STUDIES, QUICK_STUDIES = 200, 40
ORDERS, QUICK_ORDERS = 20, 4
FITTED, QUICK_FITTED = 4, 1
SCALES = 3
ALPHA = 0.05
Table = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Virtual raters and cases; spreads in points of the scale.

    Attributes:
        effect: how much lower the X-ray version truly is, before rounding.
        taste: spread of what raters think of the arms.
        drift: how much harsher a rater has become by the end of the list.
    """

    raters: int = 10
    cases: int = 40
    points: int = 4
    mean: float = 3.1
    effect: float = 0.0
    case: float = 0.35
    version: float = 0.15
    rater: float = 0.3
    taste: float = 0.0
    noise: float = 0.6
    drift: float = 0.4
    distance: int = 10

    def study(self, generator: np.random.Generator, progress: Table) -> tuple[Table, Table]:
        """One study of one scale: (raters, cases) of the CT version and of the X-ray version."""
        latent = (
            self.mean
            + generator.normal(0, self.case, (1, 1, self.cases))
            + generator.normal(0, self.version, (2, 1, self.cases))
            + generator.normal(0, self.rater, (1, self.raters, 1))
            + generator.normal(0, self.taste, (2, self.raters, 1))
            + generator.normal(0, self.noise, (2, self.raters, self.cases))
        )
        latent[1] -= self.effect
        ct, xray = np.clip(np.round(latent - self.drift * progress), 1, self.points)
        return ct, xray

    def progress(self, seed: bytes) -> Table:
        """(2, raters, cases): where in each rater's list a version stands, from 0 to 1."""
        names = [str(case) for case in range(self.cases)]
        where = np.empty((2, self.raters, self.cases))
        for rater in range(self.raters):
            for item in place(
                seed, rater=str(rater), ordinal=rater, batch="0", cases=names, distance=self.distance
            ):
                arm = ("ct", "xray").index(item.arm)
                where[arm, rater, int(item.case)] = item.position / (2 * self.cases - 1)
        return where

    def true_difference(self, generator: np.random.Generator) -> float:
        """CT minus X-ray on the scale, after rounding, from many cases."""
        many = replace(self, cases=20_000, raters=20, drift=0.0)
        latent = many.mean + generator.normal(
            0, np.sqrt(self.case**2 + self.version**2 + self.rater**2 + self.noise**2), (20, many.cases)
        )
        # Drift moves both versions alike: as a shift, spread evenly over the list.
        latent -= self.drift * generator.random(latent.shape)
        ct, xray = (np.clip(np.round(x), 1, self.points) for x in (latent, latent - self.effect))
        return float((ct - xray).mean())


@dataclass(frozen=True)
class Rates:
    """Shares over the studies and scales of one world."""

    found: float
    equivalent: float
    expected_equivalent: float
    mixed_found: float
    covered: float


def rates(
    world: World, orders: list[Table], studies: int, generator: np.random.Generator, truth: float
) -> Rates:
    """Analyse ``studies`` studies of ``SCALES`` scales each, going round the allocations."""
    found, equal, expected, mixed_found, covered = [], [], [], [], []
    for number in range(studies * SCALES):
        ct, xray = world.study(generator, orders[number // SCALES % len(orders)])
        one, two = case_means(ct, xray)
        found.append(wilcoxon(one - two).p < ALPHA)
        same = equivalence(ct, xray, MARGIN, resamples=1000, seed=int(generator.integers(2**31)))
        equal.append(same.equivalent)
        covered.append(same.low <= truth <= same.high)
        expected.append(nominal_rate(one - two))
        mixed_found.append(crossed(ct, xray).p < ALPHA)
    return Rates(*(float(np.mean(column)) for column in (found, equal, expected, mixed_found, covered)))


def nominal_rate(differences: Table) -> float:
    """How often theory has TOST find equivalence at no difference, for this spread (noncentral t)."""
    n = differences.size
    apart = MARGIN / (differences.std(ddof=1) / np.sqrt(n))
    return float(max(2 * stats.nct.sf(stats.t.ppf(1 - ALPHA, n - 1), n - 1, apart) - 1, 0))


def effect_at_margin(world: World) -> float:
    """The latent effect whose difference on the scale is the margin."""
    low, high = 0.0, 1.0
    for _ in range(16):
        middle = (low + high) / 2
        at = replace(world, effect=middle).true_difference(np.random.default_rng(4))
        low, high = (middle, high) if at < MARGIN else (low, middle)
    return (low + high) / 2


def fit_against_closed_form(
    world: World, orders: list[Table], generator: np.random.Generator
) -> tuple[float, float]:
    """The largest distance between the fitted mixed model and the closed form: difference, standard error."""
    apart = []
    for order in orders:
        ct, xray = world.study(generator, order)
        fitted, closed = fit(ct, xray), crossed(ct, xray)
        apart.append(
            (
                abs(fitted.difference - closed.difference),
                abs(fitted.standard_error / closed.standard_error - 1),
            )
        )
    return tuple(np.max(apart, axis=0))


def main() -> None:
    quick = report.options(__doc__).quick
    studies = QUICK_STUDIES if quick else STUDIES
    generator = np.random.default_rng(2026)
    plain = World()
    orders = [plain.progress(generator.bytes(32)) for _ in range(QUICK_ORDERS if quick else ORDERS)]
    worlds = {
        "no difference": plain,
        f"planted {PLANTED:g}": replace(plain, effect=PLANTED),
        "true difference = margin": replace(plain, effect=effect_at_margin(plain)),
        "no difference, raters' tastes 0.15": replace(plain, taste=0.15),
    }
    told = {}
    rows = []
    for name, world in worlds.items():
        truth = world.true_difference(np.random.default_rng(5))
        rate = told[name] = rates(world, orders, studies, generator, truth)
        shares = (rate.found, rate.mixed_found, rate.equivalent, rate.expected_equivalent, rate.covered)
        rows.append((name, f"{truth:.3f}", *(f"{share:.3f}" for share in shares)))
    headings = ("world", "true", "Wilcoxon finds", "mixed finds", "equivalent", "theory", "90 % covers")
    print(report.table(headings, rows))
    guides = World(raters=3, cases=5, points=6, mean=4.5, distance=2)
    ct, xray = guides.study(generator, guides.progress(generator.bytes(32)))
    hto = wilcoxon(np.subtract(*case_means(ct, xray)))
    difference, error = fit_against_closed_form(plain, orders[: QUICK_FITTED if quick else FITTED], generator)
    print(
        f"\nHTO arm: 5 pairs; no difference however large gives p below {2.0**-4:g} (this one: {hto.p:.4f})."
    )
    print(f"MixedLM against the closed form: difference {difference:.1e}, standard error {error:.1%}.\n")
    none, planted, edge, tastes = told.values()
    report.finish(
        {
            "studies": studies,
            "analyses": studies * SCALES,
            "power": planted.found,
            "false_positive": none.found,
            "equivalence_rate": none.equivalent,
            "equivalence_expected": none.expected_equivalent,
            "false_equivalence": edge.equivalent,
            "interval_coverage": none.covered,
            "mixed_power": planted.mixed_found,
            "mixed_false_positive": none.mixed_found,
            "tastes_false_positive": tastes.found,
            "tastes_mixed_false_positive": tastes.mixed_found,
            "hto_smallest_p": 2.0**-4,
        }
    )


if __name__ == "__main__":
    main()
