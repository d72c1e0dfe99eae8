"""What was true of a unit at an entry, and which entries made it so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.entry import recorded_of
from ledger.query import END, among, rows, tuples
from ledger.rows import Hold, Version
from ledger.store import Store

TOUCHING = """
SELECT made AS entry FROM unit WHERE id = ?
UNION SELECT since FROM version WHERE unit = ?
UNION SELECT since FROM hold WHERE unit = ?
UNION SELECT until FROM hold WHERE unit = ? AND until IS NOT NULL
"""
"""The entries that made, changed, held or released a unit, whose id is given four times."""


@dataclass(frozen=True, slots=True)
class Page:
    """Entry indexes in order, how many there are on all pages, and what to give as `after` for the next."""

    indexes: list[int]
    total: int
    next: int | None


def page(indexes: list[int], first: int, total: int) -> Page:
    """A page of `first` indexes out of what was found when one more was asked for."""
    return Page(indexes[:first], total, indexes[first - 1] if len(indexes) > first else None)


def history(store: Store, unit: int, *, first: int, after: int | None = None, as_of: int | None = None) -> Page:
    """The entries that made, changed, held or released a unit, up to entry `as_of`."""
    last = END if as_of is None else as_of
    ids = (unit,) * 4
    of = f"FROM ({TOUCHING}) AS touching WHERE entry <= ?"
    [(total,)] = tuples(store, f"SELECT COUNT(*) {of}", (*ids, last))
    found = tuples(
        store,
        f"SELECT entry {of} AND entry > ? ORDER BY entry LIMIT ?",
        (*ids, last, -1 if after is None else after, first + 1),
    )
    return page([index for (index,) in found], first, total)


def at(index: int) -> str:
    """The condition under which a version is what was true when entry `index` had been recorded."""
    return f'"since" <= {index} AND ("until" IS NULL OR "until" > {index})'


def version_at(store: Store, unit: int, index: int) -> Version | None:
    """A unit as it was when entry `index` had been recorded; None before it was made."""
    found = rows(store, Version, 'WHERE "unit" = ? AND "since" <= ? ORDER BY "since" DESC LIMIT 1', (unit, index))
    return found[0] if found and (found[0].until is None or found[0].until > index) else None


def holds_at(store: Store, units: Sequence[int], index: int) -> list[Hold]:
    """The holds on some units that were open when entry `index` had been recorded, oldest first.

    A hold on a lot or shipment covers what is in it: ask for those as well.
    """
    found = among(store, Hold, ("unit",), [(unit,) for unit in units], at(index))
    return sorted(found, key=lambda hold: (hold.since, hold.unit))


def index_at(store: Store, time: int) -> int | None:
    """The last entry recorded at or before a time in milliseconds; None when there is none.

    The time stands in the entries' bytes alone and never decreases: a binary search reads a few of them.
    """
    head = store.head()
    low, high = 0, 0 if head is None else head.size
    while low < high:
        middle = (low + high) // 2
        data = store.entry_bytes(middle)
        assert data is not None, middle
        if recorded_of(data) <= time:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low else None
