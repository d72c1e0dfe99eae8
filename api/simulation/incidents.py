"""What goes wrong now and then, at fixed places: a small chain has one of each, a large one some in a thousand."""

from __future__ import annotations

from collections import Counter

RATES = {
    "refused": (2, 60),
    "missing": (3, 70),
    "damaged": (4, 90),
    "returned": (5, 60),
    "late": (6, 80),
    "stolen": (40, 400),
}
"""The first time at which something happens, and every how many times after that."""


class Incidents:
    """Counts occasions."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def due(self, kind: str) -> bool:
        """Whether it happens on this occasion."""
        first, every = RATES[kind]
        self._seen[kind] += 1
        return self._seen[kind] >= first and (self._seen[kind] - first) % every == 0

    def count(self, kind: str) -> int:
        """Occasions so far."""
        return self._seen[kind]
