"""The order in which one rater meets both versions of every case: algorithm 2.

What a rater gets follows from the seed, the rater and the batch of cases alone. Later cases are another
batch, behind what there is; later raters are other raters: nothing that exists is ever reshuffled.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from backend.studies.allocation.draws import Draws, keyed

VERSION = 2
ARMS = ("ct", "xray")
# Without vowels no words, without 0, 1, I, L, O, S, B no doubts on a printed label.
CODE_ALPHABET = "23456789CDFGHJKMNPQRTVWX"
CODE_LENGTH = 8
# A code that seems to name an arm is drawn again; algorithm 1 let one in forty do so.
TELLING = ("CT", "XR")
# Swaps tried an item: by far enough to forget the arrangement that it starts from.
SWAPS = 40


@dataclass(frozen=True)
class Placement:
    """One version of one case in the list of one rater.

    Attributes:
        position: from 0, within the batch.
        token: names the item in addresses; says nothing.
        code: names it to people, on screens and on printed guides; says nothing.
    """

    case: str
    arm: str
    position: int
    token: str
    code: str


def place(
    seed: bytes, *, rater: str, ordinal: int, batch: str, cases: Sequence[str], distance: int
) -> list[Placement]:
    """One rater's list for one batch of cases, in order.

    Args:
        seed: 32 secret bytes of the study.
        ordinal: which rater it is, from 0. Raters 2 k and 2 k + 1 see opposite versions first.
        batch: name of the batch.
        cases: their identities; the order in which they come does not matter.
        distance: the two versions of a case are at least so many positions apart; 1 keeps nothing apart.

    Raises:
        ValueError: a case twice, or fewer cases than the distance: then nothing could keep them apart.
    """
    if len(set(cases)) != len(cases):
        raise ValueError("a case is named twice")
    if not 1 <= distance <= len(cases):
        raise ValueError(f"{len(cases)} cases cannot be kept {distance} apart")
    first = first_arms(seed, ordinal=ordinal, batch=batch, cases=cases)
    seen: set[str] = set()
    placements = []
    for position, case in enumerate(_arrange(Draws(seed, "order", rater, batch), cases, distance)):
        arm = first[case] if case not in seen else _other(first[case])
        seen.add(case)
        placements.append(
            Placement(case, arm, position, _token(seed, rater, case, arm), _code(seed, rater, case, arm))
        )
    return placements


def first_arms(seed: bytes, *, ordinal: int, batch: str, cases: Sequence[str]) -> dict[str, str]:
    """Which version of each case a rater meets first: one for half of the cases, the other for the rest.

    An odd case more goes to either by a draw, and the next rater of the pair sees the opposite of all.
    """
    draws = Draws(seed, "first", ordinal // 2, batch)
    mixed = sorted(cases)
    draws.shuffle(mixed)
    half = len(mixed) // 2 + (draws.below(2) if len(mixed) % 2 else 0)
    one, two = ARMS if ordinal % 2 == 0 else reversed(ARMS)
    return {case: one if place < half else two for place, case in enumerate(mixed)}


def _other(arm: str) -> str:
    return ARMS[1 - ARMS.index(arm)]


def _arrange(draws: Draws, cases: Sequence[str], distance: int) -> list[str]:
    """Every case twice, its two places at least ``distance`` apart.

    Starts from a random order and the same again, then swaps random places whenever the rule allows. Each
    swap is as likely as its reverse, so that in the end all arrangements that swaps reach are equally likely.
    """
    order = sorted(cases)
    draws.shuffle(order)
    order += order
    places: dict[str, list[int]] = {}
    for place_, case in enumerate(order):
        places.setdefault(case, []).append(place_)
    for _ in range(SWAPS * len(order)):
        i, j = draws.below(len(order)), draws.below(len(order))
        a, b = order[i], order[j]
        if a == b:
            continue
        other_a = sum(places[a]) - i
        other_b = sum(places[b]) - j
        if abs(other_a - j) >= distance and abs(other_b - i) >= distance:
            order[i], order[j] = b, a
            places[a], places[b] = [other_a, j], [other_b, i]
    return order


def _token(seed: bytes, rater: str, case: str, arm: str) -> str:
    return base64.b32encode(keyed(seed, "token", rater, case, arm)[:20]).decode().lower()


def _code(seed: bytes, rater: str, case: str, arm: str) -> str:
    draws = Draws(seed, "code", rater, case, arm)
    while True:
        code = "".join(CODE_ALPHABET[draws.below(len(CODE_ALPHABET))] for _ in range(CODE_LENGTH))
        if not any(word in code for word in TELLING):
            return code
