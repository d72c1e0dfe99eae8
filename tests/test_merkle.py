"""Does every proof hold for what is so, and fail for everything else? Exhausted up to 64 leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ledger import merkle
from ledger.errors import Malformed
from ledger.merkle import check_consistency, check_inclusion, leaf_hash
from ledger.tree import Tree

SIZES = range(1, 65)
LEAVES = [leaf_hash(b"leaf %d" % number) for number in range(64)]
ROOTS = [merkle.root(LEAVES[:size]) for size in range(65)]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else merkle.EMPTY_ROOT
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def flipped(data: bytes, bit: int) -> bytes:
    bit %= 8 * len(data)
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


def spoiled(path: Sequence[bytes], bits: Sequence[int]) -> list[list[bytes]]:
    """The path with one bit of one hash changed, with a hash too many or too few, or in another order."""
    places = range(len(path))
    wrong = [[*path[:at], flipped(path[at], bit), *path[at + 1 :]] for at in places for bit in bits]
    wrong += [[*path[:at], extra, *path[at:]] for at in range(len(path) + 1) for extra in (LEAVES[0], ROOTS[0])]
    wrong += [[*path[:at], *path[at + 1 :]] for at in places]
    if len(path) > 1:
        wrong += [[*path[::-1]], [*path, *[path[0]] * 64]]
    return wrong


def refused(check: Callable[..., None], *arguments: object) -> bool:
    try:
        check(*arguments)
    except Malformed:
        return True
    return False


def test_roots_are_those_of_the_definition() -> None:
    assert [naive_root(LEAVES[:size]) for size in range(65)] == ROOTS


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_is_proven_and_nothing_else(size: int) -> None:
    bits = range(256) if size < 10 else (size, 255)
    for index in range(size):
        path = merkle.inclusion_path(index, LEAVES[:size])

        check_inclusion(index, size, LEAVES[index], path, ROOTS[size])

        for wrong in spoiled(path, bits):
            assert refused(check_inclusion, index, size, LEAVES[index], wrong, ROOTS[size])
        for bit in bits:
            assert refused(check_inclusion, index, size, flipped(LEAVES[index], bit), path, ROOTS[size])
            assert refused(check_inclusion, index, size, LEAVES[index], path, flipped(ROOTS[size], bit))
        for other in {*range(-1, size + 2)} - {index}:
            assert refused(check_inclusion, other, size, LEAVES[index], path, ROOTS[size])


@pytest.mark.parametrize("size", SIZES)
def test_every_older_tree_is_proven_and_nothing_else(size: int) -> None:
    bits = range(256) if size < 8 else (size, 255)
    for old in range(1, size + 1):
        path = merkle.consistency_path(old, LEAVES[:size])

        check_consistency(old, size, ROOTS[old], ROOTS[size], path)

        for wrong in spoiled(path, bits):
            assert refused(check_consistency, old, size, ROOTS[old], ROOTS[size], wrong)
        for bit in bits:
            assert refused(check_consistency, old, size, flipped(ROOTS[old], bit), ROOTS[size], path)
            assert refused(check_consistency, old, size, ROOTS[old], flipped(ROOTS[size], bit), path)
        for other in {*range(-1, size + 2)} - {old}:
            assert refused(check_consistency, other, size, ROOTS[old], ROOTS[size], path)


def test_size_0_is_the_start_of_every_tree_and_proves_nothing() -> None:
    check_consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [])
    check_consistency(0, 5, merkle.EMPTY_ROOT, ROOTS[5], [])

    assert refused(check_consistency, 0, 5, ROOTS[5], ROOTS[5], [])
    assert refused(check_consistency, 0, 0, merkle.EMPTY_ROOT, ROOTS[5], [])
    assert refused(check_consistency, 0, 5, merkle.EMPTY_ROOT, ROOTS[5], [ROOTS[5]])


def test_all_paths_of_a_submission_are_made_in_one_go() -> None:
    for size in SIZES:
        leaves = LEAVES[:size]
        assert merkle.inclusion_paths(leaves) == [tuple(merkle.inclusion_path(at, leaves)) for at in range(size)]
    assert merkle.inclusion_paths([]) == []


class Store:
    """What a writer has committed: leaf hashes, and the hashes of full tiles; counts what is read."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.subtrees: dict[tuple[int, int], bytes] = {}
        self.reads = 0

    def read(self, level: int, number: int, width: int) -> list[bytes]:
        self.reads += 1
        first = 256 * number
        if level == 0:
            return self.leaves[first : first + width]
        return [self.subtrees[level, place] for place in range(first, first + width)]

    def commit(self, tree: Tree, leaves: Sequence[bytes]) -> None:
        """Append a group, store it, and look whether anything had to be read for its proofs."""
        old = tree.size
        for leaf in leaves:
            tree.append(leaf)
        reads = self.reads
        for index in (old, tree.size - 1):
            tree.inclusion(index, tree.size)
        tree.root()
        assert self.reads == reads
        for level, number, node in tree.completed(old, tree.size):
            self.subtrees[level, number] = node
        self.leaves += leaves


