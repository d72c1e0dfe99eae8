"""Lists of entries and participants by what they are: pages by entry index, counts exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.history import TOUCHING, Page, page
from ledger.query import END, tuples
from ledger.rows import Participant
from ledger.state import ENTITY
from ledger.store import Store

_ROLL = """
FROM participant JOIN (
  SELECT participant AS who, MIN(since) AS registered FROM participant GROUP BY participant
) AS roll ON who = participant.participant
WHERE participant.until IS NULL
"""


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries: all that is given must hold. `key` is a key id, `unit` a unit's number."""

    participant: str | None = None
    key: str | None = None
    action: str | None = None
    unit: int | None = None
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Roll:
    """A page of participants in the order of their registration."""

    participants: list[Participant]
    total: int
    next: int | None


def entries(store: Store, chosen: EntryFilter, *, first: int, after: int | None = None) -> Page:
    """The entries that a filter lets through."""
    head = store.head()
    low = max(chosen.first or 0, 0)
    high = min(END if chosen.last is None else chosen.last, -1 if head is None else head.size - 1)
    start = low if after is None else max(low, after + 1)
    if (chosen.participant, chosen.key, chosen.action, chosen.unit) == (None,) * 4:
        # Indexes have no gaps.
        found = range(start, min(start + first + 1, high + 1))
        return page(list(found), first, max(high - low + 1, 0))
    where, values = _conditions(chosen)
    place, order = "act.entry", "entry"
    source = "act"
    if chosen.unit is not None:
        source = f"({TOUCHING}) AS touching JOIN act ON act.entry = touching.entry"
        values = [chosen.unit] * 4 + values
    elif chosen.key is not None:
        # Of one key the same order, and the one of its index; the plus keeps the table's own order out of it.
        place, order = "+act.entry", "sequence"
    of = f"FROM {source} WHERE {where} {place} >= ? AND {place} <= ?"
    [(total,)] = tuples(store, f"SELECT COUNT(*) {of}", [*values, low, high])
    text = f"SELECT act.entry {of} ORDER BY act.{order} LIMIT ?"
    return page([index for (index,) in tuples(store, text, [*values, start, high, first + 1])], first, total)


def participants(
    store: Store,
    *,
    first: int,
    after: int | None = None,
    kind: str | None = None,
    municipality: str | None = None,
) -> Roll:
    """Who is registered, of a kind, or admitted by a municipality; `after` is the entry that registered the last."""
    chosen = [(name, value) for name, value in (("kind", kind), ("municipality", municipality)) if value is not None]
    values = [value for _, value in chosen]
    of = _ROLL + "".join(f" AND participant.{name} = ?" for name, _ in chosen)
    [(total,)] = tuples(store, f"SELECT COUNT(*) {of}", values)
    found = tuples(
        store,
        f"SELECT who, registered {of} AND registered > ? ORDER BY registered LIMIT ?",
        [*values, -1 if after is None else after, first + 1],
    )
    shown = page([registered for _, registered in found], first, total)
    rows = store.load_many(Participant, ENTITY, [(name,) for name, _ in found[:first]])
    return Roll([row for (row,) in rows.values()], total, shown.next)


def _conditions(chosen: EntryFilter) -> tuple[str, list[Any]]:
    """What is asked of an act besides its place, each condition with its AND."""
    where = {
        "act.participant = ? AND": chosen.participant,
        "act.action = ? AND": chosen.action,
        "act.key = (SELECT number FROM key WHERE id = ? AND until IS NULL) AND": chosen.key,
    }
    given = {condition: value for condition, value in where.items() if value is not None}
    return " ".join(given), list(given.values())
