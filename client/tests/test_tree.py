"""The tree: checks against other people's vectors, and proofs that a client makes from hash tiles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ketenboek_client import Checkpoint, Malformed
from ketenboek_client.merkle import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    root,
    root_from_path,
)
from ketenboek_client.tree import Tree, tile_path

from .worked import leaf, raw, tree_hash, tree_path, vectors

GOLDEN = vectors("tree")
LEAVES = [leaf(f"entry {number}".encode()) for number in range(600)]


def tiles(leaves: Sequence[bytes]) -> Any:
    """A reader of the hash tiles over some leaves, counting what it reads."""

    def read(level: int, number: int, width: int) -> list[bytes]:
        read.count += 1  # type: ignore[attr-defined]
        span = 256**level
        places = range(256 * number, 256 * number + width)
        hashes = [tree_hash(list(leaves[place * span : (place + 1) * span])) for place in places]
        assert all((place + 1) * span <= len(leaves) for place in places), "beyond the tree"
        return hashes

    read.count = 0  # type: ignore[attr-defined]
    return read


def checkpoint(size: int) -> Checkpoint:
    return Checkpoint("x", size, root(LEAVES[:size]))


def hashes(path: list[str] | None) -> list[bytes]:
    return [raw(line) for line in path or []]


def test_golden_roots_and_proofs() -> None:
    leaves = hashes(GOLDEN["leaves"])
    roots = hashes(GOLDEN["roots"])

    assert leaves == [leaf_hash(data.encode()) for data in GOLDEN["data"]]
    assert roots == [root(leaves[:size]) for size in range(len(leaves) + 1)]
    for case in GOLDEN["inclusion"]:
        path = hashes(case["path"])
        check_inclusion(case["index"], case["size"], leaves[case["index"]], path, roots[case["size"]])
        assert list(Tree(tiles(leaves)).inclusion(case["index"], case["size"])) == path
    for case in GOLDEN["consistency"]:
        path = hashes(case["path"])
        if case["old"] > 0:
            check_consistency(case["old"], case["size"], roots[case["old"]], roots[case["size"]], path)
            assert Tree(tiles(leaves)).consistency(case["old"], case["size"]) == path


def test_nothing_has_the_hash_of_nothing() -> None:
    assert root([]) == EMPTY_ROOT == tree_hash([])


def test_every_proof_of_small_trees_holds_and_with_a_hash_changed_more_or_less_does_not() -> None:
    for size in range(1, 34):
        whole, tree = root(LEAVES[:size]), Tree(tiles(LEAVES[:size]))
        for index in range(size):
            path = list(tree.inclusion(index, size))
            assert path == tree_path(index, LEAVES[:size])
            check_inclusion(index, size, LEAVES[index], path, whole)
            for wrong in broken(path):
                with pytest.raises(Malformed):
                    check_inclusion(index, size, LEAVES[index], wrong, whole)
        for old in range(1, size):
            path = tree.consistency(old, size)
            check_consistency(old, size, root(LEAVES[:old]), whole, path)
            for wrong in broken(path):
                with pytest.raises(Malformed):
                    check_consistency(old, size, root(LEAVES[:old]), whole, wrong)


def broken(path: list[bytes]) -> list[list[bytes]]:
    """A path with each hash changed, one missing, one too many."""
    changed = [[*path[:i], leaf(path[i]), *path[i + 1 :]] for i in range(len(path))]
    return [*changed, [*path, bytes(32)], *([path[:-1]] if path else [])]


@pytest.mark.parametrize(("index", "size"), [(1, 1), (-1, 3), (3, 3), (0, 0)])
def test_an_index_outside_the_tree_has_no_path(index: int, size: int) -> None:
    with pytest.raises(Malformed):
        root_from_path(index, size, bytes(32), [])


@pytest.mark.parametrize(("old", "size"), [(255, 600), (256, 257), (256, 600), (257, 512), (511, 513), (512, 600)])
def test_proofs_across_tiles(old: int, size: int) -> None:
    tree = Tree(tiles(LEAVES[:size]))

    tree.check(checkpoint(old), checkpoint(size))
    assert tree.prove(old, LEAVES[old], checkpoint(size)) == tuple(tree_path(old, LEAVES[:size]))


def test_what_an_entry_of_ones_own_proves_is_not_read_again() -> None:
    """One writer alone: the next entry's path holds all that links the old tree to the new one."""
    read = tiles(LEAVES)
    tree = Tree(read)
    for size in range(1, 300):
        tree.learn(size - 1, size, LEAVES[size - 1], tree_path(size - 1, LEAVES[:size]))
    for old, new in pairwise(range(1, 300)):
        tree.check(checkpoint(old), checkpoint(new))

    assert read.count == 0


@given(st.data())
def test_any_growth_can_be_followed(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    old = data.draw(st.integers(1, size))
    Tree(tiles(LEAVES[:size])).check(checkpoint(old), checkpoint(size))


@given(st.integers(1, 300), st.integers(0, 299))
def test_another_history_is_never_a_continuation(old: int, changed: int) -> None:
    other = [*LEAVES[:changed], leaf(b"forged"), *LEAVES[changed + 1 : 300]]
    new = Checkpoint("x", 300, root(other))
    tree = Tree(tiles(other))
    if changed < old:
        with pytest.raises(Malformed):
            tree.check(checkpoint(old), new)
    else:
        tree.check(checkpoint(old), new)


def test_checkpoints_of_two_ledgers_or_in_the_wrong_order_continue_nothing() -> None:
    tree = Tree(tiles(LEAVES))
    with pytest.raises(Malformed):
        tree.check(checkpoint(5), Checkpoint("y", 7, root(LEAVES[:7])))
    with pytest.raises(Malformed):
        tree.check(checkpoint(7), checkpoint(5))


def test_a_tile_that_was_damaged_on_its_way_does_not_make_a_contradiction() -> None:
    true = tiles(LEAVES[:40])
    answers = [[bytes(32)] * 40, true(0, 0, 40)]
    tree = Tree(lambda _level, _number, _width: answers.pop(0))

    tree.check(checkpoint(3), checkpoint(40))
    assert not answers


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketenboek_client.tree.KNOWN_MAX", 20)
    read = tiles(LEAVES)
    tree = Tree(read)
    for size in range(1, 100):
        tree.learn(size - 1, size, LEAVES[size - 1], tree_path(size - 1, LEAVES[:size]))
        if size > 1:
            tree.check(checkpoint(size - 1), checkpoint(size))

    assert read.count == 0


@pytest.mark.parametrize(
    "case", [case for case in vectors("log")["tiles"] if case["level"] != "entries"], ids=lambda case: case["path"]
)
def test_where_a_hash_tile_stands(case: dict[str, Any]) -> None:
    assert tile_path(case["level"], case["number"], case["width"]) == "/" + case["path"]


def test_a_node_is_not_a_leaf() -> None:
    assert node_hash(LEAVES[0], LEAVES[1]) != leaf_hash(LEAVES[0] + LEAVES[1])
