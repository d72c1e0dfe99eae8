"""What one query sees: one snapshot of the ledger through one caller's eyes, with what it read already."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cached_property
from typing import TypeAlias

import strawberry

from ledger import history
from ledger.entry import recorded_of
from ledger.group import Published, stored_bytes
from ledger.query import among, rows, tuples
from ledger.receipts import Prover
from ledger.rows import Act, Hold, Key, Ledger, Participant, Unit, Version
from ledger.state import ENTITY
from ledger.store import Store
from ledger.tree import Tree
from schema import access
from schema.context import NOBODY, Context
from schema.limits import RequestError

CHUNK = 500
ENTRIES = 'SELECT "index", "bytes" FROM "entry" WHERE "index" IN'


class View:
    """The ledger as of one moment, for one caller. Of one thread."""

    def __init__(self, store: Store, context: Context, deadline: float) -> None:
        """`deadline` as `time.monotonic()` has it: afterwards nothing more is read."""
        self._store = store
        self._deadline = deadline
        self.context = context
        self.caller = context.reader or NOBODY
        self.language = context.language
        self._bytes: dict[int, bytes] = {}
        self._acts: dict[int, Act] = {}
        self._soon: set[int] = set()
        self._participants: dict[str, Participant] = {}

    @property
    def store(self) -> Store:
        """The snapshot. Raises TIMEOUT when the request's time is over."""
        if time.monotonic() > self._deadline:
            raise RequestError("TIMEOUT", "This took too long: ask for less, or later.")
        return self._store

    @cached_property
    def sight(self) -> access.Sight:
        """How far the caller sees."""
        return access.sight_of(self.store, self.caller)

    @cached_property
    def head(self) -> Published:
        """The newest checkpoint and what it covers."""
        head = self.store.head()
        assert head is not None
        recorded = recorded_of(stored_bytes(self.store, head.size - 1))
        return Published(head.size, head.hash, recorded, self.tree.root(), head.note)

    @cached_property
    def tree(self) -> Tree:
        """The ledger's tree."""
        head = self.store.head()
        assert head is not None
        return Tree(self.store.tile, head.size)

    @cached_property
    def prover(self) -> Prover:
        """Makes receipts under the newest checkpoint."""
        return Prover(self.tree, self.head.size, self.head.note, self.bytes)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger's own row."""
        [ledger] = self.store.load(Ledger, ENTITY, (self.context.gateway.origin,))
        return ledger

    def soon(self, indexes: Iterable[int]) -> None:
        """Entries that will probably be asked for one by one: the first of them fetches all."""
        self._soon.update(indexes)

    def bytes(self, index: int) -> bytes:
        """The exact bytes of an entry."""
        if index not in self._bytes:
            self._fetch(index)
        return self._bytes[index]

    def act(self, index: int) -> Act:
        """What an entry is."""
        if index not in self._acts:
            self._fetch(index)
        return self._acts[index]

    def _fetch(self, index: int) -> None:
        """An entry, with all that were announced, by few queries."""
        wanted = sorted({index} | (self._soon - self._bytes.keys()))
        self._soon.clear()
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            text = f"{ENTRIES} ({', '.join('?' * len(part))})"
            self._bytes.update(tuples(self.store, text, part))
        self._acts.update({act.entry: act for act in among(self.store, Act, ("entry",), [(one,) for one in wanted])})

    def participant(self, name: str) -> Participant | None:
        """Somebody in the registry."""
        if name not in self._participants:
            found = self.store.load(Participant, ENTITY, (name,))
            if not found:
                return None
            self._participants[name] = found[0]
        return self._participants[name]

    def key(self, number: int) -> Key:
        """A key by its number."""
        [key] = self.store.load(Key, ENTITY, (number,))
        return key

    def versions(self, units: list[Unit], index: int) -> dict[int, Version]:
        """Units as the caller may see them as of an entry, by id; those out of sight or not yet made are absent."""
        if self.sight.everything:
            found = among(self.store, Version, ("unit",), [(unit.id,) for unit in units], history.at(index))
            return {version.unit: version for version in found}
        seen = access.seen_versions(self.store, self.sight, units)
        then = {unit: [version for version in versions if version.since <= index] for unit, versions in seen.items()}
        return {unit: versions[-1] for unit, versions in then.items() if versions}

    def story(self, unit: Unit, index: int) -> list[int]:
        """The entries up to one that made, changed, held or released a unit, as far as the caller may see them.

        Not for who sees everything: `ledger.history` pages through that.
        """
        seen = access.seen_versions(self.store, self.sight, [unit]).get(unit.id, [])
        touched = {version.since for version in seen}
        for hold in rows(self.store, Hold, 'WHERE "unit" = ?', (unit.id,)):
            for moment in (hold.since, hold.until):
                if moment is not None and any(_covers(version, moment) for version in seen):
                    touched.add(moment)
        return sorted(entry for entry in touched if entry <= index)

    def saw(self, units: list[Unit], index: int) -> bool:
        """Whether an entry made, changed, held or released one of some units while the caller could see it."""
        seen = access.seen_versions(self.store, self.sight, units)
        if any(version.since == index for versions in seen.values() for version in versions):
            return True
        holds = among(self.store, Hold, ("unit",), [(unit,) for unit in seen])
        return any(
            index in (hold.since, hold.until) and any(_covers(version, index) for version in seen[hold.unit])
            for hold in holds
        )


def _covers(version: Version, index: int) -> bool:
    return version.since <= index and (version.until is None or index < version.until)


Info: TypeAlias = strawberry.Info[View, None]
"""What a resolver is told: its `context` is the view."""
