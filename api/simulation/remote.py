"""The road over HTTP: everything through the client that participants use, each key with its own file and state."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from ketenboek_client import Client, Gateway, Opening

from api.simulation.keyring import Keyring
from api.simulation.plan import Act, Batch, Round
from ledger import instant
from ledger.sealed import Opening as Sealed

WORKERS = 8
"""Connections at once: while some wait for a disk, others state and verify."""


class _Salts:
    """The client's source of chance: the salts that the plan drew, so that both roads state the same bytes."""

    def __init__(self) -> None:
        self._next: deque[bytes] = deque()

    def give(self, acts: list[Act]) -> None:
        """The salts of the statements to come."""
        self._next.extend(act.salt for act in acts)

    def __call__(self, count: int) -> bytes:
        salt = self._next.popleft()
        assert len(salt) == count
        return salt


class _Worker:
    """One connection, and the clients of the keys that use it: the statements of a key are serial."""

    def __init__(self, url: str) -> None:
        self.gateway = Gateway(url)
        self._clients: dict[str, tuple[Client, _Salts]] = {}

    def record(self, batches: Round, files: dict[str, Path]) -> None:
        """Record batches one after the other. Raises what the client raises."""
        for batch in batches:
            client, salts = self._client(batch.key, files[batch.key])
            salts.give(batch.acts)
            client.submit([(act.action, _data(act), instant.text(act.at)) for act in batch.acts])

    def _client(self, key: str, file: Path) -> tuple[Client, _Salts]:
        known = self._clients.get(key)
        if known is None:
            salts = _Salts()
            known = self._clients[key] = (Client(self.gateway, file, random=salts), salts)
        return known

    def close(self) -> None:
        """Let go of keys and connection."""
        for client, _ in self._clients.values():
            client.close()
        self.gateway.close()


class RemoteRoad:
    """Records at a gateway. `keys` is the folder of the key files; a key that is not there yet is put there."""

    def __init__(self, url: str, keyring: Keyring, keys: Path, size: int) -> None:
        self.size = size
        self._keyring = keyring
        self._keys = keys
        self._workers = [_Worker(url) for _ in range(WORKERS)]
        self._pool = ThreadPoolExecutor(WORKERS)
        self._places: dict[str, int] = {}

    def record(self, batches: Round) -> None:
        """Record a round; it has ended when every batch has its receipts."""
        shares: list[Round] = [[] for _ in self._workers]
        files: dict[str, Path] = {}
        for batch in batches:
            files[batch.key] = self._keyring.file(batch.key, self._keys)
            shares[self._place(batch)].append(batch)
        running = [
            self._pool.submit(worker.record, share, files)
            for worker, share in zip(self._workers, shares, strict=True)
            if share
        ]
        for one in running:
            one.result()
        self.size += sum(len(batch.acts) for batch in batches)

    def finish(self) -> None:
        """Keep the files of the keys that were registered and never used."""
        for name in self._keyring.names:
            self._keyring.file(name, self._keys)

    def _place(self, batch: Batch) -> int:
        """The worker of a key: always the same, in turn."""
        return self._places.setdefault(batch.key, len(self._places) % WORKERS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for worker in self._workers:
            worker.close()


def _data(act: Act) -> dict[str, object]:
    """The data as the client takes them: what is sealed as its own openings."""
    return {
        name: Opening(value.salt, value.value) if isinstance(value, Sealed) else value
        for name, value in act.data.items()
    }
