"""What a client knows of the ledger's tree: enough to make the proofs that it needs itself.

The hash of leaves [low, high) never changes in a ledger that only grows. Such hashes are
remembered from inclusion proofs, and else read from the public hash tiles (C2SP
`tlog-tiles`). All of them are hints: a proof made of them is checked before it counts, so a
wrong one can make a check fail but never pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from .errors import Malformed
from .merkle import check_consistency, check_inclusion, node_hash, siblings, split
from .note import Checkpoint

TILE_HEIGHT = 8
TILE_WIDTH = 256
KNOWN_MAX = 100_000

R = TypeVar("R")

ReadTile = Callable[[int, int, int], Sequence[bytes]]
"""(level, number, width) to the first `width` hashes of a tile."""


class Tree:
    """Hashes of one ledger's tree, remembered or read with `read`. Threads may share it."""

    def __init__(self, read: ReadTile) -> None:
        self._read = read
        self._known: dict[tuple[int, int], bytes] = {}

    def learn(self, index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
        """Remember what an inclusion proof says: siblings, and the nodes on the way to the root, which it returns."""
        parts = siblings(index, size)
        if len(parts) != len(path):
            raise Malformed("length of an inclusion path")
        if len(self._known) > KNOWN_MAX:
            self._known.clear()
        low, high, node = index, index + 1, leaf
        self._known[low, high] = node
        for part, other in zip(parts, path, strict=True):
            self._known[part] = other
            node = node_hash(other, node) if part[0] < low else node_hash(node, other)
            low, high = min(low, part[0]), max(high, part[1])
            self._known[low, high] = node
        return node

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The inclusion path of leaf `index` in the tree of `size` (RFC 6962 section 2.1.1)."""
        return tuple(self._hash(low, high, size) for low, high in siblings(index, size))

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the tree of `size` continues that of `old` (RFC 6962 section 2.1.2); 1 <= old <= size."""
        low, high, parts = 0, size, []
        while high != old:
            middle = low + split(high - low)
            if old <= middle:
                parts.append((middle, high))
                high = middle
            else:
                parts.append((low, middle))
                low = middle
        if low:
            parts.append((low, high))
        return [self._hash(low, high, size) for low, high in reversed(parts)]

    def prove(self, index: int, leaf: bytes, checkpoint: Checkpoint) -> tuple[bytes, ...]:
        """An inclusion path that holds under `checkpoint`. Raises Malformed if the tiles give none."""

        def proof() -> tuple[bytes, ...]:
            path = self.inclusion(index, checkpoint.size)
            check_inclusion(index, checkpoint.size, leaf, path, checkpoint.root)
            return path

        return self._believed(proof)

    def check(self, old: Checkpoint, new: Checkpoint) -> None:
        """Raise Malformed unless `new` continues `old`."""
        if old.origin != new.origin or old.size > new.size:
            raise Malformed("checkpoints in the wrong order or of two ledgers")

        def proof() -> None:
            path = self.consistency(old.size, new.size)
            check_consistency(old.size, new.size, old.root, new.root, path)

        self._believed(proof)

    def _believed(self, proof: Callable[[], R]) -> R:
        """A proof that fails is tried once more from freshly read tiles: what was remembered may be wrong."""
        try:
            return proof()
        except Malformed:
            self._known.clear()
            return proof()

    def _hash(self, low: int, high: int, size: int) -> bytes:
        """The tree hash of leaves [low, high), a part that RFC 6962 makes of a tree of `size`."""
        found = self._known.get((low, high))
        if found is None:
            middle = low + split(high - low) if high - low > 1 else low
            halves = (low, middle) in self._known and (middle, high) in self._known
            level = _tile_level(high - low)
            if level is not None and not halves:
                number, place = divmod(low >> TILE_HEIGHT * level, TILE_WIDTH)
                return self._fetch(level, number, size)[place]
            found = node_hash(self._hash(low, middle, size), self._hash(middle, high, size))
            self._known[low, high] = found
        return found

    def _fetch(self, level: int, number: int, size: int) -> Sequence[bytes]:
        """Read one tile as wide as a ledger of `size` has it, and remember its hashes."""
        span = 1 << TILE_HEIGHT * level
        width = min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - TILE_WIDTH * number)
        hashes = self._read(level, number, width)
        for place, value in enumerate(hashes[:width], TILE_WIDTH * number):
            self._known[place * span, (place + 1) * span] = value
        return hashes


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Where a hash tile stands: `/tile/0/x001/000.p/17`; a full one without its width."""
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    partial = f".p/{width}" if width < TILE_WIDTH else ""
    return f"/tile/{level}/{'/'.join(groups)}{partial}"


def _tile_level(width: int) -> int | None:
    """The level of the tiles whose hashes cover `width` leaves each, None if no level's do."""
    level, rest = divmod(width.bit_length() - 1, TILE_HEIGHT)
    return level if rest == 0 and width & (width - 1) == 0 else None
