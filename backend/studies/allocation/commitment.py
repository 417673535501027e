"""A promise that the list stays as it is, which tells nothing of it.

The SHA-256 of the list in one canonical form is published before the first rating. The form holds the secret
seed, so that nobody can try out the few orders that a small study allows until one fits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass


@dataclass(frozen=True, order=True)
class Line:
    """One line of the list: who sees what, where, under which names."""

    extension: int
    rater: str
    position: int
    case: str
    arm: str
    token: str
    code: str


def canonical(
    *, study: str, algorithm: int, seed: bytes, distance: int, previous: str, lines: Iterable[Line]
) -> bytes:
    """The bytes that are hashed: JSON without spaces, keys in order, lines sorted.

    Args:
        previous: the commitment before this one, empty for the first; so all of them form a chain.
    """
    content = {
        "algorithm": algorithm,
        "distance": distance,
        "lines": [list(astuple(line)) for line in sorted(lines)],
        "previous": previous,
        "seed": seed.hex(),
        "study": study,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
