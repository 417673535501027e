"""Random draws that any computer repeats for as long as HMAC-SHA256 means the same.

Library generators promise no stable streams across versions; an allocation has to be recomputed years later.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import MutableSequence


def keyed(seed: bytes, *path: str | int) -> bytes:
    """32 bytes that follow from the seed and a path, and tell nothing of either."""
    return hmac.new(seed, json.dumps(path, separators=(",", ":")).encode(), hashlib.sha256).digest()


class Draws:
    """An endless stream of whole numbers for one purpose, independent of all others."""

    def __init__(self, seed: bytes, *path: str | int) -> None:
        self._key = keyed(seed, *path)
        self._counter = 0
        self._words: list[int] = []

    def _word(self) -> int:
        if not self._words:
            block = hmac.new(self._key, self._counter.to_bytes(8, "big"), hashlib.sha256).digest()
            self._words = [int.from_bytes(block[start : start + 8], "big") for start in range(0, 32, 8)]
            self._counter += 1
        return self._words.pop()

    def below(self, bound: int) -> int:
        """A whole number from 0 to ``bound`` - 1, all equally likely."""
        limit = (1 << 64) - (1 << 64) % bound
        while (word := self._word()) >= limit:
            pass
        return word % bound

    def shuffle(self, things: MutableSequence[str]) -> None:
        """Put them in random order, in place (Fisher and Yates)."""
        for last in range(len(things) - 1, 0, -1):
            other = self.below(last + 1)
            things[last], things[other] = things[other], things[last]
