"""The roots of all sizes of the tree, from the hashes over each 256 entries that the chain left in memory.

A checkpoint, or what a signer saw, needs the root of some old size. Of each tile of 256 entries one hash is
kept (32 bytes for 256 entries); the leaves of the one tile that a size cuts are read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from ledger.audit.source import Source
from ledger.merkle import EMPTY_ROOT
from ledger.tiles import WIDTH

TILES_MAX = 16
"""Tiles whose nodes are kept: those around what is being read."""
ROOTS_MAX = 4_096
"""Roots that are kept: many signers have seen the same checkpoint."""

Level = list[bytes]


@dataclass(slots=True)
class Leaves:
    """What the chain says of the leaves of the tree: how many, and where they are not the stored hashes."""

    tops: bytes = b""
    """The hash over each full tile of 256 leaves, one after another."""
    size: int = 0
    known: int = 0
    """Up to here the leaves are known; beyond it entries are missing."""
    others: dict[int, bytes] = field(default_factory=dict)
    """Leaves that are not what is stored as the hash."""
    shifts: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
    """From this leaf on, an entry stands so many rows later than its number says."""
    _upper: list[Level] | None = None

    @property
    def upper(self) -> list[Level]:
        """The complete nodes from the hashes over tiles upwards; made once."""
        if self._upper is None:
            self._upper = _complete([self.tops[at : at + 32] for at in range(0, len(self.tops), 32)])
        return self._upper

    def row_of(self, index: int) -> int:
        """Where the entry of this number stands."""
        return index + next(shift for first, shift in reversed(self.shifts) if first <= index)

    def read(self, source: Source, first: int, end: int) -> Level:
        """The leaves `first` <= i < `end`; those that are not there are empty. Raises Unreadable."""
        if len(self.shifts) == 1 and not self.others:
            stored = source.hashes(first, end)
            return [stored.get(index, b"") for index in range(first, end)]
        rows = {index: self.row_of(index) for index in range(first, end)}
        stored = source.hashes(min(rows.values()), max(rows.values()) + 1)
        return [self.others.get(index) or stored.get(row, b"") for index, row in rows.items()]


class Roots:
    """Roots by size."""

    def __init__(self, leaves: Leaves, source: Source) -> None:
        self._leaves = leaves
        self._source = source
        self._tiles: OrderedDict[int, list[Level]] = OrderedDict()
        self._roots: OrderedDict[int, bytes] = OrderedDict()

    @staticmethod
    def full_tiles(leaves: Leaves) -> Iterator[tuple[int, Level]]:
        """(tile level, hashes) as table `subtree` holds them: from level 1 on, over entries that are known."""
        count = leaves.known // WIDTH
        level, hashes = 1, [leaves.tops[at : at + 32] for at in range(0, 32 * count, 32)]
        while hashes:
            yield level, hashes
            hashes = hashes[: len(hashes) // WIDTH * WIDTH]
            for _ in range(8):
                hashes = pairs(hashes)
            level += 1

    def at(self, size: int) -> bytes | None:
        """The root over the first so many entries; None where not all of them are known. Raises Unreadable."""
        if size == 0:
            return EMPTY_ROOT
        if not 0 < size <= self._leaves.known:
            return None
        root = self._roots.get(size)
        if root is None:
            root = self._roots[size] = self._fold(size)
            if len(self._roots) > ROOTS_MAX:
                self._roots.popitem(last=False)
        return root

    def _fold(self, size: int) -> bytes:
        """RFC 6962: the complete subtrees of a size, joined from the right."""
        tile, rest = divmod(size, WIDTH)
        root = b""
        if rest:
            root = _joined(self._tile(tile), rest, root)
        return _joined(self._leaves.upper, tile, root)

    def _tile(self, tile: int) -> list[Level]:
        levels = self._tiles.get(tile)
        if levels is None:
            first = tile * WIDTH
            end = min(first + WIDTH, self._leaves.size)
            levels = self._tiles[tile] = _complete(self._leaves.read(self._source, first, end))
            if len(self._tiles) > TILES_MAX:
                self._tiles.popitem(last=False)
        return levels


def _complete(leaves: Level) -> list[Level]:
    """The nodes over pairs, pairs of pairs and so on, complete ones only."""
    levels = [leaves]
    while len(level := levels[-1]) > 1:
        levels.append(pairs(level))
    return levels


def _joined(levels: list[Level], count: int, root: bytes) -> bytes:
    """The complete subtrees over the first `count` nodes of the lowest level, and what is to their right."""
    for height, level in enumerate(levels):
        here = count >> height
        if here & 1:
            node = level[here - 1]
            root = sha256(b"\x01" + node + root).digest() if root else node
    return root


def pairs(level: Level) -> Level:
    """The hashes over each two nodes; an odd last one is left out."""
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
