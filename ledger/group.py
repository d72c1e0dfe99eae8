"""What is appended in one transaction: submissions in order, each on a state of its own, one checkpoint.

The sequencer commits such groups; founding and the simulator's bulk road use the same code, so there
is one way in. Nothing here commits: the caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import checkpoint, merkle
from ledger.accept import FIRST, Head, Linked, accept
from ledger.checkpoint import Checkpoint
from ledger.editions import Edition
from ledger.entry import recorded_of
from ledger.errors import Fatal
from ledger.fields import CODE, matching
from ledger.keys import SigningKey
from ledger.rows import Cursor, Hold, Key, Ledger, Parameter, Participant, Phase, Row, Site, Unit, Variety, Version
from ledger.sealed import Opening
from ledger.state import ENTITY, State
from ledger.statement import Submission
from ledger.store import Head as StoredHead
from ledger.store import Store
from ledger.tree import Tree

Mark = tuple[type[Row], str, tuple[Any, ...]]

REMEMBERED = (Cursor, Key, Ledger, Parameter, Participant, Phase, Site, Variety)
"""Rows that nearly every group needs; there are few of them, units are too many to remember."""
REMEMBERED_MAX = 100_000

_is_code = matching(CODE)


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint with what the next entry needs: `recorded` in milliseconds, the signed note."""

    size: int
    hash: bytes
    recorded: int
    root: bytes
    note: str


def stored_bytes(store: Store, index: int) -> bytes:
    """The bytes of an entry that the head covers. Raises Fatal where they are missing."""
    data = store.entry_bytes(index)
    if data is None:
        raise Fatal(f"entry {index} is missing")
    return data


class Rows:
    """Stored rows as a group finds them: remembered from the groups before, fetched ahead, or read once."""

    def __init__(self) -> None:
        self.store: Store | None = None
        self._remembered: dict[Mark, Sequence[Any]] = {}
        self._group: dict[Mark, Sequence[Any]] = {}

    def begin(self, store: Store) -> None:
        """A new group: what was read for the last one is gone."""
        self.store = store
        self._group.clear()

    def forget(self) -> None:
        """Another process wrote: nothing is remembered."""
        self._remembered.clear()

    def load(self, cls: type[Any], index: str, key: tuple[Any, ...]) -> Sequence[Any]:
        """What `ledger.state.Load` asks for."""
        mark = (cls, index, key)
        kept = self._remembered if cls in REMEMBERED else self._group
        rows = kept.get(mark)
        if rows is None:
            assert self.store is not None
            rows = kept[mark] = self.store.load(cls, index, key)
        return rows

    def fetch(self, submissions: Iterable[Submission]) -> None:
        """Read in a handful of queries what the statements name, where each read is a round trip."""
        assert self.store is not None
        if not self.store.remote:
            return
        codes = {code for submission in submissions for raw in submission.raws for code in _codes(raw)}
        units = [u for rows in self._many(Unit, "code", [(code,) for code in sorted(codes)]) for u in rows]
        shipments = [unit.id for unit in units if unit.letter == "S"]
        inside = [v.unit for rows in self._many(Version, "shipment", [(s,) for s in shipments]) for v in rows]
        units += [u for rows in self._many(Unit, ENTITY, [(number,) for number in inside]) for u in rows]
        near = {unit.id for unit in units} | {unit.source for unit in units if unit.source is not None}
        versions = [v for rows in self._many(Version, ENTITY, [(number,) for number in sorted(near)]) for v in rows]
        via = {v.shipment for v in versions if v.shipment is not None} - near
        self._many(Version, ENTITY, [(number,) for number in sorted(via)])
        self._many(Hold, "unit", [(number,) for number in sorted(near | via)])

    def _many(self, cls: type[Any], index: str, keys: list[tuple[Any, ...]]) -> Iterator[Sequence[Any]]:
        assert self.store is not None
        found = self.store.load_many(cls, index, keys) if keys else {}
        for key in keys:
            self._group[cls, index, key] = found.get(key, ())
        return iter(found.values())

    def committed(self, state: State) -> None:
        """Remember what a group changed, now that it is stored."""
        for (cls, entity), row in state.now.items():
            if cls in REMEMBERED:
                self._remembered[cls, ENTITY, entity] = () if row is None else (row,)
        for mark in state.by:
            self._remembered.pop(mark, None)
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.clear()


def _codes(raw: bytes) -> Iterator[str]:
    """The unit codes in a statement, found without decoding it: they are texts of 22 characters."""
    for part in raw.split(b'"'):
        if len(part) == 22:
            code = part.decode("ascii", "replace")
            if _is_code(code):
                yield code


class Group:
    """Entries to be appended to a head in one transaction."""

    def __init__(
        self,
        store: Store,
        rows: Rows,
        tree: Tree,
        head: Published | None,
        editions: Mapping[int, Edition],
    ) -> None:
        self.state = State(rows.load)
        self.entries: list[Linked] = []
        self._store = store
        self._rows = rows
        self._tree = tree
        self._head = head
        self._editions = editions
        self._openings: list[Opening] = []

    @property
    def size(self) -> int:
        """Entries of the ledger with those of this group."""
        return self._tree.size

    def entry_at(self, index: int) -> bytes:
        """The bytes of an entry, stored or waiting in this group."""
        old = self.size - len(self.entries)
        return self.entries[index - old].data if index >= old else stored_bytes(self._store, index)

    def linked(self, first: int, count: int) -> list[Linked]:
        """Entries that were recorded before, as they were answered then."""
        datas = [self.entry_at(index) for index in range(first, first + count)]
        return [Linked(first + n, data, merkle.leaf_hash(data), recorded_of(data)) for n, data in enumerate(datas)]

    def add(self, submission: Submission, time: int) -> list[Linked]:
        """Accept a submission into the group; raises what `accept` raises and then holds nothing of it."""
        head = FIRST
        last = self.entries[-1] if self.entries else self._head
        if last is not None:
            head = Head(self.size, last.hash, last.recorded, self._tree.root, self.entry_at)
        state = State(self.state.load)
        entries = accept(submission, head, state, time, self._editions)
        self.state.merge(state)
        for entry in entries:
            self._tree.append(entry.hash)
        self._openings += submission.openings
        self.entries += entries
        return entries

    def write(self, origin: str, key: SigningKey) -> Published:
        """Write all of it and the signed checkpoint, by compare-and-swap on the head; the caller commits.

        One root per size for ever: the checkpoint is issued only when the commit is durable.
        """
        store, size = self._store, self._tree.size
        old, last = size - len(self.entries), self.entries[-1]
        store.append_entries(old, [(entry.data, entry.hash) for entry in self.entries])
        store.add_subtrees(self._tree.completed(old, size))
        store.write(self.state.born.values(), self.state.closed, self.state.cells.values())
        store.add_openings([(o.hash, o.salt, o.value) for o in self._openings])
        root = self._tree.root(size)
        note = checkpoint.sign(Checkpoint(origin, size, root), key)
        head = self._head
        before = None if head is None else StoredHead(head.size, head.hash, head.note)
        store.swap_head(before, StoredHead(size, last.hash, note))
        return Published(size, last.hash, last.recorded, root, note)
