"""What is true now: rows found through one injected function, changed only in memory.

A `State` may stand on another one: that of a submission on that of its group, that of the group on
the database. It is thrown away whole when the submission is refused, else merged into the one below.
Rows are values: a changed row is a new row, so nothing has to be copied on reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ledger.rows import Flow, Life, Row

R = TypeVar("R", bound=Row)
Load = Callable[[type[Any], str, tuple[Any, ...]], Sequence[Any]]
"""(row class, index, key) to rows: `"entity"` or one of the class's declared indexes; only open versions."""

ENTITY = "entity"


class State:
    """Rows read through `load` and the changes made to them, in memory."""

    __slots__ = ("_load", "born", "by", "cells", "closed", "now")

    def __init__(self, load: Load) -> None:
        self._load = load
        self.now: dict[tuple[type[Row], tuple[Any, ...]], Row | None] = {}
        self.by: dict[tuple[type[Row], str, tuple[Any, ...]], dict[tuple[Any, ...], Row | None]] = {}
        self.born: dict[tuple[type[Row], tuple[Any, ...], int], Row] = {}
        """Rows to insert, by class, entity and `since` (0 for records), in the order of their making."""
        self.closed: dict[tuple[type[Row], tuple[Any, ...], int], int] = {}
        """Stored versions that ended here: class, entity, `since` to the entry that ended it."""
        self.cells: dict[tuple[type[Row], tuple[Any, ...]], Row] = {}
        """Cells to overwrite."""

    def get(self, cls: type[R], *entity: Any) -> R | None:
        """The row that is true of an entity now, or None."""
        mark = (cls, entity)
        if mark in self.now:
            return self.now[mark]  # type: ignore[return-value]
        rows = self._load(cls, ENTITY, entity)
        return rows[0] if rows else None

    def find(self, cls: type[R], index: str, *key: Any) -> list[R]:
        """All rows that are true now under a key of a declared index, in the order of their entities."""
        changed = self.by.get((cls, index, key))
        stored = self._load(cls, index, key)
        if not changed:
            return list(stored)
        rows: dict[tuple[Any, ...], Row | None] = {cls.entity_of(row): row for row in stored}
        rows.update(changed)
        return [row for _, row in sorted(rows.items()) if row is not None]  # type: ignore[misc]

    def load(self, cls: type[Any], index: str, key: tuple[Any, ...]) -> Sequence[Any]:
        """What a state that stands on this one finds."""
        if index == ENTITY:
            row = self.get(cls, *key)
            return () if row is None else (row,)
        return self.find(cls, index, *key)

    def add(self, row: Row) -> None:
        """Bring a new row into being: a record, a cell, or the first version of an entity."""
        cls = type(row)
        entity = cls.entity_of(row)
        if cls.life is Life.CELL:
            self.cells[cls, entity] = row
        else:
            since: int = row.since if cls.life is Life.VERSION else 0  # type: ignore[attr-defined]
            self.born[cls, entity, since] = row
        if cls is not Flow:  # no rule ever asks for a flow
            self.now[cls, entity] = row
            self._enter(row, entity, row)

    def change(self, row: R, index: int, **changes: Any) -> R:
        """From entry `index` on other values are true of an entity; `row` is what was true before."""
        if row.life is Life.VERSION:
            changes |= {"since": index, "until": None}
            self._close(row, index)
        after = row.but(**changes)
        self._enter(row, type(row).entity_of(row), None)
        self.add(after)
        return after

    def end(self, row: Row, index: int) -> None:
        """From entry `index` on nothing is true of an entity any more (a hold that was released)."""
        self._close(row, index)
        entity = type(row).entity_of(row)
        self._enter(row, entity, None)
        self.now[type(row), entity] = None

    def _close(self, row: Row, index: int) -> None:
        mark = (type(row), type(row).entity_of(row), row.since)  # type: ignore[attr-defined]
        assert mark[2] <= index
        if mark[2] == index:  # made by this very entry: one version an entry
            self.born.pop(mark, None)
        elif mark in self.born:
            self.born[mark] = row.but(until=index)
        else:
            self.closed[mark] = index

    def _enter(self, row: Row, entity: tuple[Any, ...], now: Row | None) -> None:
        """Note under the keys of a row what its entity is there now."""
        for name, key_of in row.keys_of.items():
            key = key_of(row)
            if None not in key:  # nobody asks for what is in no shipment
                self.by.setdefault((type(row), name, key), {})[entity] = now

    def merge(self, other: State) -> None:
        """Take over the changes of a state that stood on this one."""
        self.now.update(other.now)
        for mark, rows in other.by.items():
            self.by.setdefault(mark, {}).update(rows)
        for ended, until in other.closed.items():
            if ended in self.born:
                self.born[ended] = self.born[ended].but(until=until)
            else:
                self.closed[ended] = until
        self.born.update(other.born)
        self.cells.update(other.cells)
