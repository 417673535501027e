"""What the order of a rater's items promises, whatever the study."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.studies.allocation import commitment
from backend.studies.allocation.draws import Draws
from backend.studies.allocation.order import Placement, first_arms, place

seeds = st.binary(min_size=32, max_size=32)
FIRST_DRAWS = [395, 636, 523, 390, 104, 957]
LIST_OF_EIGHT = "5f63260a528b0165"
quick = settings(max_examples=40, deadline=None)


def names(count: int) -> list[str]:
    return [f"case-{number}" for number in range(count)]


@st.composite
def designs(draw: st.DrawFn) -> tuple[bytes, int, int]:
    count = draw(st.integers(1, 25))
    return draw(seeds), count, draw(st.integers(1, count))


def listed(seed: bytes, count: int, distance: int, rater: str = "r", ordinal: int = 0) -> list[Placement]:
    return place(seed, rater=rater, ordinal=ordinal, batch="0", cases=names(count), distance=distance)


@quick
@given(designs())
def test_both_versions_of_every_case_once_and_far_enough_apart(design: tuple[bytes, int, int]) -> None:
    seed, count, distance = design
    placements = listed(seed, count, distance)
    assert [placement.position for placement in placements] == list(range(2 * count))
    assert Counter((p.case, p.arm) for p in placements) == Counter(
        (case, arm) for case in names(count) for arm in ("ct", "xray")
    )
    for case in names(count):
        one, two = (p.position for p in placements if p.case == case)
        assert two - one >= distance


@quick
@given(seeds, st.integers(1, 25), st.integers(0, 9))
def test_half_of_the_cases_come_first_in_either_version(seed: bytes, count: int, ordinal: int) -> None:
    first = first_arms(seed, ordinal=ordinal, batch="0", cases=names(count))
    told = Counter(first.values())
    assert abs(told["ct"] - told["xray"]) <= 1
    partner = first_arms(seed, ordinal=ordinal ^ 1, batch="0", cases=names(count))
    assert all(first[case] != partner[case] for case in names(count))


@quick
@given(seeds, st.integers(0, 7), st.randoms())
def test_nothing_depends_on_the_order_of_cases_or_on_other_raters(
    seed: bytes, ordinal: int, random: object
) -> None:
    cases = names(9)
    before = place(seed, rater="r", ordinal=ordinal, batch="0", cases=cases, distance=4)
    random.shuffle(cases)  # type: ignore[attr-defined]
    place(seed, rater="another", ordinal=ordinal + 1, batch="0", cases=cases, distance=4)
    place(seed, rater="r", ordinal=ordinal, batch="1", cases=names(30)[9:], distance=4)
    assert place(seed, rater="r", ordinal=ordinal, batch="0", cases=cases, distance=4) == before


def test_names_say_nothing_and_are_all_different() -> None:
    lists = [listed(b"x" * 32, 40, 10, rater=f"r{number}", ordinal=number) for number in range(10)]
    everything = [placement for one in lists for placement in one]
    assert len({p.token for p in everything}) == len({p.code for p in everything}) == 800
    assert {(len(p.token), len(p.code)) for p in everything} == {(32, 8)}
    # Of 800 codes drawn without a second look, about twenty would hold one of these.
    assert not any(word in p.code for p in everything for word in ("CT", "XR"))


def test_raters_get_different_orders() -> None:
    orders = {tuple(p.case for p in listed(b"y" * 32, 12, 3, rater=f"r{number}")) for number in range(20)}
    assert len(orders) == 20


def test_the_second_half_does_not_repeat_the_first() -> None:
    # The arrangement that the swaps start from must be forgotten: about half of the cases have both versions
    # on the same side of the middle, as far as the distance lets them.
    inside = 0
    for number in range(20):
        placements = listed(b"z" * 32, 40, 1, rater=f"r{number}")
        positions: dict[str, list[int]] = {}
        for p in placements:
            positions.setdefault(p.case, []).append(p.position)
        inside += sum((one < 40) == (two < 40) for one, two in positions.values())
    # Two of 80 places fall on the same side with probability 39/79.
    assert abs(inside / 800 - 39 / 79) < 0.06


def test_each_position_is_as_likely_to_hold_either_version() -> None:
    counts = Counter[int]()
    for number in range(200):
        for p in listed(b"w" * 32, 10, 4, rater=f"r{number}", ordinal=number):
            counts[p.position] += p.arm == "ct"
    # 200 fair coins stray by more than 35 from 100 once in a million.
    assert max(abs(count - 100) for count in counts.values()) < 40


@pytest.mark.parametrize(("cases", "distance"), [(["a", "a"], 1), (["a", "b"], 3), (["a"], 0), ([], 1)])
def test_it_refuses_what_cannot_be_kept(cases: list[str], distance: int) -> None:
    with pytest.raises(ValueError, match=r"twice|cannot be kept"):
        place(b"s" * 32, rater="r", ordinal=0, batch="0", cases=cases, distance=distance)


def test_draws_are_even_and_never_change() -> None:
    draws = Draws(b"seed", "a purpose", 1)
    told = Counter(draws.below(6) for _ in range(6000))
    assert all(abs(count - 1000) < 150 for count in told.values())
    # Written down once: a list made today must be made again in ten years.
    again = Draws(b"seed", "a purpose", 1)
    assert [again.below(1000) for _ in range(6)] == FIRST_DRAWS
    text = "\n".join(f"{p.case} {p.arm} {p.token} {p.code}" for p in listed(b"q" * 32, 8, 3))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == LIST_OF_EIGHT


def lines(seed: bytes) -> list[commitment.Line]:
    return [commitment.Line(1, "r", p.position, p.case, p.arm, p.token, p.code) for p in listed(seed, 5, 2)]


def committed(seed: bytes = b"k" * 32, **changes: object) -> str:
    content = {
        "study": "s",
        "algorithm": 1,
        "seed": seed,
        "distance": 2,
        "previous": "",
        "lines": lines(b"k" * 32),
    }
    return commitment.digest(commitment.canonical(**{**content, **changes}))  # type: ignore[arg-type]


@quick
@given(st.integers(0, 9), st.sampled_from(["extension", "rater", "position", "case", "arm", "token", "code"]))
def test_the_commitment_changes_with_any_change_of_any_line(which: int, field: str) -> None:
    changed = lines(b"k" * 32)
    value = getattr(changed[which], field)
    changed[which] = replace(changed[which], **{field: value + 1 if isinstance(value, int) else f"{value}x"})
    assert committed(lines=changed) != committed()


def test_the_commitment_changes_with_anything_else_and_not_with_the_order_of_lines() -> None:
    whole = lines(b"k" * 32)
    others = [
        committed(lines=whole[:-1]),
        committed(study="t"),
        committed(algorithm=2),
        committed(distance=3),
        committed(previous="0" * 64),
        committed(seed=b"l" * 32),
    ]
    assert committed() not in others and len(set(others)) == len(others)
    assert committed(lines=whole[::-1]) == committed()
