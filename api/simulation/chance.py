"""Chance that is the same everywhere: draws by integer arithmetic from one seed, on every Python alike."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from ledger import codes
from ledger.sealed import Opening, seal

T = TypeVar("T")

MINUTE = 60_000


class Chance:
    """Everything that a simulation draws; the order of the draws is part of what a seed means."""

    def __init__(self, seed: int) -> None:
        # Seeding by text, getrandbits and randbytes are the same in all versions; randrange and shuffle are not.
        self._random = Random(f"ketenboek simulation {seed}")  # noqa: S311 - a simulation has to be repeatable
        self.bytes = self._random.randbytes

    def below(self, bound: int) -> int:
        """An integer from 0 to `bound` - 1."""
        return self._random.getrandbits(53) * bound >> 53

    def between(self, least: int, most: int) -> int:
        """An integer from `least` to `most`, both included."""
        return least + self.below(most - least + 1)

    def once_in(self, times: int) -> bool:
        """True about once in so many times."""
        return self.below(times) == 0

    def about(self, amount: int, percent: int) -> int:
        """An amount, more or less by up to so many percent; at least 1."""
        spread = amount * percent // 100
        return max(1, self.between(amount - spread, amount + spread))

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def take(self, items: list[T]) -> T:
        """One of the items, taken out of the list, whose order does not matter."""
        place = self.below(len(items))
        items[place], items[-1] = items[-1], items[place]
        return items.pop()

    def moments(self, begin: int, end: int, count: int) -> list[int]:
        """So many ascending moments, milliseconds, spread over a stretch of time."""
        stretch = (end - begin) // max(count, 1)
        return [begin + place * stretch + self.below(max(stretch, 1)) for place in range(count)]

    def code(self, letter: str) -> str:
        """A fresh code."""
        return codes.mint(letter, self.bytes)

    def codes(self, letter: str, count: int) -> list[str]:
        """So many fresh codes, as a set of a statement."""
        return sorted([codes.mint(letter, self.bytes) for _ in range(count)])

    def sealed(self, text: str) -> Opening:
        """A text under a fresh salt."""
        return seal(text, self.bytes(32))
