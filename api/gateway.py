"""The gateway's parts on one ledger: the writer, the readers, the origin, the anchor; and how they end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from api.metrics import Metrics
from api.settings import Settings
from ledger import merkle
from ledger.anchor import Anchor
from ledger.group import stored_bytes
from ledger.keys import SigningKey
from ledger.readers import Readers
from ledger.sequencer import Sequencer
from ledger.store import Store

log = logging.getLogger("ketenboek")


def now() -> int:
    """The gateway's time, milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class Gateway:
    """One process' access to a ledger. Raises Fatal where its writer cannot start."""

    def __init__(self, settings: Settings, key: SigningKey, clock: Callable[[], int] = now) -> None:
        self.settings = settings
        self.clock = clock
        self.draining = False
        self.metrics = Metrics(
            {
                "ketenboek_entries": (
                    "Entries of the ledger as this process last knew it",
                    lambda: self.sequencer.head.size,
                ),
                "ketenboek_waiting": ("Statements in the queue", lambda: self.sequencer.waiting),
            }
        )
        self.failed: Exception | None = None
        self._stop: Callable[[Exception], None] = lambda _: None
        self.readers = Readers(settings.database, settings.pool_size)
        self.sequencer = Sequencer(
            Store.open(settings.database),
            key,
            clock=clock,
            queue_max=settings.queue_max,
            group_max=settings.group_max,
            checkpoint_seconds=settings.checkpoint_seconds,
            stopped=self._failed,
        )
        self.origin = self.sequencer.ledger.origin
        self.sandbox = self.sequencer.ledger.sandbox
        with self.readers.read() as store:
            self.anchor = Anchor(self.origin, merkle.leaf_hash(stored_bytes(store, 0)))

    def on_fatal(self, stop: Callable[[Exception], None]) -> None:
        """What is done, from the writer's thread, when it cannot go on."""
        self._stop = stop

    def start(self) -> None:
        """Begin to record."""
        self.sequencer.start()

    def drain(self) -> None:
        """From now on readiness and new submissions are refused."""
        self.draining = True

    def close(self) -> None:
        """Finish what was taken, then let the database go."""
        self.draining = True
        if not self.sequencer.close(self.settings.drain_seconds):
            log.error("not everything that was taken could be recorded in %d s", self.settings.drain_seconds)
        self.readers.close()

    def _failed(self, error: Exception) -> None:
        self.failed = error
        self._stop(error)
