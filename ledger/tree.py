"""The ledger's tree, read through its tiles: roots, proofs and appending without holding all leaves.

Storage enters as one function. Whatever was read or made is kept in a bounded cache: the hash over a range
of leaves that exist never changes. So a writer that has appended proves its fresh entries without reading.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from ledger import merkle
from ledger.errors import Malformed
from ledger.tiles import WIDTH

Read = Callable[[int, int, int], list[bytes]]
"""`read(level, number, width)`: the first `width` hashes of tile `number` of tile level `level`, where hash n
of level L is that over 256**L leaves from n * 256**L on (C2SP tlog-tiles)."""

NODES_MAX = 65_536
"""Hashes in the cache, about 20 MB. Twice the leaves that are appended before they are stored must fit."""


class Tree:
    """The tree over the leaves of a ledger. Not to be shared between threads."""

    def __init__(self, read: Read, size: int = 0, nodes_max: int = NODES_MAX) -> None:
        # A tile brings 511 hashes at once, and a proof looks at one tile of each level.
        assert nodes_max >= 8_192
        self.size = size
        self._read = read
        self._stored = size
        self._nodes: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._nodes_max = nodes_max

    def append(self, leaf: bytes) -> None:
        """Make a leaf hash the last of the tree. It need not be stored before it leaves the cache."""
        start, self.size = self.size, self.size + 1
        node, width = leaf, 1
        self._keep(start, self.size, node)
        while start & width:
            node = merkle.node_hash(self.subtree(start - width, start), node)
            start -= width
            width *= 2
            self._keep(start, self.size, node)

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` leaves, without it over all."""
        size = self.size if size is None else size
        return self.subtree(0, size) if size else merkle.EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The hashes that prove leaf `index` under the root of `size`."""
        return merkle.prove_inclusion(index, size, self.subtree)

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The hashes that prove the tree of `old` leaves to be the start of that of `size`."""
        return merkle.prove_consistency(old, size, self.subtree)

    def completed(self, old: int, size: int) -> list[tuple[int, int, bytes]]:
        """(level, number, hash) of the full tiles that the leaves from `old` to `size` completed.

        Hash `number` of tile level `level`, at least 1, is that over the full tile `number` one level below.
        """
        return [
            (level, number, self.node(8 * level, number))
            for level in range(1, size.bit_length() // 8 + 1)
            for number in range(old >> 8 * level, size >> 8 * level)
        ]

    def node(self, level: int, index: int) -> bytes:
        """The hash over the 2**level leaves from index * 2**level on, all of which exist."""
        return self.subtree(index << level, index + 1 << level)

    def subtree(self, start: int, end: int) -> bytes:
        """The hash over the leaves `start <= i < end`, a range of which RFC 6962 makes a node.

        Raises Malformed when a tile that is asked for is not there.
        """
        assert 0 <= start < end <= self.size
        found = self._nodes.get((start, end))
        if found is None:
            width = end - start
            if width & (width - 1):
                middle = start + merkle.split(width)
                found = merkle.node_hash(self.subtree(start, middle), self.subtree(middle, end))
            else:
                found = self._load(start, end)
        self._keep(start, end, found)
        return found

    def _load(self, start: int, end: int) -> bytes:
        """A complete subtree out of the tile that holds it, with all that follows from the tile."""
        level = ((end - start).bit_length() - 1) // 8
        leaves = WIDTH**level
        number = start // (WIDTH * leaves)
        first = number * WIDTH
        # No more than is stored for certain, but all of that: the next question is about its neighbours.
        width = max(end // leaves, min(first + WIDTH, self._stored // leaves)) - first
        hashes = self._read(level, number, width)
        if len(hashes) != width:
            raise Malformed("a tile is not as wide as the tree demands")
        while hashes:
            for place, node in enumerate(hashes, first):
                self._keep(place * leaves, (place + 1) * leaves, node)
            hashes = [merkle.node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=False)]
            first //= 2
            leaves *= 2
        return self._nodes[start, end]

    def _keep(self, start: int, end: int, node: bytes) -> None:
        self._nodes[start, end] = node
        self._nodes.move_to_end((start, end))
        if len(self._nodes) > self._nodes_max:
            self._nodes.popitem(last=False)
