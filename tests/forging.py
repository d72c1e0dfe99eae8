"""What an operator can do who has the database and the gateway's key: rewrite entries, and sign it all anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ledger import canonical, checkpoint, instant, merkle
from ledger.checkpoint import Checkpoint
from ledger.entry import FIRST_PREVIOUS, Entry, Envelope
from ledger.keys import SigningKey
from ledger.store import Head, Store
from ledger.submission import signed_text
from ledger.tree import Tree

HOUR = 3_600_000


def edited(entry: Entry, change: Callable[[dict[str, Any]], None]) -> Entry:
    """The entry with another statement."""
    statement = json.loads(entry.statement)
    change(statement)
    return replace(entry, statement=canonical.encode(statement))


def statement_of(entry: Entry) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(entry.statement)
    return value


class Forger:
    """A ledger in the operator's hands: `entries` may be changed, `write` makes them a history without seams."""

    def __init__(self, url: str, gateway: SigningKey) -> None:
        self._url = url
        self._gateway = gateway
        store = Store.open(url)
        self.entries = [Entry.decode(data) for chunk in store.entries() for _, data, _ in chunk]
        self.notes = [size for size, _ in store.checkpoints()]
        store.close()
        self.origin: str = statement_of(self.entries[0])["ledger"]

    def leaves(self) -> list[bytes]:
        """The leaves of the entries as they now stand, linked to one another."""
        previous, leaves = FIRST_PREVIOUS, []
        for index, entry in enumerate(self.entries):
            self.entries[index] = replace(entry, index=index, previous=previous)
            previous = self.entries[index].hash
            leaves.append(previous)
        return leaves

    def made(
        self,
        key: SigningKey,
        sequence: int,
        *acts: tuple[str, dict[str, Any]],
        at: int,
        seen: int = 1,
        until: int | None = None,
        origin: str | None = None,
        recorded: int | None = None,
        spell: Callable[[Any], bytes] = canonical.encode,
    ) -> list[Entry]:
        """Entries of a submission that this key truly signed, whatever it says; not yet in the ledger."""
        seen_root = merkle.root(self.leaves()[:seen])
        origin = origin or self.origin
        raws = []
        for number, (action, data) in enumerate(acts, start=sequence):
            salt = canonical.b64(number.to_bytes(18, "big"))
            statement = {"v": 1, "ledger": origin, "key": key.id, "sequence": number, "salt": salt,
                         "at": instant.text(at), "action": action, "data": data}  # fmt: skip
            raws.append(spell(statement))
        tree = [merkle.leaf_hash(raw) for raw in raws]
        limit = instant.text(at + HOUR if until is None else until)
        text = signed_text(origin, key.id, sequence, len(raws), merkle.root(tree), seen, seen_root, limit)
        envelope = Envelope(sequence, len(raws), seen, seen_root, limit, key.sign(text))
        moment = instant.text(at if recorded is None else recorded)
        paths = merkle.inclusion_paths(tree)
        return [Entry(0, FIRST_PREVIOUS, moment, raw, envelope, paths[at]) for at, raw in enumerate(raws)]

    def next_of(self, key: SigningKey) -> int:
        """A key's next sequence number."""
        numbers = [s["sequence"] for entry in self.entries if (s := statement_of(entry))["key"] == key.id]
        return max(numbers, default=0) + 1

    @property
    def now(self) -> int:
        """When the last entry was recorded."""
        return instant.millis(self.entries[-1].recorded)

    def write(self, kept: Iterable[int] | None = None) -> None:
        """Write the entries with links, tree, head and checkpoints (of the same sizes, or those `kept`)."""
        leaves = self.leaves()
        size = len(leaves)
        tree = Tree(lambda *_: [], 0, nodes_max=max(8_192, 4 * size))
        for leaf in leaves:
            tree.append(leaf)
        store = Store.open(self._url)
        with store.transaction(), store.mutable("entry", "checkpoint", "head", "subtree"):
            for table in ("entry", "checkpoint", "head", "subtree"):
                store.driver.run(f'DELETE FROM "{table}"')
            store.append_entries(0, [(entry.encode(), leaf) for entry, leaf in zip(self.entries, leaves, strict=True)])
            store.add_subtrees(tree.completed(0, size))
            for at in self.notes if kept is None else kept:
                if at <= size:
                    store.put_checkpoint(at, self.note(at, leaves))
            store.swap_head(None, Head(size, leaves[-1], self.note(size, leaves)))
        store.close()

    def note(self, size: int, leaves: list[bytes] | None = None, key: SigningKey | None = None) -> str:
        """A checkpoint of this history."""
        root = merkle.root((leaves or self.leaves())[:size])
        return checkpoint.sign(Checkpoint(self.origin, size, root), key or self._gateway)


@contextmanager
def tampered(url: str, *tables: str) -> Any:
    """A store in a transaction, with the triggers of some tables off; committed at the end."""
    store = Store.open(url)
    try:
        with store.transaction(), store.mutable(*tables):
            yield store.driver
    finally:
        store.close()
