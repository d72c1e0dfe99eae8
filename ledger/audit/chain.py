"""Depth 1, the careful way: which entry is at fault where the chain does not hold, and how it goes on behind it.

A row is wrong in itself, missing, inserted or out of place; what comes after it must neither be called
wrong for that, nor escape. So the walk counts rows and entries apart, and where a row cannot stand for
its entry, the leaf of the tree is the hash that the next entry links to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledger.audit.faults import Faults
from ledger.audit.links import REGISTRY, STATEMENT_AT, Start, Stretch, linked, registry, start_of, tile_roots, times
from ledger.audit.roots import Leaves
from ledger.audit.source import CHUNK, Rows, Source, StoredEntry
from ledger.canonical import b64
from ledger.entry import FIRST_PREVIOUS
from ledger.merkle import leaf_hash
from ledger.tiles import WIDTH

DEPTH = "chain"
OPEN_MIN = 2 * WIDTH
"""Leaves that may still change: that rows were inserted is known only when the next ones are seen."""
REMEMBERED_MAX = 10_000
"""So many leaves may differ from the stored hashes, and so many rows be inserted; then no root is known."""


@dataclass(slots=True)
class Chain:
    """What depth 1 leaves to the depths after it."""

    leaves: Leaves = field(default_factory=Leaves)
    last: bytes | None = None
    """The hash of the last entry, None where there is none."""
    registry: list[tuple[int, bytes]] = field(default_factory=list)
    """Row and bytes of the entries that say which keys count."""
    inserted: set[int] = field(default_factory=set)
    """Rows that stand for no entry."""
    missing: int | None = None
    """The first entry that has no row that can be read."""
    end: int = 0
    """After the last row that can be read."""
    checked: int = 0
    """Rows seen."""


class Walk:
    """The chain, stretch by stretch as long as all is well, row by row where it is not."""

    def __init__(self, source: Source, faults: Faults, head_hash: Any) -> None:
        self.chain = Chain()
        self.row = 0
        """The next row."""
        self.recorded = b""
        """When the entry before was recorded."""
        self._source = source
        self._faults = faults
        self._head_hash = head_hash
        self._tops: list[bytes] = []
        self._open: list[bytes] = []
        self._index = 0
        self._known: int | None = None
        # Of the entry before: its hash (None: not known), the stored one, its row, whether it is at fault.
        self._previous: bytes | None = FIRST_PREVIOUS
        self._stored: Any = FIRST_PREVIOUS
        self._place = -1
        self._blamed = False

    def absorb(self, found: Stretch, end: int, joint: bytes) -> bool:
        """Go on with a stretch up to row `end`; False if it does not join to what is before.

        `joint` is the stored hash from which it started.
        """
        if joint != self._previous or found.first_recorded < self.recorded:
            return False
        self._tops.append(found.tops)
        self._open = found.tail
        self.chain.registry += found.registry
        self._pass(end - self.row, found.last, found.recorded)
        return True

    def run(self) -> None:
        """Walk on to the end."""
        rows = Rows(self._source, self.row)
        while ahead := rows.ahead(CHUNK):
            if self._fast(ahead):
                rows.skip(len(ahead))
            else:
                for row in ahead:
                    rows.skip(1)
                    self._careful(row, rows.peek())
            if len(self._open) >= CHUNK + OPEN_MIN:
                self._tops += tile_roots(self._open[:CHUNK])
                del self._open[:CHUNK]
        if rows.broken is not None:
            self._faults.add("ENTRY_BYTES", rows.broken, DEPTH, "The database cannot be read from here on.")
            self._miss(self._index)

    def finish(self) -> Chain:
        """What was found, when the last row is behind."""
        chain, leaves = self.chain, self.chain.leaves
        if self._index and self._stored != self._previous and self._previous is not None:
            if not self._blamed:
                self._unlike(self._previous)
            if self._stored == self._head_hash:
                self._replace(self._stored)
        full = len(self._open) // WIDTH * WIDTH
        if full:
            self._tops += tile_roots(self._open[:full])
        leaves.tops = b"".join(self._tops)
        leaves.size = self._index
        leaves.known = self._index if self._known is None else self._known
        chain.last = self._previous if self._index else None
        chain.end = self.row
        chain.registry = [(row, data) for row, data in chain.registry if row not in chain.inserted]
        return chain

    def _pass(self, count: int, last: bytes, recorded: bytes) -> None:
        self.row += count
        self._index += count
        self.chain.checked += count
        self._previous = self._stored = last
        self._place = self.row - 1
        self._blamed = False
        self.recorded = recorded

    def _fast(self, rows: list[StoredEntry]) -> bool:
        if self._previous is None or self._stored != self._previous:
            return False
        if [row[0] for row in rows] != list(range(self.row, self.row + len(rows))):
            return False
        leaves = linked(rows, self._index, self._previous)
        if leaves is None:
            return False
        recorded = times(rows, self._index)
        if recorded != sorted(recorded) or recorded[0] < self.recorded:
            return False
        self._open += leaves
        self.chain.registry += registry(rows, self._index)
        self._pass(len(rows), leaves[-1], recorded[-1])
        return True

    def _careful(self, row: StoredEntry, after: StoredEntry | None) -> None:
        """One row, with the one after it."""
        place, data, stored = row
        start = start_of(data)
        following = None if after is None else start_of(after[1])
        leaf = leaf_hash(data) if isinstance(data, bytes) else b""
        self.chain.checked += 1
        stands, blamed = self._number(place, start, leaf, following)
        self.row = place + 1
        if not stands:
            self._insert(place)
            return
        if start is not None:
            blamed = self._link(place, start, leaf, stored, following, blamed)
            if start.recorded < self.recorded and not blamed:
                expected, found = f"not before {self.recorded.decode()}", start.recorded.decode()
                message = "It was recorded before the entry before it."
                self._faults.add("CHAIN_TIME", place, DEPTH, message, expected=expected, found=found)
            self.recorded = start.recorded
            if data.startswith(REGISTRY, start.end + STATEMENT_AT):
                self.chain.registry.append((place, data))
        self._shift(place - self._index)
        self._open.append(leaf)
        if stored != leaf:
            self._other(self._index, leaf)
        self._index += 1
        self._previous, self._stored, self._place, self._blamed = leaf, stored, place, blamed

    def _number(self, place: int, start: Start | None, leaf: bytes, following: Start | None) -> tuple[bool, bool]:
        """Whether a row stands for the entry that is expected, and whether it is at fault."""
        gap = place - self.row
        if start is None:
            self._leave_out(gap)
            self._faults.add("ENTRY_BYTES", place, DEPTH, "The bytes are not those of an entry.")
            return following is None or following.number != self._index, True
        if gap and start.number == self._index:
            return self._misplaced(self.row, start, f"The entry stands in row {place}.")
        self._leave_out(gap, start.previous if start.number == self._index + gap else None)
        if start.number == self._index:
            return True, False
        last = following is None
        follows = leaf == self._head_hash if following is None else following.number == start.number + 1
        if following is not None and following.number == self._index + 1:
            return self._misplaced(place, start, "Another entry stands in its place.")
        if following is not None and following.number == self._index:
            self._misplaced(place, start, "A row is inserted here.")
            return False, True
        back = self._index - start.number
        if back < 0 and follows:
            self._leave_out(-back, start.previous)
            return True, False
        if 0 < back <= len(self._open) and (follows or last) and leaf == self._open[-back]:
            self._misplaced(place, start, "A row is a copy of an earlier one.")
            return False, True
        if 0 < back <= len(self._open) and follows:
            self._go_back(place, start, back)
            return True, False
        return self._misplaced(place, start, "Another entry stands in its place.")

    def _misplaced(self, place: int, start: Start, message: str) -> tuple[bool, bool]:
        expected, found = str(self._index), str(start.number)
        self._faults.add("CHAIN_INDEX", place, DEPTH, message, expected=expected, found=found)
        return True, True

    def _go_back(self, place: int, start: Start, back: int) -> None:
        """This row is an entry whose number was taken: the rows between were inserted before it."""
        if not (back == 1 and self._blamed):
            self._misplaced(place - back, start, "A row is inserted here: the entry of this number comes after it.")
        for row in range(place - back, place):
            self._insert(row)
        del self._open[-back:]
        self._index = start.number
        others = self.chain.leaves.others
        for index in [index for index in others if index >= self._index]:
            del others[index]
        self._previous = self._stored = self._open[-1] if self._open else start.previous
        self._blamed = True

    def _link(self, place: int, start: Start, leaf: bytes, stored: Any, following: Start | None, blamed: bool) -> bool:
        """Compare a row's link with the entry before it; says whether this row is at fault (interface §5)."""
        expected = self._previous
        if expected is None:
            return blamed
        broken = start.previous != expected and not blamed
        next_link = self._head_hash if following is None else following.previous
        agrees = leaf == stored == next_link
        if broken and self._place >= 0 and (self._stored == start.previous or agrees or self._blamed):
            if not self._blamed:
                message = "It is not the entry to which the next one links."
                self._broken(self._place, message, start.previous, expected)
            self._replace(start.previous)
            return False
        if self._stored != expected and not self._blamed:
            self._unlike(expected)
        if broken:
            self._broken(place, "It does not link to the entry before it.", expected, start.previous)
        return blamed or broken

    def _broken(self, place: int, message: str, expected: bytes, found: bytes) -> None:
        self._faults.add("CHAIN_PREVIOUS", place, DEPTH, message, expected=b64(expected), found=b64(found))

    def _unlike(self, leaf: bytes) -> None:
        found = b64(self._stored) if isinstance(self._stored, bytes) else repr(self._stored)
        message = "The stored hash is not that of the entry."
        self._faults.add("TREE_ROOT", self._place, DEPTH, message, expected=b64(leaf), found=found)

    def _leave_out(self, count: int, previous: bytes | None = None) -> None:
        """Entries are missing here; `previous`: what the one after them links to."""
        if count <= 0:
            return
        first, last = self._index, self._index + count - 1
        which = f"Entry {first} is" if count == 1 else f"Entries {first} to {last} are"
        self._faults.add("CHAIN_INDEX", first, DEPTH, f"{which} missing.", expected=str(first))
        self._index += count
        if count == 1 and previous is not None:
            self._open.append(previous)
            self._other(first, previous)
            if self.chain.missing is None:
                self.chain.missing = first
        else:
            self._miss(first)
        self._previous = self._stored = previous if count == 1 else None
        self._place = last
        self._blamed = True

    def _miss(self, index: int) -> None:
        """From this entry on no root is known, and no state."""
        self._known = index if self._known is None else min(self._known, index)
        if self.chain.missing is None:
            self.chain.missing = index

    def _replace(self, leaf: bytes) -> None:
        """The leaf of the entry before is not what its row says."""
        self._previous = leaf
        if self._open:
            self._open[-1] = leaf
        self._other(self._index - 1, leaf)

    def _other(self, index: int, leaf: bytes) -> None:
        others = self.chain.leaves.others
        if len(others) < REMEMBERED_MAX or index in others:
            others[index] = leaf
        elif self._known is None:
            self._known = index

    def _insert(self, row: int) -> None:
        if len(self.chain.inserted) < REMEMBERED_MAX:
            self.chain.inserted.add(row)

    def _shift(self, shift: int) -> None:
        shifts = self.chain.leaves.shifts
        while len(shifts) > 1 and shifts[-1][0] >= self._index:
            shifts.pop()
        if shifts[-1][1] != shift and len(shifts) < REMEMBERED_MAX:
            shifts.append((self._index, shift))
