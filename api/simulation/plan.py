"""What a simulation is asked for, and what it gives: acts in rounds, which two roads can record.

Plan     seed, growers, shops, days of trade
Act      something that happens: an action, its data, when
Batch    acts of one key, in order: a submission
Round    the batches of half a day; none depends on another, so all may be sent at once
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ledger import instant
from ledger.canonical import Json, b64
from ledger.sealed import Opening

ORIGIN = "ketenboek.example/simulation"
LAST_DAY = "2026-06-30T00:00:00.000Z"
"""The last simulated day: fixed, and past, so that what is recorded today is later than all of it."""

HALF_DAY = 12 * instant.HOUR
LEAD_DAYS = 105
"""From the intake of the first plants to the first sale: rooting, growing, flowering, drying, tests, transport."""

BATCH_MAX = 100
SALE_ENTRIES = 122
"""Entries that a hundred sales come to with all that goes before them, about."""
GROWERS_MAX = 10
CUSTOMERS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a chain. `days` are days of trade: cultivation goes before them.

    `customers` is what a shop has a day; `entries`, where given, is the size at which the ledger stops growing.
    """

    seed: int
    growers: int
    shops: int
    days: int
    customers: int = 30
    entries: int | None = None
    origin: str = ORIGIN

    def __post_init__(self) -> None:
        if not 1 <= self.growers <= GROWERS_MAX:
            raise ValueError(f"there are 1 to {GROWERS_MAX} growers")
        if self.shops < 1 or self.days < 1 or not 1 <= self.customers <= CUSTOMERS_MAX:
            raise ValueError(f"there is at least one shop and one day, and 1 to {CUSTOMERS_MAX} customers")

    @classmethod
    def of_entries(cls, seed: int, entries: int) -> Self:
        """A chain that is about that size when it has run its days: the whole of the real one, or a part of it."""
        shops = min(74, max(2, entries // 600))
        growers = min(GROWERS_MAX, 1 + shops // 6)
        days = min(120, max(7, entries // 10_000))
        # For somewhat more than that, so that it is reached.
        sales = max(0, entries * 112 // 100 - _registered(growers, shops)) * 100 // SALE_ENTRIES
        return cls(seed, growers, shops, days, min(CUSTOMERS_MAX, max(4, sales // (shops * days))), entries)

    @property
    def expected(self) -> int:
        """How many entries it will be, about."""
        sales = self.shops * self.days * self.customers
        return self.entries or _registered(self.growers, self.shops) + sales * SALE_ENTRIES // 100

    @property
    def begins(self) -> int:
        """Midnight of the day on which the ledger is founded, milliseconds."""
        return instant.millis(LAST_DAY) - (LEAD_DAYS + self.days - 1) * instant.DAY

    @property
    def slots(self) -> int:
        """Half days from the founding to the end."""
        return 2 * (LEAD_DAYS + self.days)

    @property
    def opening(self) -> int:
        """The half day in which shops receive their first packages."""
        return 2 * LEAD_DAYS


def _registered(growers: int, shops: int) -> int:
    """Entries before the first sale, about: the registry, and the first plants of everybody."""
    return 180 + 120 * growers + 6 * shops


Data = dict[str, Json | Opening]
"""The data of an act; a sealed member stands there as its opening."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens: `at` in milliseconds, `salt` 18 bytes."""

    action: str
    at: int
    salt: bytes
    data: Data

    def members(self) -> tuple[dict[str, Any], list[Opening]]:
        """The data as a statement holds them, and the openings that travel beside it."""
        openings = [value for value in self.data.values() if isinstance(value, Opening)]
        if not openings:
            return self.data, openings
        sealed = {
            name: {"sealed": b64(value.hash)} if isinstance(value, Opening) else value
            for name, value in self.data.items()
        }
        return sealed, openings


@dataclass(frozen=True, slots=True)
class Batch:
    """Acts of one key, by its name in the keyring, in the order of their sequence numbers."""

    key: str
    acts: list[Act]


Round = list[Batch]