def test_a_growing_tree_proves_everything_about_everything_so_far() -> None:
    store = Store()
    writer = Tree(store.read)
    for size in SIZES:
        store.commit(writer, LEAVES[size - 1 : size])

        reader = Tree(store.read, size)
        for tree in (writer, reader):
            assert tree.root() == ROOTS[size]
            for index in range(size):
                assert tree.inclusion(index, size) == merkle.inclusion_path(index, LEAVES[:size])
            for old in range(size + 1):
                assert tree.root(old) == ROOTS[old]
                assert tree.consistency(old, size) == merkle.consistency_path(old, LEAVES[:size])


def test_a_tree_of_70_000_has_the_tiles_of_the_specification_and_needs_few_of_them() -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(70_000)]
    store = Store()
    writer = Tree(store.read, nodes_max=8_192)
    for start in range(0, 70_000, 1_000):
        store.commit(writer, leaves[start : start + 1_000])

    assert {level for level, _ in store.subtrees} == {1, 2}
    assert len([level for level, _ in store.subtrees if level == 1]) == 273
    assert len([level for level, _ in store.subtrees if level == 2]) == 1
    store.reads = 0
    reader = Tree(store.read, 70_000, nodes_max=8_192)
    assert reader.root() == merkle.root(leaves)
    assert store.reads == 3
    for index in (0, 255, 256, 65_535, 65_536, 69_887, 69_999):
        store.reads = 0
        check_inclusion(index, 70_000, leaves[index], Tree(store.read, 70_000).inclusion(index, 70_000), reader.root())
        assert store.reads <= 4
    for old in (1, 255, 256, 65_536, 65_537, 69_999, 70_000):
        old_root = merkle.root(leaves[:old])
        check_consistency(old, 70_000, old_root, reader.root(), reader.consistency(old, 70_000))
    assert reader.node(8, 1) == merkle.root(leaves[256:512])


def test_a_writer_that_starts_again_goes_on_from_the_stored_tiles() -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(600)]
    for size in (1, 255, 256, 257, 300, 511, 512, 513):
        store = Store()
        store.commit(Tree(store.read), leaves[:size])
        again = Tree(store.read, size)

        old = again.size
        for leaf in leaves[size:]:
            again.append(leaf)

        assert again.root() == merkle.root(leaves)
        assert [(level, number) for level, number, _ in again.completed(old, 600)] == [
            (1, number) for number in range(size // 256, 2)
        ]


def test_a_cache_that_forgets_reads_again() -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(20_000)]
    store = Store()
    writer = Tree(store.read, nodes_max=8_192)
    for start in range(0, 20_000, 500):
        store.commit(writer, leaves[start : start + 500])

    assert writer.inclusion(3, 20_000) == merkle.inclusion_path(3, leaves)
    assert store.reads > 0


def test_a_tile_that_is_not_there_is_noticed() -> None:
    with pytest.raises(Malformed):
        Tree(lambda *_: LEAVES[:3], 5).root()
