"""The Merkle tree of RFC 6962 §2.1 and RFC 9162 §2.1: roots, proofs, and their verification.

Every maker of a proof has its checker. Makers read the tree through one function, `subtree(start, end)`,
the hash over the leaves `start <= i < end`; so the same lines prove over a list and over stored tiles.
Leaves are leaf hashes of 32 bytes throughout. Nobody is owed a reason: what does not verify is Malformed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from ledger.errors import Malformed

EMPTY_ROOT = sha256().digest()
PATH_MAX = 63
"""Hashes in a proof at most: C2SP tlog-witness; no tree here has more than 2**53 leaves."""

Subtree = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data), 32 bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree hash over the leaves; SHA-256 of nothing for none."""
    return levels(leaves)[-1][0] if leaves else EMPTY_ROOT


def levels(leaves: Sequence[bytes]) -> list[Sequence[bytes]]:
    """The tree from the leaves up to the root.

    An odd last node rises unchanged: RFC 6962 splits at the largest power of two, which comes to the same.
    """
    tree = [leaves]
    while len(level := tree[-1]) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        if len(level) % 2:
            above.append(level[-1])
        tree.append(above)
    return tree


def inclusion_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Hashes that prove leaf `index` among `leaves`, the leaf's sibling first."""
    return prove_inclusion(index, len(leaves), lambda start, end: root(leaves[start:end]))


def inclusion_paths(leaves: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """The inclusion path of every leaf, made in one go from the levels of the tree."""
    tree = levels(leaves)[:-1]
    return [
        tuple([level[at] for height, level in enumerate(tree) if (at := index >> height ^ 1) < len(level)])
        for index in range(len(leaves))
    ]


def consistency_path(old: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Hashes that prove that the first `old` leaves are the start of `leaves`; none for 0 and for all."""
    return prove_consistency(old, len(leaves), lambda start, end: root(leaves[start:end]))


def prove_inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """RFC 9162 §2.1.3.1, from the root down."""
    assert 0 <= index < size
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    return path[::-1]


def prove_consistency(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """RFC 9162 §2.1.4.1, from the root down."""
    assert 0 <= old <= size
    if old in (0, size):
        return []
    path = []
    start, end = 0, size
    while end != old:
        middle = start + split(end - start)
        if old <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    # The verifier knows the old root, and no other complete subtree that ends there.
    if start > 0:
        path.append(subtree(start, end))
    return path[::-1]


def root_from_path(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that the path leads to, RFC 9162 §2.1.3.2.

    Raises Malformed unless the path has exactly the length that index and size demand.
    """
    if not 0 <= index < size or len(path) > PATH_MAX or len(leaf) != 32:
        raise Malformed("no such leaf, or too many hashes")
    here, last, reached = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise Malformed("more hashes than the tree is high")
        if here & 1 or here == last:
            reached = node_hash(sibling, reached)
            while here & 1 == 0 and here != 0:
                here >>= 1
                last >>= 1
        else:
            reached = node_hash(reached, sibling)
        here >>= 1
        last >>= 1
    if last != 0:
        raise Malformed("fewer hashes than the tree is high")
    return reached


def check_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Raises Malformed unless `path` proves `leaf` to be number `index` of the tree of this size."""
    if root_from_path(index, size, leaf, path) != root:
        raise Malformed("the leaf is not in this tree at this index")


def check_consistency(old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> None:
    """Raises Malformed unless `path` proves the old tree to be the start of the new, RFC 9162 §2.1.4.2.

    Size 0 is the start of every tree and proves nothing about it.
    """
    if not 0 <= old <= size or len(path) > PATH_MAX:
        raise Malformed("sizes run backwards, or too many hashes")
    if old in (0, size):
        if path or (old == 0 and old_root != EMPTY_ROOT) or (old == size and old_root != root):
            raise Malformed("equal sizes have equal roots and need no proof, like size 0")
        return
    # A tree whose size is a power of two is its own first subtree: its root is not sent.
    hashes = iter(path if old & (old - 1) else (old_root, *path))
    here, last = old - 1, size - 1
    while here & 1:
        here >>= 1
        last >>= 1
    first = second = next(hashes, b"")
    for sibling in hashes:
        if last == 0:
            raise Malformed("more hashes than the tree is high")
        if here & 1 or here == last:
            first = node_hash(sibling, first)
            second = node_hash(sibling, second)
            while here & 1 == 0 and here != 0:
                here >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        here >>= 1
        last >>= 1
    if last != 0 or first != old_root or second != root:
        raise Malformed("the old tree is not the start of this one")


def split(size: int) -> int:
    """The largest power of two smaller than `size`, where a tree of this size parts; `size` is at least 2."""
    return 1 << (size - 1).bit_length() - 1
