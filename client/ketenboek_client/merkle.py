"""The Merkle tree of RFC 6962 section 2.1 and the checks that RFC 9162 section 2.1 spells out.

Every function takes and gives raw 32-byte hashes; every check raises Malformed.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from .errors import Malformed

EMPTY_ROOT = sha256().digest()
HASH = 32
PATH_MAX = 63


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\1" + left + right).digest()


def split(width: int) -> int:
    """The largest power of two smaller than `width`: where RFC 6962 divides a tree."""
    return 1 << (width - 1).bit_length() - 1


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree hash over leaf hashes; SHA-256("") over none. Linear, level by level."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def siblings(index: int, size: int) -> list[tuple[int, int]]:
    """Which parts [low, high) of the tree an inclusion path of leaf `index` holds, in its order."""
    if not 0 <= index < size:
        raise Malformed("index outside the tree")
    low, high, found = 0, size, []
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            found.append((middle, high))
            high = middle
        else:
            found.append((low, middle))
            low = middle
    return found[::-1]


def root_from_path(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root to which an inclusion path leads, its length being exactly what RFC 9162 section 2.1.3.2 wants."""
    parts = siblings(index, size)
    if len(path) != len(parts) or any(len(node) != HASH for node in (leaf, *path)):
        raise Malformed("length of an inclusion path")
    node = leaf
    for (low, _), other in zip(parts, path, strict=True):
        node = node_hash(other, node) if low < index else node_hash(node, other)
    return node


def check_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Raise Malformed unless `path` proves leaf `index` of the tree of `size` under `root`."""
    if root_from_path(index, size, leaf, path) != root:
        raise Malformed("the path leads to another root")


def check_consistency(old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> None:
    """Raise Malformed unless `path` proves that the tree of `size` continues that of `old`.

    The loop of RFC 9162 section 2.1.4.2. Nothing continues size 0, which proves nothing.
    """
    if not 1 <= old <= size:
        raise Malformed("sizes of a consistency proof")
    if old == size:
        if path or old_root != root:
            raise Malformed("one size with two roots")
        return
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes or len(hashes) > PATH_MAX + 1 or any(len(node) != HASH for node in hashes):
        raise Malformed("length of a consistency proof")
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = hashes[0]
    for other in hashes[1:]:
        if last == 0:
            raise Malformed("length of a consistency proof")
        if node & 1 or node == last:
            before, after = node_hash(other, before), node_hash(other, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, other)
        node, last = node >> 1, last >> 1
    if last != 0 or before != old_root or after != root:
        raise Malformed("the later tree does not continue the earlier one")
