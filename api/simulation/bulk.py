"""The bulk road: statements go through `accept()` into the database, in big groups and without HTTP.

Nothing is spared but the sockets: every submission is signed, verified and judged as at a gateway.
"""

from __future__ import annotations

from collections import defaultdict

from api.simulation.keyring import Keyring
from api.simulation.memory import Memory
from api.simulation.plan import Batch, Round
from ledger import canonical, instant
from ledger.editions import EDITIONS
from ledger.entry import recorded_of
from ledger.group import Group, Published, stored_bytes
from ledger.statement import Submission
from ledger.store import Store
from ledger.tree import Tree

GROUP = 4_000
"""Statements in a transaction, about. Part of what a seed means: a submission has seen the group before it."""
UNTIL = 6 * instant.DAY
"""Of a sandbox (ledger format §8)."""


class BulkRoad:
    """Appends to a sandbox ledger that was only founded yet; the only writer while it does."""

    def __init__(self, url: str, keyring: Keyring) -> None:
        self._store = store = Store.open(url)
        self._tree = Tree(store.tile, 1)
        head = store.head()
        assert head is not None
        assert head.size == 1
        self.head = Published(1, head.hash, recorded_of(stored_bytes(store, 0)), self._tree.root(), head.note)
        self.size = 1
        self._keyring = keyring
        self._next: dict[str, int] = defaultdict(lambda: 1)
        # The founder's key signed entry 0.
        self._next["founder"] = 2
        self._rows = Memory()
        self._waiting: list[Batch] = []
        self._count = 0

    def record(self, batches: Round) -> None:
        """Take a round over; a transaction is made of several."""
        for batch in batches:
            self._waiting.append(batch)
            self._count += len(batch.acts)
            self.size += len(batch.acts)
            if self._count >= GROUP:
                self._commit()

    def finish(self) -> None:
        """Write what is left, and let the database count its rows."""
        if self._waiting:
            self._commit()
        self._store.analyze()

    def close(self) -> None:
        """Let the database go."""
        self._store.close()

    def _commit(self) -> None:
        store = self._store
        with store.transaction():
            self._rows.begin(store)
            group = Group(store, self._rows, self._tree, self.head, EDITIONS)
            recorded = self.head.recorded
            for batch in self._waiting:
                submission = self._submission(batch, recorded)
                recorded = group.add(submission, recorded)[-1].recorded
            published = group.write(self._keyring.origin, self._keyring["gateway"])
            store.put_checkpoint(published.size, published.note)
        self._rows.committed(group.state)
        self.head = published
        self._waiting.clear()
        self._count = 0

    def _submission(self, batch: Batch, recorded: int) -> Submission:
        """A batch, stated and signed; its key's holder has seen all that was committed."""
        key = self._keyring[batch.key]
        first = self._next[batch.key]
        raws, openings = [], []
        for sequence, act in enumerate(batch.acts, first):
            data, opened = act.members()
            openings += opened
            raws.append(
                canonical.encode(
                    {
                        "v": 1,
                        "ledger": self._keyring.origin,
                        "key": key.id,
                        "sequence": sequence,
                        "salt": canonical.b64(act.salt),
                        "at": instant.text(act.at),
                        "action": act.action,
                        "data": data,
                    }
                )
            )
        self._next[batch.key] = first + len(raws)
        until = instant.text(max(recorded, *(act.at for act in batch.acts)) + UNTIL)
        submission = Submission(
            self._keyring.origin,
            key.id,
            first,
            tuple(raws),
            self.head.size,
            self.head.root,
            until,
            b"",
            tuple(openings),
        )
        submission.signature = key.sign(submission.text)
        return submission
