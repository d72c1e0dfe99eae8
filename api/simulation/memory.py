"""What the bulk road need not read again: it alone wrote the ledger, from its founding on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.group import Mark, Rows
from ledger.rows import Hold, Unit, Version
from ledger.state import ENTITY, State

FINAL = {"HARVESTED", "SOLD", "GONE", "WASTED", "DESTROYED"}
"""States of units that nothing happens to any more: they are forgotten, and read if somebody asks after all."""


class Memory(Rows):
    """Remembers all units that are alive, and all holds, besides what every writer remembers."""

    def __init__(self) -> None:
        super().__init__()
        self._alive: dict[Mark, Sequence[Any]] = {}
        self._holds: dict[int, dict[str, Hold]] = {}

    def load(self, cls: type[Any], index: str, key: tuple[Any, ...]) -> Sequence[Any]:
        """Answers for holds without reading: what is not remembered does not exist."""
        if cls is Hold:
            held = self._holds.get(key[0])
            if held is None:
                return ()
            return list(held.values()) if index == "unit" else [h for name, h in held.items() if name == key[1]]
        found = self._alive.get((cls, index, key))
        return super().load(cls, index, key) if found is None else found

    def committed(self, state: State) -> None:
        """Remember what a group wrote."""
        super().committed(state)
        alive = self._alive
        for (cls, entity), row in state.now.items():
            if cls is Unit:
                assert isinstance(row, Unit)
                alive[cls, ENTITY, entity] = alive[cls, "code", (row.code,)] = (row,)
            elif cls is Hold:
                unit, authority = entity
                held = self._holds.setdefault(unit, {})
                held.pop(authority, None)
                if isinstance(row, Hold):
                    held[authority] = row
        for (cls, entity), row in state.now.items():
            if cls is Version:
                assert isinstance(row, Version)
                alive[cls, ENTITY, entity] = (row,)
                if row.status in FINAL:
                    self._forget(entity)

    def _forget(self, entity: tuple[Any, ...]) -> None:
        del self._alive[Version, ENTITY, entity]
        for unit in self._alive.pop((Unit, ENTITY, entity), ()):
            del self._alive[Unit, "code", (unit.code,)]
