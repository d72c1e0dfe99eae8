"""Receipts made: an entry with everything that proves it offline under the anchor (ledger format §10).

What all receipts of a submission share (genesis, the entry that registered the key, the checkpoint) is
found once; the texts are made only when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ledger import instant, receipt
from ledger.entry import recorded_of
from ledger.group import stored_bytes
from ledger.proof import TlogProof
from ledger.rows import Act, Key
from ledger.store import Store
from ledger.tree import Tree


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry's bytes and the path that proves them under a checkpoint."""

    index: int
    data: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """What receipts under one checkpoint by one key have in common; no key entry where it is the genesis.

    Without `genesis` the receipts have proofs only, no files.
    """

    note: str
    genesis: Proven | None
    key_entry: Proven | None

    def proof(self, proven: Proven) -> str:
        """The tlog-proof text of an entry."""
        return TlogProof(proven.index, proven.path, self.note).encode()


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt; `recorded` in milliseconds, `hash` the entry hash."""

    entry: Proven
    hash: bytes
    recorded: int
    shared: Shared

    @property
    def recorded_text(self) -> str:
        """The moment as a timestamp."""
        return instant.text(self.recorded)

    def proof(self) -> str:
        """The tlog-proof of its entry."""
        return self.shared.proof(self.entry)

    def file(self) -> str:
        """The receipt as a file."""
        shared, key_entry = self.shared, self.shared.key_entry
        assert shared.genesis is not None
        return receipt.build(
            shared.genesis.data,
            shared.proof(shared.genesis),
            self.entry.data,
            self.proof(),
            None if key_entry is None else key_entry.data,
            None if key_entry is None else shared.proof(key_entry),
        )


class Prover:
    """Makes receipts under one checkpoint; `entry_at` gives the bytes of any entry that it covers."""

    def __init__(self, tree: Tree, size: int, note: str, entry_at: Callable[[int], bytes]) -> None:
        self._tree = tree
        self._size = size
        self._note = note
        self._entry_at = entry_at
        self._bare = Shared(note, None, None)
        self._shared: dict[int, Shared] = {}

    def proven(self, index: int) -> Proven:
        """An entry under the checkpoint."""
        return Proven(index, self._entry_at(index), tuple(self._tree.inclusion(index, self._size)))

    def shared(self, registered: int) -> Shared:
        """What the receipts of a key have in common; `registered` is the entry that registered it."""
        found = self._shared.get(registered)
        if found is None:
            key_entry = self.proven(registered) if registered else None
            found = self._shared[registered] = Shared(self._note, self.proven(0), key_entry)
        return found

    def receipt(self, index: int, hash_: bytes, recorded: int, registered: int | None) -> Receipt:
        """The receipt of an entry whose key was registered by another one; None: of which no file is made."""
        shared = self._bare if registered is None else self.shared(registered)
        return Receipt(self.proven(index), hash_, recorded, shared)


def stored(store: Store, index: int) -> Receipt:
    """The receipt of a stored entry under the newest checkpoint. Raises LookupError beyond the head."""
    head = store.head()
    if head is None or not 0 <= index < head.size:
        raise LookupError(index)
    [act] = store.load(Act, "entity", (index,))
    [key] = store.load(Key, "entity", (act.key,))
    prover = Prover(Tree(store.tile, head.size), head.size, head.note, lambda at: stored_bytes(store, at))
    data = stored_bytes(store, index)
    return prover.receipt(index, store.hashes(index, 1)[0], recorded_of(data), key.registered)
